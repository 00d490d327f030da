"""What was found of one subject beside one background, on which trust, advice and company rest."""

from __future__ import annotations

from dataclasses import dataclass

from mutegreen.model import ENERGY_METRICS, TOTAL
from mutegreen.stats.analysis import CarefulComparison, CarefulCorrelation, WinTieLoss
from mutegreen.stats.model.scenario_model import ScenarioModel
from mutegreen.stats.verdicts.careful_comparisons import comparisons
from mutegreen.stats.verdicts.careful_correlations import careful_correlations
from mutegreen.stats.verdicts.win_tie_loss import overall, win_tie_loss

ScenarioKey = tuple[str, str]
"""A section: subject and background."""


@dataclass(frozen=True)
class Findings:
    """A study, its comparisons, correlations and counts; `overall` are the counts of all hyperparameters together."""

    model: ScenarioModel
    comparisons: list[CarefulComparison]
    correlations: list[CarefulCorrelation]
    win_tie_loss: tuple[WinTieLoss, ...]
    overall: tuple[WinTieLoss, ...]

    @property
    def place(self) -> ScenarioKey:
        """The subject and its background."""
        return self.model.scenario.subject, self.model.scenario.background


def findings_of(model: ScenarioModel) -> Findings:
    """Compares, correlates and counts."""
    found = list(comparisons(model))
    counts = tuple(win_tie_loss(found, (*ENERGY_METRICS, TOTAL)))
    correlations = careful_correlations(model.scenario, model.settings.adjustment)
    return Findings(model, found, correlations, counts, tuple(overall(counts)))
