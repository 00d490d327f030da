"""Noisier arms: F test of an arm's variance against the median arm's, and weighted least squares with lower weights.

    F_a = s_a^2 / m,    p_a = P(F(f_a, f) >= F_a),    arm a is noisier if p_a <= ALPHA

    s_a^2, f_a   (A,)  variances of arms (`block_model`) and their degrees of freedom
    m                  median of the s_a^2
    f                  sum of all f_a

There is no test (no arm is noisier) with fewer than `MIN_ARMS` arms, or where m is 0.

The effects of blocks are estimated from all arms. One arm that is twenty times as noisy makes them inaccurate, and its
noise then appears in the residuals of every arm. So the block model is fitted again, at most three times, until no arm
is noisier, with the weights

    w_a = m / s_a^2 for noisier arms, else 1

Source: Carroll & Ruppert, "Transformation and Weighting in Regression", 1988, section 2.3 (weights from an earlier
fit).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from mutegreen.stats.model.block_model import BlockFit, Codes, Floats, fit
from mutegreen.stats.settings import ALPHA

MIN_ARMS = 5
"""Arms below which their variances cannot be compared: too few to show that one differs from the others."""
MIN_OBSERVATIONS_FOR_WEIGHTS = 5
"""Observations of the median arm below which weights are too inaccurate: with three, false alarms rise above 5 %."""
_MAX_REFITS = 3


def noisier(variance: Floats, df: Floats) -> NDArray[np.bool_]:
    """Return which arms are shown to vary more than the median arm: F test at the level `ALPHA`.

    The test is not adjusted for the number of arms: a false positive costs a little power and nothing else.

    Args:
        variance: Shape (A,), of each arm; NaN where not known.
        df: Shape (A,), degrees of freedom of `variance`; 0 where not known.
    """
    known = df > 0
    none = np.zeros_like(known)
    if known.sum() < MIN_ARMS or not (median := float(np.median(variance[known]))) > 0:
        return none
    ratio, arm_df = np.where(known, variance / median, 0.0), np.where(known, df, 1.0)
    return np.asarray(known & (special.fdtrc(arm_df, float(df[known].sum()), ratio) <= ALPHA))


def fit_weighted(
    observations: Floats, arms: Codes, blocks: Codes, n_arms: int, spent: Floats | None = None
) -> BlockFit:
    """Fit the block model with lower weights for noisier arms; unweighted without such arms or with few repetitions.

    Args:
        observations: Shape (N,), finite.
        arms: Shape (N,), from 0 to n_arms - 1; arm 0 is the original.
        blocks: Shape (N,), from 0 without gaps.
        n_arms: Number of arms.
        spent: Shape (N,), degrees of freedom of each observation that an earlier estimate took; None: none.
    """
    fitted = fit(observations, arms, blocks, n_arms, spent)
    enough = blocks.any() and np.median(fitted.n) >= MIN_OBSERVATIONS_FOR_WEIGHTS
    for _ in range(_MAX_REFITS if enough else 0):
        noisy = noisier(fitted.variance, fitted.df)
        if not noisy.any():
            break
        median = np.median(fitted.variance[fitted.df > 0])
        weight = np.where(noisy, median / np.where(noisy, fitted.variance, 1.0), 1.0)
        fitted = fit(observations, arms, blocks, n_arms, spent, weight)
    return fitted
