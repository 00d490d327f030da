"""Converts trials and their results to rows of the store and back."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from mutegreen.model import (
    BackgroundRun,
    Colocation,
    Compat,
    Epoch,
    Evidence,
    Measurement,
    Outcome,
    Overlap,
    Phase,
    ShimReport,
    Trial,
    TrialResult,
)
from mutegreen.store.audit_records import TrialRecord
from mutegreen.store.codec.energies import energy_row, to_domain

_EVIDENCE_KEYS = {"applied": "arrived"}
_EVIDENCE_FIELDS = {key: field for field, key in _EVIDENCE_KEYS.items()}
"""Fields of `Evidence` that are stored under another key, and the reverse."""


def result_row(result: TrialResult) -> dict[str, object]:
    """Return a result as columns of its trial's row."""
    return {
        "outcome": result.outcome,
        "reason": result.reason,
        "started_at": result.started_at,
        "duration_s": result.duration_s,
        "cpu_s": result.cpu_s,
        "peak_rss_bytes": result.peak_rss_bytes,
        "status": result.status,
        "performance": result.performance,
        "evidence": json.dumps([evidence_item(item) for item in result.evidence]),
        "standins": json.dumps([asdict(item) for item in result.shims]),
        "company": colocation_text(result.colocation),
    }


def phase_row(phase: Phase) -> dict[str, object]:
    """Return a phase as a row."""
    return asdict(phase) | {"energy_j": json.dumps(phase.energy_j)}


def to_phase(row: sqlite3.Row) -> Phase:
    """Return the phase of a row."""
    return Phase(row["name"], row["begin_s"], row["end_s"], json.loads(row["energy_j"]))


def evidence_item(evidence: Evidence) -> dict[str, object]:
    """Return evidence as a JSON object; `applied` is stored under its older name, `arrived`."""
    return {_EVIDENCE_KEYS.get(name, name): value for name, value in asdict(evidence).items()}


def to_evidence(item: Mapping[str, Any]) -> Evidence:
    """Return the evidence of a JSON object."""
    return Evidence(**{_EVIDENCE_FIELDS.get(key, key): value for key, value in item.items()})


def to_epoch(row: sqlite3.Row) -> Epoch:
    """Return the epoch of a row."""
    return Epoch(_number(row["performance"]), row["time_s"])


def _number(stored: float | None) -> float:
    """Return a stored number. SQLite stores NaN as NULL."""
    return math.nan if stored is None else stored


def to_metrics(rows: Sequence[sqlite3.Row]) -> dict[str, float]:
    """Return the extra metrics of rows, by name."""
    return {row["name"]: _number(row["value"]) for row in rows}


def to_trial(row: sqlite3.Row, result: TrialResult | None) -> TrialRecord:
    """Return the trial of a row, with its result if it has ended."""
    trial = Trial(
        number=row["number"],
        mutant=row["mutant"],
        block=row["block"],
        position=row["position"],
        repetition=row["repetition"],
        seed=row["seed"],
    )
    return TrialRecord(trial, result)


def to_result(
    row: sqlite3.Row, energies: Sequence[sqlite3.Row], epochs: Sequence[sqlite3.Row], metrics: Sequence[sqlite3.Row]
) -> TrialResult | None:
    """Return the result of a trial from its row and its rows in other tables; None if it has not ended."""
    if row["outcome"] is None:
        return None
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
        evidence=tuple(to_evidence(item) for item in json.loads(row["evidence"] or "[]")),
        shims=tuple(
            ShimReport(**item | {"name": Compat(item["name"])}) for item in json.loads(row["standins"] or "[]")
        ),
        also=to_metrics(metrics),
        colocation=to_colocation(row["company"]),
    )


def colocation_text(colocation: Colocation | None) -> str | None:
    """Return a trial's co-location as JSON; None: it ran exclusively."""
    if colocation is None:
        return None
    return json.dumps(
        {
            "beside": [asdict(overlap) for overlap in colocation.overlaps],
            "shares": [energy_row(share) for share in colocation.shares],
            "backgrounds": [asdict(run) for run in colocation.backgrounds],
            "by_use": colocation.by_use,
        }
    )


def to_colocation(text: str | None) -> Colocation | None:
    """Return the co-location of a JSON text."""
    if text is None:
        return None
    fields = json.loads(text)
    return Colocation(
        overlaps=tuple(Overlap(**item) for item in fields["beside"]),
        shares=tuple(to_domain(item) for item in fields["shares"]),
        backgrounds=tuple(BackgroundRun(**item) for item in fields["backgrounds"]),
        by_use=fields["by_use"],
    )
