"""What happens during an audit, told to whoever listens; the harness itself prints nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mutegreen.harness.plan.plan import Plan
from mutegreen.model import Trial, TrialResult, Unavailable


@dataclass(frozen=True)
class AuditOpened:
    """The audit has its place in the store; `done` trials of an earlier run are kept."""

    audit: str
    plan: Plan
    domains: tuple[tuple[str, str], ...]
    """Every domain measured, and the quality of its figures."""
    unavailable: tuple[Unavailable, ...]
    done: int


@dataclass(frozen=True)
class PreflightStarted:
    """The original is trained once, to see that everything works; its figures are discarded."""


@dataclass(frozen=True)
class PreflightEnded:
    """It works. `expected_s` is the estimate for all trials of the audit, so many `at_a_time`, seconds."""

    result: TrialResult
    expected_s: float
    at_a_time: int
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class BackgroundsStarted:
    """Backgrounds train alone once, to see that they work and how fast they are without company."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class WarmingUp:
    """The backgrounds are started anew, and given the time to pass their own warm-up."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class TrialRepeated:
    """A trial's memory was too short in company; it runs again alone, and from now on fewer run at a time."""

    trial: Trial
    reason: str
    at_a_time: int


@dataclass(frozen=True)
class Cooling:
    """The machine is given time, `limit_s` at most, to come back near idle."""

    limit_s: float


@dataclass(frozen=True)
class TrialStarted:
    """A trial is about to run."""

    trial: Trial


@dataclass(frozen=True)
class TrialEnded:
    """A trial has ended and is in the store."""

    trial: Trial
    result: TrialResult


@dataclass(frozen=True)
class Noted:
    """Something that a reader of the results should know."""

    text: str


@dataclass(frozen=True)
class AuditEnded:
    """All trials have been run."""

    audit: str


Event = (
    AuditOpened
    | BackgroundsStarted
    | PreflightStarted
    | PreflightEnded
    | WarmingUp
    | Cooling
    | TrialStarted
    | TrialRepeated
    | TrialEnded
    | Noted
    | AuditEnded
)
Listener = Callable[[Event], None]
