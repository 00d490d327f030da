"""How the energy of shared devices is divided: idle power evenly, the rest by use. Pure functions.

Nothing is left over and nothing is made: the shares of the clients add up to the device. So what other programs take
meanwhile is theirs too, as it is in the figure of a training that runs alone.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from mutegreen.model import domain_class

CPU = "cpu"
"""The resource whose use divides the joules of processors and of their memory; a GPU's is its own domain."""

Use = Mapping[str, Mapping[str, float]]
"""Seconds in which each client kept each resource busy."""


@dataclass(frozen=True)
class SharedInterval:
    """A time in which nobody came or went.

    Attributes:
        duration_s: Its length, seconds.
        energy_j: Joules of the whole devices by domain; None: not known.
        idle_w: Idle power by domain, watts, as far as it is known.
        clients: Who was there, and the domains that each took part in; None: in all.
        use: What they did; a client or a resource that is missing is one of which nothing is known.
    """

    duration_s: float
    energy_j: Mapping[str, float | None]
    idle_w: Mapping[str, float]
    clients: Mapping[str, frozenset[str] | None]
    use: Use = field(default_factory=dict)

    def takers(self, domain: str) -> tuple[str, ...]:
        """Return the clients that take part in a domain."""
        return tuple(client for client, own in self.clients.items() if own is None or domain in own)


@dataclass(frozen=True)
class DomainShare:
    """What one client took of one domain.

    Attributes:
        energy_j: All of it, joules.
        idle_j: What of that is its share of the idle power; None: the idle power is not known.
        by_use_j: What of that was divided by use.
        is_shared: Whether others took part too.
    """

    energy_j: float
    idle_j: float | None
    by_use_j: float
    is_shared: bool


def resource(domain: str) -> str | None:
    """Return the resource by whose use a domain is divided; None for `psys`, which holds more than one."""
    group = domain_class(domain)
    return domain if group == "gpu" else CPU if group in {"cpu", "dram"} else None


def share_out(interval: SharedInterval) -> dict[str, dict[str, DomainShare]]:
    """Return each client's part of each domain of known energy that it takes part in.

    The parts of a domain add up to its energy, but for rounding. The idle part is `idle_w` times the duration, at
    most all of the energy, and is divided evenly; where it is not known, all energy counts as active. The active part
    is divided by use, or evenly where nobody's use is known.
    """
    parts: dict[str, dict[str, DomainShare]] = {client: {} for client in interval.clients}
    for domain, energy_j in interval.energy_j.items():
        takers = interval.takers(domain)
        if energy_j is not None and takers:
            for client, part in _divide(interval, domain, energy_j, takers).items():
                parts[client][domain] = part
    return parts


def unattributed(interval: SharedInterval) -> dict[str, float]:
    """Joules of the domains in which none of the clients takes part."""
    return {
        domain: energy_j for domain, energy_j in interval.energy_j.items() if energy_j and not interval.takers(domain)
    }


def join(first: SharedInterval, second: SharedInterval) -> SharedInterval:
    """Two intervals of the same clients as one; a domain whose energy is missing in either has none."""
    energy_j = {d: _sum(first.energy_j[d], second.energy_j.get(d)) for d in first.energy_j if d in second.energy_j}
    return SharedInterval(
        first.duration_s + second.duration_s,
        {domain: energy_j.get(domain) for domain in {**first.energy_j, **second.energy_j}},
        {**first.idle_w, **second.idle_w},
        second.clients,
        {client: _add(first.use.get(client, {}), second.use.get(client, {})) for client in second.clients},
    )


def _divide(interval: SharedInterval, domain: str, energy_j: float, takers: Collection[str]) -> dict[str, DomainShare]:
    idle_w = interval.idle_w.get(domain)
    idle_j = 0.0 if idle_w is None else min(energy_j, max(0.0, idle_w * interval.duration_s))
    active_j = energy_j - idle_j
    weights = _weights(interval.use, resource(domain), takers)
    even = 1 / len(takers)
    return {
        client: DomainShare(
            energy_j=idle_j * even + active_j * (weights[client] if weights else even),
            idle_j=None if idle_w is None else idle_j * even,
            by_use_j=active_j * weights[client] if weights else 0.0,
            is_shared=len(takers) > 1,
        )
        for client in takers
    }


def _weights(use: Use, by: str | None, takers: Collection[str]) -> dict[str, float]:
    """Return each client's part of the use, which add up to 1; empty where nobody's is known."""
    known = {client: use.get(client, {}).get(by, 0.0) if by else 0.0 for client in takers}
    used = {client: seconds if math.isfinite(seconds) and seconds > 0 else 0.0 for client, seconds in known.items()}
    total = math.fsum(used.values())
    return {client: seconds / total for client, seconds in used.items()} if total > 0 else {}


def _sum(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first + second


def _add(first: Mapping[str, float], second: Mapping[str, float]) -> dict[str, float]:
    return {key: first.get(key, 0.0) + second.get(key, 0.0) for key in {**first, **second}}
