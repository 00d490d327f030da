"""Interaction of two hyperparameters: a contrast of the effects of arms, by generalised least squares.

Let mu, shape (A,), be the effects of the arms of one scenario (`mutegreen.stats.model.block_model`: adjusted for
blocks; logarithms of energy and time, so that single effects multiply; performance as it is, so that they add). With
the original o, each hyperparameter changed alone, a and b, and both changed, ab, the interaction is the contrast

    mu_ab - mu_a - mu_b + mu_o

which is 0 where single effects add (Fisher, "The Design of Experiments", 1935, chapter 6). With more mutants of both,
the K arms at the corners of the factorial design follow the linear model

    mu_k = m + alpha[value of the first] + beta[value of the second] + gamma x_k

where the single effects alpha and beta are 0 at the default value, and the term x, shape (K,), is a product of scales
of both values (`mutegreen.stats.interaction.factorial`), 0 for the original and for mutants of one hyperparameter.
gamma is estimated by generalised least squares with the covariance V that the effects have if the noise is even:

    gamma = c'mu,   c the row of (X' V^-1 X)^-1 X' V^-1 for x,   V = diag(1 / n) + S W S'

    X      shape (K, columns), the columns of the model, x the last
    n      shape (K,), observations of each arm
    S, W   shares of blocks and covariance of their effects (`mutegreen.stats.model.linear_contrast`)

So gamma is a contrast as well: with one mutant of both, c is 1, -1, -1, 1. If the noise is even, it is the
least-squares coefficient of a model of all rows with arms, blocks and x. Arms that differ in noise do not bias it. V
holds numbers of observations and not estimated variances: with few repetitions these are inaccurate weights, and the
error calculated with them is too small. The error of c'mu is that of any contrast: from the moderated variance of every
arm, with the degrees of freedom of Welch and Satterthwaite.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import linalg

from mutegreen.model import ENERGY_METRICS, Quality
from mutegreen.stats.adjustment import adjust
from mutegreen.stats.interaction.factorial import Arm, Factorial, NeverAloneError, arms_by_changes, factorial, pairs_of
from mutegreen.stats.interval import UNKNOWN, Interval, known, written_as
from mutegreen.stats.logarithm import relative_change
from mutegreen.stats.model.block_model import Floats
from mutegreen.stats.model.linear_contrast import linear_contrasts
from mutegreen.stats.model.metric_model import MetricModel
from mutegreen.stats.model.quality import worst_quality
from mutegreen.stats.model.scenario_model import ScenarioModel
from mutegreen.stats.reason import Reason, ReasonCode
from mutegreen.stats.settings import Settings

_COLLINEAR = 1e-9
"""Share of its length that is linearly independent of the other columns, up to which a column counts as dependent."""


@dataclass(frozen=True)
class Interaction:
    """The interaction of two hyperparameters in one metric: a term of a linear model.

    Energy and time enter the model as logarithms: without an interaction, their relative changes multiply.
    Performance enters as it is: without one, its changes add up.

    Args:
        term: Formula of the term: `log2(epochs / 8) * (dropout - 0.5)`.
        n: Observations at the corners.
        doubles: Number of mutants that change both.
        coefficient: gamma: logarithms of the metric (performance: its own unit) for each unit of the term.
        p: Two-sided p value of no interaction.
        p_adjusted: `p`, adjusted for all terms of the analysis.
        matters: Whether `p_adjusted` is at most alpha.
        mutant: The mutant of both with the largest absolute value of the term.
        extra: Interaction of this mutant: its change beyond its single effects, relative to their product
            (performance: beyond their sum, in its own unit).
        quality: Worst known quality of the observations; None for other metrics than energy, or if unknown.
        reason: Why estimates are missing.
    """

    subject: str
    background: str
    hyperparameters: tuple[str, str]
    metric: str
    term: str
    n: int
    doubles: int
    coefficient: Interval = field(default=UNKNOWN, metadata=written_as("coefficient", "low", "high"))
    p: float | None = None
    p_adjusted: float | None = None
    matters: bool = False
    mutant: str = ""
    extra: Interval = UNKNOWN
    quality: Quality | None = None
    reason: Reason | None = None


def interactions(models: Sequence[ScenarioModel], settings: Settings) -> list[Interaction]:
    """Return the interactions of every pair of hyperparameters that some mutant changes together.

    All p values of a call are adjusted as one family: those of all pairs, terms, metrics and scenarios.

    Args:
        models: All scenarios of an analysis. Without a column `changes` there is no pair.
        settings: The options of the user.

    Returns:
        In the order of scenarios; pairs in the order of their first rows, metrics in their usual order. A metric that
        was never measured at the corners is excluded, and so is the total of energy.
    """
    rows = [row for model in models for row in _of_scenario(model)]
    adjusted = adjust([np.nan if row.p is None else row.p for row in rows], settings.adjustment)
    return [
        row if row.p is None else replace(row, p_adjusted=float(p), matters=bool(p <= settings.alpha))
        for row, p in zip(rows, adjusted, strict=True)
    ]


def _of_scenario(model: ScenarioModel) -> Iterator[Interaction]:
    if "changes" not in model.scenario.rows:
        return
    arms = arms_by_changes(model.scenario)
    for pair in pairs_of(arms):
        yield from _of_pair(model, arms, pair)


def _of_pair(model: ScenarioModel, arms: Sequence[Arm], pair: tuple[str, str]) -> Iterator[Interaction]:
    try:
        design = factorial(arms, model.scenario.definitions, pair)
    except NeverAloneError as fault:
        doubles = sum(arm.changes.keys() == set(pair) for arm in arms)
        reason = Reason(ReasonCode.NEVER_CHANGED_ALONE, names=(fault.hyperparameter,))
        for metric in model.scenario.metrics:
            yield Interaction(*_key(model), pair, metric, " * ".join(pair), n=0, doubles=doubles, reason=reason)
        return
    for metric in model.scenario.metrics:
        metric_model = model.metrics[metric]
        if metric_model.fitted.n[design.arms].any() or metric_model.infinite[design.arms].any():
            for at in range(len(design.terms)):
                yield _estimated(_unknown(model, design, at, metric, pair), metric_model, design, at)


def _key(model: ScenarioModel) -> tuple[str, str]:
    return model.scenario.subject, model.scenario.background


def _unknown(model: ScenarioModel, design: Factorial, at: int, metric: str, pair: tuple[str, str]) -> Interaction:
    """Return an interaction without estimates."""
    return Interaction(
        *_key(model),
        hyperparameters=pair,
        metric=metric,
        term=design.terms[at].text,
        n=int(model.metrics[metric].fitted.n[design.arms].sum()),
        doubles=design.doubles,
        mutant=design.terms[at].mutant,
        quality=_quality(model, design, metric),
    )


def _quality(model: ScenarioModel, design: Factorial, metric: str) -> Quality | None:
    if metric not in ENERGY_METRICS:
        return None
    return worst_quality(model.scenario.rows[np.isin(model.arms.code, design.arms)], metric)


def _estimated(row: Interaction, metric_model: MetricModel, design: Factorial, at: int) -> Interaction:
    """Return the interaction with its estimates, or with the reason why there are none."""
    code = _obstacle(metric_model, design)
    weights = _weights(metric_model, design, at) if code is None else None
    if weights is None:
        return replace(row, reason=Reason(code or ReasonCode.CORNER_MISSING))
    contrast = linear_contrasts(metric_model.fitted, metric_model.noise, weights[None, :])
    effect, half = float(contrast.estimate[0]), float(contrast.half_width()[0])
    interval, peak = Interval.of(effect, effect - half, effect + half), design.terms[at].peak
    return replace(
        row,
        coefficient=interval.map(lambda logarithm: logarithm / peak),
        extra=interval.map(lambda log_ratio: float(relative_change(log_ratio))) if metric_model.relative else interval,
        p=known(float(contrast.differ()[0])),
        reason=None if math.isfinite(half) else _without_error(row, metric_model, weights),
    )


def _obstacle(metric_model: MetricModel, design: Factorial) -> ReasonCode | None:
    """Return the obstacle to an estimate, whichever corners were measured."""
    if metric_model.infinite[design.arms].any():
        return ReasonCode.VALUE_INFINITE
    if metric_model.metric != "performance" and not metric_model.relative:
        return ReasonCode.VALUE_ZERO
    observations = metric_model.observations[np.isin(metric_model.code, design.arms)]
    return ReasonCode.ALL_EQUAL if np.ptp(observations) == 0 else None


def _weights(metric_model: MetricModel, design: Factorial, at: int) -> Floats | None:
    """Return the contrast c, shape (A,), of a term, for its mutant at the peak; None where corners are missing."""
    fitted = metric_model.fitted
    usable = (fitted.n > 0)[design.arms] & fitted.connected[design.arms]
    arms, share = design.arms[usable], fitted.block_share[design.arms[usable]]
    others = [term.column for term in design.terms[:at] + design.terms[at + 1 :]]
    columns = np.column_stack([design.effects, *others, design.terms[at].column])[usable]
    # With L L' = V, generalised least squares on X is the ordinary one on L^-1 X.
    root = np.linalg.cholesky(np.diag(1 / fitted.n[arms]) + share @ fitted.block_covariance @ share.T)
    whitened = linalg.solve_triangular(root, columns, lower=True)
    basis = linalg.orth(whitened[:, :-1])
    own = whitened[:, -1] - basis @ (basis.T @ whitened[:, -1])
    square = float(own @ own)
    if square <= (_COLLINEAR * np.linalg.norm(whitened[:, -1])) ** 2:
        return None
    c = linalg.solve_triangular(root, own, lower=True, trans="T") / square
    weights = np.zeros(len(fitted.n))
    weights[arms] = np.where(np.abs(c) > _COLLINEAR * np.abs(c).max(), c, 0.0)
    return weights


def _without_error(row: Interaction, metric_model: MetricModel, weights: Floats) -> Reason:
    """Return the reason why a contrast that can be estimated has no standard error."""
    part, slope = weights != 0, metric_model.fitted.slope
    if slope is not None and slope.confounded[part].any():
        return Reason(ReasonCode.CORNER_CONFOUNDED)
    df = metric_model.noise.df[part]
    if not df.any():
        return Reason(ReasonCode.TOO_FEW_FOR_NOISE, count=row.n)
    return Reason(ReasonCode.NO_VARIATION_OF_REPETITIONS if df.all() else ReasonCode.ONE_TRIAL_OF_CORNER)
