"""Scenario model: one scenario with a fitted model of every metric, from which all analyses are calculated."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from mutegreen.model import METRICS, Goal
from mutegreen.stats.model.arms import Arms, arms_of, energy_metrics, observations_of
from mutegreen.stats.model.metric_model import MetricModel, fit_metric
from mutegreen.stats.model.scenario import Scenario
from mutegreen.stats.settings import DEFAULT_TOLERANCE, Settings


@dataclass(frozen=True)
class ScenarioModel:
    """A scenario, its arms and blocks, and the fitted model of every metric.

    Args:
        goal: Which direction of the performance is better.
        settings: The options of the user.
        tolerance: Largest change of performance that does not matter, in its own unit; None where it is not known.
        tolerance_is_given: Whether user or subject set it; else it is `DEFAULT_TOLERANCE` of the original's
            performance.
        metrics: By metric, in the order of tables, a total last.
    """

    scenario: Scenario
    arms: Arms
    goal: Goal
    settings: Settings
    tolerance: float | None
    tolerance_is_given: bool
    metrics: Mapping[str, MetricModel]

    def less_is_better(self, metric: str) -> bool:
        """Return whether a smaller value of the metric is better."""
        return metric != "performance" or self.goal is Goal.MINIMIZE

    def margin(self, metric: str) -> float | None:
        """Return the margin: relative for energy and time, in its own unit for performance."""
        return self.tolerance if metric == "performance" else self.settings.margin


def fit_scenario(scenario: Scenario, goal: Goal, settings: Settings, tolerance: float | None) -> ScenarioModel:
    """Fit all metrics of a scenario that has an original and mutants.

    Args:
        scenario: The rows.
        goal: Which direction of the performance is better.
        settings: The options of the user.
        tolerance: The tolerance of the subject; that of the settings overrides it.
    """
    arms = arms_of(scenario)
    names = [*(metric for metric in METRICS if metric in scenario.metrics), *energy_metrics(scenario)]
    metrics = {name: fit_metric(observations_of(scenario, name), arms, name) for name in dict.fromkeys(names)}
    declared = settings.tolerance if settings.tolerance is not None else tolerance
    used = declared if declared is not None else _default_tolerance(metrics.get("performance"))
    return ScenarioModel(scenario, arms, goal, settings, used, declared is not None, metrics)


def _default_tolerance(performance: MetricModel | None) -> float | None:
    if performance is None or not math.isfinite(performance.reference):
        return None
    return DEFAULT_TOLERANCE * performance.reference
