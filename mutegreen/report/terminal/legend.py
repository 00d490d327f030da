"""Explain the words in the tables that are used, each in a sentence or two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.rule import Rule
from rich.text import Text

from mutegreen.model import IDENTITY, TOTAL, Quality, Verdict
from mutegreen.report.scenario_report import ScenarioReport
from mutegreen.report.terminal.trend_table import trend_legend
from mutegreen.report.terminal.verdict_table import GREENER_MARK
from mutegreen.report.units import percent
from mutegreen.stats.adjustment import Adjustment
from mutegreen.stats.analysis import Analysis
from mutegreen.stats.careful import CarefulAnalysis
from mutegreen.stats.settings import ALPHA
from mutegreen.stats.trend.trend import TrendFinding
from mutegreen.stats.verdicts.effect import NEGLIGIBLE

_ERRORS = {
    Adjustment.HOLM: (
        "Family-wise error rate 5 % (Holm): on average, at most one scenario in twenty has any false win or loss."
    ),
    Adjustment.BH: "False discovery rate 5 % (Benjamini-Hochberg): on average one win or loss in twenty is false.",
}


def legend(analysis: Analysis, scenarios: Sequence[ScenarioReport]) -> Iterator[RenderableType]:
    """Yield the legend, a line or two for each word."""
    yield Rule(Text(f"How to read this (protocol {analysis.protocol})", style="bold"), align="left")
    yield from map(Text, _careful(analysis) if isinstance(analysis, CarefulAnalysis) else _paper(analysis))
    yield from map(Text, trend_legend([trend for scenario in scenarios for trend in scenario.trends]))
    if any(scenario.targets for scenario in scenarios):
        yield Text("to target: until performance reaches that of the original at its end, up to the tolerance.")
    if any(row.hyperparameter == IDENTITY for row in analysis.comparisons):
        yield Text("identity (A/A control) changes nothing: a win or a loss of it is a false positive.")
    if any(row.quality is Quality.ESTIMATED for row in analysis.comparisons):
        yield Text("(est.): not measured, but estimated from CPU time and duration.", style="yellow")


def _careful(analysis: CarefulAnalysis) -> Iterator[str]:
    margin = percent(analysis.settings.margin)[1:]
    yield (
        "win (w): significantly less energy or time than the original, or better performance; loss (l): the opposite; "
        f"tie (t): equivalent (significantly within {margin} of energy or time, within the tolerance of performance); "
        f"undecided (?): neither is significant. {_ERRORS[analysis.settings.adjustment]}"
    )
    if any(trend.finding is TrendFinding.UNDECIDED and trend.p is not None for trend in analysis.trends):
        yield "Undecided trends: in parentheses, the 95 % interval of the change over all values."
    if analysis.correlations:
        yield "rho: Spearman's rank correlation; r: Pearson's correlation, on a wide terminal."
    yield "p: adjusted for the number of comparisons. Confidence intervals (CI) are not adjusted."
    if analysis.trust:
        yield "noise: standard deviation of repeated trials, relative to their mean (coefficient of variation)."
        yield "detectable effect: the smallest change of a typical mutant that this audit finds with 80 % probability."
    if any(row.outliers and row.metric != TOTAL for row in analysis.trust):
        yield "modified z score: a residual, in standard deviations estimated from the median absolute residual."
    if analysis.interactions:
        yield "extra: the change by both together, beyond their single effects."
    if analysis.colocation.susceptibility:
        yield "RMS: root mean square over the mutants in both scenarios; the part that is due to noise is subtracted."
    yield "More intervals: on a wide terminal, with --metric, --format or --json."
    yield f"{GREENER_MARK}: recommended. Methods: mutegreen help statistics"


def _paper(analysis: Analysis) -> Iterator[str]:
    yield (
        "win (w): less energy or time than the original, or better performance; loss (l): the opposite; tie (t): no "
        f"significant difference (p > {ALPHA} in Student's t-test, or |Cliff's delta| < {NEGLIGIBLE}). A tie does "
        "not prove that nothing was lost: with few trials a real loss of performance can stay undetected."
    )
    if analysis.win_tie_loss:
        yield f"{GREENER_MARK}: wins energy in at least one domain, loses it in none, and does not lose performance."
    if analysis.correlations:
        yield "rho: Spearman's rank correlation; r: Pearson's correlation, on a wide terminal. p is not adjusted."
    if any(row.verdict is Verdict.UNDECIDED for row in analysis.comparisons):
        yield "?: undecided, because the values do not allow a test."
