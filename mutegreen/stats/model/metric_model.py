"""One metric of all arms, brought to the scale on which its noise is even, and compared with the original."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mutegreen.stats.model import bootstrap
from mutegreen.stats.model.arms import Arms
from mutegreen.stats.model.block_model import BlockFit, Codes, Floats
from mutegreen.stats.model.concurrency_covariate import fit_in_company
from mutegreen.stats.model.contrast import Contrasts, contrasts
from mutegreen.stats.model.moderation import Moderated, moderate


@dataclass(frozen=True)
class Measured:
    """One metric of A arms, of which U of N trainings have a finite figure.

    Args:
        metric: Its name.
        relative: Whether figures were compared as logarithms, so that differences are ratios. Energy and time are,
            as their noise grows with them, unless one is 0; performance is not.
        used: Shape (N,), whether the figure could be used.
        code: Shape (U,), the arm of each figure used.
        figures: Shape (U,), in the metric's unit.
        mean: Shape (A,), in the metric's unit, blocks not taken out.
        infinite: Shape (A,), whether an arm has an infinite figure.
        fitted, noise, found: On the scale compared.
    """

    metric: str
    relative: bool
    used: NDArray[np.bool_]
    code: Codes
    figures: Floats
    mean: Floats
    infinite: NDArray[np.bool_]
    fitted: BlockFit
    noise: Moderated
    found: Contrasts

    @property
    def reference(self) -> float:
        """Size of the original's mean, by which differences become relative; NaN where it is 0 or not known."""
        return abs(float(self.mean[0])) or float("nan")

    @property
    def typical(self) -> Floats:
        """Each arm's mean in the metric's unit, blocks taken out, shape (A,); of logarithms the geometric mean."""
        return np.exp(self.fitted.effect) if self.relative else self.fitted.effect

    def as_relative(self, difference: Floats) -> Floats:
        """Differences on the scale compared as relative changes."""
        return np.expm1(difference) if self.relative else difference / self.reference

    def as_absolute(self, difference: Floats) -> Floats:
        """Differences on the scale compared in the metric's unit; ratios are taken of the original's mean."""
        return np.expm1(difference) * self.reference if self.relative else difference

    def bounds(self, margin: float) -> tuple[float, float]:
        """A margin, relative for energy and time and in its own unit for performance, on the scale compared."""
        if self.relative:
            return float(np.log1p(-margin)), float(np.log1p(margin))
        size = margin if self.metric == "performance" else margin * self.reference
        return -size, size

    def intervals(self) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """95 % intervals on the scale compared, and where they are from the bootstrap instead of Student's t."""
        low, high = bootstrap.intervals(self.fitted, self.code, self.noise, self.found)
        resampled = np.isfinite(low)
        half = self.found.half_width()
        return (
            np.where(resampled, low, self.found.estimate - half),
            np.where(resampled, high, self.found.estimate + half),
            resampled,
        )


def measure(figures: Floats, arms: Arms, metric: str) -> Measured:
    """Fits the model of arms, blocks and company to one metric.

    Args:
        figures: Shape (N,), NaN where not measured. Infinite figures are left out; their arms are marked.
        arms: Of the same N trainings.
        metric: The metric's name.
    """
    used = np.isfinite(figures)
    code, kept = arms.code[used], figures[used]
    relative = metric != "performance" and bool((kept > 0).all())
    block = np.unique(arms.block[used], return_inverse=True)[1].astype(np.int64)
    # Company changes what a training takes, not what it learns.
    company = None if arms.company is None or metric == "performance" else arms.company[used]
    fitted = fit_in_company(np.log(kept) if relative else kept, code, block, len(arms), company)
    noise = moderate(fitted.variance, fitted.df)
    return Measured(
        metric=metric,
        relative=relative,
        used=used,
        code=code,
        figures=kept,
        mean=np.where(fitted.n > 0, np.bincount(code, kept, len(arms)) / np.maximum(fitted.n, 1), np.nan),
        infinite=np.bincount(arms.code[np.isinf(figures)], minlength=len(arms)) > 0,
        fitted=fitted,
        noise=noise,
        found=contrasts(fitted, noise),
    )
