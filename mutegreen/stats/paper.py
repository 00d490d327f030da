"""Published protocol: that of "Can Adjusting Hyperparameters Lead to Green Deep Learning" (arXiv 2603.06195).

- Correlation: Spearman's and Pearson's coefficients over the rows of the original, at its default value, and of all
  mutants of a hyperparameter.
- Verdict: the rule of `mutegreen.stats.verdicts.published_rule`.
- Win-tie-loss: the counts of `mutegreen.stats.verdicts.win_tie_loss`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from mutegreen.model import Goal, Verdict
from mutegreen.stats.analysis import Analysis, Comparison
from mutegreen.stats.interval import Interval, known
from mutegreen.stats.model.quality import worst_qualities
from mutegreen.stats.model.scenario import Scenario, data_of, scenarios_of
from mutegreen.stats.notes import notes_on
from mutegreen.stats.reason import Reason, ReasonCode
from mutegreen.stats.verdicts.careful_correlations import correlations
from mutegreen.stats.verdicts.published_rule import compare
from mutegreen.stats.verdicts.win_tie_loss import win_tie_loss

PROTOCOL = "paper"
_COMPARED = ("n", "n_original", "mean", "mean_original", "relative_change", "p", "cliffs_delta", "verdict", "reason")


def analyse(rows: pd.DataFrame, goals: Mapping[str, Goal] | None = None) -> Analysis:
    """Analyse rows by the published protocol.

    Args:
        rows: As `mutegreen.stats` describes. `rows.attrs["notes"]` and `["extra_metric"]` are copied to the result.
        goals: By subject, which direction of the performance is better; by default, more is.

    Returns:
        In alphabetical order of subjects, background loads and hyperparameters, mutants by their value. Metrics that
        were never measured, scenarios without an original and correlations with values that are not numbers are
        excluded and noted. Controls (`identity`) get verdicts only.
    """
    scenarios = list(scenarios_of(rows))
    all_goals = {scenario.subject: Goal.MAXIMIZE for scenario in scenarios} | dict(goals or {})
    complete = [scenario for scenario in scenarios if scenario.has_original and scenario.definitions]
    comparisons = [row for scenario in complete for row in _comparisons(scenario, all_goals[scenario.subject])]
    return Analysis(
        protocol=PROTOCOL,
        correlations=tuple(row for scenario in complete for row in correlations(scenario)),
        comparisons=tuple(comparisons),
        win_tie_loss=tuple(win_tie_loss(comparisons)),
        goals=all_goals,
        notes=(*rows.attrs.get("notes", ()), *notes_on(rows, scenarios)),
        data=data_of(rows),
        extra_metric=rows.attrs.get("extra_metric"),
    )


def _comparisons(scenario: Scenario, goal: Goal) -> Iterator[Comparison]:
    """Every mutant's comparison with the original, in every metric."""
    tables = {metric: _by_mutant(scenario, metric, goal) for metric in scenario.metrics}
    for definition in scenario.definitions:
        for by_mutant in tables.values():
            yield by_mutant[definition.mutant]


def _by_mutant(scenario: Scenario, metric: str, goal: Goal) -> dict[str, Comparison]:
    less_is_better = metric != "performance" or goal is Goal.MINIMIZE
    table = compare(scenario.rows[metric], scenario.rows["mutant"], less_is_better=less_is_better)
    qualities = worst_qualities(scenario.rows, metric)
    columns = zip(*(table[name] for name in _COMPARED), strict=True)
    cells = dict(zip(table.index, columns, strict=True))
    comparisons = {}
    for definition in scenario.definitions:
        n, n_original, mean, mean_original, change, p, delta, verdict, code = cells[definition.mutant]
        comparisons[definition.mutant] = Comparison(
            subject=scenario.subject,
            background=scenario.background,
            hyperparameter=definition.hyperparameter,
            mutant=definition.mutant,
            value=definition.value,
            default=definition.default,
            metric=metric,
            n=int(n),
            n_original=int(n_original),
            mean=known(mean),
            mean_original=known(mean_original),
            relative_change=Interval.of(change),
            p=known(p),
            cliffs_delta=Interval.of(delta),
            verdict=Verdict(verdict),
            quality=qualities[definition.mutant],
            reason=Reason(ReasonCode(code)) if code else None,
        )
    return comparisons
