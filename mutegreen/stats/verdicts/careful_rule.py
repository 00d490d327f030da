"""Decision rule of the default protocol: from p values to the verdict win, tie, loss or undecided."""

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
    """Return the verdict of every arm.

    A significant difference is a win or a loss, significant equivalence within the margin is a tie, anything else is
    undecided. Where both are significant, energy and time are a win or a loss, however small, and performance is a tie,
    because its tolerance states which differences do not matter.

    Args:
        metric_model: The metric, of A arms.
        p_adjusted: Shape (A,), adjusted p values of no difference.
        p_equivalent: Shape (A,), p values of a difference of the margin or more (TOST).
        alpha: Level of significance.
        less_is_better: Whether a smaller value is better, as for energy and time.
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
    """Return for every arm the reason for a missing or special verdict or p value; None without one."""
    cases = obstacles(metric_model) | {ReasonCode.EQUAL_TO_ORIGINAL: _equal(metric_model)}
    first = np.select(list(cases.values()), list(range(len(cases))), -1)
    reasons_by_index = [*map(Reason, cases), None]
    return [reasons_by_index[index] for index in first.tolist()]


def obstacles(metric_model: MetricModel) -> dict[ReasonCode, Flags]:
    """Return the obstacles to a verdict, and which arms each concerns, shape (A,)."""
    n, infinite = metric_model.fitted.n, metric_model.infinite
    all_arms = np.ones_like(n, dtype=bool)
    return {
        ReasonCode.ORIGINAL_INFINITE: all_arms & infinite[0],
        ReasonCode.MUTANT_INFINITE: infinite,
        ReasonCode.ORIGINAL_NOT_MEASURED: all_arms & (n[0] == 0),
        ReasonCode.MUTANT_NOT_MEASURED: n == 0,
        ReasonCode.ONE_TRIAL_OF_ORIGINAL: all_arms & (n[0] < MIN_REPETITIONS),
        ReasonCode.ONE_TRIAL_OF_MUTANT: n < MIN_REPETITIONS,
        ReasonCode.NO_COMMON_BLOCK: ~metric_model.fitted.connected,
        ReasonCode.CONFOUNDED: _confounded(metric_model),
        ReasonCode.NO_VARIATION: _without_error(metric_model),
    }


def _confounded(metric_model: MetricModel) -> Flags:
    slope = metric_model.fitted.slope
    return np.zeros_like(metric_model.fitted.connected) if slope is None else slope.confounded


def _equal(metric_model: MetricModel) -> Flags:
    return np.isnan(metric_model.contrasts.error) & np.equal(metric_model.contrasts.estimate, 0)


def _without_error(metric_model: MetricModel) -> Flags:
    return (
        np.isnan(metric_model.contrasts.error)
        & ~np.equal(metric_model.contrasts.estimate, 0)
        & ~_confounded(metric_model)
    )
