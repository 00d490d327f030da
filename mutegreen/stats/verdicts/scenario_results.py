"""Comparisons, correlations and win-tie-loss counts of one scenario: the input of trust, advice and co-location."""

from __future__ import annotations

from dataclasses import dataclass

from mutegreen.model import ENERGY_METRICS, TOTAL
from mutegreen.stats.analysis import CarefulComparison, CarefulCorrelation, WinTieLoss
from mutegreen.stats.model.scenario_model import ScenarioModel
from mutegreen.stats.verdicts.careful_comparisons import comparisons
from mutegreen.stats.verdicts.careful_correlations import careful_correlations
from mutegreen.stats.verdicts.win_tie_loss import overall, win_tie_loss

ScenarioKey = tuple[str, str]
"""Subject and background load of a scenario."""


@dataclass(frozen=True)
class ScenarioResults:
    """The verdicts and correlations of one scenario.

    Args:
        model: The fitted scenario.
        comparisons: Of every mutant with the original, in every metric.
        correlations: Of every hyperparameter with every metric.
        win_tie_loss: Counts by hyperparameter and energy metric.
        overall: Counts of all hyperparameters together, by energy metric.
    """

    model: ScenarioModel
    comparisons: list[CarefulComparison]
    correlations: list[CarefulCorrelation]
    win_tie_loss: tuple[WinTieLoss, ...]
    overall: tuple[WinTieLoss, ...]

    @property
    def key(self) -> ScenarioKey:
        """Subject and background load."""
        return self.model.scenario.subject, self.model.scenario.background


def scenario_results(model: ScenarioModel) -> ScenarioResults:
    """Return the verdicts and correlations of a scenario."""
    rows = list(comparisons(model))
    counts = tuple(win_tie_loss(rows, (*ENERGY_METRICS, TOTAL)))
    correlations = careful_correlations(model.scenario, model.settings.adjustment)
    return ScenarioResults(model, rows, correlations, counts, tuple(overall(counts)))
