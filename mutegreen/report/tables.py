"""An analysis as tables in the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.text import Text

from mutegreen.model import IDENTITY, Goal, Quality, Verdict
from mutegreen.report.correlation_table import correlation_table
from mutegreen.report.section import TITLES, Section, sections_of
from mutegreen.report.units import span
from mutegreen.report.verdict_table import GREENER_MARK, verdict_table
from mutegreen.report.win_tie_loss_table import uncounted, win_tie_loss_table
from mutegreen.stats.analysis import Analysis, Comparison, Correlation
from mutegreen.stats.compare import ALPHA
from mutegreen.stats.effect import NEGLIGIBLE

_FEW = 3
"""Names listed in a sentence; more are counted."""


def render(analysis: Analysis) -> RenderableType:
    """All tables, a section for each subject beside each background, then a legend and the notes.

    Reads well from 80 columns on; a wider console shows more figures. Colours repeat what words say.
    """
    parts: list[RenderableType] = []
    for section in sections_of(analysis):
        parts += [*_section(section, analysis.goals.get(section.subject, Goal.MAXIMIZE)), Text()]
    return Group(*parts, *_legend(analysis), *_notes(analysis))


def _section(section: Section, goal: Goal) -> Iterator[RenderableType]:
    yield Rule(Text(section.title, style="bold"), align="left")
    yield Text(_original(section, goal))
    if section.correlations:
        yield Text()
        yield correlation_table(section)
        yield from _reasons(section.correlations, "hyperparameters")
    yield Text()
    yield verdict_table(section)
    yield from _reasons(section.comparisons, "mutants")
    if any(map(any, (counts for row in section.win_tie_loss for counts in row.counts))):
        yield _greener(section)
        yield Text()
        yield win_tie_loss_table(section)
        yield from uncounted(section)


def _original(section: Section, goal: Goal) -> str:
    originals = max(row.n_original for row in section.comparisons)
    trainings = {max(row.n for row in line.comparisons.values()) for line in section.lines}
    text = f"Trainings: {originals} of the original, {span(trainings)} of each mutant."
    if section.defaults:
        text += f" Original: {', '.join(f'{name} {value}' for name, value in section.defaults.items())}."
    return text + (" Less is better for performance." if goal is Goal.MINIMIZE else "")


def _greener(section: Section) -> Text:
    """The answer that a reader looks for: which mutants save energy and keep the performance."""
    names: dict[str, list[str]] = {}
    for line in section.lines:
        if line.is_greener:
            names.setdefault(line.hyperparameter, []).append(line.label)
    found = "; ".join(f"{hyperparameter} {', '.join(labels)}" for hyperparameter, labels in names.items())
    text = f"{GREENER_MARK} Greener without a significant loss of performance: {found or 'none'}."
    return Text(text, style="green" if found else "")


def _reasons(rows: Sequence[Correlation | Comparison], noun: str) -> Iterator[Text]:
    """Why figures are missing or special, each reason once."""
    affected: dict[str, list[Correlation | Comparison]] = {}
    for row in rows:
        if row.reason is not None:
            affected.setdefault(row.reason, []).append(row)
    for reason, those in affected.items():
        metrics = ", ".join(dict.fromkeys(TITLES[row.metric] for row in those))
        names = list(dict.fromkeys(r.mutant if isinstance(r, Comparison) else r.hyperparameter for r in those))
        which = ", ".join(names) if len(names) <= _FEW else f"{len(names)} {noun}"
        yield Text(f"{metrics} of {which}: {reason}.", style="yellow")


def _legend(analysis: Analysis) -> Iterator[RenderableType]:
    verdicts = {row.verdict for row in analysis.comparisons}
    yield Rule(Text(f"How to read this (protocol {analysis.protocol})", style="bold"), align="left")
    yield Text(
        "win: less energy or time than the original, or better performance; loss: the opposite; tie: no "
        f"significant difference (p > {ALPHA} in Student's t-test, or |Cliff's delta| < {NEGLIGIBLE}). A tie does "
        "not prove that nothing was lost: with few trainings a real loss of performance can go unseen."
    )
    if analysis.win_tie_loss:
        yield Text(f"{GREENER_MARK}: energy wins in some domain, loses in none, and performance does not lose.")
    if analysis.correlations:
        yield Text("rho: Spearman's coefficient with its p; r: Pearson's with its p, where the terminal is wide.")
    if Verdict.UNDECIDED in verdicts:
        yield Text("?: undecided, because the figures do not allow a test.")
    if any(row.hyperparameter == IDENTITY for row in analysis.comparisons):
        yield Text("identity changes nothing: a win or a loss of it is a false alarm.")
    if any(row.quality is Quality.ESTIMATED for row in analysis.comparisons):
        legend = "(est.): estimated, not measured: the model knows CPU time and duration, and no more."
        yield Text(legend, style="yellow")


def _notes(analysis: Analysis) -> Iterator[RenderableType]:
    if analysis.notes:
        yield Text()
    for note in analysis.notes:
        yield Text(f"Note: {note}")
