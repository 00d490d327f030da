"""Block model: against ordinary least squares with dummies, closed forms, and degenerate layouts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm

from mutegreen.stats.model.block_model import fit


def layout(
    arms: int, blocks: int, *, missing: float = 0.0, twice: int = 0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Codes of arms and blocks in a random order; some cells are empty, some have two observations."""
    generator = np.random.default_rng(seed)
    cells = [(arm, block) for arm in range(arms) for block in range(blocks) if generator.random() >= missing]
    cells += cells[:twice]
    arm, block = generator.permutation(cells).T
    return arm.astype(np.int64), block.astype(np.int64)


def noise(codes: np.ndarray, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=len(codes))


def dummies(arm: np.ndarray, block: np.ndarray) -> np.ndarray:
    """One column for each arm, and one for each block but the first."""
    return np.column_stack([arm[:, None] == np.arange(arm.max() + 1), block[:, None] == np.arange(1, block.max() + 1)])


LAYOUTS = {
    "complete": layout(6, 4),
    "two blocks": layout(5, 2),
    "incomplete": layout(7, 5, missing=0.3),
    "cells of two": layout(4, 3, missing=0.2, twice=3),
    "one block": layout(4, 1, twice=4),
}


Design = tuple[np.ndarray, np.ndarray, np.ndarray, Any]
"""Observations, codes of arms, codes of blocks, and the fit of statsmodels."""


@pytest.fixture(params=LAYOUTS.values(), ids=list(LAYOUTS))
def design(request: pytest.FixtureRequest) -> Design:
    arm, block = request.param
    observations = noise(arm) + 0.5 * arm + 3.0 * block
    return observations, arm, block, sm.OLS(observations, dummies(arm, block).astype(float)).fit()


def test_differences_and_residuals_are_those_of_least_squares_with_dummies(design: Design) -> None:
    observations, arm, block, ols = design
    fitted = fit(observations, arm, block, arm.max() + 1)
    oracle = ols.params[: arm.max() + 1]
    np.testing.assert_allclose(fitted.effect - fitted.effect[0], oracle - oracle[0], atol=1e-9)
    np.testing.assert_allclose(fitted.adjusted - fitted.effect[arm], ols.resid, atol=1e-9)


def test_leverages_are_those_of_least_squares(design: Design) -> None:
    observations, arm, block, ols = design
    fitted = fit(observations, arm, block, arm.max() + 1)
    free = 1 - ols.get_influence().hat_matrix_diag
    by_arm = np.bincount(arm, free)
    known = by_arm > 1e-9
    np.testing.assert_allclose(fitted.df, np.where(known, by_arm, 0.0), atol=1e-9)
    assert fitted.df.sum() == pytest.approx(ols.df_resid)
    np.testing.assert_allclose(fitted.variance[known], (np.bincount(arm, ols.resid**2) / by_arm)[known])
    loose = free > 1e-9
    np.testing.assert_allclose(fitted.residual[loose], (ols.resid / np.sqrt(np.where(loose, free, 1)))[loose])


def test_pooled_variance_is_that_of_least_squares(design: Design) -> None:
    observations, arm, block, ols = design
    fitted = fit(observations, arm, block, arm.max() + 1)
    assert np.nansum(fitted.variance * fitted.df) / fitted.df.sum() == pytest.approx(ols.mse_resid)


def test_imbalance_is_what_empty_cells_add_to_the_variance_of_a_difference(design: Design) -> None:
    observations, arm, block, ols = design
    fitted = fit(observations, arm, block, arm.max() + 1)
    for other in range(1, arm.max() + 1):
        contrast = np.zeros(len(ols.params))
        contrast[[0, other]] = -1, 1
        variance = float(contrast @ ols.normalized_cov_params @ contrast)
        assert 1 / fitted.n[0] + 1 / fitted.n[other] + fitted.imbalance[other] == pytest.approx(variance)


def test_complete_blocks_have_their_closed_forms() -> None:
    arms, blocks = 6, 4
    arm, block = layout(arms, blocks)
    fitted = fit(noise(arm), arm, block, arms)
    np.testing.assert_allclose(fitted.df, (blocks - 1) * (arms - 1) / arms)
    np.testing.assert_allclose(fitted.imbalance, 0.0, atol=1e-12)
    assert fitted.block_effect.sum() == pytest.approx(0.0, abs=1e-12)


