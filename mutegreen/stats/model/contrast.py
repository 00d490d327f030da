"""Comparisons of every arm with the original: difference, standard error, Welch's t with moderated variances.

    D_a = mu_a - mu_0                                       (A,)  Contrasts.estimate; mu from `block_model`
    Var D_a = s_a^2 / n_a + s_0^2 / n_0 + s^2 g_a + d_a^2 v       Contrasts.error is its root
    t = (D_a - bound) / sqrt(Var D_a)

    s_a^2, n_a  moderated variance of an arm (`moderation`), with f_a degrees of freedom, and its number of observations
    s^2, g_a    pooled variance of all arms, with f degrees of freedom, and the imbalance of incomplete blocks
    d_a, v      gap of the arm in the concurrency covariate, and the variance of its slope (`concurrency_covariate`)

The degrees of freedom are those of Welch and Satterthwaite for a sum of independent variances, at most f:

    df = (sum of terms)^2 / (sum over terms of term^2 / df of the term)

With two arms in complete blocks this is the paired t-test, with two arms without blocks Welch's t-test, and with arms
of equal variances the t-test of the analysis of variance.

Sources: Welch, Biometrika 34, 1947; Satterthwaite, Biometrics Bulletin 2, 1946; Schuirmann, J. Pharmacokinet.
Biopharm. 15, 1987 (two one-sided tests).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from mutegreen.stats.model.block_model import BlockFit, ConcurrencySlope, Floats
from mutegreen.stats.model.moderation import ModeratedVariances
from mutegreen.stats.settings import CONFIDENCE


@dataclass(frozen=True)
class Contrasts:
    """Differences of arms to the first arm, all of shape (A,); NaN where they are not known.

    Args:
        estimate: The difference D.
        error: Its standard error.
        df: Degrees of freedom of `error`.
        stretch: `error` divided by the error without the term of concurrency: 1 or more.
    """

    estimate: Floats
    error: Floats
    df: Floats
    stretch: Floats

    def differ(self) -> Floats:
        """Return the two-sided p value of D = 0."""
        p: Floats = 2 * special.stdtr(self.df, -np.abs(self._t(0.0)))
        return p

    def above(self, bound: float) -> Floats:
        """Return the one-sided p value of D <= bound: small where the difference is shown to be above."""
        p: Floats = special.stdtr(self.df, -self._t(bound))
        return p

    def below(self, bound: float) -> Floats:
        """Return the one-sided p value of D >= bound: small where the difference is shown to be below."""
        p: Floats = special.stdtr(self.df, self._t(bound))
        return p

    def within(self, low: float, high: float) -> Floats:
        """Return the p value of the two one-sided tests (TOST): small where the difference is shown to be between."""
        return np.maximum(self.above(low), self.below(high))

    def half_width(self, confidence: float = CONFIDENCE) -> Floats:
        """Return half the width of the t interval."""
        half: Floats = special.stdtrit(self.df, (1 + confidence) / 2) * self.error
        return half

    def _t(self, bound: float) -> Floats:
        return (self.estimate - bound) / self.error


def contrasts_with_original(fitted: BlockFit, noise: ModeratedVariances) -> Contrasts:
    """Compare all arms with the first; NaN for the first itself, and where a variance is not known or is 0."""
    arm = noise.variance / np.maximum(fitted.n, 1)
    imbalance = noise.pooled * fitted.imbalance
    concurrency, concurrency_df = _concurrency(fitted, noise)
    square = arm + arm[0] + imbalance + concurrency
    known = fitted.connected & (square > 0) & ~_confounded(fitted)
    known[0] = False
    terms = [(arm, noise.df), (arm[0], noise.df[0]), (imbalance, noise.pooled_df)]
    terms += [(concurrency, concurrency_df)] if fitted.slope is not None else []
    with np.errstate(all="ignore"):
        df = square**2 / sum(term**2 / term_df for term, term_df in terms if np.any(term_df))
    return Contrasts(
        estimate=np.where(fitted.connected, fitted.effect - fitted.effect[0], np.nan),
        error=np.where(known, np.sqrt(np.where(known, square, 0.0)), np.nan),
        df=np.where(known, np.minimum(df, noise.pooled_df), np.nan),
        stretch=np.where(known & (concurrency > 0), np.sqrt(square / np.maximum(square - concurrency, 1e-300)), 1.0),
    )


def _concurrency(fitted: BlockFit, noise: ModeratedVariances) -> tuple[Floats, float]:
    """Return the term d^2 v of each difference, shape (A,), and its degrees of freedom."""
    if fitted.slope is None:
        return np.zeros_like(noise.variance), 0.0
    variance, df = slope_variance(fitted.slope, noise)
    return fitted.slope.gap**2 * variance, df


def slope_variance(slope: ConcurrencySlope, noise: ModeratedVariances) -> tuple[float, float]:
    """Return v, the variance of the slope of concurrency, and its degrees of freedom (Welch-Satterthwaite)."""
    terms = slope.weight * np.nan_to_num(noise.variance)
    positive = terms > 0
    total = float(terms.sum())
    df = total**2 / float((terms[positive] ** 2 / noise.df[positive]).sum()) if positive.any() else 0.0
    return total, df


def _confounded(fitted: BlockFit) -> NDArray[np.bool_]:
    return fitted.slope.confounded if fitted.slope is not None else np.zeros_like(fitted.connected)
