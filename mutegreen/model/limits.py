"""Define the times that a user may set for an audit, and resolve them with preset, subject and defaults."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import overload

from mutegreen.model.subject import Preset, Subject

COOLDOWN_S = 10.0
WARM_UP_S = 5.0
IDLE_S = 1.0

TIMEOUT_FACTOR = 10
"""Unless a timeout is set, a training may take this many times as long as the preflight: a batch of an eighth of the
size takes about eight times as long, and is no fault."""

MIN_TIMEOUT_S = 60.0
"""A timeout that follows from the preflight is never below this, seconds."""


@dataclass(frozen=True)
class FixedTimeout:
    """A timeout that the user, the preset or the subject gives, seconds."""

    timeout_s: float

    @property
    def preflight_s(self) -> float:
        """Longest time of the preflight, and of the exclusive run of a background load, seconds."""
        return self.timeout_s

    def training_s(self, preflight_s: float) -> float:
        """Longest time of a training, seconds; the duration of the preflight does not matter."""
        return self.timeout_s


@dataclass(frozen=True)
class PreflightTimeout:
    """A timeout that follows from the duration of the preflight, because none is set."""

    factor: float = TIMEOUT_FACTOR
    min_s: float = MIN_TIMEOUT_S

    @property
    def preflight_s(self) -> None:
        """No limit: nothing is known before the preflight."""
        return None

    def training_s(self, preflight_s: float) -> float:
        """Longest time of a training, seconds, once the preflight has taken `preflight_s`."""
        return max(self.min_s, self.factor * preflight_s)


Timeout = FixedTimeout | PreflightTimeout


@dataclass(frozen=True)
class ResolvedLimits:
    """The limits of an audit, after preset, subject and defaults.

    Attributes:
        timeout: Longest time of a training.
        cooldown_s: Longest wait after a trial, seconds; 0: none.
        warm_up_s: Warm-up before a trial of a background load that reports no epochs, seconds.
        idle_s: Time over which idle power is measured, seconds.
    """

    timeout: Timeout
    cooldown_s: float
    warm_up_s: float
    idle_s: float


@dataclass(frozen=True)
class Limits:
    """The limits that a user sets; None: not set.

    Attributes:
        timeout_s: Longest time of a training, seconds.
        cooldown_s: Longest wait after a trial, seconds; 0: none.
        warm_up_s: Warm-up before a trial of a background load that reports no epochs, seconds.
        idle_s: Time over which idle power is measured, seconds.

    Raises:
        ValueError: A time is negative or not finite, or the timeout or the time of idle power is 0.
    """

    timeout_s: float | None = None
    cooldown_s: float | None = None
    warm_up_s: float | None = None
    idle_s: float | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            seconds: float | None = getattr(self, field.name)
            if seconds is not None and not (math.isfinite(seconds) and seconds >= 0):
                raise ValueError(f"{field.name} is {seconds}, which is not a time")
        if 0 in (self.timeout_s, self.idle_s):
            raise ValueError("a training, or a measurement of idle power, cannot take 0 s")

    def resolved(self, subject: Subject, preset: Preset) -> ResolvedLimits:
        """Return the limits that hold: the user's, else the preset's, else the subject's, else the defaults."""
        timeout_s = _first(self.timeout_s, preset.timeout_s, subject.timeout_s)
        return ResolvedLimits(
            timeout=PreflightTimeout() if timeout_s is None else FixedTimeout(timeout_s),
            cooldown_s=_first(self.cooldown_s, preset.cooldown_s, default=COOLDOWN_S),
            warm_up_s=_first(self.warm_up_s, default=WARM_UP_S),
            idle_s=_first(self.idle_s, default=IDLE_S),
        )


@overload
def _first(*given: float | None) -> float | None: ...
@overload
def _first(*given: float | None, default: float) -> float: ...
def _first(*given: float | None, default: float | None = None) -> float | None:
    return next((seconds for seconds in given if seconds is not None), default)
