"""Interactions: whether two hyperparameters changed together do more, or less, than their single effects add up to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from mutegreen.model import ENERGY_METRICS, METRICS, Quality
from mutegreen.stats.adjust import Adjustment, adjust
from mutegreen.stats.compare import ALPHA
from mutegreen.stats.factorial import Changes, Factorial, Floats, Term, changes_of, factorial
from mutegreen.stats.quality import worst_quality

CONFIDENCE = 0.95
_ROUNDING = 1e-12
"""Residuals that are this share of the figures or less are no noise."""

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

    Least squares on the corners of the factorial design (`mutegreen.stats.factorial`), with the effects of blocks
    taken out where blocks are known. All p values of a call are adjusted as one family.

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
    pairs = {frozenset(each): tuple(each) for each in own.values() if len(each) == 2}
    for first, second in pairs.values():
        for found in _of_pair(rows, own, (first, second)):
            yield Interaction(subject, background, (first, second), **found)


def _of_pair(rows: pd.DataFrame, changes: Mapping[str, Changes], pair: tuple[str, str]) -> Iterator[dict[str, Any]]:
    """For each metric and term, the further fields of `Interaction`."""
    try:
        design = factorial(rows, changes, pair)
    except LookupError as error:
        for metric in _measured(rows):
            yield {"metric": metric, "term": " * ".join(pair), "n": 0, "doubles": 0, "reason": str(error)}
        return
    for metric in _measured(design.rows):
        quality = worst_quality(design.rows, metric) if metric in ENERGY_METRICS else None
        for term, estimate in zip(design.terms, _estimates(design, metric), strict=True):
            about = {"metric": metric, "term": term.text, "doubles": design.doubles, "mutant": term.mutant}
            yield about | {"quality": quality} | estimate


def _measured(rows: pd.DataFrame) -> list[str]:
    return [metric for metric in METRICS if rows[metric].notna().any()]


def _estimates(design: Factorial, metric: str) -> Iterator[dict[str, Any]]:
    """For each term, `n` and the figures of `Interaction`, or the reason why there are none."""
    from statsmodels.regression.linear_model import OLS

    figures = design.rows[metric].to_numpy(dtype=np.float64)
    known = ~np.isnan(figures)
    figures, columns = figures[known], np.column_stack([design.effects, *(t.column for t in design.terms)])[known]
    obstacle = _obstacle(figures, metric)
    if obstacle is not None:
        yield from ({"n": len(figures), "reason": obstacle} for _ in design.terms)
        return
    fit = OLS(figures if metric == "performance" else np.log(figures), columns).fit()
    for at, term in enumerate(design.terms, design.effects.shape[1]):
        yield {"n": len(figures)} | _estimate(fit, at, term, relative=metric != "performance")


def _obstacle(figures: Floats, metric: str) -> str | None:
    if not np.isfinite(figures).all():
        return "a figure is infinite"
    if np.ptp(figures) == 0:
        return "all figures are equal"
    if metric != "performance" and figures.min() <= 0:
        return "a figure is 0, which has no logarithm"
    return None


def _estimate(fit: Any, at: int, term: Term, relative: bool) -> dict[str, Any]:
    columns = fit.model.exog
    rank = np.linalg.matrix_rank(columns)
    if np.linalg.matrix_rank(np.delete(columns, at, axis=1)) == rank:
        return {"reason": "not measured at every corner: the original, each change alone, both together"}
    effect = float(fit.params[at])
    extra = np.expm1 if relative else np.positive
    known = {"coefficient": effect / term.peak, "extra": float(extra(effect))}
    if fit.df_resid < 1:
        return known | {"reason": f"{len(columns)} trainings for {rank} effects leave nothing to tell the noise by"}
    if np.abs(fit.resid).max() <= _ROUNDING * np.abs(fit.model.endog).max():
        return known | {"reason": "repetitions do not vary, so there is no interval"}
    low, high = fit.conf_int(1 - CONFIDENCE)[at]
    bounds = sorted((low / term.peak, high / term.peak))
    known |= {"low": float(bounds[0]), "high": float(bounds[1]), "p": float(fit.pvalues[at])}
    return known | {"extra_low": float(extra(low)), "extra_high": float(extra(high))}
