"""How to read the tables: what the words of a protocol mean, as far as they are used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.rule import Rule
from rich.text import Text

from mutegreen.model import IDENTITY, Quality, Verdict
from mutegreen.report.scenario_report import ScenarioReport
from mutegreen.report.terminal.trend_table import trend_legend
from mutegreen.report.terminal.verdict_table import GREENER_MARK
from mutegreen.report.units import percent
from mutegreen.stats.adjustment import Adjustment
from mutegreen.stats.analysis import Analysis
from mutegreen.stats.careful import CarefulAnalysis
from mutegreen.stats.settings import ALPHA
from mutegreen.stats.verdicts.effect import NEGLIGIBLE

_ERRORS = {
    Adjustment.HOLM: "In at most one audit of twenty is any win or loss false.",
    Adjustment.BH: "Of all wins and losses, at most one in twenty is false on average.",
}


def legend(analysis: Analysis, scenarios: Sequence[ScenarioReport]) -> Iterator[RenderableType]:
    """The legend, a line or two for each word."""
    yield Rule(Text(f"How to read this (protocol {analysis.protocol})", style="bold"), align="left")
    yield from map(Text, _careful(analysis) if isinstance(analysis, CarefulAnalysis) else _paper(analysis))
    yield from map(Text, trend_legend([trend for scenario in scenarios for trend in scenario.trends]))
    if any(row.hyperparameter == IDENTITY for row in analysis.comparisons):
        yield Text("identity changes nothing: a win or a loss of it is a false alarm.")
    if any(row.quality is Quality.ESTIMATED for row in analysis.comparisons):
        text = "(est.): estimated, not measured: the model knows CPU time and duration, and no more."
        yield Text(text, style="yellow")


def _careful(analysis: CarefulAnalysis) -> Iterator[str]:
    margin = percent(analysis.settings.margin)[1:]
    yield (
        "win: shown to take less energy or time than the original, or to perform better; loss: the opposite; tie: "
        f"shown to be as good as equal (within {margin} of energy or time, the tolerance of performance); "
        f"?: undecided, neither is shown. {_ERRORS[analysis.settings.adjustment]} Intervals are for one comparison."
    )
    if analysis.correlations:
        yield "rho: Spearman's coefficient with its p; r: Pearson's, where the terminal is wide. All p are adjusted."
    yield "Intervals: on a wide terminal, by --metric for one metric, by --format, or in --json."
    yield f"{GREENER_MARK}: recommended. docs/statistics.md says how everything is worked out."


def _paper(analysis: Analysis) -> Iterator[str]:
    yield (
        "win: less energy or time than the original, or better performance; loss: the opposite; tie: no "
        f"significant difference (p > {ALPHA} in Student's t-test, or |Cliff's delta| < {NEGLIGIBLE}). A tie does "
        "not prove that nothing was lost: with few trainings a real loss of performance can go unseen."
    )
    if analysis.win_tie_loss:
        yield f"{GREENER_MARK}: energy wins in some domain, loses in none, and performance does not lose."
    if analysis.correlations:
        yield "rho: Spearman's coefficient with its p; r: Pearson's with its p, where the terminal is wide."
    if any(row.verdict is Verdict.UNDECIDED for row in analysis.comparisons):
        yield "?: undecided, because the figures do not allow a test."
