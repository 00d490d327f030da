"""Block model: additive two-way layout of arms and blocks, fitted by least squares.

An arm is the original or one mutant. A block is one repetition of every arm, in random order. A drift over blocks is
part of the blocks' effects and so no effect of an arm.

    y_i = mu_a + beta_b + e_i,    E e_i = 0,    Var e_i = sigma_a^2,    a = a(i), b = b(i), i = 1 .. N

    y      (N,)    observations, of A arms in B blocks
    mu     (A,)    means of arms                      -> BlockFit.effect
    beta   (B,)    deviations of blocks, sum 0        -> BlockFit.block_effect
    w      (A,)    weights of arms: 1, or less for an arm that is noisier than the others (`noisy_arms`)
    n_ab   (A, B)  observations of arm a in block b;  n_a = sum over b of n_ab
    S      (A, B)  S_ab = n_ab / n_a                  -> BlockFit.block_share
    H      (A, B)  H_ab = w_a n_ab

Weighted least squares minimises sum_i w_a (y_i - mu_a - beta_b)^2. Without the means of arms, its normal equations are
the reduced ones

    C beta = q,    C = diag(sum over a of H_ab) - H'S,    q_b = sum over i in b of w_a (y_i - mean of y in arm a(i))

    W = C^+    (B, B)  Moore-Penrose inverse: C has the eigenvalue 0 once for each connected set of blocks
                       -> BlockFit.block_covariance, as Var beta = sigma^2 W if Var e_i = sigma^2 / w_a
    beta = W q,    mu_a = mean over i in a of (y_i - beta_b)

An observation in the cell (a, b) has the leverage h_ab = 1 / n_a + w_a (W_bb - 2 (S W)_ab + (S W S')_aa). With the
residuals r_i = y_i - mu_a - beta_b, the variance of an arm and its degrees of freedom are

    s_a^2 = (sum over i in a of r_i^2) / df_a,    df_a = sum over i in a of (1 - h_i)

In complete blocks df_a = (n - 1)(A - 1) / A; without blocks df_a = n_a - 1. The difference mu_a - mu_0 to the original
has the variance sigma_a^2 / n_a + sigma_0^2 / n_0 + sigma^2 g_a, where g_a = (S_a - S_0) W (S_a - S_0)' is 0 in
complete blocks (`BlockFit.imbalance`).

Source: Cochran & Cox, "Experimental Designs", 1957, chapter 4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

_MIN_FREE = 1e-9
"""1 - leverage of an observation below which it says nothing about the noise."""
_ROUNDING = 1e-12
"""Share of the largest observation below which a difference is rounding: equal observations must stay equal."""
_MIN_EIGENVALUE = 1e-10
"""Share of the largest eigenvalue of C below which an eigenvalue is 0 but for rounding."""


@dataclass(frozen=True)
class ConcurrencySlope:
    """The effect of concurrency, where it differed between trials (`concurrency_covariate`).

    Shapes: A arms, N observations.

    Args:
        value: Change of an observation with the covariate; NaN where it cannot be estimated.
        gap: (A,) difference of an arm's mean covariate to the first arm's, adjusted for blocks.
        weight: (A,) what the variance of one observation of each arm adds to the slope's variance.
        shift: (N,) what was subtracted from each observation.
        confounded: (A,) whether the effect of concurrency cannot be separated from the effect of the arm.
    """

    value: float
    gap: Floats
    weight: Floats
    shift: Floats
    confounded: NDArray[np.bool_]


@dataclass(frozen=True)
class BlockFit:
    """Effects of arms and blocks, and the noise around them.

    Shapes: A arms, B blocks, N observations in the order given.

    Args:
        n: (A,) observations of each arm.
        effect: (A,) mu, least-squares mean of each arm, adjusted for blocks; NaN for an arm without observations.
        block_effect: (B,) beta; sums to 0 within each connected set of blocks.
        variance: (A,) s^2, of a single observation around its arm and block; NaN where `df` is 0.
        df: (A,) degrees of freedom of `variance`.
        adjusted: (N,) observations minus their block's effect.
        residual: (N,) r_i / sqrt(1 - h_i): as wide as the noise.
        imbalance: (A,) g, variance of an arm's difference to the first arm that is due to incomplete blocks, in units
            of the variance of an observation.
        connected: (A,) whether an arm shares blocks with the first arm, directly or through other arms, so that the two
            can be compared.
        block_share: (A, B) S; 0 for an arm without observations.
        block_covariance: (B, B) W, in units of the variance of an observation.
        slope: The effect of concurrency; None where concurrency is even.
    """

    n: Codes
    effect: Floats
    block_effect: Floats
    variance: Floats
    df: Floats
    adjusted: Floats
    residual: Floats
    imbalance: Floats
    connected: NDArray[np.bool_]
    block_share: Floats
    block_covariance: Floats
    slope: ConcurrencySlope | None = None


def fit(
    observations: Floats,
    arms: Codes,
    blocks: Codes,
    n_arms: int,
    spent: Floats | None = None,
    weight: Floats | None = None,
) -> BlockFit:
    """Fit the model.

    Args:
        observations: Shape (N,), finite.
        arms: Shape (N,), from 0 to n_arms - 1; arm 0 is the original.
        blocks: Shape (N,), from 0 without gaps; all 0 where blocks are not known.
        n_arms: Number of arms, those without observations included.
        spent: Shape (N,), degrees of freedom of each observation that an earlier estimate took; None: none.
        weight: Shape (A,), w; None: all 1.
    """
    n_blocks = int(blocks.max(initial=0)) + 1
    cells = np.bincount(arms * n_blocks + blocks, minlength=n_arms * n_blocks).reshape(n_arms, n_blocks).astype(float)
    n = cells.sum(axis=1)
    w = np.ones(n_arms) if weight is None else weight
    weighted_cells = cells * w[:, None]
    block_share = cells / np.maximum(n, 1)[:, None]
    reduced = np.diag(weighted_cells.sum(axis=0)) - weighted_cells.T @ block_share
    block_covariance = np.linalg.pinv(reduced, rcond=_MIN_EIGENVALUE, hermitian=True)
    arm_sums = sums(arms, observations, n_arms) * w
    block_sums = sums(blocks, observations * w[arms], n_blocks)
    block_effect = block_covariance @ (block_sums - block_share.T @ arm_sums)
    adjusted = observations - block_effect[blocks]
    rounding = _ROUNDING * float(np.abs(observations).max(initial=0.0))
    effect = np.where(n > 0, sums(arms, adjusted, n_arms) / np.maximum(n, 1), np.nan)
    effect = np.where(np.abs(effect - effect[0]) <= rounding, effect[0], effect)
    free = _free(block_share, block_covariance, n, w)[arms, blocks]
    if spent is not None:
        free = np.where(free - spent > _MIN_FREE, free - spent, 0.0)
    residual = adjusted - effect[arms]
    residual[np.abs(residual) <= rounding] = 0.0
    df = sums(arms, free, n_arms)
    gap = block_share - block_share[0]
    return BlockFit(
        n=n.astype(np.int64),
        effect=effect,
        block_effect=block_effect,
        variance=_ratio(sums(arms, residual**2, n_arms), df),
        df=np.where(df > _MIN_FREE, df, 0.0),
        adjusted=adjusted,
        residual=residual / np.sqrt(np.maximum(free, _MIN_FREE)),
        imbalance=np.maximum(((gap @ block_covariance) * gap).sum(axis=1), 0.0),
        connected=_connected(cells),
        block_share=block_share,
        block_covariance=block_covariance,
    )


def sums(codes: Codes, observations: Floats, n_codes: int) -> Floats:
    """Return the sum of the observations of each code, shape (n_codes,)."""
    return np.asarray(np.bincount(codes, observations, n_codes), dtype=np.float64)


def _free(block_share: Floats, block_covariance: Floats, n: Floats, weight: Floats) -> Floats:
    """1 - leverage of an observation in each cell, shape (A, B)."""
    shared = block_share @ block_covariance
    of_blocks = np.diag(block_covariance) - 2 * shared + (shared * block_share).sum(axis=1)[:, None]
    leverage = 1 / np.maximum(n, 1)[:, None] + weight[:, None] * of_blocks
    free: Floats = np.where(1 - leverage > _MIN_FREE, 1 - leverage, 0.0)
    return free


def _ratio(squares: Floats, df: Floats) -> Floats:
    return np.divide(squares, df, out=np.full_like(squares, np.nan), where=df > _MIN_FREE)


def _connected(cells: Floats) -> NDArray[np.bool_]:
    """Arms that are connected with the first one, from arm to block to arm."""
    occupied = cells > 0
    reached: NDArray[np.bool_] = np.arange(len(occupied)) == 0
    while True:
        wider = reached | occupied[:, occupied[reached].any(axis=0)].any(axis=1)
        if (wider == reached).all():
            return reached
        reached = wider
