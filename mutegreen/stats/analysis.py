"""What a statistical protocol finds: plain records, which `mutegreen.report` writes as tables, JSON and CSV."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mutegreen.model import Data, Goal, Quality, Verdict
from mutegreen.stats.interval import UNKNOWN, Interval, written_as
from mutegreen.stats.reason import Note, Reason

Counts = tuple[tuple[int, int, int], tuple[int, int, int], tuple[int, int, int]]


@dataclass(frozen=True)
class Correlation:
    """How a hyperparameter's value and a metric go together, over the original and its mutants.

    Args:
        n: Trainings measured.
        spearman: Spearman's coefficient; with an interval only where the protocol has one. So with `pearson`.
        quality: Worst known quality of these figures; None for other metrics than energy, or if unknown.
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
    """A correlation with 95 % intervals, and p values adjusted for all correlations of the section."""

    spearman_p_adjusted: float | None = None
    pearson_p_adjusted: float | None = None


@dataclass(frozen=True)
class Comparison:
    """A mutant against the original, for one metric.

    Args:
        n: Trainings of the mutant in which the metric was measured; `n_original` likewise.
        mean: In the metric's unit (joules, seconds, the performance's own); `mean_original` likewise.
        relative_change: (mean - mean_original) / |mean_original|; not known if either is not or the original's is 0.
            With an interval only where the protocol has one. So with `cliffs_delta`.
        quality: Worst known quality of the figures compared; None for other metrics than energy, or if unknown.
        reason: What a reader must know where the verdict or the p value does not speak for itself.
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
    """A comparison adjusted for blocks, with 95 % intervals, and p values adjusted for all comparisons of the section.

    Args:
        difference: In the metric's unit.
        interval: How the intervals of `relative_change` and `difference` were obtained: `bca` (bootstrap) or `t` (too
            few figures for a bootstrap).
        p_adjusted: Of no difference; `p` is the same before the adjustment.
        p_equivalent: Of a difference as large as `margin` or larger (two one-sided tests), not adjusted.
        margin: Difference that does not matter, relative for energy and time, in its own unit for performance.
    """

    difference: Interval = UNKNOWN
    interval: str | None = None
    p_adjusted: float | None = None
    p_equivalent: float | None = None
    margin: float | None = None


@dataclass(frozen=True)
class WinTieLoss:
    """How many mutants of a hyperparameter win, tie and lose energy (rows) and performance (columns).

    Args:
        hyperparameter: Empty for all together.
        undecided: Mutants without a verdict for either, which are in none of the counts.
    """

    subject: str
    background: str
    hyperparameter: str
    energy: str
    counts: Counts
    undecided: int


@dataclass(frozen=True)
class Analysis:
    """Everything a protocol found.

    Args:
        protocol: Its name.
        goals: By subject, which direction of the performance is better.
        notes: What could not be worked out, and what a reader must know; sentences where rows bring them along.
        data: By subject, what it was trained on, where that is declared.
        figure: The further figure that is analysed as the performance; None: the performance itself.
    """

    protocol: str
    correlations: tuple[Correlation, ...]
    comparisons: tuple[Comparison, ...]
    win_tie_loss: tuple[WinTieLoss, ...]
    goals: Mapping[str, Goal] = field(default_factory=dict)
    notes: tuple[Note | str, ...] = ()
    data: Mapping[str, Data] = field(default_factory=dict)
    figure: str | None = None
