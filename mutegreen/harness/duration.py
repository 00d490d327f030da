"""Estimate how long an audit takes, for a dry run and for the run after its preflight."""

from __future__ import annotations

from collections.abc import Sequence

from mutegreen.harness.machine import cooldown
from mutegreen.model import ResolvedLimits, Trial


def audit_s(trials: Sequence[Trial], training_s: float, limits: ResolvedLimits, *, cools_down: bool) -> float:
    """Return the time of a whole audit, seconds: idle power, the preflight, and the trials one after another.

    Args:
        trials: All of them.
        training_s: Time of one training, seconds.
        limits: The limits of the audit.
        cools_down: Whether the machine cools down between trials.
    """
    preflight_s = training_s + cooldown.usual_s(limits.cooldown_s)
    return limits.idle_s + preflight_s + trials_s(trials, training_s, limits, cools_down=cools_down)


def trials_s(
    trials: Sequence[Trial], training_s: float, limits: ResolvedLimits, *, cools_down: bool, at_a_time: int = 1
) -> float:
    """Return the time of trials, with the cool-downs and idle measurements between them, seconds.

    Args:
        trials: The trials that will run.
        training_s: Time of one training, seconds.
        limits: The limits of the audit.
        cools_down: Whether the machine cools down between trials.
        at_a_time: How many run at the same time.
    """
    trainings_s = len(trials) * training_s / at_a_time
    if not cools_down or limits.cooldown_s == 0:
        return trainings_s
    changes_of_block = len({trial.block for trial in trials}) - 1 if trials else 0
    return trainings_s + len(trials) * cooldown.usual_s(limits.cooldown_s) + changes_of_block * limits.idle_s
