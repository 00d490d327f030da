"""From p values to a verdict: what was shown, or that nothing was."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mutegreen.model import Verdict
from mutegreen.stats.model.block_model import Floats
from mutegreen.stats.model.metric_model import MetricModel
from mutegreen.stats.reason import Reason, ReasonCode
from mutegreen.stats.settings import MIN_REPETITIONS

Flags = NDArray[np.bool_]


def verdicts(
    metric_model: MetricModel, p_adjusted: Floats, p_equivalent: Floats, alpha: float, less_is_better: bool
) -> NDArray[np.str_]:
    """The verdict of every arm.

    A difference that is shown is a win or a loss; equality within the margin that is shown is a tie; all else is
    undecided. Both can be shown of one arm: then energy and time are won or lost, however little, and performance is
    tied, because its tolerance is the user's word for what does not matter.

    Args:
        metric_model: The metric, of A arms.
        p_adjusted: Shape (A,), of no difference.
        p_equivalent: Shape (A,), of a difference beyond the margin.
        alpha: Largest p value that shows something.
        less_is_better: As with energy and time.
    """
    undecided = np.any(list(obstacles(metric_model).values()), axis=0)
    better = (metric_model.contrasts.estimate < 0) == less_is_better
    differs, same = p_adjusted <= alpha, (p_equivalent <= alpha) | _equal(metric_model)
    ordered = [(same, Verdict.TIE), (differs & better, Verdict.WIN), (differs, Verdict.LOSS)]
    if metric_model.metric != "performance":
        ordered = [*ordered[1:], ordered[0]]
    cases = [(undecided, Verdict.UNDECIDED), *ordered]
    return np.select([case for case, _ in cases], [np.array(str(v)) for _, v in cases], str(Verdict.UNDECIDED))


def reasons(metric_model: MetricModel) -> list[Reason | None]:
    """For every arm, what a reader must know where verdict or p do not speak for themselves; None for nothing."""
    remarks = obstacles(metric_model) | {ReasonCode.ALL_EQUAL: _equal(metric_model)}
    first = np.select(list(remarks.values()), list(range(len(remarks))), -1)
    known = [*map(Reason, remarks), None]
    return [known[place] for place in first.tolist()]


def obstacles(metric_model: MetricModel) -> dict[ReasonCode, Flags]:
    """What keeps comparisons from being decided, and which arms it concerns."""
    n, infinite = metric_model.fitted.n, metric_model.infinite
    everyone = np.ones_like(n, dtype=bool)
    return {
        ReasonCode.ORIGINAL_INFINITE: everyone & infinite[0],
        ReasonCode.MUTANT_INFINITE: infinite,
        ReasonCode.ORIGINAL_NOT_MEASURED: everyone & (n[0] == 0),
        ReasonCode.MUTANT_NOT_MEASURED: n == 0,
        ReasonCode.ORIGINAL_TRAINED_ONCE: everyone & (n[0] < MIN_REPETITIONS),
        ReasonCode.MUTANT_TRAINED_ONCE: n < MIN_REPETITIONS,
        ReasonCode.NO_COMMON_BLOCK: ~metric_model.fitted.connected,
        ReasonCode.CONFOUNDED: _confounded(metric_model),
        ReasonCode.NO_VARIATION: _unjudged(metric_model),
    }


def _confounded(metric_model: MetricModel) -> Flags:
    slope = metric_model.fitted.slope
    return np.zeros_like(metric_model.fitted.connected) if slope is None else slope.confounded


def _equal(metric_model: MetricModel) -> Flags:
    return np.isnan(metric_model.contrasts.error) & np.equal(metric_model.contrasts.estimate, 0)


def _unjudged(metric_model: MetricModel) -> Flags:
    return (
        np.isnan(metric_model.contrasts.error)
        & ~np.equal(metric_model.contrasts.estimate, 0)
        & ~_confounded(metric_model)
    )
