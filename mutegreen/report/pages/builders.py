"""Build the tables of an analysis for pages, by name."""

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
"""By name of `--table`, in the order of the pages."""


def tables_of(analysis: Analysis, names: Sequence[str] = (), metric: str | None = None) -> Iterator[PlainTable]:
    """Yield the tables of all scenarios, one scenario after the other; empty tables are omitted.

    Args:
        analysis: The result of any protocol.
        names: Keys of `BUILDERS`; without any, all tables.
        metric: The only metric in the table of verdicts; None: all.
    """
    builders = BUILDERS | {"verdict": partial(verdict, metric=metric)}
    for scenario in scenario_reports(analysis):
        for name, build in builders.items():
            if not names or name in names:
                yield from (
                    replace(table, about=scenario.about_data, key=scenario.key) for table in build(scenario, analysis)
                )
