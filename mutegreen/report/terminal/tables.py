"""Show an analysis as tables in the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.text import Text

from mutegreen.model import Goal
from mutegreen.report.attribution_sentences import attribution_lines, concurrency_effect_lines
from mutegreen.report.metric_names import NAMES, TITLES
from mutegreen.report.scenario_report import ScenarioReport, scenario_reports
from mutegreen.report.susceptibility_sentences import claim_text
from mutegreen.report.terminal.advice_text import advice_lines
from mutegreen.report.terminal.colocation_table import colocation_lines
from mutegreen.report.terminal.correlation_table import correlation_table
from mutegreen.report.terminal.detail_table import detail_table
from mutegreen.report.terminal.interaction_table import interaction_lines, interaction_table
from mutegreen.report.terminal.legend import legend
from mutegreen.report.terminal.target_table import target_table
from mutegreen.report.terminal.trend_table import trend_table
from mutegreen.report.terminal.trust_table import flag_lines, trust_lines
from mutegreen.report.terminal.verdict_table import GREENER_MARK, verdict_table
from mutegreen.report.terminal.win_tie_loss_table import undecided_lines, win_tie_loss_table
from mutegreen.report.units import count_range
from mutegreen.report.wording import capitalised, direction, note_text, reason_text
from mutegreen.stats.analysis import Analysis, Comparison, Correlation
from mutegreen.stats.reason import Reason

_MAX_NAMES = 3
"""Largest number of names in a sentence; more are counted."""


def render(analysis: Analysis, metric: str | None = None) -> RenderableType:
    """Return all tables, scenario by scenario, then the legend and the notes.

    Fits 80 columns; a wider console shows more values. Colours repeat what words say.

    Args:
        analysis: The result of any protocol.
        metric: The only metric to show, then in full; None: all metrics.
    """
    if metric is not None:
        return Group(*(part for scenario in scenario_reports(analysis) for part in _of_metric(scenario, metric)))
    scenarios = list(scenario_reports(analysis))
    parts: list[RenderableType] = []
    for scenario in scenarios:
        parts += [*_scenario(scenario, analysis.goals.get(scenario.subject, Goal.MAXIMIZE)), Text()]
    parts += _colocation(scenarios)
    return Group(*parts, *legend(analysis, scenarios), *_notes(analysis))


def _of_metric(scenario: ScenarioReport, metric: str) -> Iterator[RenderableType]:
    yield from _heading(scenario)
    if metric in scenario.metrics:
        yield detail_table(scenario, metric)
        yield from _left_out(scenario)
        yield from _reasons([row for row in scenario.comparisons if row.metric == metric], "mutants", scenario.names)
    else:
        yield Text(capitalised(f"{NAMES[metric]} was not measured."), style="yellow")
    yield Text()


def _heading(scenario: ScenarioReport) -> Iterator[RenderableType]:
    yield Rule(Text(scenario.title, style="bold"), align="left")
    if scenario.data:
        yield Text(f"Data: {scenario.data}.")


def _scenario(scenario: ScenarioReport, goal: Goal) -> Iterator[RenderableType]:
    yield from _heading(scenario)
    yield Text(_trials(scenario, goal))
    for block in (
        _correlations_and_trends,
        _verdicts,
        _targets,
        _interactions,
        _counts,
        colocation_lines,
        _trust,
        _advice,
    ):
        lines = list(block(scenario))
        if lines:
            yield Text()
            yield from lines


def _trials(scenario: ScenarioReport, goal: Goal) -> str:
    originals = max(row.n_original for row in scenario.comparisons)
    repetitions = {max(row.n for row in line.comparisons.values()) for line in scenario.lines}
    text = f"Trials: {originals} of the original, {count_range(repetitions)} of each mutant."
    if scenario.defaults:
        text += f" Original: {', '.join(f'{name} {value}' for name, value in scenario.defaults.items())}."
    return text + (f" {direction(goal)}" if "performance" in scenario.metrics else "")


def _correlations_and_trends(scenario: ScenarioReport) -> Iterator[RenderableType]:
    if scenario.correlations:
        yield correlation_table(scenario)
        yield from _reasons(scenario.correlations, "hyperparameters", {})
    if scenario.trends:
        yield Text()
        yield trend_table(scenario.trends)


def _verdicts(scenario: ScenarioReport) -> Iterator[RenderableType]:
    yield verdict_table(scenario)
    yield from _left_out(scenario)
    yield from _reasons(scenario.comparisons, "mutants", scenario.names)
    if scenario.advice is None and _is_counted(scenario):
        yield _greener(scenario)


def _left_out(scenario: ScenarioReport) -> Iterator[Text]:
    if len(scenario.shown) < len(scenario.lines):
        yield Text(f"{len(scenario.shown)} of {len(scenario.lines):,} mutants, evenly spaced; --json lists all.")


def _targets(scenario: ScenarioReport) -> Iterator[RenderableType]:
    if scenario.targets:
        yield target_table(scenario.targets)


def _interactions(scenario: ScenarioReport) -> Iterator[RenderableType]:
    if scenario.interactions:
        yield interaction_table(scenario.interactions)
        yield from interaction_lines(scenario.interactions)


def _counts(scenario: ScenarioReport) -> Iterator[RenderableType]:
    if _is_counted(scenario):
        yield win_tie_loss_table(scenario)
        yield from undecided_lines(scenario)


def _is_counted(scenario: ScenarioReport) -> bool:
    return any(map(any, (counts for row in scenario.win_tie_loss for counts in row.counts)))


def _trust(scenario: ScenarioReport) -> Iterator[RenderableType]:
    if scenario.trust:
        yield from trust_lines(scenario.trust, scenario.names)
        yield from flag_lines(scenario.flags)
        yield from concurrency_effect_lines(scenario.concurrency_effects)
        yield from attribution_lines(scenario.attribution, scenario.names)


def _advice(scenario: ScenarioReport) -> Iterator[RenderableType]:
    if scenario.advice is not None:
        yield from advice_lines(scenario.advice, scenario.names)


def _greener(scenario: ScenarioReport) -> Text:
    """Return the sentence that names the mutants which save energy and keep performance."""
    names: dict[str, list[str]] = {}
    for line in scenario.lines:
        if line.mutant in scenario.greener:
            names.setdefault(line.hyperparameter, []).append(line.label)
    mutants = "; ".join(f"{hyperparameter} {', '.join(labels)}" for hyperparameter, labels in names.items())
    text = f"{GREENER_MARK} Greener without a significant loss of performance: {mutants or 'none'}."
    return Text(text, style="green" if mutants else "")


def _colocation(scenarios: Sequence[ScenarioReport]) -> list[RenderableType]:
    """Return the conclusion of all co-located scenarios on whether energy is more susceptible to change there."""
    claim = next((scenario.colocation.claim for scenario in scenarios if scenario.colocation.claim), None)
    return [] if claim is None else [Text(f"Co-location: {claim_text(claim)}", style="bold"), Text()]


def _reasons(rows: Sequence[Correlation | Comparison], noun: str, labels: Mapping[str, str]) -> Iterator[Text]:
    """Yield why values are missing or special, each reason once; mutants have their labels."""
    affected: dict[Reason, list[Correlation | Comparison]] = {}
    for row in rows:
        if row.reason is not None:
            affected.setdefault(row.reason, []).append(row)
    for reason, those in affected.items():
        metrics = ", ".join(dict.fromkeys(TITLES[row.metric] for row in those))
        names = list(dict.fromkeys(labels[r.mutant] if isinstance(r, Comparison) else r.hyperparameter for r in those))
        which = ", ".join(names) if len(names) <= _MAX_NAMES else f"{len(names)} {noun}"
        yield Text(f"{metrics} of {which}: {reason_text(reason)}.", style="yellow")


def _notes(analysis: Analysis) -> Iterator[RenderableType]:
    if analysis.notes:
        yield Text()
    for note in analysis.notes:
        yield Text(f"Note: {note_text(note)}")
