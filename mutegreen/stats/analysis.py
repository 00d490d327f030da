"""Results of a statistical protocol: plain records, which `mutegreen.report` writes as tables, JSON and CSV."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mutegreen.model import Data, Goal, Quality, Verdict
from mutegreen.stats.interval import UNKNOWN, Interval, written_as
from mutegreen.stats.reason import Note, Reason

Counts = tuple[tuple[int, int, int], tuple[int, int, int], tuple[int, int, int]]


@dataclass(frozen=True)
class Correlation:
    """The correlation of a hyperparameter's value with a metric, over the original and its mutants.

    Args:
        n: Number of observations.
        spearman: Spearman's coefficient; with an interval only if the protocol has one.
        spearman_p: Two-sided p value of no correlation, by Spearman's coefficient.
        pearson: Pearson's coefficient; with an interval only if the protocol has one.
        pearson_p: Two-sided p value of no correlation, by Pearson's coefficient.
        quality: Worst known quality of the observations; None for other metrics than energy, or if unknown.
        reason: Why there are no coefficients.
    """

    subject: str
    background: str
    hyperparameter: str
    metric: str
    n: int
    spearman: Interval
    spearman_p: float | None
    pearson: Interval
    pearson_p: float | None
    quality: Quality | None
    reason: Reason | None


@dataclass(frozen=True, kw_only=True)
class CarefulCorrelation(Correlation):
    """A correlation with 95 % intervals, and p values adjusted for all correlations of the scenario."""

    spearman_p_adjusted: float | None = None
    pearson_p_adjusted: float | None = None


@dataclass(frozen=True)
class Comparison:
    """A mutant against the original, in one metric.

    Args:
        n: Observations of the mutant.
        n_original: Observations of the original.
        mean: Of the mutant, in the metric's unit (joules, seconds, the performance's own).
        mean_original: Of the original, likewise.
        relative_change: (mean - mean_original) / |mean_original|; not known if a mean is not known or the original's is
            0. With an interval only if the protocol has one.
        p: P value of no difference, not adjusted.
        cliffs_delta: Effect size; with an interval only if the protocol has one.
        quality: Worst known quality of the values compared; None for other metrics than energy, or if unknown.
        reason: The reason for a missing or special verdict or p value.
    """

    subject: str
    background: str
    hyperparameter: str
    mutant: str
    value: float | str | None
    default: float | str | None
    metric: str
    n: int
    n_original: int
    mean: float | None
    mean_original: float | None
    relative_change: Interval = field(metadata=written_as("relative_change", "relative_low", "relative_high"))
    p: float | None
    cliffs_delta: Interval
    verdict: Verdict
    quality: Quality | None
    reason: Reason | None


@dataclass(frozen=True, kw_only=True)
class CarefulComparison(Comparison):
    """A comparison adjusted for blocks, with 95 % intervals, and p values adjusted for all comparisons of the scenario.

    Args:
        difference: In the metric's unit.
        interval: Method of the intervals of `relative_change` and `difference`: `bca` (bootstrap) or `t` (too few
            observations for a bootstrap).
        p_adjusted: `p`, adjusted.
        p_equivalent: P value of a difference of `margin` or more (two one-sided tests), not adjusted.
        margin: Largest difference that does not matter: relative for energy and time, in its own unit for performance.
    """

    difference: Interval = UNKNOWN
    interval: str | None = None
    p_adjusted: float | None = None
    p_equivalent: float | None = None
    margin: float | None = None


@dataclass(frozen=True)
class WinTieLoss:
    """Counts of the mutants of a hyperparameter by their verdicts on energy (rows) and performance (columns).

    Args:
        hyperparameter: Empty for all together.
        counts: Rows and columns in the order win, tie, loss.
        undecided: Mutants that are undecided in energy or performance, which no count includes.
    """

    subject: str
    background: str
    hyperparameter: str
    energy: str
    counts: Counts
    undecided: int


@dataclass(frozen=True)
class Analysis:
    """The results of a protocol.

    Args:
        protocol: Its name.
        goals: By subject, which direction of the performance is better.
        notes: Missing results and limitations; the notes of the rows are sentences.
        data: By subject, the data that it was trained on, where declared.
        extra_metric: The extra metric that is analysed as the performance; None: the performance itself.
    """

    protocol: str
    correlations: tuple[Correlation, ...]
    comparisons: tuple[Comparison, ...]
    win_tie_loss: tuple[WinTieLoss, ...]
    goals: Mapping[str, Goal] = field(default_factory=dict)
    notes: tuple[Note | str, ...] = ()
    data: Mapping[str, Data] = field(default_factory=dict)
    extra_metric: str | None = None
