"""Divide the energy of shared devices among clients: idle energy evenly, active energy by use. Pure functions.

For one domain and one interval with n clients that use the domain:

    E          energy of the device, joules             I = min(E, max(0, idle_w * duration))   idle energy
    u_i        use of client i, seconds                 A = E - I                               active energy

    share_i = I / n  +  A * u_i / sum(u)        if sum(u) > 0
            = I / n  +  A / n                   otherwise

The shares add up to E. The energy of other programs is therefore part of the clients' shares, as it is part of the
energy of an exclusive training. Use is GPU time for a GPU, and CPU time for CPU packages and their memory.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from mutegreen.model import domain_class

CPU = "cpu"
"""The resource whose use divides the energy of CPU packages and memory; the resource of a GPU is its own domain."""

Use = Mapping[str, Mapping[str, float]]
"""Seconds for which each client kept each resource busy."""


@dataclass(frozen=True)
class SharedInterval:
    """A period in which no client entered or left.

    Attributes:
        duration_s: Its length, seconds.
        energy_j: Joules of the whole devices by domain; None: not known.
        idle_w: Known idle power by domain, watts.
        clients: The clients, and the domains that each uses; None: all.
        use: Their use; it is not known for clients and resources that are missing.
    """

    duration_s: float
    energy_j: Mapping[str, float | None]
    idle_w: Mapping[str, float]
    clients: Mapping[str, frozenset[str] | None]
    use: Use = field(default_factory=dict)

    def users(self, domain: str) -> tuple[str, ...]:
        """Return the clients that use a domain."""
        return tuple(client for client, used in self.clients.items() if used is None or domain in used)


@dataclass(frozen=True)
class DomainShare:
    """The share of one client in one domain.

    Attributes:
        energy_j: Its energy, joules.
        idle_j: The idle energy in it, joules; None: the idle power is not known.
        by_use_j: The energy in it that was divided by use, joules.
        is_shared: Whether other clients use the domain, too.
    """

    energy_j: float
    idle_j: float | None
    by_use_j: float
    is_shared: bool


def resource(domain: str) -> str | None:
    """Return the resource whose use divides a domain; None for `psys`, which contains several."""
    class_name = domain_class(domain)
    return domain if class_name == "gpu" else CPU if class_name in {"cpu", "dram"} else None


def share_out(interval: SharedInterval) -> dict[str, dict[str, DomainShare]]:
    """Return the share of each client in each domain that it uses and whose energy is known.

    The shares of a domain add up to its energy, but for rounding. If the idle power is not known, all energy counts as
    active. If no client's use is known, the active energy is divided evenly.

    Returns:
        The shares by client and domain.
    """
    parts: dict[str, dict[str, DomainShare]] = {client: {} for client in interval.clients}
    for domain, energy_j in interval.energy_j.items():
        users = interval.users(domain)
        if energy_j is not None and users:
            for client, part in _divide(interval, domain, energy_j, users).items():
                parts[client][domain] = part
    return parts


def unattributed(interval: SharedInterval) -> dict[str, float]:
    """Return the joules of the domains that no client uses."""
    return {
        domain: energy_j for domain, energy_j in interval.energy_j.items() if energy_j and not interval.users(domain)
    }


def join(first: SharedInterval, second: SharedInterval) -> SharedInterval:
    """Join two intervals of the same clients; a domain whose energy is unknown in either has none in the result."""
    energy_j = {d: _sum(first.energy_j[d], second.energy_j.get(d)) for d in first.energy_j if d in second.energy_j}
    return SharedInterval(
        first.duration_s + second.duration_s,
        {domain: energy_j.get(domain) for domain in {**first.energy_j, **second.energy_j}},
        {**first.idle_w, **second.idle_w},
        second.clients,
        {client: _add(first.use.get(client, {}), second.use.get(client, {})) for client in second.clients},
    )


def _divide(interval: SharedInterval, domain: str, energy_j: float, users: Collection[str]) -> dict[str, DomainShare]:
    idle_w = interval.idle_w.get(domain)
    idle_j = 0.0 if idle_w is None else min(energy_j, max(0.0, idle_w * interval.duration_s))
    active_j = energy_j - idle_j
    weights = _weights(interval.use, resource(domain), users)
    even = 1 / len(users)
    return {
        client: DomainShare(
            energy_j=idle_j * even + active_j * (weights[client] if weights else even),
            idle_j=None if idle_w is None else idle_j * even,
            by_use_j=active_j * weights[client] if weights else 0.0,
            is_shared=len(users) > 1,
        )
        for client in users
    }


def _weights(use: Use, by: str | None, users: Collection[str]) -> dict[str, float]:
    """Return each client's fraction of the use, with sum 1; empty if no client's use is known."""
    known = {client: use.get(client, {}).get(by, 0.0) if by else 0.0 for client in users}
    used = {client: seconds if math.isfinite(seconds) and seconds > 0 else 0.0 for client, seconds in known.items()}
    total = math.fsum(used.values())
    return {client: seconds / total for client, seconds in used.items()} if total > 0 else {}


def _sum(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first + second


def _add(first: Mapping[str, float], second: Mapping[str, float]) -> dict[str, float]:
    return {key: first.get(key, 0.0) + second.get(key, 0.0) for key in {**first, **second}}
