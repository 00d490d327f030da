"""Analysis of covariance: the block model with the logarithm of the number of concurrent trials as covariate.

Where several trials run at a time, fewer do so at the end of an audit: these trials are faster, and their share of idle
power differs.

    y_i = mu_a + beta_b + gamma x_i + e_i        (the rest as in `block_model`)

    x      (N,)  logarithm of the number of concurrent trials, this one included
    gamma        1 on the logarithm of time if n concurrent trials each take n times as long, 0 if they do not interfere
    z      (N,)  residuals of x in the block model: what arms and blocks do not explain of x
    d      (A,)  mean of x in an arm minus that in the original, adjusted for blocks    -> ConcurrencySlope.gap

    gamma = z'y / z'z,    Var gamma = sum over a of sigma_a^2 (sum over i in a of z_i^2) / (z'z)^2

The block model is then fitted to y_i - gamma (x_i - mean of x). The slope costs one degree of freedom, which the arms
pay in proportion to z_i^2 / z'z. The difference of an arm to the original gains the variance d_a^2 Var gamma
(`contrast`). Where z = 0, gamma cannot be estimated: arms with d = 0 are compared as without the covariate, the others
are confounded.

Source: Fisher, "Statistical Methods for Research Workers", 4th edition, 1932, section 49.1.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mutegreen.stats.model.block_model import BlockFit, Codes, ConcurrencySlope, Floats, fit, sums
from mutegreen.stats.model.noisy_arms import fit_weighted

MIN_RANGE = 0.003
"""Range of x up to which concurrency counts as even. One more trial at most doubles the time of the others, so gamma is
at most 1 and observations change by 0.3 % or less: a seventh of the default margin."""
_COLLINEAR = 1e-9
"""z'z as a share of the squares of x up to which arms and blocks determine x."""


def fit_with_concurrency(
    observations: Floats, arms: Codes, blocks: Codes, n_arms: int, concurrency: Floats | None
) -> BlockFit:
    """Fit the model of arms, blocks and concurrency; that of arms and blocks where concurrency is even or not known.

    Args:
        observations: Shape (N,), finite.
        arms: Shape (N,), from 0 to n_arms - 1; arm 0 is the original.
        blocks: Shape (N,), from 0 without gaps.
        n_arms: Number of arms.
        concurrency: Shape (N,), x; None: not known, or one trial at a time.
    """
    x = concurrency
    if x is None or not len(x) or np.ptp(x) <= MIN_RANGE:
        return fit_weighted(observations, arms, blocks, n_arms)
    x_fit = fit(x, arms, blocks, n_arms)
    z = x_fit.adjusted - x_fit.effect[arms]
    square = float(z @ z)
    gap = np.where(x_fit.connected, x_fit.effect - x_fit.effect[0], 0.0)
    centred = x - x.mean()
    if square <= _COLLINEAR * float(centred @ centred):
        unknown = ConcurrencySlope(
            value=float("nan"),
            gap=gap,
            weight=np.zeros(n_arms),
            shift=np.zeros_like(observations),
            confounded=np.abs(gap) > MIN_RANGE,
        )
        return replace(fit_weighted(observations, arms, blocks, n_arms), slope=unknown)
    gamma = float(z @ observations) / square
    slope = ConcurrencySlope(
        value=gamma,
        gap=gap,
        weight=sums(arms, z**2, n_arms) / square**2,
        shift=gamma * centred,
        confounded=np.zeros(n_arms, dtype=bool),
    )
    return replace(fit_weighted(observations - slope.shift, arms, blocks, n_arms, z**2 / square), slope=slope)
