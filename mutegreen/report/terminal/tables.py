"""An analysis as tables in the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.text import Text

from mutegreen.model import Goal
from mutegreen.report.attribution_sentences import attribution_lines, company_effect_lines
from mutegreen.report.metric_names import TITLES
from mutegreen.report.section import Section, sections_of
from mutegreen.report.susceptibility_wording import claim_text
from mutegreen.report.terminal.advice_text import advice_lines
from mutegreen.report.terminal.colocation_table import company_lines
from mutegreen.report.terminal.correlation_table import correlation_table
from mutegreen.report.terminal.detail_table import detail_table
from mutegreen.report.terminal.interaction_table import interaction_findings, interaction_table
from mutegreen.report.terminal.legend import legend
from mutegreen.report.terminal.target_table import target_table
from mutegreen.report.terminal.trend_table import trend_table
from mutegreen.report.terminal.trust_table import flag_lines, trust_lines
from mutegreen.report.terminal.verdict_table import GREENER_MARK, verdict_table
from mutegreen.report.terminal.win_tie_loss_table import uncounted, win_tie_loss_table
from mutegreen.report.units import span
from mutegreen.report.wording import note_text, reason_text
from mutegreen.stats.analysis import Analysis, Comparison, Correlation
from mutegreen.stats.reason import Reason

_FEW = 3
"""Names listed in a sentence; more are counted."""


def render(analysis: Analysis, metric: str | None = None) -> RenderableType:
    """All tables, a section for each subject beside each background, then a legend and the notes.

    Reads well from 80 columns on; a wider console shows more figures. Colours repeat what words say.

    Args:
        analysis: By any protocol.
        metric: The only metric wanted, then in full; sections in which it was not measured say so.
    """
    if metric is not None:
        return Group(*(part for section in sections_of(analysis) for part in _of_metric(section, metric)))
    sections = list(sections_of(analysis))
    parts: list[RenderableType] = []
    for section in sections:
        parts += [*_section(section, analysis.goals.get(section.subject, Goal.MAXIMIZE)), Text()]
    parts += _company(sections)
    return Group(*parts, *legend(analysis, sections), *_notes(analysis))


def _of_metric(section: Section, metric: str) -> Iterator[RenderableType]:
    yield from _heading(section)
    if metric in section.metrics:
        yield detail_table(section, metric)
        yield from _left_out(section)
        yield from _reasons([row for row in section.comparisons if row.metric == metric], "mutants")
    else:
        yield Text(f"{TITLES[metric]} was not measured.", style="yellow")
    yield Text()


def _heading(section: Section) -> Iterator[RenderableType]:
    yield Rule(Text(section.title, style="bold"), align="left")
    if section.data:
        yield Text(f"Data: {section.data}.")


def _section(section: Section, goal: Goal) -> Iterator[RenderableType]:
    yield from _heading(section)
    yield Text(_original(section, goal))
    for block in (_movers, _verdicts, _targets, _together, _counts, company_lines, _trust, _advice):
        lines = list(block(section))
        if lines:
            yield Text()
            yield from lines


def _original(section: Section, goal: Goal) -> str:
    originals = max(row.n_original for row in section.comparisons)
    trainings = {max(row.n for row in line.comparisons.values()) for line in section.lines}
    text = f"Trainings: {originals} of the original, {span(trainings)} of each mutant."
    if section.defaults:
        text += f" Original: {', '.join(f'{name} {value}' for name, value in section.defaults.items())}."
    return text + (" Less is better for performance." if goal is Goal.MINIMIZE else "")


def _movers(section: Section) -> Iterator[RenderableType]:
    """Which hyperparameters move what."""
    if section.correlations:
        yield correlation_table(section)
        yield from _reasons(section.correlations, "hyperparameters")
    if section.trends:
        yield Text()
        yield trend_table(section.trends)


def _verdicts(section: Section) -> Iterator[RenderableType]:
    yield verdict_table(section)
    yield from _left_out(section)
    yield from _reasons(section.comparisons, "mutants")
    if section.advice is None and _is_counted(section):
        yield _greener(section)


def _left_out(section: Section) -> Iterator[Text]:
    if len(section.shown) < len(section.lines):
        yield Text(f"{len(section.shown)} of {len(section.lines):,} mutants, evenly chosen; all are in --json.")


def _targets(section: Section) -> Iterator[RenderableType]:
    if section.targets:
        yield target_table(section.targets)


def _together(section: Section) -> Iterator[RenderableType]:
    if section.interactions:
        yield interaction_table(section.interactions)
        yield from interaction_findings(section.interactions)


def _counts(section: Section) -> Iterator[RenderableType]:
    if _is_counted(section):
        yield win_tie_loss_table(section)
        yield from uncounted(section)


def _is_counted(section: Section) -> bool:
    return any(map(any, (counts for row in section.win_tie_loss for counts in row.counts)))


def _trust(section: Section) -> Iterator[RenderableType]:
    if section.trust:
        yield from trust_lines(section.trust, section.names)
        yield from flag_lines(section.flags)
        yield from company_effect_lines(section.company_effects)
        yield from attribution_lines(section.attribution, section.names)


def _advice(section: Section) -> Iterator[RenderableType]:
    if section.advice is not None:
        yield from advice_lines(section.advice, section.names)


def _greener(section: Section) -> Text:
    """The answer that a reader looks for: which mutants save energy and keep the performance."""
    names: dict[str, list[str]] = {}
    for line in section.lines:
        if line.mutant in section.greener:
            names.setdefault(line.hyperparameter, []).append(line.label)
    found = "; ".join(f"{hyperparameter} {', '.join(labels)}" for hyperparameter, labels in names.items())
    text = f"{GREENER_MARK} Greener without a significant loss of performance: {found or 'none'}."
    return Text(text, style="green" if found else "")


def _company(sections: Sequence[Section]) -> list[RenderableType]:
    """What all sections in company say together of the claim that energy becomes more susceptible to change there."""
    claim = next((section.company.claim for section in sections if section.company.claim), None)
    return [] if claim is None else [Text(f"Company: {claim_text(claim)}", style="bold"), Text()]


def _reasons(rows: Sequence[Correlation | Comparison], noun: str) -> Iterator[Text]:
    """Why figures are missing or special, each reason once."""
    affected: dict[Reason, list[Correlation | Comparison]] = {}
    for row in rows:
        if row.reason is not None:
            affected.setdefault(row.reason, []).append(row)
    for reason, those in affected.items():
        metrics = ", ".join(dict.fromkeys(TITLES[row.metric] for row in those))
        names = list(dict.fromkeys(r.mutant if isinstance(r, Comparison) else r.hyperparameter for r in those))
        which = ", ".join(names) if len(names) <= _FEW else f"{len(names)} {noun}"
        yield Text(f"{metrics} of {which}: {reason_text(reason)}.", style="yellow")


def _notes(analysis: Analysis) -> Iterator[RenderableType]:
    if analysis.notes:
        yield Text()
    for note in analysis.notes:
        yield Text(f"Note: {note_text(note)}")
