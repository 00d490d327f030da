"""Moderated variances: the published formula, simulated variances, and variances without information."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from mutegreen.stats.model.moderation import moderate
from mutegreen.stats.model.noisy_arms import MIN_ARMS, noisier


def drawn(arms: int, df: float, prior: float, centre: float, seed: int = 0) -> np.ndarray:
    """Sample variances whose true variances are scaled inverse chi-squared: Smyth's model."""
    generator = np.random.default_rng(seed)
    true = prior * centre / generator.chisquare(prior, arms)
    return np.asarray(true * generator.chisquare(df, arms) / df)


def squeeze_var(variance: np.ndarray, df: np.ndarray) -> tuple[float, float]:
    """The prior's degrees of freedom and scale as limma's `fitFDist`, with Newton's steps of Smyth's appendix."""
    e = np.log(variance) - special.psi(df / 2) + np.log(df / 2)
    excess = e.var(ddof=1) - special.polygamma(1, df / 2).mean()
    y = 0.5 + 1 / excess
    for _ in range(50):
        tri = special.polygamma(1, y)
        y += tri * (1 - tri / excess) / special.polygamma(2, y)
    return 2 * y, np.exp(e.mean() + special.psi(y) - np.log(y))


def posterior(variance: np.ndarray, df: np.ndarray) -> np.ndarray:
    lent, centre = squeeze_var(variance, df)
    return np.asarray((lent * centre + df * variance) / (lent + df))


@pytest.mark.parametrize("prior", [3.0, 8.0, 30.0])
def test_estimates_the_distribution_of_the_variances(prior: float) -> None:
    variance = drawn(40_000, 4.0, prior, 2.5)
    assert moderate(variance, np.full(40_000, 4.0)).prior_df == pytest.approx(prior, rel=0.12)


@pytest.mark.parametrize("df", [2.0, 3.75, 9.0])
def test_agrees_with_the_published_formula(df: float) -> None:
    variance, own = drawn(16, df, 1.5, 1.0, seed=5), np.full(16, df)
    lent, _ = squeeze_var(variance, own)
    found = moderate(variance, own)
    assert found.prior_df == pytest.approx(lent, rel=1e-6)
    # The first arm takes part in every comparison and may be treated with more care.
    np.testing.assert_allclose(found.variance[1:], np.maximum(posterior(variance, own), variance)[1:], rtol=1e-6)


def test_arms_with_unequal_degrees_of_freedom() -> None:
    own = np.array([2.0, 3.0, 4.0, 5.0, 9.0, 1.5, 4.0, 4.0])
    variance = np.array([0.1, 4.0, 1.0, 3.0, 0.5, 9.0, 0.02, 1.1])
    np.testing.assert_allclose(
        moderate(variance, own).variance[1:], np.maximum(posterior(variance, own), variance)[1:], rtol=1e-6
    )


def test_a_variance_is_only_raised() -> None:
    variance, df = drawn(50, 4.0, 3.0, 1.0), np.full(50, 4.0)
    found = moderate(variance, df)
    assert (found.variance >= variance).all()
    assert (found.variance > variance).any()
    kept = found.variance == variance
    assert kept.any()


def test_the_original_and_noisier_arms_keep_their_df_and_no_arm_has_more_than_three_times_its_own() -> None:
    variance = drawn(50, 4.0, 30.0, 1.0)
    found = moderate(variance, np.full(50, 4.0))
    assert found.prior_df > 8
    assert found.df[0] == 4.0
    lent = ~noisier(variance, np.full(50, 4.0))[1:]
    assert 40 < lent.sum() < 50
    assert (found.df[1:] == np.where(lent, 12.0, 4.0)).all()


def test_arms_that_are_all_alike_share_one_variance() -> None:
    variance = np.array([1.0, 1.01, 0.99, 1.0, 1.02, 0.98])
    found = moderate(variance, np.full(6, 4.0))
    assert np.isinf(found.prior_df)
    assert found.pooled == pytest.approx(1.0)
    assert found.pooled_df == 24.0
    np.testing.assert_allclose(found.variance, np.maximum(variance, 1.0))
    assert (found.df <= 24.0).all()


def test_no_arm_has_more_df_than_all_together() -> None:
    found = moderate(drawn(8, 4.0, 50.0, 1.0), np.full(8, 4.0))
    assert (found.df <= found.pooled_df).all()


def test_few_arms_are_not_moderated() -> None:
    variance, df = np.array([1.0, 9.0, 4.0, 2.0]), np.full(4, 3.0)
    assert len(variance) < MIN_ARMS
    found = moderate(variance, df)
    np.testing.assert_array_equal(found.variance, variance)
    np.testing.assert_array_equal(found.df, df)
    assert found.prior_df == 0.0


def test_zero_variances_of_most_arms_are_not_used() -> None:
    found = moderate(np.array([0.0, 0.0, 0.0, 0.0, 5.0]), np.full(5, 4.0))
    np.testing.assert_allclose(found.variance, [1.0, 1.0, 1.0, 1.0, 5.0])


def test_one_zero_variance_does_not_dominate_the_others() -> None:
    others = drawn(19, 4.0, 1e6, 1.0)
    found = moderate(np.append(others, 0.0), np.full(20, 4.0))
    assert found.prior_df > 0.5
    assert found.variance[-1] > 0


def test_nothing_varies() -> None:
    found = moderate(np.zeros(6), np.full(6, 4.0))
    assert (found.variance == 0).all()
    assert found.pooled == 0.0


def test_arms_of_one_observation_have_no_variance() -> None:
    variance, df = np.append(drawn(6, 4.0, 6.0, 1.0), np.nan), np.append(np.full(6, 4.0), 0.0)
    found, without = moderate(variance, df), moderate(variance[:-1], df[:-1])
    assert np.isnan(found.variance[-1])
    assert found.df[-1] == 0.0
    np.testing.assert_array_equal(found.variance[:-1], without.variance)


def test_no_variance_is_known() -> None:
    found = moderate(np.full(3, np.nan), np.zeros(3))
    assert np.isnan(found.variance).all()
    assert np.isnan(found.pooled)
    assert found.pooled_df == 0.0
