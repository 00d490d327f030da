"""Cliff's deltas of many arms: all pairs counted, another package, the published interval, too few observations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cliffs_delta import cliffs_delta as by_package
from scipy import stats

from mutegreen.stats.verdicts.deltas import Deltas, cliffs_deltas

Z = stats.norm.ppf(0.975)


def deltas(*parts: np.ndarray, **options: Any) -> Deltas:
    arm = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    mixed = np.random.default_rng(9).permutation(len(arm))
    return cliffs_deltas(np.concatenate(parts)[mixed], arm[mixed], len(parts), **options)


def by_pairs(mutant: np.ndarray, original: np.ndarray) -> tuple[float, float]:
    """Delta and Cliff's unbiased variance of it, from the matrix of all pairs."""
    pairs = np.sign(np.subtract.outer(mutant, original))
    n, m = pairs.shape
    delta = pairs.mean()
    rows = ((pairs.mean(axis=1) - delta) ** 2).sum()
    columns = ((pairs.mean(axis=0) - delta) ** 2).sum()
    unbiased = (m**2 * rows + n**2 * columns - ((pairs - delta) ** 2).sum()) / (n * m * (n - 1) * (m - 1))
    return delta, max(unbiased, (1 - delta**2) / (n * m - 1))


def feng_cliff(delta: float, variance: float) -> tuple[float, float]:
    """Feng & Cliff 2004, equation 9."""
    root = Z * np.sqrt(variance) * np.sqrt((1 - delta**2) ** 2 + Z**2 * variance)
    bottom = 1 - delta**2 + Z**2 * variance
    return (delta - delta**3 - root) / bottom, (delta - delta**3 + root) / bottom


def drawn(seed: int, digits: int) -> list[np.ndarray]:
    """Samples of several sizes; few digits make ties."""
    generator = np.random.default_rng(seed)
    return [np.round(generator.normal(0.4 * arm, 1, size), digits) for arm, size in enumerate((7, 5, 12, 2, 30))]


@pytest.mark.parametrize("digits", [9, 0])
@pytest.mark.parametrize("seed", range(3))
def test_every_pair_is_counted(seed: int, digits: int) -> None:
    original, *mutants = drawn(seed, digits)
    found = deltas(original, *mutants)
    for arm, mutant in enumerate(mutants, start=1):
        delta, variance = by_pairs(mutant, original)
        assert found.delta[arm] == pytest.approx(delta)
        assert found.delta[arm] == pytest.approx(by_package(mutant.tolist(), original.tolist())[0])
        if abs(delta) < 1:
            low, high = feng_cliff(delta, variance)
            assert found.low[arm] == pytest.approx(max(low, -1))
            assert found.high[arm] == pytest.approx(min(high, 1))


def test_the_original_over_itself_is_zero() -> None:
    assert deltas(*drawn(0, 9)).delta[0] == 0.0


def test_no_pair_contradicts() -> None:
    found = deltas(np.arange(5.0), np.arange(10.0, 18.0), np.arange(-9.0, -5.0))
    np.testing.assert_array_equal(found.delta[1:], [1.0, -1.0])
    # The bound that Feng & Cliff give where the variance vanishes: (n - z^2) / (n + z^2) of the smaller sample.
    assert found.low[1] == pytest.approx((5 - Z**2) / (5 + Z**2))
    assert found.high[1] == 1.0
    assert found.low[2] == -1.0
    assert found.high[2] == pytest.approx(-(4 - Z**2) / (4 + Z**2))


def test_all_pairs_tie() -> None:
    found = deltas(np.full(5, 2.0), np.full(5, 2.0))
    assert found.delta[1] == 0.0
    assert -1 <= found.low[1] < 0 < found.high[1] <= 1


def test_intervals_stay_within_bounds_and_hold_delta() -> None:
    for seed in range(20):
        found = deltas(*drawn(seed, 1))
        assert (found.low[1:] >= -1).all()
        assert (found.high[1:] <= 1).all()
        assert (found.low[1:] <= found.delta[1:]).all()
        assert (found.delta[1:] <= found.high[1:]).all()


def test_less_confidence_is_narrower() -> None:
    original, mutant, *_ = drawn(1, 9)
    assert deltas(original, mutant, confidence=0.5).high[1] < deltas(original, mutant).high[1]


def test_holds_the_truth() -> None:
    generator = np.random.default_rng(4)
    truth = 2 * stats.norm.cdf(1 / np.sqrt(2)) - 1
    held = []
    for _ in range(60):
        found = deltas(generator.normal(0, 1, 15), *generator.normal(1, 1, (10, 15)))
        held.append((found.low[1:] <= truth) & (truth <= found.high[1:]))
    assert np.mean(held) == pytest.approx(0.95, abs=0.05)


@pytest.mark.parametrize("parts", [([1.0, 2.0], [3.0]), ([1.0], [3.0, 4.0])])
def test_one_observation_has_a_delta_but_no_interval(parts: np.ndarray) -> None:
    found = deltas(*map(np.array, parts))
    assert found.delta[1] == 1.0
    assert np.isnan(found.low[1])
    assert np.isnan(found.high[1])


@pytest.mark.parametrize("parts", [([1.0, 2.0], []), ([], [3.0, 4.0]), ([], [])])
def test_no_observations_have_no_delta(parts: np.ndarray) -> None:
    found = deltas(*map(np.array, parts))
    assert np.isnan(found.delta[1])
    assert np.isnan(found.low[1])
