"""Required number of repetitions: power of the t-test for the most promising mutants.

A mutant is decided if both tests of a recommendation are significant: the two-sided test of its saving, at alpha
divided by the number of comparisons, and the one-sided test of its performance against the tolerance, at alpha divided
by the number of mutants (Bonferroni, the worst case of Holm). The effect size is Cohen's d = effect / sqrt((s_a^2 +
s_0^2) / 2) with moderated variances; the power of the t-test is from statsmodels.
"""

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
"""Largest number of repetitions that is calculated: larger audits are not practical."""


@dataclass(frozen=True)
class RequiredRepetitions:
    """The repetitions that would decide a promising mutant, if its estimates are true.

    Args:
        saving: Estimated saving, as a share of the original's energy.
        performance_change: Estimated change of performance, in its own unit.
        repetitions: Repetitions of the original and as many of the mutant, the existing ones included, for a power of
            80 % of both tests; None: more than `MAX_REPETITIONS`.
        more: Repetitions in addition to the existing ones; None as `repetitions`.
    """

    mutant: str
    saving: float
    performance_change: float
    repetitions: int | None
    more: int | None


def required_repetitions(
    model: ScenarioModel, energy: CarefulComparison, performance: CarefulComparison, n_comparisons: int, candidates: int
) -> RequiredRepetitions | None:
    """Return the required repetitions for the variances observed.

    Args:
        model: The fitted scenario.
        energy: The mutant's comparison in energy, with an estimated saving.
        performance: Its comparison in performance.
        n_comparisons: Number of comparisons for which p values are adjusted.
        candidates: Number of mutants for which p values of non-inferiority are adjusted.

    Returns:
        None where no number suffices: the estimated loss of performance exceeds the tolerance, or the noise is not
        known.
    """
    change, margin = performance.difference.value, remaining_tolerance(model, performance)
    if change is None or margin is None or margin <= 0 or energy.relative_change.value is None:
        return None
    arm = model.arms.names.index(energy.mutant)
    energy_model = model.metrics[energy.metric]
    alpha = model.settings.alpha
    sizes = (
        _size(energy_model, arm, float(energy_model.contrasts.estimate[arm])),
        _size(model.metrics["performance"], arm, margin),
    )
    if not n_comparisons or any(map(math.isnan, sizes)):
        return None
    counts = (
        _repetitions(sizes[0], alpha / n_comparisons, "two-sided"),
        _repetitions(sizes[1], alpha / candidates, "larger"),
    )
    existing = min(energy.n, energy.n_original)
    return RequiredRepetitions(
        mutant=energy.mutant,
        saving=-energy.relative_change.value,
        performance_change=change,
        repetitions=None if None in counts else max(existing + 1, *(count for count in counts if count is not None)),
        more=None if None in counts else max(1, *(count - existing for count in counts if count is not None)),
    )


def remaining_tolerance(model: ScenarioModel, performance: CarefulComparison) -> float | None:
    """Return the difference between the tolerance and the estimated loss of performance, in its own unit.

    Negative where the loss exceeds the tolerance; None where one of both is not known.
    """
    change, tolerance = performance.difference.value, model.tolerance
    if change is None or tolerance is None:
        return None
    return tolerance - change if model.less_is_better("performance") else tolerance + change


def _size(metric_model: MetricModel, arm: int, effect: float) -> float:
    """Cohen's d of an effect; infinite where nothing varies, NaN where the variance is not known."""
    deviation = math.sqrt((metric_model.noise.variance[arm] + metric_model.noise.variance[0]) / 2)
    return abs(effect) / deviation if deviation else math.inf


def _repetitions(size: float, alpha: float, alternative: str) -> int | None:
    """Observations of each arm for a power of 80 %; None for more than `MAX_REPETITIONS`."""
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
    # The normal approximation is a lower bound, a few repetitions too small at most where alpha is not tiny.
    n = max(2, math.floor(normal))
    while power(n) < POWER:
        n += 1
    return n
