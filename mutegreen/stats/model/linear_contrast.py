"""Linear contrasts of the effects of arms, with moderated variances.

A contrast of the effects mu, shape (A,), of `block_model` has coefficients c, shape (A,), that sum to 0. The difference
of an arm to the original (`contrast`) is the contrast with 1 and -1.

    L = c'mu
    Var L = sum over arms of c_a^2 s_a^2 / n_a  +  s^2 h'W h  +  (c'd)^2 v

    n_a, s_a^2  observations of arm a and its moderated variance, with f_a degrees of freedom (`moderation`)
    s^2         pooled variance of all arms, with f degrees of freedom
    h = S'c     shape (B,), weight of each block in the contrast, 0 in complete blocks; S, shape (A, B), is the share of
                an arm's observations in each block
    W           shape (B, B), covariance of the effects of blocks, in units of the variance of an observation
    d, v        d, shape (A,): gaps of the arms in the concurrency covariate; v: variance of its slope. The
                term is 0 without that covariate, and where it is even (d = 0).

The degrees of freedom are those of Welch and Satterthwaite for a sum of independent variances, at most f: the square of
the sum, divided by the sum of each term's square over its own degrees of freedom.

Where an arm with c_a != 0 is shown to be noisier than the others (`noisy_arms`), the effects of blocks contain its
noise and so do the variances of the other arms. They hold no information on this noise beyond the arm's own variance,
but the formula takes all variances as independent, and moderation adds degrees of freedom to those of the other arms.
The degrees of freedom are then calculated from the variances before moderation. Otherwise an interaction with one
corner 20 times as noisy is a false alarm in 8 of 100 cases at three repetitions, instead of 5
(tests/stats/test_linear_contrast.py).

Sources: Welch, Biometrika 34, 1947; Satterthwaite, Biometrics Bulletin 2, 1946.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mutegreen.stats.model.block_model import BlockFit, Floats
from mutegreen.stats.model.contrast import Contrasts, slope_variance
from mutegreen.stats.model.moderation import ModeratedVariances
from mutegreen.stats.model.noisy_arms import noisier

_ROUNDING = 1e-12
"""Share of the sum of absolute terms below which a contrast is 0 but for rounding."""


def linear_contrasts(fitted: BlockFit, noise: ModeratedVariances, coefficients: Floats) -> Contrasts:
    """Estimate contrasts of arms.

    Args:
        fitted: The effects of A arms.
        noise: Their moderated variances.
        coefficients: Shape (K, A), c; each row sums to 0.

    Returns:
        K contrasts. The estimate is NaN where an arm with a coefficient has no observations or is not connected with
        the first arm. Error and degrees of freedom are NaN there, too, and where a variance is not known or Var L is 0.
    """
    part = coefficients != 0
    known = ~(part & ~(fitted.connected & (fitted.n > 0))).any(axis=1)
    effect = np.where(fitted.n > 0, fitted.effect, 0.0)
    estimate, size = coefficients @ effect, np.abs(coefficients) @ np.abs(effect)
    estimate = np.where(known, np.where(np.abs(estimate) > _ROUNDING * size, estimate, 0.0), np.nan)
    block_weight = coefficients @ fitted.block_share
    imbalance = noise.pooled * np.maximum(((block_weight @ fitted.block_covariance) * block_weight).sum(axis=1), 0.0)
    concurrency, concurrency_df = _concurrency(fitted, noise, coefficients)
    common = [(imbalance, noise.pooled_df), (concurrency, concurrency_df)]
    moderated, raw = (_arm_terms(fitted, coefficients, variance) for variance in (noise.variance, fitted.variance))
    noisy = (part & noisier(fitted.variance, fitted.df)).any(axis=1)
    square = moderated.sum(axis=1) + imbalance + concurrency
    known &= (square > 0) & ~(part & _confounded(fitted)).any(axis=1)
    with np.errstate(all="ignore"):
        df = np.where(noisy, _df(raw, fitted.df, common), _df(moderated, noise.df, common))
        stretch = np.sqrt(square / np.maximum(square - concurrency, 1e-300))
    return Contrasts(
        estimate=estimate,
        error=np.sqrt(np.where(known, square, np.nan)),
        df=np.where(known, np.minimum(df, noise.pooled_df), np.nan),
        stretch=np.where(known & (concurrency > 0), stretch, 1.0),
    )


def _arm_terms(fitted: BlockFit, coefficients: Floats, variance: Floats) -> Floats:
    """Return the terms c_a^2 s_a^2 / n_a, shape (K, A); NaN where the variance of an arm is not known."""
    return np.where(coefficients != 0, coefficients**2 * variance / np.maximum(fitted.n, 1), 0.0)


def _df(arm_terms: Floats, df: Floats, common: Sequence[tuple[Floats, float]]) -> Floats:
    """Welch-Satterthwaite degrees of freedom, shape (K,), of the terms of arms and the common terms."""
    square = arm_terms.sum(axis=1) + sum(term for term, _ in common)
    parts = np.divide(arm_terms**2, df, out=np.zeros_like(arm_terms), where=arm_terms > 0).sum(axis=1)
    return np.asarray(square**2 / (parts + sum(term**2 / term_df for term, term_df in common if term_df)))


def _concurrency(fitted: BlockFit, noise: ModeratedVariances, coefficients: Floats) -> tuple[Floats, float]:
    """Return the term (c'd)^2 v, shape (K,), and its degrees of freedom."""
    if fitted.slope is None:
        return np.zeros(len(coefficients)), 0.0
    variance, df = slope_variance(fitted.slope, noise)
    return (coefficients @ fitted.slope.gap) ** 2 * variance, df


def _confounded(fitted: BlockFit) -> NDArray[np.bool_]:
    return fitted.slope.confounded if fitted.slope is not None else np.zeros_like(fitted.connected)
