"""Define the result of one trial."""

from __future__ import annotations

from dataclasses import dataclass, field

from mutegreen.model.colocation import Colocation
from mutegreen.model.energy import Measurement, Timeline
from mutegreen.model.kinds import Compat, Outcome
from mutegreen.model.names import Value


@dataclass(frozen=True)
class Evidence:
    """Whether one value was applied, and the reason for that decision.

    Attributes:
        hyperparameter: The hyperparameter.
        requested: The value that the harness set.
        applied: Whether the value was seen to reach the program.
        how: The reason, in one line.
        own_default: Whether the program used its own default, which happens to be this value: the flag did not reach
            its parser. A mutant's value would not reach it either.
    """

    hyperparameter: str
    requested: Value
    applied: bool
    how: str
    own_default: bool = False


@dataclass(frozen=True)
class ShimReport:
    """What a requested shim did in one training: whether it acted, and how or why not."""

    name: Compat
    acted: bool
    how: str


@dataclass(frozen=True)
class Epoch:
    """One value of performance and when it was printed, seconds since the start (None: read from a file)."""

    performance: float
    time_s: float | None


@dataclass(frozen=True)
class Phase:
    """A part of a training: an epoch by its output's time stamps, or a window that the program marked.

    Attributes:
        begin_s, end_s: Seconds since the training began.
        energy_j: Joules by domain, from the timeline; its resolution is the length of a sample.
    """

    name: str
    begin_s: float
    end_s: float
    energy_j: dict[str, float]


@dataclass(frozen=True)
class TrialResult:
    """The result of one trial.

    Attributes:
        outcome: How it ended.
        reason: Why, in one line; None: the outcome is `ok`.
        started_at: Wall-clock time of the start, ISO 8601 in UTC: a label, never used to measure.
        duration_s: Wall time of the training process, seconds.
        cpu_s: CPU time of the training and of the descendants that it waited for, seconds.
        peak_rss_bytes: Largest resident memory of any single process.
        status: Exit status; negative: the signal that ended it.
        performance: The last value of performance; None: there is none.
        also: The last value of each extra metric, by name; metrics without a value are missing.
        epochs: All values of performance.
        measurement: Energy over the training.
        evidence: Whether the mutated values were applied.
        timelines: Power over the training by domain.
        phases: Epochs and windows with their joules.
        colocation: What was co-located with it; None: it was exclusive.
        shims: What each requested shim did.
    """

    outcome: Outcome
    reason: str | None
    started_at: str
    duration_s: float
    cpu_s: float
    peak_rss_bytes: int
    status: int
    performance: float | None
    epochs: tuple[Epoch, ...]
    measurement: Measurement
    evidence: tuple[Evidence, ...] = ()
    timelines: dict[str, Timeline] = field(default_factory=dict)
    phases: tuple[Phase, ...] = ()
    also: dict[str, float] = field(default_factory=dict)
    shims: tuple[ShimReport, ...] = ()
    colocation: Colocation | None = None
