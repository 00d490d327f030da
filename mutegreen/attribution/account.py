"""Add up what one client uses, and return its share at the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from mutegreen.attribution.sharing import DomainShare
from mutegreen.attribution.usage import Memory
from mutegreen.model import DomainEnergy, Measurement, Quality


@dataclass(frozen=True)
class ClientShare:
    """What one client used of the devices, from `enter` to `leave`.

    Attributes:
        duration_s: From `enter` to `leave`, seconds.
        domains: The client's joules of each domain that it uses. If it shared a domain with others at any time, the
            quality is `attributed` or worse, and `idle_w` is its share of the idle power, as `net_j` needs. If not, the
            values are those of the meter. If the device has no value, the energy is None, with the reason.
        overlap_s: How long it ran together with each other client, seconds; empty: it was exclusive.
        by_use: Part of the joules that was divided by measured use, 0 to 1, by domain, of the joules while the domain
            was shared. The rest is idle power, and energy without known use. Domains that it never shared are missing.
        cpu_s: CPU time of its processes, seconds; None: not known.
        peak_host_bytes: Largest memory of its processes together, observed once a second; None: never observed.
        peak_gpu_bytes: The same on each GPU where it is known, by domain.
    """

    duration_s: float
    domains: tuple[DomainEnergy, ...]
    overlap_s: dict[str, float]
    by_use: dict[str, float]
    cpu_s: float | None
    peak_host_bytes: int | None
    peak_gpu_bytes: dict[str, int]


class Account:
    """Adds up what a client uses.

    Args:
        domains: The domains that it uses; None: all.

    Attributes:
        key: The key of its window in the recorder.
        cpu_s: CPU time so far, seconds; None: not known.
        memory: Memory at the last observation; None: not observed yet.
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

    def add(self, shares: Mapping[str, DomainShare]) -> None:
        """Add its shares of an interval, by domain."""
        for domain, share in shares.items():
            self._energy_j[domain] += share.energy_j
            self._idle_j[domain] += share.idle_j or 0.0
            if share.idle_j is None:
                self._without_idle.add(domain)
            if share.is_shared:
                self._shared_j[domain] += share.energy_j
                self._by_use_j[domain] += share.by_use_j

    def add_overlap(self, others: Collection[str], duration_s: float) -> None:
        """Add the time that it ran together with other clients.

        Args:
            others: The other clients.
            duration_s: The time, seconds.
        """
        for other in others:
            self._overlap_s[other] += duration_s

    def observe(self, cpu_s: float | None, memory: Memory) -> None:
        """Record the CPU time and the memory of its processes."""
        self.cpu_s, self.memory = cpu_s, memory
        if memory.host_bytes is not None:
            self._peak_host_bytes = max(self._peak_host_bytes or 0, memory.host_bytes)
        for domain, used_bytes in memory.gpu_bytes.items():
            self._peak_gpu_bytes[domain] = max(self._peak_gpu_bytes.get(domain, 0), used_bytes)

    def share(self, whole: Measurement) -> ClientShare:
        """Return what the client used, with its part of the energy of the shared domains.

        Args:
            whole: Energy of the whole devices from `enter` to `leave`.
        """
        used = [energy for energy in whole.domains if self.domains is None or energy.domain in self.domains]
        return ClientShare(
            duration_s=whole.duration_s,
            domains=tuple(map(self._domain_energy, used)),
            overlap_s=dict(self._overlap_s),
            by_use={d: self._by_use_j[d] / shared_j if shared_j > 0 else 0.0 for d, shared_j in self._shared_j.items()},
            cpu_s=self.cpu_s,
            peak_host_bytes=self._peak_host_bytes,
            peak_gpu_bytes=dict(self._peak_gpu_bytes),
        )

    def _domain_energy(self, whole: DomainEnergy) -> DomainEnergy:
        domain = whole.domain
        quality = Quality.worst([whole.quality, Quality.ATTRIBUTED]) if domain in self._shared_j else None
        if whole.energy_j is None:
            return replace(whole, quality=quality or whole.quality)
        energy_j = max(0.0, self._energy_j[domain])
        if quality is None:
            return replace(whole, energy_j=energy_j)
        return replace(whole, energy_j=energy_j, quality=quality, idle_w=self._idle_w(whole))

    def _idle_w(self, whole: DomainEnergy) -> float | None:
        """Return its share of the idle power, mean over its time, watts; None: not known."""
        known = whole.domain not in self._without_idle and whole.duration_s > 0
        return self._idle_j[whole.domain] / whole.duration_s if known else None
