"""Figures as the sum of an arm's effect, a block's effect and noise, so that drift over blocks is no effect of an arm.

An arm is the original or one mutant. The model is the additive two-way layout of a randomised block design, fitted
by least squares, with a noise of its own for every arm (Cochran & Cox, "Experimental Designs", 1957, chapter 4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

_NOTHING = 1e-9
"""Share of an observation that is free to vary below which it says nothing of the noise."""
_ROUNDING = 1e-12
"""Share of the largest figure below which a difference is rounding: equal figures must stay equal."""
_SINGULAR = 1e-10
"""Share of the largest eigenvalue below which one is 0 but for rounding: blocks can be told apart up to a constant."""


@dataclass(frozen=True)
class Slope:
    """What company does, where trainings had company of different size (`company_model`).

    Shapes: A arms, N figures.

    Args:
        value: Change of a figure with the covariate; NaN where it is not known.
        gap: (A,) by how much an arm's covariate differs from the first arm's, blocks taken out.
        weight: (A,) what the variance of a figure of each arm adds to the slope's variance.
        shift: (N,) what was taken out of each figure.
        confounded: (A,) whether an arm's company can not be told from the arm itself.
    """

    value: float
    gap: Floats
    weight: Floats
    shift: Floats
    confounded: NDArray[np.bool_]


@dataclass(frozen=True)
class BlockFit:
    """Effects of arms, and the noise around them.

    Shapes: A arms, B blocks, N figures, in the order in which they were given.

    Args:
        n: (A,) figures of each arm.
        effect: (A,) least-squares mean of each arm, blocks taken out; NaN for an arm without figures.
        block_effect: (B,) each block's deviation; they sum to 0 within what is connected.
        variance: (A,) of a single figure around its arm and block; NaN where `df` is 0.
        df: (A,) degrees of freedom of `variance`: with A arms in complete blocks (n - 1)(A - 1) / A, without
            blocks n - 1.
        adjusted: (N,) figures with their block's effect taken out.
        residual: (N,) figures less arm and block, made as wide as the noise (divided by the root of 1 - leverage).
        imbalance: (A,) variance that an arm's difference to the first arm has from incomplete blocks, in units of
            the variance of a figure; 0 in complete blocks.
        joined: (A,) whether arm and first arm share blocks, if only through other arms, so can be compared.
        share: (A, B) share of an arm's figures that lies in each block; 0 for an arm without figures.
        spread: (B, B) covariance of `block_effect`, in units of the variance of a figure.
        slope: What company does; None where it was even.
    """

    n: Codes
    effect: Floats
    block_effect: Floats
    variance: Floats
    df: Floats
    adjusted: Floats
    residual: Floats
    imbalance: Floats
    joined: NDArray[np.bool_]
    share: Floats
    spread: Floats
    slope: Slope | None = None


def fit(
    figures: Floats,
    arms: Codes,
    blocks: Codes,
    n_arms: int,
    spent: Floats | None = None,
    weight: Floats | None = None,
) -> BlockFit:
    """Fits the model.

    Args:
        figures: Shape (N,), finite.
        arms: Shape (N,), from 0 to n_arms - 1; arm 0 is the original.
        blocks: Shape (N,), from 0 without gaps; all 0 where blocks are not known.
        n_arms: Arms there are, also such without figures.
        spent: Shape (N,), share of each figure that went into an estimate before this one; None: nothing.
        weight: Shape (A,), of each arm's figures in the effects of blocks; None: all alike.
    """
    n_blocks = int(blocks.max(initial=0)) + 1
    cells = np.bincount(arms * n_blocks + blocks, minlength=n_arms * n_blocks).reshape(n_arms, n_blocks).astype(float)
    n = cells.sum(axis=1)
    told = np.ones(n_arms) if weight is None else weight
    heavy = cells * told[:, None]
    share = cells / np.maximum(n, 1)[:, None]
    spread = np.linalg.pinv(np.diag(heavy.sum(axis=0)) - heavy.T @ share, rcond=_SINGULAR, hermitian=True)
    arm_sums = sums(arms, figures, n_arms) * told
    block_sums = sums(blocks, figures * told[arms], n_blocks)
    block_effect = spread @ (block_sums - share.T @ arm_sums)
    adjusted = figures - block_effect[blocks]
    rounding = _ROUNDING * float(np.abs(figures).max(initial=0.0))
    effect = np.where(n > 0, sums(arms, adjusted, n_arms) / np.maximum(n, 1), np.nan)
    effect = np.where(np.abs(effect - effect[0]) <= rounding, effect[0], effect)
    free = _free(share, spread, n, told)[arms, blocks]
    if spent is not None:
        free = np.where(free - spent > _NOTHING, free - spent, 0.0)
    residual = adjusted - effect[arms]
    residual[np.abs(residual) <= rounding] = 0.0
    df = sums(arms, free, n_arms)
    gap = share - share[0]
    return BlockFit(
        n=n.astype(np.int64),
        effect=effect,
        block_effect=block_effect,
        variance=_ratio(sums(arms, residual**2, n_arms), df),
        df=np.where(df > _NOTHING, df, 0.0),
        adjusted=adjusted,
        residual=residual / np.sqrt(np.maximum(free, _NOTHING)),
        imbalance=np.maximum(((gap @ spread) * gap).sum(axis=1), 0.0),
        joined=_joined(cells),
        share=share,
        spread=spread,
    )


def sums(codes: Codes, figures: Floats, n_codes: int) -> Floats:
    """Sum of the figures of each code, shape (n_codes,)."""
    return np.asarray(np.bincount(codes, figures, n_codes), dtype=np.float64)


def _free(share: Floats, spread: Floats, n: Floats, weight: Floats) -> Floats:
    """1 - leverage of a figure in each cell, shape (arms, blocks)."""
    reach = share @ spread
    of_blocks = np.diag(spread) - 2 * reach + (reach * share).sum(axis=1)[:, None]
    leverage = 1 / np.maximum(n, 1)[:, None] + weight[:, None] * of_blocks
    free: Floats = np.where(1 - leverage > _NOTHING, 1 - leverage, 0.0)
    return free


def _ratio(squares: Floats, df: Floats) -> Floats:
    return np.divide(squares, df, out=np.full_like(squares, np.nan), where=df > _NOTHING)


def _joined(cells: Floats) -> NDArray[np.bool_]:
    """Arms that can be reached from the first one, from arm to block to arm."""
    there = cells > 0
    reached: NDArray[np.bool_] = np.arange(len(there)) == 0
    while True:
        wider = reached | there[:, there[reached].any(axis=0)].any(axis=1)
        if (wider == reached).all():
            return reached
        reached = wider
