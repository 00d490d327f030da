"""One subject beside one background, measured: what all questions of the careful protocol are answered from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from mutegreen.model import METRICS, Goal
from mutegreen.stats.model.arms import Arms, arms_of, energy_metrics, figures_of
from mutegreen.stats.model.metric_model import Measured, measure
from mutegreen.stats.model.scenario import Scenario
from mutegreen.stats.settings import DEFAULT_TOLERANCE, Settings


@dataclass(frozen=True)
class ScenarioModel:
    """A group, its trainings as arms and blocks, and every metric measured.

    Args:
        goal: Which direction of the performance is better.
        tolerance: Change of performance that does not matter, in its own unit; None where it is not known.
        tolerance_is_given: Whether somebody said so; else it is the default share of the original's performance.
        measured: By metric, in the order of tables, a total last.
    """

    group: Scenario
    arms: Arms
    goal: Goal
    settings: Settings
    tolerance: float | None
    tolerance_is_given: bool
    measured: Mapping[str, Measured]

    def less_is_better(self, metric: str) -> bool:
        """Whether a smaller figure is the better one."""
        return metric != "performance" or self.goal is Goal.MINIMIZE

    def margin(self, metric: str) -> float | None:
        """The difference that does not matter: relative, for performance in its own unit."""
        return self.tolerance if metric == "performance" else self.settings.margin


def study_of(group: Scenario, goal: Goal, settings: Settings, tolerance: float | None) -> ScenarioModel:
    """Measures all metrics of a group that has an original and mutants.

    Args:
        group: The group.
        goal: Which direction of the performance is better.
        settings: The user's choices.
        tolerance: The subject's own; that of the settings goes before it.
    """
    arms = arms_of(group)
    metrics = [*(metric for metric in METRICS if metric in group.metrics), *energy_metrics(group)]
    measured = {metric: measure(figures_of(group, metric), arms, metric) for metric in dict.fromkeys(metrics)}
    given = settings.tolerance if settings.tolerance is not None else tolerance
    allowed = given if given is not None else _default_tolerance(measured.get("performance"))
    return ScenarioModel(group, arms, goal, settings, allowed, given is not None, measured)


def _default_tolerance(performance: Measured | None) -> float | None:
    if performance is None or not math.isfinite(performance.reference):
        return None
    return DEFAULT_TOLERANCE * performance.reference
