"""Model of one metric: all arms on the variance-stabilising scale (log for energy and time), against the original."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mutegreen.stats.logarithm import relative_change
from mutegreen.stats.model import bootstrap
from mutegreen.stats.model.arms import Arms
from mutegreen.stats.model.block_model import BlockFit, Codes, Floats
from mutegreen.stats.model.concurrency_covariate import fit_with_concurrency
from mutegreen.stats.model.contrast import Contrasts, contrasts_with_original
from mutegreen.stats.model.moderation import ModeratedVariances, moderate


@dataclass(frozen=True)
class MetricModel:
    """One metric of A arms; U of N rows have a finite observation.

    Args:
        metric: Its name.
        relative: Whether observations are compared as logarithms, so that differences are log ratios. Energy and time
            are, because their noise is proportional to them, unless one is 0; performance is not.
        used: Shape (N,), whether the observation is finite.
        code: Shape (U,), the arm of each observation used.
        observations: Shape (U,), in the metric's unit.
        mean: Shape (A,), in the metric's unit, not adjusted for blocks.
        infinite: Shape (A,), whether an arm has an infinite observation.
        fitted: The block model, on the scale compared.
        noise: The moderated variances, on the scale compared.
        contrasts: Every arm against the original, on the scale compared.
    """

    metric: str
    relative: bool
    used: NDArray[np.bool_]
    code: Codes
    observations: Floats
    mean: Floats
    infinite: NDArray[np.bool_]
    fitted: BlockFit
    noise: ModeratedVariances
    contrasts: Contrasts

    @property
    def reference(self) -> float:
        """Absolute mean of the original, the divisor of relative differences; NaN where it is 0 or not known."""
        return abs(float(self.mean[0])) or float("nan")

    @property
    def typical(self) -> Floats:
        """Each arm's mean, adjusted for blocks, in the metric's unit, shape (A,); the geometric mean of logarithms."""
        return np.exp(self.fitted.effect) if self.relative else self.fitted.effect

    def as_relative(self, difference: Floats) -> Floats:
        """Return differences on the scale compared as relative changes."""
        return relative_change(difference) if self.relative else difference / self.reference

    def as_absolute(self, difference: Floats) -> Floats:
        """Return differences on the scale compared in the metric's unit; log ratios apply to the original's mean."""
        return relative_change(difference) * self.reference if self.relative else difference

    def bounds(self, margin: float) -> tuple[float, float]:
        """Return the bounds of a margin on the scale compared.

        Args:
            margin: Relative for energy and time, in the metric's unit for performance.
        """
        if self.relative:
            return float(np.log1p(-margin)), float(np.log1p(margin))
        size = margin if self.metric == "performance" else margin * self.reference
        return -size, size

    def intervals(self) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Return both ends of 95 % intervals on the scale compared, and which are from the bootstrap, not from t."""
        low, high = bootstrap.intervals(self.fitted, self.code, self.noise, self.contrasts)
        resampled = np.isfinite(low)
        half = self.contrasts.half_width()
        return (
            np.where(resampled, low, self.contrasts.estimate - half),
            np.where(resampled, high, self.contrasts.estimate + half),
            resampled,
        )


def fit_metric(observations: Floats, arms: Arms, metric: str) -> MetricModel:
    """Fit the model of arms, blocks and concurrency to one metric.

    Args:
        observations: Shape (N,), NaN where not measured. Infinite observations are excluded; their arms are marked.
        arms: Of the same N rows.
        metric: The metric's name.
    """
    used = np.isfinite(observations)
    code, finite = arms.code[used], observations[used]
    relative = metric != "performance" and bool((finite > 0).all())
    block = np.unique(arms.block[used], return_inverse=True)[1].astype(np.int64)
    # Concurrency changes the cost of a training, not what it learns.
    concurrency = None if arms.concurrency is None or metric == "performance" else arms.concurrency[used]
    fitted = fit_with_concurrency(np.log(finite) if relative else finite, code, block, len(arms), concurrency)
    noise = moderate(fitted.variance, fitted.df)
    return MetricModel(
        metric=metric,
        relative=relative,
        used=used,
        code=code,
        observations=finite,
        mean=np.where(fitted.n > 0, np.bincount(code, finite, len(arms)) / np.maximum(fitted.n, 1), np.nan),
        infinite=np.bincount(arms.code[np.isinf(observations)], minlength=len(arms)) > 0,
        fitted=fitted,
        noise=noise,
        contrasts=contrasts_with_original(fitted, noise),
    )
