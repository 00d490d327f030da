"""Define what is recorded about co-located trainings: overlaps, shares, background loads."""

from __future__ import annotations

from dataclasses import dataclass, field

from mutegreen.model.energy import DomainEnergy


@dataclass(frozen=True)
class Overlap:
    """How long another training ran at the same time, seconds; `name` is `trial 12`, or that of a background load."""

    name: str
    overlap_s: float


@dataclass(frozen=True)
class BackgroundRun:
    """What a background load did during the window of a trial.

    Attributes:
        name: Its name, as in the rows' `background`.
        epochs: Number of epochs, with parts of epochs by time; None: it prints no values of performance to count.
        slowdown: Its rate of epochs in an exclusive run, divided by its rate here; None: a rate is not known.
        cpu_s: CPU time of its processes, seconds; None: not known.
        restarts: How often it ended and was started again.
    """

    name: str
    epochs: float | None
    slowdown: float | None
    cpu_s: float | None
    restarts: int


@dataclass(frozen=True)
class Colocation:
    """What was co-located with a trial; an exclusive trial has none.

    Attributes:
        overlaps: The time that each other training overlapped with this one.
        shares: With background loads, the energy of each domain that is attributed to the trial; the measurement of the
            trial is that of the whole devices.
        backgrounds: With background loads, what each did in the meantime.
        by_use: Part of the joules attributed to the trial while a domain was shared that was divided by measured use
            and not evenly, 0 to 1, by domain; the rest is idle energy, and energy without known use.
    """

    overlaps: tuple[Overlap, ...] = ()
    shares: tuple[DomainEnergy, ...] = ()
    backgrounds: tuple[BackgroundRun, ...] = ()
    by_use: dict[str, float] = field(default_factory=dict)
