"""An analysis as tables for pages, by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from mutegreen.report.pages import colocation
from mutegreen.report.pages.findings import advice, pareto, trust
from mutegreen.report.pages.mutants import energy_to_target, overview, verdict, win_tie_loss
from mutegreen.report.pages.relations import correlation, interaction, trend
from mutegreen.report.pages.table import Builder, PlainTable
from mutegreen.report.scenario_report import scenario_reports
from mutegreen.stats.analysis import Analysis

BUILDERS: dict[str, Builder] = {
    "correlation": correlation,
    "trend": trend,
    "overview": overview,
    "verdict": verdict,
    "energy_to_target": energy_to_target,
    "interaction": interaction,
    "win_tie_loss": win_tie_loss,
    "company_susceptibility": colocation.susceptibility,
    "company_verdict": colocation.verdicts,
    "company_correlation": colocation.correlations,
    "company_win_tie_loss": colocation.win_tie_loss,
    "company_slowdown": colocation.slowdown,
    "trust": trust,
    "advice": advice,
    "pareto": pareto,
}
"""In the order in which pages have them."""


def tables_of(analysis: Analysis, names: Sequence[str] = (), metric: str | None = None) -> Iterator[PlainTable]:
    """The tables of all scenarios, a scenario after the other.

    Args:
        analysis: By any protocol.
        names: Of `BUILDERS`, the tables wanted; all, if none is named. Those with nothing to show are left out.
        metric: The only one wanted in the table of verdicts.
    """
    builders = BUILDERS | {"verdict": partial(verdict, metric=metric)}
    for scenario in scenario_reports(analysis):
        for name, build in builders.items():
            if not names or name in names:
                yield from (replace(table, about=scenario.about_data) for table in build(scenario, analysis))
