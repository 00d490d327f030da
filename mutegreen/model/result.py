"""What a training came to."""

from __future__ import annotations

from dataclasses import dataclass, field

from mutegreen.model.colocation import Colocation
from mutegreen.model.energy import Measurement, Timeline
from mutegreen.model.kinds import Compat, Outcome
from mutegreen.model.names import Value


@dataclass(frozen=True)
class Evidence:
    """Whether one value reached the program, and how that is known or why it is doubted.

    `own_default` says that the program had the value of itself: no flag reached its parser. A mutant's value
    would not have either.
    """

    hyperparameter: str
    requested: Value
    applied: bool
    how: str
    own_default: bool = False


@dataclass(frozen=True)
class ShimReport:
    """What a shim that was asked for did in one training: whether it acted, and how or why not."""

    name: Compat
    acted: bool
    how: str


@dataclass(frozen=True)
class Epoch:
    """One figure of performance and when it was printed, seconds since the start (None: read from a file)."""

    performance: float
    time_s: float | None


@dataclass(frozen=True)
class Phase:
    """A part of a training: an epoch by its output's time stamps, or a window that the program marked.

    Attributes:
        begin_s, end_s: Seconds since the training began.
        energy_j: Joules by domain, cut from the timeline: a phase of a few samples is known to a sample's length.
    """

    name: str
    begin_s: float
    end_s: float
    energy_j: dict[str, float]


@dataclass(frozen=True)
class TrialResult:
    """What one training came to.

    Attributes:
        outcome: How it ended; `reason` says why unless it is `ok`.
        started_at: Wall-clock time of the start, ISO 8601 in UTC: a label, never used to measure.
        duration_s: Wall time of the training process, seconds.
        cpu_s: CPU time of the training and of the descendants it waited for, seconds.
        peak_rss_bytes: Largest resident memory of any single process.
        status: Exit status; negative: the signal that ended it.
        performance: The last figure of performance; None if there was none.
        also: The last of each further figure, by name; those never printed are missing.
        epochs: All figures of performance.
        measurement: Energy over the training.
        evidence: Whether the mutated value arrived.
        timelines: Power over the training by domain.
        phases: Epochs and windows with their joules.
        colocation: What shared the machine with it on purpose; None: it trained alone.
        shims: What each shim that was asked for did.
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
