"""What one client has taken so far, and its share in the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from mutegreen.attribution.sharing import DomainShare
from mutegreen.attribution.usage import Memory
from mutegreen.model import DomainEnergy, Measurement, Quality


@dataclass(frozen=True)
class ClientShare:
    """What one client took of the devices, from `enter` to `leave`.

    Attributes:
        duration_s: From `enter` to `leave`, seconds.
        domains: Of the domains that it took part in, its joules. Of one that it shared with others at any time:
            quality `attributed` or worse, and as `idle_w` its part of the idle power, so that `net_j` holds. Of one
            that it had to itself: as the meter has it. None with the reason where the device has no figure.
        overlap_s: How long it ran beside each other client, seconds; empty: it was alone.
        by_use: DomainShare of the joules from the time in company that was divided by measured use, 0 to 1, by domain;
            the rest is idle power, and what nothing was known of. Without the domains that it had to itself.
        cpu_s: CPU time of its processes, seconds; None: not known.
        peak_host_bytes: Largest memory of its processes together, as seen once a second; None: never seen.
        peak_gpu_bytes: The same of each GPU where it is known, by domain.
    """

    duration_s: float
    domains: tuple[DomainEnergy, ...]
    overlap_s: dict[str, float]
    by_use: dict[str, float]
    cpu_s: float | None
    peak_host_bytes: int | None
    peak_gpu_bytes: dict[str, int]


class Account:
    """Adds up what a client takes.

    Args:
        domains: The domains that it takes part in; None: all.

    Attributes:
        key: The key of its window.
        cpu_s: CPU time so far, seconds; None: not known.
        memory: As last seen; None: not yet.
    """

    def __init__(self, domains: frozenset[str] | None) -> None:
        self.domains = domains
        self.key = object()
        self.cpu_s: float | None = None
        self.memory: Memory | None = None
        self._energy_j, self._idle_j = defaultdict[str, float](float), defaultdict[str, float](float)
        self._shared_j, self._by_use_j = defaultdict[str, float](float), defaultdict[str, float](float)
        self._without_idle: set[str] = set()
        self._overlap_s = defaultdict[str, float](float)
        self._peak_host_bytes: int | None = None
        self._peak_gpu_bytes: dict[str, int] = {}

    def add(self, parts: Mapping[str, DomainShare]) -> None:
        """Book its parts of an interval, by domain."""
        for domain, part in parts.items():
            self._energy_j[domain] += part.energy_j
            self._idle_j[domain] += part.idle_j or 0.0
            if part.idle_j is None:
                self._without_idle.add(domain)
            if part.is_shared:
                self._shared_j[domain] += part.energy_j
                self._by_use_j[domain] += part.by_use_j

    def add_overlap(self, others: Collection[str], duration_s: float) -> None:
        """Note who else was there."""
        for other in others:
            self._overlap_s[other] += duration_s

    def observe(self, cpu_s: float | None, memory: Memory) -> None:
        """Note what its processes have come to."""
        self.cpu_s, self.memory = cpu_s, memory
        if memory.host_bytes is not None:
            self._peak_host_bytes = max(self._peak_host_bytes or 0, memory.host_bytes)
        for domain, used_bytes in memory.gpu_bytes.items():
            self._peak_gpu_bytes[domain] = max(self._peak_gpu_bytes.get(domain, 0), used_bytes)

    def share(self, whole: Measurement) -> ClientShare:
        """Return its share, given what the whole devices took in its time."""
        own = [figure for figure in whole.domains if self.domains is None or figure.domain in self.domains]
        return ClientShare(
            duration_s=whole.duration_s,
            domains=tuple(map(self._figure, own)),
            overlap_s=dict(self._overlap_s),
            by_use={d: self._by_use_j[d] / shared_j if shared_j > 0 else 0.0 for d, shared_j in self._shared_j.items()},
            cpu_s=self.cpu_s,
            peak_host_bytes=self._peak_host_bytes,
            peak_gpu_bytes=dict(self._peak_gpu_bytes),
        )

    def _figure(self, whole: DomainEnergy) -> DomainEnergy:
        domain = whole.domain
        quality = Quality.worst([whole.quality, Quality.ATTRIBUTED]) if domain in self._shared_j else None
        if whole.energy_j is None:
            return replace(whole, quality=quality or whole.quality)
        energy_j = max(0.0, self._energy_j[domain])
        if quality is None:
            return replace(whole, energy_j=energy_j)
        return replace(whole, energy_j=energy_j, quality=quality, idle_w=self._idle_w(whole))

    def _idle_w(self, whole: DomainEnergy) -> float | None:
        """Return its part of the idle power, mean over its time."""
        known = whole.domain not in self._without_idle and whole.duration_s > 0
        return self._idle_j[whole.domain] / whole.duration_s if known else None
