"""Records to the store's rows and back: enums as texts, structures as JSON."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict

from mutegreen.model import (
    Change,
    DomainEnergy,
    Epoch,
    Evidence,
    Flag,
    Goal,
    Measurement,
    Mutant,
    Outcome,
    Phase,
    Quality,
    Trial,
    TrialResult,
    Unavailable,
)
from mutegreen.store.kept import AuditRecord, MutantRecord, TrialRecord


def audit_row(audit: AuditRecord) -> dict[str, object]:
    """An audit as a row; what is found later is still empty."""
    row = asdict(audit)
    for column in ("options", "environment", "notes"):
        row[column] = json.dumps(row[column])
    for column in ("idle_w", "unavailable"):
        row[column] = None
    return row


def to_audit(row: sqlite3.Row) -> AuditRecord:
    """The audit of a row."""
    fields = dict(row)
    for column in ("options", "environment", "notes", "idle_w", "unavailable"):
        fields[column] = json.loads(fields[column] or "null")
    fields["goal"] = Goal(fields["goal"])
    fields["notes"] = tuple(fields["notes"])
    fields["unavailable"] = tuple(Unavailable(**item) for item in fields["unavailable"] or ())
    return AuditRecord(**fields)


def mutant_row(audit: str, record: MutantRecord) -> dict[str, object]:
    """A mutant as a row; changes as JSON, which keeps the types of their values."""
    changes = json.dumps([asdict(change) for change in record.mutant.changes])
    return {"audit": audit, "id": record.mutant.id, "changes": changes, "diff": record.diff}


def to_mutant(row: sqlite3.Row) -> MutantRecord:
    """The mutant of a row."""
    changes = tuple(Change(**change) for change in json.loads(row["changes"]))
    return MutantRecord(Mutant(row["id"], changes), row["diff"])


def result_row(result: TrialResult) -> dict[str, object]:
    """A result as columns of its trial's row."""
    return {
        "outcome": result.outcome,
        "reason": result.reason,
        "started_at": result.started_at,
        "duration_s": result.duration_s,
        "cpu_s": result.cpu_s,
        "peak_rss_bytes": result.peak_rss_bytes,
        "status": result.status,
        "performance": result.performance,
        "evidence": json.dumps([asdict(item) for item in result.evidence]),
    }


def energy_row(domain: DomainEnergy) -> dict[str, object]:
    """The energy of a domain as a row."""
    row = asdict(domain)
    row["flags"] = " ".join(sorted(domain.flags))
    return row


def phase_row(phase: Phase) -> dict[str, object]:
    """A phase as a row."""
    return asdict(phase) | {"energy_j": json.dumps(phase.energy_j)}


def to_phase(row: sqlite3.Row) -> Phase:
    """The phase of a row."""
    return Phase(row["name"], row["begin_s"], row["end_s"], json.loads(row["energy_j"]))


def to_domain(row: sqlite3.Row) -> DomainEnergy:
    """The energy of a domain of a row."""
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


def to_epoch(row: sqlite3.Row) -> Epoch:
    """The epoch of a row."""
    # SQLite keeps a figure that is not a number as NULL.
    return Epoch(math.nan if row["performance"] is None else row["performance"], row["time_s"])


def to_trial(row: sqlite3.Row, energies: Sequence[sqlite3.Row], epochs: Sequence[sqlite3.Row]) -> TrialRecord:
    """The trial of a row, with its result if it has ended."""
    columns = ("number", "mutant", "block", "position", "repetition", "seed")
    trial = Trial(**{column: row[column] for column in columns})
    return TrialRecord(trial, to_result(row, energies, epochs) if row["outcome"] is not None else None)


def to_result(row: sqlite3.Row, energies: Sequence[sqlite3.Row], epochs: Sequence[sqlite3.Row]) -> TrialResult:
    """The result of a row."""
    return TrialResult(
        outcome=Outcome(row["outcome"]),
        reason=row["reason"],
        started_at=row["started_at"],
        duration_s=row["duration_s"],
        cpu_s=row["cpu_s"],
        peak_rss_bytes=row["peak_rss_bytes"],
        status=row["status"],
        performance=row["performance"],
        epochs=tuple(to_epoch(e) for e in epochs),
        measurement=Measurement(row["duration_s"], tuple(to_domain(e) for e in energies)),
        evidence=tuple(Evidence(**item) for item in json.loads(row["evidence"] or "[]")),
    )
