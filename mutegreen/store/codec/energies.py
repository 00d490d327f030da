"""Converts the energy of domains and of spans to rows of the store and back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from mutegreen.model import DomainEnergy, Flag, Measurement, Quality, Span


def energy_row(domain: DomainEnergy) -> dict[str, object]:
    """Return the energy of a domain as a row."""
    return asdict(domain) | {"quality": str(domain.quality), "flags": " ".join(sorted(domain.flags))}


def to_domain(row: sqlite3.Row | Mapping[str, Any]) -> DomainEnergy:
    """Return the energy of the domain in a row."""
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


def span_rows(span: Span) -> Iterator[dict[str, object]]:
    """Yield the rows of a span, one for each domain."""
    for domain in span.measurement.domains:
        yield energy_row(domain) | {
            "started_at": span.started_at,
            "duration_s": span.measurement.duration_s,
            "attributed_j": span.attributed_j.get(domain.domain),
            "nobody_j": span.unattributed_j.get(domain.domain),
        }


def to_spans(rows: Sequence[sqlite3.Row]) -> tuple[Span, ...]:
    """Return the spans of rows that are in their order."""
    return tuple(_span(list(own)) for _, own in groupby(rows, key=lambda row: row["number"]))


def _span(rows: list[sqlite3.Row]) -> Span:
    measurement = Measurement(rows[0]["duration_s"], tuple(to_domain(row) for row in rows))
    return Span(rows[0]["started_at"], measurement, _by_domain(rows, "attributed_j"), _by_domain(rows, "nobody_j"))


def _by_domain(rows: Sequence[sqlite3.Row], column: str) -> dict[str, float]:
    return {row["domain"]: row[column] for row in rows if row[column] is not None}
