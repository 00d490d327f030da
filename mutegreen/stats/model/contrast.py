"""Every arm against the first: the difference, its standard error, and p values for what one may ask of it.

Welch's t (1947) with moderated variances (Smyth 2004) on figures with their blocks' effects taken out. With two arms
in blocks this is the paired t-test, with two arms without blocks Welch's, with arms of equal variances the analysis
of variance's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from mutegreen.stats.model.block_model import BlockFit, Floats, Slope
from mutegreen.stats.model.moderation import Moderated
from mutegreen.stats.settings import CONFIDENCE


@dataclass(frozen=True)
class Contrasts:
    """Differences of arms to the first arm, all of shape (A,); NaN where they are not known.

    Args:
        estimate, error, df: The difference, its standard error and the degrees of freedom of that.
        stretch: Its error over that without what is not known of the effect of company: 1 or more.
    """

    estimate: Floats
    error: Floats
    df: Floats
    stretch: Floats

    def differ(self) -> Floats:
        """Two-sided p of no difference."""
        p: Floats = 2 * special.stdtr(self.df, -np.abs(self._t(0.0)))
        return p

    def above(self, bound: float) -> Floats:
        """One-sided p of a difference of `bound` or less: small where the difference is shown to lie above."""
        p: Floats = special.stdtr(self.df, -self._t(bound))
        return p

    def below(self, bound: float) -> Floats:
        """One-sided p of a difference of `bound` or more: small where the difference is shown to lie below."""
        p: Floats = special.stdtr(self.df, self._t(bound))
        return p

    def within(self, low: float, high: float) -> Floats:
        """P of the two one-sided tests (Schuirmann 1987): small where the difference is shown to lie between."""
        return np.maximum(self.above(low), self.below(high))

    def half_width(self, confidence: float = CONFIDENCE) -> Floats:
        """Half of the width of the t interval."""
        half: Floats = special.stdtrit(self.df, (1 + confidence) / 2) * self.error
        return half

    def _t(self, bound: float) -> Floats:
        return (self.estimate - bound) / self.error


def contrasts(fitted: BlockFit, noise: Moderated) -> Contrasts:
    """Differences of all arms to the first; not known for the first itself, nor where a variance is not or is 0."""
    own = noise.variance / np.maximum(fitted.n, 1)
    design = noise.pooled * fitted.imbalance
    company, company_df = _company(fitted, noise)
    square = own + own[0] + design + company
    known = fitted.joined & (square > 0) & ~_confounded(fitted)
    known[0] = False
    parts = [(own, noise.df), (own[0], noise.df[0]), (design, noise.pooled_df)]
    parts += [(company, company_df)] if fitted.slope is not None else []
    with np.errstate(all="ignore"):
        df = square**2 / sum(part**2 / free for part, free in parts if np.any(free))
    return Contrasts(
        estimate=np.where(fitted.joined, fitted.effect - fitted.effect[0], np.nan),
        error=np.where(known, np.sqrt(np.where(known, square, 0.0)), np.nan),
        df=np.where(known, np.minimum(df, noise.pooled_df), np.nan),
        stretch=np.where(known & (company > 0), np.sqrt(square / np.maximum(square - company, 1e-300)), 1.0),
    )


def _company(fitted: BlockFit, noise: Moderated) -> tuple[Floats, float]:
    """What the slope of company adds to the variance of each difference, and its degrees of freedom."""
    if fitted.slope is None:
        return np.zeros_like(noise.variance), 0.0
    variance, df = slope_variance(fitted.slope, noise)
    return fitted.slope.gap**2 * variance, df


def slope_variance(slope: Slope, noise: Moderated) -> tuple[float, float]:
    """The variance of the slope of company, and its degrees of freedom."""
    parts = slope.weight * np.nan_to_num(noise.variance)
    free = parts > 0
    total = float(parts.sum())
    df = total**2 / float((parts[free] ** 2 / noise.df[free]).sum()) if free.any() else 0.0
    return total, df


def _confounded(fitted: BlockFit) -> NDArray[np.bool_]:
    return fitted.slope.confounded if fitted.slope is not None else np.zeros_like(fitted.joined)
