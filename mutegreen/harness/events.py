"""Define the events of an audit. The harness passes them to a listener and prints nothing itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mutegreen.harness.plan.plan import Plan
from mutegreen.model import Trial, TrialResult, Unavailable


@dataclass(frozen=True)
class AuditOpened:
    """The audit is in the store; `done` trials have results from an earlier run."""

    audit: str
    plan: Plan
    domains: tuple[tuple[str, str], ...]
    """Every measured domain, and the quality of its values."""
    unavailable: tuple[Unavailable, ...]
    done: int


@dataclass(frozen=True)
class PreflightStarted:
    """The original is trained once to check that everything works. Its energy is discarded."""


@dataclass(frozen=True)
class PreflightEnded:
    """The preflight passed.

    Attributes:
        result: The result of the preflight.
        expected_s: Estimated time of all trials of the audit, seconds.
        at_a_time: How many trials run at the same time.
        warnings: One sentence each.
    """

    result: TrialResult
    expected_s: float
    at_a_time: int
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class BackgroundsStarted:
    """Background loads train once, each exclusively, to check that they work and to measure their rates."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class WarmingUp:
    """The background loads are started again; the trial waits for their warm-up."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class TrialRepeated:
    """A concurrent trial ran out of memory. It will run again exclusively; then `at_a_time` trials run at a time."""

    trial: Trial
    reason: str
    at_a_time: int


@dataclass(frozen=True)
class Cooling:
    """The machine cools down until it is near idle, for at most `limit_s` seconds."""

    limit_s: float


@dataclass(frozen=True)
class TrialStarted:
    """A trial is about to run."""

    trial: Trial


@dataclass(frozen=True)
class TrialEnded:
    """A trial has ended, and its result is in the store."""

    trial: Trial
    result: TrialResult


@dataclass(frozen=True)
class Noted:
    """A warning for the reader of the results."""

    text: str


@dataclass(frozen=True)
class AuditEnded:
    """All trials have ended."""

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
