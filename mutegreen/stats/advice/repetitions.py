"""How many repetitions would decide what an audit left open."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from mutegreen.stats.analysis import CarefulComparison
from mutegreen.stats.model.metric_model import MetricModel
from mutegreen.stats.model.scenario_model import ScenarioModel
from mutegreen.stats.settings import POWER

MAX_REPETITIONS = 1000
"""Repetitions beyond which a number is of no use to anybody."""


@dataclass(frozen=True)
class RequiredRepetitions:
    """What would decide a mutant that seems to save energy without harm, were it as it seems.

    Args:
        saving: Share of the original's energy that it seems to save.
        performance_change: What it seems to do to performance, in its own unit.
        repetitions: Repetitions of original and of mutant in total, for a power of 80 % to show both; None: more than
            `MAX_REPETITIONS`.
        more: The same beyond those there are.
    """

    mutant: str
    saving: float
    performance_change: float
    repetitions: int | None
    more: int | None


def required_repetitions(
    model: ScenarioModel, energy: CarefulComparison, performance: CarefulComparison, n_comparisons: int, candidates: int
) -> RequiredRepetitions | None:
    """Reckons the repetitions from the variance observed, by statsmodels.

    Args:
        model: The fitted scenario.
        energy: The mutant's comparison of energy, which seems to be saved.
        performance: Its comparison of performance.
        n_comparisons: Comparisons among which the p values are adjusted.
        candidates: Mutants among which the p values of performance not being worse are adjusted.

    Returns:
        None where no number would do: performance seems to be lost, or nothing is known of the noise.
    """
    change, room = performance.difference.value, remaining_tolerance(model, performance)
    if change is None or room is None or room <= 0 or energy.relative_change.value is None:
        return None
    arm = model.arms.names.index(energy.mutant)
    saved = model.metrics[energy.metric]
    alpha = model.settings.alpha
    sizes = _size(saved, arm, float(saved.contrasts.estimate[arm])), _size(model.metrics["performance"], arm, room)
    if not n_comparisons or any(map(math.isnan, sizes)):
        return None
    counts = (
        _repetitions(sizes[0], alpha / n_comparisons, "two-sided"),
        _repetitions(sizes[1], alpha / candidates, "larger"),
    )
    now = min(energy.n, energy.n_original)
    return RequiredRepetitions(
        mutant=energy.mutant,
        saving=-energy.relative_change.value,
        performance_change=change,
        repetitions=None if None in counts else max(now + 1, *(count for count in counts if count is not None)),
        more=None if None in counts else max(1, *(count - now for count in counts if count is not None)),
    )


def remaining_tolerance(model: ScenarioModel, performance: CarefulComparison) -> float | None:
    """How much worse a mutant could still be, in performance's own unit; negative: it seems to be too bad already."""
    change, tolerance = performance.difference.value, model.tolerance
    if change is None or tolerance is None:
        return None
    return tolerance - change if model.less_is_better("performance") else tolerance + change


def _size(metric_model: MetricModel, arm: int, effect: float) -> float:
    """Cohen's d of an effect; infinite where nothing varies, NaN where nothing tells whether it does."""
    deviation = math.sqrt((metric_model.noise.variance[arm] + metric_model.noise.variance[0]) / 2)
    return abs(effect) / deviation if deviation else math.inf


def _repetitions(size: float, alpha: float, alternative: str) -> int | None:
    """Figures of each arm that show an effect of this size by a t test; None for more than `MAX_REPETITIONS`."""
    from statsmodels.stats.power import TTestIndPower

    test = TTestIndPower()

    def power(n: int) -> float:
        return float(test.power(size, n, alpha, alternative=alternative))

    if not np.isfinite(size):
        return 2
    sides = 2 if alternative == "two-sided" else 1
    normal = 2 * ((special.ndtri(1 - alpha / sides) + special.ndtri(POWER)) / size) ** 2 if size else math.inf
    if normal > MAX_REPETITIONS:
        return None
    # The normal approximation asks for too few, by a handful at most where alpha is not tiny.
    n = max(2, math.floor(normal))
    while power(n) < POWER:
        n += 1
    return n
