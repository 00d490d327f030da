"""Interactions: whether two hyperparameters changed together do more, or less, than their single effects add up to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import linalg

from mutegreen.model import ENERGY_METRICS, METRICS, Quality
from mutegreen.stats.adjust import Adjustment, adjust
from mutegreen.stats.interaction.factorial import Changes, Factorial, changes_of, factorial
from mutegreen.stats.model.block_model import Floats
from mutegreen.stats.model.quality import worst_quality
from mutegreen.stats.settings import ALPHA

CONFIDENCE = 0.95
_ROUNDING = 1e-12
"""Residuals that are this share of the figures or less are no noise."""

_DEPENDENT = 1e-9
"""A column of which only this share or less is its own follows from the others."""

_SHOWN = {
    "package_j": "CPU energy",
    "dram_j": "DRAM energy",
    "gpu_j": "GPU energy",
    "duration_s": "time",
    "performance": "performance",
}


@dataclass(frozen=True)
class Interaction:
    """The term of a linear model by which two hyperparameters act together, for one metric.

    Energy and time enter the model as logarithms: without an interaction, their relative changes multiply.
    Performance enters as it is: without one, its changes add up.

    Args:
        term: How the term is worked out from the values: `log2(epochs / 8) * (dropout - 0.5)`.
        n: Trainings in the model.
        doubles: Mutants that change both.
        coefficient: Of the term, in logarithms of the metric (performance: in its own unit) for each unit of the
            term; `low` to `high` is its 95 % interval.
        p: Two-sided p of no interaction; `p_adjusted` for all terms asked for at once.
        matters: Whether `p_adjusted` is at most alpha.
        mutant: Of the mutants that change both, that for which the term is largest.
        extra: What this mutant has beyond its single effects, as a share of what these make (performance: in its own
            unit); `extra_low` to `extra_high` is its 95 % interval.
        quality: Worst known quality of the figures; None for other metrics than energy, or if unknown.
        reason: Why figures are missing.
    """

    subject: str
    background: str
    hyperparameters: tuple[str, str]
    metric: str
    term: str
    n: int
    doubles: int
    coefficient: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_adjusted: float | None = None
    matters: bool = False
    mutant: str = ""
    extra: float | None = None
    extra_low: float | None = None
    extra_high: float | None = None
    quality: Quality | None = None
    reason: str | None = None

    @property
    def sentence(self) -> str:
        """The result in plain words."""
        pair, metric = " and ".join(self.hyperparameters), _SHOWN[self.metric]
        if self.extra is None:
            return f"{pair}: no interaction worked out for {metric}: {self.reason}."
        finding = "" if self.matters else f"no interaction shown for {metric}; "
        return f"{pair}: {finding}{self.mutant} {self._effect(metric)} ({self._certainty()})."

    def _effect(self, metric: str) -> str:
        assert self.extra is not None
        if self.metric == "performance":
            side = "above" if self.extra > 0 else "below"
            return f"has a performance {abs(self.extra):.3g} {side} what its single effects add up to"
        side = "more" if self.extra > 0 else "less"
        return f"costs {abs(100 * self.extra):.2g} % {side} {metric} than its single effects would"

    def _certainty(self) -> str:
        if self.p_adjusted is None or self.extra_low is None or self.extra_high is None:
            return str(self.reason)
        unit, factor = ("", 1.0) if self.metric == "performance" else (" %", 100.0)
        p = "< 0.001" if self.p_adjusted < 0.001 else f"= {self.p_adjusted:.3f}"
        interval = f"{factor * self.extra_low:+.2g} to {factor * self.extra_high:+.2g}{unit}"
        return f"95 % interval {interval}, adjusted p {p}"


def interactions(
    rows: pd.DataFrame, alpha: float = ALPHA, adjustment: Adjustment = Adjustment.HOLM
) -> list[Interaction]:
    """Fits, for every pair of hyperparameters that some mutant changes both of, a linear model with their product.

    Least squares on the corners of the factorial design (`mutegreen.stats.interaction.factorial`), adjusted for
    blocks where they are known. All p values of a call are adjusted as one family.

    Args:
        rows: In the form said in `mutegreen.stats`. Without a column `changes` there is no pair.
        alpha: Largest adjusted p at which a term matters.
        adjustment: How p values are adjusted.

    Returns:
        By subject and background, pairs in the order in which they come, metrics in their usual order. A metric that
        was never measured for the corners is left out.
    """
    if "changes" not in rows:
        return []
    changes = {text: changes_of(text) for text in rows["changes"].unique()}
    found = [
        interaction
        for (subject, background), part in rows.groupby(["subject", "background"], sort=True)
        for interaction in _of_group(str(subject), str(background), part, changes)
    ]
    p = [np.nan if each.p is None else each.p for each in found]
    adjusted = [None if np.isnan(each) else float(each) for each in adjust(p, adjustment)]
    return [
        replace(each, p_adjusted=p, matters=p is not None and p <= alpha)
        for each, p in zip(found, adjusted, strict=True)
    ]


def _of_group(
    subject: str, background: str, rows: pd.DataFrame, changes: Mapping[str, Changes]
) -> Iterator[Interaction]:
    own = {text: changes[text] for text in rows["changes"].unique()}
    pairs: dict[frozenset[str], tuple[str, ...]] = {}
    for each in own.values():
        if len(each) == 2:
            pairs.setdefault(frozenset(each), tuple(each))
    for first, second in pairs.values():
        for found in _of_pair(rows, own, (first, second)):
            yield Interaction(subject, background, (first, second), **found)


def _of_pair(rows: pd.DataFrame, changes: Mapping[str, Changes], pair: tuple[str, str]) -> Iterator[dict[str, Any]]:
    """For each metric and term, the further fields of `Interaction`."""
    doubles = sum(each.keys() == set(pair) for each in changes.values())
    try:
        design = factorial(rows, changes, pair)
    except LookupError as error:
        for metric in _measured(rows):
            yield {"metric": metric, "term": " * ".join(pair), "n": 0, "doubles": doubles, "reason": str(error)}
        return
    for metric in _measured(design.rows):
        quality = worst_quality(design.rows, metric) if metric in ENERGY_METRICS else None
        for at, term in enumerate(design.terms):
            about = {"metric": metric, "term": term.text, "doubles": doubles, "mutant": term.mutant}
            yield about | {"quality": quality} | _estimate(design, at, metric)


def _measured(rows: pd.DataFrame) -> list[str]:
    return [metric for metric in METRICS if rows[metric].notna().any()]


def _estimate(design: Factorial, at: int, metric: str) -> dict[str, Any]:
    """For a term and a metric, `n` and the figures of `Interaction`, or the reason why there are none."""
    figures = design.rows[metric].to_numpy(dtype=np.float64)
    known = ~np.isnan(figures)
    figures = figures[known]
    others = [term.column for term in design.terms[:at] + design.terms[at + 1 :]]
    rest = linalg.orth(np.column_stack([design.effects, *others])[known])
    columns = np.column_stack([rest, design.terms[at].column[known]])
    reason = _obstacle(figures, columns, metric)
    if reason is not None:
        return {"n": len(figures), "reason": reason}
    return {"n": len(figures)} | _fitted(figures, columns, design.terms[at].peak, relative=metric != "performance")


def _obstacle(figures: Floats, columns: Floats, metric: str) -> str | None:
    if not np.isfinite(figures).all():
        return "a figure is infinite"
    if metric != "performance" and figures.min() <= 0:
        return "a figure is 0, which has no logarithm"
    if _depends(columns[:, -1], columns[:, :-1]):
        return "not measured at every corner: the original, each change alone, both together"
    if np.ptp(figures) == 0:
        return "all figures are equal"
    return None


def _depends(column: Floats, basis: Floats) -> bool:
    """Whether a column is a combination of those of an orthonormal basis."""
    own = column - basis @ (basis.T @ column)
    return bool(np.abs(own).max() <= _DEPENDENT * np.abs(column).max())


def _fitted(figures: Floats, columns: Floats, peak: float, relative: bool) -> dict[str, Any]:
    """Least squares; the term is the last column, 1 where its own value is `peak`."""
    from statsmodels.regression.linear_model import OLS

    fit = OLS(np.log(figures) if relative else figures, columns).fit(method="qr")
    effect, extra = float(fit.params[-1]), np.expm1 if relative else np.positive
    found: dict[str, Any] = {"coefficient": effect / peak, "extra": float(extra(effect))}
    if fit.df_resid < 1:
        return found | {"reason": f"{len(figures)} trainings are too few to tell the noise by; repeat them"}
    if np.abs(fit.resid).max() <= _ROUNDING * np.abs(fit.model.endog).max():
        return found | {"reason": "repetitions do not vary, so there is no interval"}
    low, high = map(float, fit.conf_int(1 - CONFIDENCE)[-1])
    found["low"], found["high"] = sorted((low / peak, high / peak))
    return found | {"extra_low": float(extra(low)), "extra_high": float(extra(high)), "p": float(fit.pvalues[-1])}
