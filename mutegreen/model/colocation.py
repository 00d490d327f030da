"""Who shared the machine with a training on purpose."""

from __future__ import annotations

from dataclasses import dataclass, field

from mutegreen.model.energy import DomainEnergy


@dataclass(frozen=True)
class Overlap:
    """A training that ran on the same machine while another one did: `trial 12`, or a background's name."""

    name: str
    overlap_s: float


@dataclass(frozen=True)
class BackgroundRun:
    """What a background training did during the window of a trial.

    Attributes:
        name: Its name, as in the rows' `background`.
        epochs: Epochs that it got through, parts of one by time; None: it prints no figure to count them by.
        slowdown: Its rate of epochs when it trains alone, over its rate here; None: one of the two is not known.
        cpu_s: CPU time of its processes, seconds; None: not known.
        restarts: How often it ended early and was started again.
    """

    name: str
    epochs: float | None
    slowdown: float | None
    cpu_s: float | None
    restarts: int


@dataclass(frozen=True)
class Colocation:
    """What shared the machine with a trial on purpose; a trial that trained alone has none.

    Attributes:
        overlaps: Each other training, and for how many seconds it ran beside this one.
        shares: With a background, the trial's own part of each domain, attributed; the measurement is the whole.
        backgrounds: With a background, what it did meanwhile.
        by_use: Part of the attributed joules that was shared out by measured use and not evenly, from 0 to 1, by
            domain; the rest is idle power, and what the devices told nothing of.
    """

    overlaps: tuple[Overlap, ...] = ()
    shares: tuple[DomainEnergy, ...] = ()
    backgrounds: tuple[BackgroundRun, ...] = ()
    by_use: dict[str, float] = field(default_factory=dict)