def test_complete_blocks_of_very_many_arms_leave_their_means() -> None:
    arm, block = (codes.ravel() for codes in np.indices((3000, 20)))
    observations = 5 + noise(arm)
    fitted = fit(observations, arm, block, 3000)
    np.testing.assert_allclose(fitted.effect, observations.reshape(3000, 20).mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(fitted.df, 19 * 2999 / 3000, rtol=1e-9)


def test_without_blocks_the_fit_is_means_and_variances() -> None:
    arm = np.repeat(np.arange(3), [4, 2, 7])
    observations = noise(arm)
    fitted = fit(observations, arm, np.zeros_like(arm), 3)
    parts = [observations[arm == each] for each in range(3)]
    np.testing.assert_allclose(fitted.effect, [part.mean() for part in parts])
    np.testing.assert_allclose(fitted.variance, [part.var(ddof=1) for part in parts])
    np.testing.assert_allclose(fitted.df, [3, 1, 6])
    np.testing.assert_allclose(fitted.block_effect, 0.0, atol=1e-12)


def test_an_effect_of_a_block_on_all_its_observations_changes_nothing() -> None:
    arm, block = layout(6, 5, missing=0.3)
    observations = noise(arm)
    drifted = observations + np.array([9.0, -4.0, 0.0, 77.0, 3.0])[block]
    plain, moved = (fit(each, arm, block, 6) for each in (observations, drifted))
    np.testing.assert_allclose(moved.effect - moved.effect[0], plain.effect - plain.effect[0], atol=1e-9)
    np.testing.assert_allclose(moved.variance, plain.variance)


def test_variance_of_an_arm_is_unbiased_where_arms_are_alike() -> None:
    arm, block = layout(4, 3, missing=0.15, seed=3)
    variances = [fit(noise(arm, seed), arm, block, 4).variance for seed in range(1000)]
    np.testing.assert_allclose(np.mean(variances, axis=0), 1.0, atol=0.15)


def test_equal_observations_have_equal_effects() -> None:
    arm, block = layout(16, 5, missing=0.2)
    fitted = fit(np.full(len(arm), 0.1 + 0.2), arm, block, 16)
    assert (fitted.effect == fitted.effect[0]).all()
    assert (fitted.variance == 0).all()


def test_arms_whose_means_are_equal_but_for_rounding_have_equal_effects() -> None:
    observations = np.array([0.1, 0.2, 0.3, 0.3, 0.1, 0.2, 0.2, 0.3, 0.1, 0.3, 0.2, 0.1])
    arm, block = np.repeat(np.arange(4), 3), np.tile(np.arange(3), 4)
    means = observations.reshape(4, 3).mean(axis=1)
    assert len(set(means.tolist())) > 1
    assert len(set(fit(observations, arm, block, 4).effect.tolist())) == 1


def test_blocks_explain_differences_between_blocks() -> None:
    arm, block = layout(5, 3)
    fitted = fit(0.1 * block + 100.0, arm, block, 5)
    assert (fitted.effect == fitted.effect[0]).all()
    assert (fitted.variance == 0).all()


def test_an_arm_without_observations_is_not_known() -> None:
    arm, block = np.array([0, 0, 2, 2]), np.array([0, 1, 0, 1])
    fitted = fit(np.array([1.0, 2.0, 3.0, 5.0]), arm, block, 3)
    assert fitted.n.tolist() == [2, 0, 2]
    assert np.isnan(fitted.effect[1])
    assert np.isnan(fitted.variance[1])
    assert fitted.connected.tolist() == [True, False, True]


def test_one_observation_has_no_variance() -> None:
    fitted = fit(np.array([1.0, 2.0]), np.array([0, 1]), np.array([0, 0]), 2)
    assert fitted.df.tolist() == [0.0, 0.0]
    assert np.isnan(fitted.variance).all()


def test_no_observations() -> None:
    fitted = fit(np.array([]), np.array([], dtype=np.int64), np.array([], dtype=np.int64), 2)
    assert fitted.n.tolist() == [0, 0]
    assert np.isnan(fitted.effect).all()


def test_arms_are_connected_by_blocks_directly_or_through_other_arms() -> None:
    # 0 and 1 share block 0; 1 and 2 share block 1; 3 and 4 share block 2 with no other arm.
    arm, block = np.array([0, 1, 1, 2, 3, 4]), np.array([0, 0, 1, 1, 2, 2])
    fitted = fit(np.array([1.0, 2.0, 12.0, 14.0, 5.0, 9.0]), arm, block, 5)
    assert fitted.connected.tolist() == [True, True, True, False, False]
    # By hand: 1 is 1 above 0, 2 is 2 above 1.
    np.testing.assert_allclose(fitted.effect[:3] - fitted.effect[0], [0.0, 1.0, 3.0], atol=1e-9)
