"""Define energy values over a window of time, with their quality."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from mutegreen.model.domains import domain_class
from mutegreen.model.kinds import Flag, Quality

Timeline = tuple[tuple[float, float], ...]
"""Power in steps: (end of the step in seconds since the beginning, mean power in watts)."""


@dataclass(frozen=True)
class DomainEnergy:
    """Energy of one domain over one window.

    Args:
        domain: `gpu:<uuid>`, `cpu:package-<n>`, `dram:package-<n>` or `psys`.
        meter: Name of the meter that read it.
        quality: How the energy value was obtained.
        energy_j: Gross energy, joules; None: not measured, `reason` says why.
        idle_w: Power of the idle machine in this domain, watts; None: not known.
        duration_s: Length of the window, seconds.
        flags: Warnings about this value.
        reason: Why there is no value.
    """

    domain: str
    meter: str
    quality: Quality
    energy_j: float | None
    duration_s: float
    idle_w: float | None = None
    flags: frozenset[Flag] = frozenset()
    reason: str | None = None

    def __post_init__(self) -> None:
        if self.energy_j is None and not self.reason:
            raise ValueError(f"{self.domain}: a missing energy needs a reason")
        if self.energy_j is not None and not (math.isfinite(self.energy_j) and self.energy_j >= 0):
            raise ValueError(f"{self.domain}: {self.energy_j} is not an energy")

    @property
    def net_j(self) -> float | None:
        """Energy above idle, joules; None where gross energy or idle power is not known."""
        if self.energy_j is None or self.idle_w is None:
            return None
        return self.energy_j - self.idle_w * self.duration_s


@dataclass(frozen=True)
class Unavailable:
    """A meter, or a class of domains, that could not be read: why, and how to fix it."""

    meter: str
    reason: str
    remedy: str | None = None


@dataclass(frozen=True)
class Measurement:
    """Energy of all domains over one window, and the domains that could not be measured."""

    duration_s: float
    domains: tuple[DomainEnergy, ...] = ()
    unavailable: tuple[Unavailable, ...] = ()

    def of(self, class_name: str) -> tuple[DomainEnergy, ...]:
        """Return the domains of a class (`cpu`, `dram`, `gpu`); `psys` contains others and is in no class."""
        return tuple(d for d in self.domains if domain_class(d.domain) == class_name)

    def total_j(self, class_name: str) -> float | None:
        """Sum over a class of domains, joules; None if there is none or any of them is not measured."""
        return _sum_or_none(d.energy_j for d in self.of(class_name))

    def net_total_j(self, class_name: str) -> float | None:
        """Sum of net energies over a class of domains, joules; None as for `total_j`."""
        return _sum_or_none(d.net_j for d in self.of(class_name))

    def quality(self, class_name: str) -> Quality | None:
        """Quality of `total_j`."""
        return Quality.worst(d.quality for d in self.of(class_name))


@dataclass(frozen=True)
class Span:
    """A period without a gap in which trials were concurrent, with the exact energy of the devices.

    Attributes:
        started_at: Wall-clock time, ISO 8601 in UTC.
        measurement: Energy of the whole devices, from the start of the first training to the end of the last.
        attributed_j: Sum of the shares of all trainings in it, joules by domain.
        unattributed_j: Joules of a domain while no training could use it, such as one of two GPUs.
    """

    started_at: str
    measurement: Measurement
    attributed_j: dict[str, float]
    unattributed_j: dict[str, float] = field(default_factory=dict)


def _sum_or_none(parts: Iterable[float | None]) -> float | None:
    known = list(parts)
    if not known or any(part is None for part in known):
        return None
    return math.fsum(part for part in known if part is not None)
