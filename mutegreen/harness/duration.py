"""How long an audit is expected to take: the same estimate for a dry run and for the run after its preflight."""

from __future__ import annotations

from collections.abc import Sequence

from mutegreen.harness.machine import cooldown
from mutegreen.model import ResolvedLimits, Trial


def audit_s(trials: Sequence[Trial], training_s: float, limits: ResolvedLimits, *, rests: bool) -> float:
    """Time of a whole audit, seconds: idle power, the preflight, and the trials one after another.

    Args:
        trials: All of them.
        training_s: Time of one training, seconds.
        limits: Of the audit.
        rests: Whether the machine comes to rest between trials.
    """
    preflight_s = training_s + cooldown.usual_s(limits.cooldown_s)
    return limits.idle_s + preflight_s + trials_s(trials, training_s, limits, rests=rests)


def trials_s(
    trials: Sequence[Trial], training_s: float, limits: ResolvedLimits, *, rests: bool, at_a_time: int = 1
) -> float:
    """Time of trials with what lies between them, seconds.

    Args:
        trials: Those that will run.
        training_s: Time of one training, seconds.
        limits: Of the audit.
        rests: Whether the machine comes to rest between trials.
        at_a_time: How many run at the same time.
    """
    alone_s = len(trials) * training_s / at_a_time
    if not rests or limits.cooldown_s == 0:
        return alone_s
    changes_of_block = len({trial.block for trial in trials}) - 1 if trials else 0
    return alone_s + len(trials) * cooldown.usual_s(limits.cooldown_s) + changes_of_block * limits.idle_s
