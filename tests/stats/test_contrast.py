"""Arms against the original: the classical tests as special cases, by scipy and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.weightstats import ttost_ind, ttost_paired

from mutegreen.stats.model.block_model import BlockFit, fit
from mutegreen.stats.model.contrast import Contrasts, contrasts_with_original
from mutegreen.stats.model.moderation import ModeratedVariances, moderate


def compared(*parts: np.ndarray, blocked: bool) -> Contrasts:
    """Contrasts of samples, the first the original; the i-th observation of each is in block i."""
    observations = np.concatenate(parts)
    arm = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    block = np.concatenate([np.arange(len(part)) for part in parts]) if blocked else np.zeros_like(arm)
    fitted = fit(observations, arm, block, len(parts))
    return contrasts_with_original(fitted, moderate(fitted.variance, fitted.df))


def alike(fitted: BlockFit) -> ModeratedVariances:
    """Variances of the analysis of variance: one for all arms."""
    total = fitted.df.sum()
    pooled = float((fitted.variance * fitted.df).sum() / total)
    return ModeratedVariances(np.full(len(fitted.n), pooled), np.full(len(fitted.n), total), pooled, total, np.inf)


@pytest.fixture
def pair() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(3)
    drift = generator.normal(0, 5, 9)
    return 10 + drift + generator.normal(size=9), 10.8 + drift + 3 * generator.normal(size=9)


def test_two_arms_in_blocks_are_the_paired_t_test(pair: tuple[np.ndarray, np.ndarray]) -> None:
    original, mutant = pair
    found, oracle = compared(original, mutant, blocked=True), stats.ttest_rel(mutant, original)
    assert found.differ()[1] == pytest.approx(oracle.pvalue)
    assert found.df[1] == pytest.approx(oracle.df)
    low, high = oracle.confidence_interval(0.95)
    assert found.estimate[1] - found.half_width()[1] == pytest.approx(low)
    assert found.estimate[1] + found.half_width()[1] == pytest.approx(high)


def test_two_arms_without_blocks_are_welchs_t_test(pair: tuple[np.ndarray, np.ndarray]) -> None:
    original, mutant = pair[0], pair[1][:5]
    found = compared(original, mutant, blocked=False)
    oracle = stats.ttest_ind(mutant, original, equal_var=False)
    assert found.differ()[1] == pytest.approx(oracle.pvalue)
    assert found.df[1] == pytest.approx(oracle.df)
    low, high = oracle.confidence_interval(0.9)
    assert 2 * found.half_width(0.9)[1] == pytest.approx(high - low)


@pytest.mark.parametrize("bound", [-1.0, 0.0, 2.5])
def test_one_sided_tests(pair: tuple[np.ndarray, np.ndarray], bound: float) -> None:
    original, mutant = pair
    found = compared(original, mutant, blocked=True)
    above = stats.ttest_rel(mutant - bound, original, alternative="greater").pvalue
    assert found.above(bound)[1] == pytest.approx(above)
    assert found.below(bound)[1] == pytest.approx(1 - above)


def test_equivalence_is_two_one_sided_tests(pair: tuple[np.ndarray, np.ndarray]) -> None:
    original, mutant = pair
    paired = compared(original, mutant, blocked=True).within(-3.0, 4.0)[1]
    assert paired == pytest.approx(ttost_paired(mutant, original, -3.0, 4.0)[0])
    apart = compared(original, mutant, blocked=False).within(-3.0, 4.0)[1]
    assert apart == pytest.approx(ttost_ind(mutant, original, -3.0, 4.0, usevar="unequal")[0])


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_arms_of_one_variance_are_the_analysis_of_variance(missing: float) -> None:
    generator = np.random.default_rng(11)
    there = generator.random(30) >= missing
    arm, block = np.repeat(np.arange(6), 5)[there], np.tile(np.arange(5), 6)[there]
    observations = generator.normal(size=len(arm)) + block
    columns = np.column_stack([arm[:, None] == np.arange(6), block[:, None] == np.arange(1, 5)]).astype(float)
    ols = sm.OLS(observations, columns).fit()
    fitted = fit(observations, arm, block, 6)
    found = contrasts_with_original(fitted, alike(fitted))
    for other in range(1, 6):
        contrast = np.zeros(10)
        contrast[[0, other]] = -1, 1
        oracle = ols.t_test(contrast)
        assert found.differ()[other] == pytest.approx(float(oracle.pvalue))
        assert found.error[other] == pytest.approx(oracle.sd.item())
        assert found.df[other] == pytest.approx(ols.df_resid)


def test_welch_satterthwaite_with_a_term_for_incomplete_blocks() -> None:
    generator = np.random.default_rng(12)
    arm, block = np.repeat(np.arange(6), 5)[:-2], np.tile(np.arange(5), 6)[:-2]
    fitted = fit(generator.normal(size=len(arm)), arm, block, 6)
    noise = moderate(fitted.variance, fitted.df)
    found = contrasts_with_original(fitted, noise)
    parts = np.array([noise.variance[5] / 3, noise.variance[0] / 5, noise.pooled * fitted.imbalance[5]])
    freedoms = np.array([noise.df[5], noise.df[0], noise.pooled_df])
    assert parts[2] > 0
    assert found.error[5] == pytest.approx(np.sqrt(parts.sum()))
    satterthwaite = parts.sum() ** 2 / (parts**2 / freedoms).sum()
    assert found.df[5] == pytest.approx(min(satterthwaite, noise.pooled_df))


def test_agrees_with_permutation(pair: tuple[np.ndarray, np.ndarray]) -> None:
    original, mutant = pair
    oracle = stats.permutation_test(
        (mutant - original,), np.mean, permutation_type="samples", vectorized=True, n_resamples=np.inf
    )
    assert compared(original, mutant, blocked=True).differ()[1] == pytest.approx(oracle.pvalue, abs=0.02)


def test_drift_that_hides_a_difference_from_welch_does_not_hide_it_here() -> None:
    generator = np.random.default_rng(0)
    drift = np.linspace(0, 50, 8)
    original, mutant = 100 + drift + generator.normal(size=8), 103 + drift + generator.normal(size=8)
    assert compared(original, mutant, blocked=True).differ()[1] < 0.01
    assert compared(original, mutant, blocked=False).differ()[1] > 0.5


def test_the_original_is_not_compared_with_itself(pair: tuple[np.ndarray, np.ndarray]) -> None:
    assert np.isnan(compared(*pair, blocked=True).differ()[0])


def test_no_noise_at_all_gives_a_difference_but_no_p() -> None:
    found = compared(np.full(4, 3.0), np.full(4, 5.0), np.full(4, 3.0), blocked=True)
    np.testing.assert_array_equal(found.estimate[1:], [2.0, 0.0])
    assert np.isnan(found.error).all()
    assert np.isnan(found.differ()).all()
    assert np.isnan(found.half_width()).all()


def test_one_arm_without_noise_is_welchs_limit() -> None:
    mutant = np.array([1.0, 2.0, 4.0])
    found = compared(np.full(3, 3.0), mutant, blocked=False)
    assert found.differ()[1] == pytest.approx(stats.ttest_1samp(mutant, 3.0).pvalue)
    assert found.df[1] == pytest.approx(2.0)


def test_one_observation_of_an_arm_allows_no_test() -> None:
    found = compared(np.array([1.0, 2.0, 3.0]), np.array([9.0]), blocked=False)
    assert found.estimate[1] == pytest.approx(7.0)
    assert np.isnan(found.differ()[1])


def test_arms_that_share_no_block_are_not_compared() -> None:
    arm, block = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 0, 1, 2, 3])
    fitted = fit(np.array([1.0, 2.0, 3.0, 5.0, 8.0, 9.0]), arm, block, 3)
    found = contrasts_with_original(fitted, moderate(fitted.variance, fitted.df))
    assert np.isfinite(found.differ()[1])
    assert np.isnan(found.estimate[2])
    assert np.isnan(found.differ()[2])
