"""Diagnostics of an audit: noise, minimum detectable effect, drift, outliers, A/A control, flags."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from mutegreen.model import ENERGY_METRICS, IDENTITY, TOTAL, Flag, Verdict
from mutegreen.stats.adjustment import adjust
from mutegreen.stats.advice.drift import Drift, drift_of
from mutegreen.stats.analysis import CarefulComparison
from mutegreen.stats.interval import known
from mutegreen.stats.model.metric_model import MetricModel
from mutegreen.stats.model.scenario_model import ScenarioModel
from mutegreen.stats.settings import POWER

_OUTLIER_SCORE = 3.5
_LARGEST_RATIO = 1e6
"""Ratio of an effect to its standard error up to which a mutant counts as testable."""

_DOUBLINGS = 30
"""Doublings of an effect after which more of them add no power."""

_NORMAL_MAD = 0.6745
"""Median absolute deviation of a normal distribution with unit variance."""


@dataclass(frozen=True)
class Outlier:
    """A trial whose observation is far from its arm's and block's effects.

    Args:
        figure: The observation, in the metric's unit. The field has the name of its JSON key.
        score: Modified z score, beyond 3.5 (Iglewicz & Hoaglin, "How to Detect and Handle Outliers", 1993).
    """

    mutant: str
    repetition: int
    figure: float
    score: float


@dataclass(frozen=True)
class Control:
    """The comparison of a control: a mutant without a change (A/A test)."""

    mutant: str
    relative_change: float | None
    p_adjusted: float | None
    verdict: Verdict


@dataclass(frozen=True)
class Trust:
    """The diagnostics of one metric.

    Args:
        noise: Coefficient of variation of an observation around its arm's and block's effects.
        smallest_effect: Minimum detectable effect: relative change that the audit finds with a power of 80 % in a
            typical mutant, adjusted for all its comparisons; None where there is no estimate of the noise.
        qualities: Number of values by quality; empty where qualities are not known.
        drift: None where the order of the trials is not known.
        outliers: By decreasing absolute score.
        controls: The comparisons of the mutants without a change.
    """

    subject: str
    background: str
    metric: str
    noise: float | None
    smallest_effect: float | None
    qualities: dict[str, int]
    drift: Drift | None
    outliers: tuple[Outlier, ...]
    controls: tuple[Control, ...]


@dataclass(frozen=True)
class FlagCount:
    """The number of trials with a flag, and of all trials (JSON key `trainings`), of a scenario."""

    subject: str
    background: str
    flag: Flag
    count: int
    trainings: int


def trust_of(model: ScenarioModel, comparisons: list[CarefulComparison]) -> list[Trust]:
    """Return the diagnostics of every metric.

    Args:
        model: The fitted scenario.
        comparisons: Its comparisons.
    """
    n_comparisons = sum(row.p is not None for row in comparisons)
    drifts = _drifts(model)
    return [
        Trust(
            subject=model.scenario.subject,
            background=model.scenario.background,
            metric=metric,
            noise=known(_noise(metric_model)),
            smallest_effect=known(_smallest_effect(metric_model, model.settings.alpha / max(n_comparisons, 1))),
            qualities=_qualities(model, metric),
            drift=drifts.get(metric),
            outliers=tuple(_outliers(model, metric_model)),
            controls=tuple(_controls(metric, comparisons)),
        )
        for metric, metric_model in model.metrics.items()
    ]


def flag_counts(model: ScenarioModel) -> list[FlagCount]:
    """Return the number of rows with each flag, the most frequent first."""
    if "flags" not in model.scenario.rows:
        return []
    counts: Counter[str] = Counter()
    for flags, count in model.scenario.rows["flags"].value_counts().items():
        counts.update(dict.fromkeys(str(flags).split(), count))
    named = ((Flag(flag), count) for flag, count in counts.most_common() if flag in list(Flag))
    return [
        FlagCount(model.scenario.subject, model.scenario.background, *each, len(model.scenario.rows)) for each in named
    ]


def _noise(metric_model: MetricModel) -> float:
    deviation = float(np.sqrt(metric_model.noise.pooled))
    return deviation if metric_model.relative else deviation / metric_model.reference


def _smallest_effect(metric_model: MetricModel, alpha: float) -> float:
    """Minimum detectable effect: the effect with a mean power of `POWER` over mutants with the estimated errors.

    A mutant with hardly a degree of freedom needs an effect of more than a million standard errors: it counts as
    without power. The effect is infinite if so many mutants are without power that no effect has the mean power.
    """
    contrasts = metric_model.contrasts
    known = np.isfinite(contrasts.error) & (contrasts.error > 0)
    error, df = contrasts.error[known], contrasts.df[known]
    if not error.size:
        return np.nan
    critical = special.stdtrit(df, 1 - alpha / 2)
    sufficient = (critical + special.stdtrit(df, POWER)) * error
    testable = sufficient < _LARGEST_RATIO * error

    def lacking(effect: float) -> float:
        power = np.where(testable, special.stdtr(df, effect / error - np.where(testable, critical, 0.0)), 0.0)
        return float(power.mean()) - POWER

    largest = float(sufficient[testable].max(initial=0.0)) * (1 + 1e-9)
    # Beyond the effect that every testable mutant detects with power `POWER`, some must make up for those without.
    for _ in range(_DOUBLINGS):
        if lacking(largest) >= 0:
            break
        largest *= 2
    if lacking(largest) < 0:
        return np.inf
    return float(metric_model.as_relative(np.asarray(optimize.brentq(lacking, 0.0, largest))))


def _outliers(model: ScenarioModel, metric_model: MetricModel) -> Iterator[Outlier]:
    """Outliers by decreasing absolute score."""
    residual = metric_model.fitted.residual
    deviation = float(np.median(np.abs(residual))) if residual.size else 0.0
    if not deviation > 0:
        return
    score = _NORMAL_MAD * residual / deviation
    far = np.flatnonzero(np.abs(score) > _OUTLIER_SCORE)
    far = far[np.argsort(-np.abs(score[far]), kind="stable")]
    rows = model.scenario.rows.loc[metric_model.used, ["mutant", "repetition"]].iloc[far]
    observations = zip(metric_model.observations[far].tolist(), score[far].tolist(), strict=True)
    for (mutant, repetition), (observation, z) in zip(
        rows.itertuples(index=False, name=None), observations, strict=True
    ):
        yield Outlier(str(mutant), int(repetition), observation, z)


def _controls(metric: str, comparisons: list[CarefulComparison]) -> Iterator[Control]:
    for row in comparisons:
        if row.metric == metric and row.hyperparameter == IDENTITY:
            yield Control(row.mutant, row.relative_change.value, row.p_adjusted, row.verdict)


def _drifts(model: ScenarioModel) -> dict[str, Drift]:
    drifts = {metric: drift_of(model, metric_model) for metric, metric_model in model.metrics.items()}
    known = {metric: drift for metric, drift in drifts.items() if drift is not None}
    adjusted = adjust([drift.p for drift in known.values()])
    return {
        metric: drift.with_adjusted_p(p, model.settings.alpha)
        for (metric, drift), p in zip(known.items(), adjusted, strict=True)
    }


def _qualities(model: ScenarioModel, metric: str) -> dict[str, int]:
    parts = [part for part in ENERGY_METRICS if part in model.metrics] if metric == TOTAL else [metric]
    counts: dict[str, int] = {}
    for part in parts:
        column = f"quality_{part}"
        if column in model.scenario.rows:
            known = model.scenario.rows.loc[model.scenario.rows[part].notna(), column]
            for quality, count in known[known != ""].value_counts().items():
                counts[str(quality)] = counts.get(str(quality), 0) + int(count)
    return counts
