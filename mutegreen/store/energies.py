"""The energy of a domain, to a row of the store and back."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from mutegreen.model import DomainEnergy, Flag, Quality


def energy_row(domain: DomainEnergy) -> dict[str, object]:
    """A domain's energy as a row."""
    return asdict(domain) | {"quality": str(domain.quality), "flags": " ".join(sorted(domain.flags))}


def to_domain(row: sqlite3.Row | Mapping[str, Any]) -> DomainEnergy:
    """The domain's energy of a row."""
    return DomainEnergy(
        domain=row["domain"],
        meter=row["meter"],
        quality=Quality(row["quality"]),
        energy_j=row["energy_j"],
        duration_s=row["duration_s"],
        idle_w=row["idle_w"],
        flags=frozenset(Flag(flag) for flag in row["flags"].split()),
        reason=row["reason"],
    )
