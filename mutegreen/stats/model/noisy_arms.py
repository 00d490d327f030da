"""Arms that are noisier than the others: which they are, and blocks judged without their noise.

What all arms of a block have in common is read off all of them. One arm that is twenty times as noisy spoils it: its
noise is then found in every arm. So the model is fitted once more, with the figures of such an arm weighing less by as
much as they vary more (weighted least squares, with weights from the fit before: Carroll & Ruppert, "Transformation and
Weighting in Regression", 1988, section 2.3).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from mutegreen.stats.model.block_model import BlockFit, Codes, Floats, fit
from mutegreen.stats.settings import ALPHA

MIN_ARMS = 5
"""Arms below which their variances say too little of each other, and none can be said to differ from the others."""
MIN_FIGURES_FOR_WEIGHTS = 5
"""Figures of the typical arm below which weights are too poor a guess: with three, false alarms rise beyond 5 %."""
_PASSES = 3


def noisier(variance: Floats, df: Floats) -> NDArray[np.bool_]:
    """Which arms are shown to vary more than the arm in the middle, by the F test at the level `ALPHA`.

    An arm like all others that is taken for a noisier one costs a little power and nothing else.

    Args:
        variance: Shape (A,), of each arm; NaN where not known.
        df: Shape (A,), its degrees of freedom; 0 where not known.
    """
    known = df > 0
    nothing = np.zeros_like(known)
    if known.sum() < MIN_ARMS or not (middle := float(np.median(variance[known]))) > 0:
        return nothing
    ratio, own = np.where(known, variance / middle, 0.0), np.where(known, df, 1.0)
    return np.asarray(known & (special.fdtrc(own, float(df[known].sum()), ratio) <= ALPHA))


def fit_weighted(figures: Floats, arms: Codes, blocks: Codes, n_arms: int, spent: Floats | None = None) -> BlockFit:
    """Fits the model of `fit`, in which noisier arms weigh less; the same without such, or with few repetitions.

    Args:
        figures: Shape (N,), finite. So with the others, as for `fit`.
        arms: From 0 to n_arms - 1.
        blocks: From 0 without gaps.
        n_arms: Arms there are.
        spent: What went into an estimate before this one.
    """
    found = fit(figures, arms, blocks, n_arms, spent)
    enough = blocks.any() and np.median(found.n) >= MIN_FIGURES_FOR_WEIGHTS
    for _ in range(_PASSES if enough else 0):
        loud = noisier(found.variance, found.df)
        if not loud.any():
            break
        middle = np.median(found.variance[found.df > 0])
        weight = np.where(loud, middle / np.where(loud, found.variance, 1.0), 1.0)
        found = fit(figures, arms, blocks, n_arms, spent, weight)
    return found
