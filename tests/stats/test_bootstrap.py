"""Bootstrap intervals: scipy's BCa for large samples, coverage, and too few observations to resample."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from mutegreen.stats.model import bootstrap
from mutegreen.stats.model.block_model import fit
from mutegreen.stats.model.contrast import contrasts_with_original
from mutegreen.stats.model.moderation import moderate


def intervals(*parts: np.ndarray, blocked: bool = False, **options: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Estimates and both ends for samples, the first the original."""
    observations = np.concatenate(parts)
    arm = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    block = np.concatenate([np.arange(len(part)) for part in parts]) if blocked else np.zeros_like(arm)
    fitted = fit(observations, arm, block, len(parts))
    noise = moderate(fitted.variance, fitted.df)
    found = contrasts_with_original(fitted, noise)
    return found.estimate, *bootstrap.intervals(fitted, arm, noise, found, **options)


def samples(*sizes: int, seed: int = 0, sigma: float = 1.0) -> list[np.ndarray]:
    generator = np.random.default_rng(seed)
    return [generator.lognormal(0, sigma, size) for size in sizes]


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_agrees_with_scipy_where_samples_are_large(confidence: float) -> None:
    original, mutant = samples(150, 400)
    _, low, high = intervals(original, mutant, confidence=confidence)
    oracle = stats.bootstrap(
        (mutant, original),
        lambda one, other, axis: one.mean(axis=axis) - other.mean(axis=axis),
        method="BCa",
        confidence_level=confidence,
        n_resamples=9999,
        rng=np.random.default_rng(1),
    ).confidence_interval
    width = oracle.high - oracle.low
    assert low[1] == pytest.approx(oracle.low, abs=0.04 * width)
    assert high[1] == pytest.approx(oracle.high, abs=0.04 * width)


def test_is_wider_on_the_side_of_the_longer_tail() -> None:
    estimate, low, high = intervals(np.zeros(40) + samples(40, sigma=0.01)[0], samples(40, seed=2, sigma=1.5)[0])
    assert high[1] - estimate[1] > 1.3 * (estimate[1] - low[1])


def test_few_observations_get_the_width_of_students_t() -> None:
    # Nearly symmetric samples: then only the corrections make the interval as wide as Welch's.
    shape = stats.norm.ppf((np.arange(5) + 0.5) / 5)
    _, low, high = intervals(shape, shape[::-1] + 1)
    welch = stats.ttest_ind(shape + 1, shape, equal_var=False).confidence_interval()
    assert high[1] - low[1] == pytest.approx(welch.high - welch.low, rel=0.12)


@pytest.mark.parametrize("repetitions", [5, 10])
def test_coverage_is_95_percent(repetitions: int) -> None:
    generator = np.random.default_rng(repetitions)
    held = []
    for _ in range(120):
        drift = generator.normal(0, 5, repetitions)
        parts = [arm + drift + generator.normal(0, 1, repetitions) for arm in range(6)]
        _, low, high = intervals(*parts, blocked=True)
        held.append((low[1:] <= np.arange(1, 6)) & (np.arange(1, 6) <= high[1:]))
    # Intervals of an audit share their original, so that the 600 count for less.
    assert np.mean(held) == pytest.approx(0.95, abs=0.035)


def test_the_same_observations_give_the_same_interval() -> None:
    parts = samples(6, 6)
    np.testing.assert_array_equal(intervals(*parts)[1:], intervals(*parts)[1:])
    assert not np.array_equal(intervals(*parts)[1][1], intervals(*parts, seed=1)[1][1])


def test_is_equivariant_to_shift_and_scale() -> None:
    original, mutant = samples(7, 9)
    _, low, high = intervals(original, mutant)
    _, moved_low, moved_high = intervals(original * 10 + 3, mutant * 10 + 5)
    assert moved_low[1] == pytest.approx(10 * low[1] + 2)
    assert moved_high[1] == pytest.approx(10 * high[1] + 2)


def test_drift_over_blocks_does_not_widen_it() -> None:
    original, mutant = samples(8, 8)
    drift = np.linspace(0, 100, 8)
    _, low, high = intervals(original, mutant, blocked=True)
    _, drifted_low, drifted_high = intervals(original + drift, mutant + drift, blocked=True)
    assert drifted_low[1] == pytest.approx(low[1], rel=1e-3)
    assert drifted_high[1] == pytest.approx(high[1], rel=1e-3)


def test_other_arms_change_nothing_without_moderation() -> None:
    original, mutant, other = samples(6, 6, 6)
    _, low, high = intervals(original, mutant)
    _, low_with_other, high_with_other = intervals(original, other, mutant)
    assert low_with_other[2] == pytest.approx(low[1])
    assert high_with_other[2] == pytest.approx(high[1])


def test_more_arms_than_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = samples(*[5] * 8)
    whole = intervals(*parts)
    monkeypatch.setattr(bootstrap, "_BATCH", 3)
    np.testing.assert_allclose(intervals(*parts)[1], whole[1])


def test_too_few_observations_to_resample() -> None:
    four, five, six = samples(4, 5, 6)
    _, low, _ = intervals(five, four, six)
    assert np.isnan(low[1])
    assert np.isfinite(low[2])
    _, low, _ = intervals(four, five)
    assert np.isnan(low).all()


def test_nothing_varies() -> None:
    _, low, high = intervals(np.full(5, 2.0), np.full(5, 3.0))
    assert np.isnan(low).all()
    assert np.isnan(high).all()


def test_one_arm_varies() -> None:
    estimate, low, high = intervals(np.full(6, 2.0), samples(6)[0])
    assert low[1] < estimate[1] < high[1]
