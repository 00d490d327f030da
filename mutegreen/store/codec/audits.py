"""Converts audits, their options and their mutants to rows of the store and back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from mutegreen.model import (
    DEFAULT_SEED,
    AuditOptions,
    Change,
    Compat,
    Data,
    ExtraMetric,
    Goal,
    Limits,
    Metering,
    Mutant,
    PlanOptions,
    Seeding,
    Unavailable,
)
from mutegreen.store.audit_records import AuditRecord, BackgroundRecord, MutantRecord


def audit_row(audit: AuditRecord) -> dict[str, object]:
    """Return an audit as a row, without the values that are recorded later."""
    row = asdict(audit)
    for column in ("options", "environment", "notes", "also", "backgrounds", "peak_bytes"):
        row[column] = json.dumps(row[column])
    row["data"] = json.dumps(row["data"]) if audit.data else None
    for column in ("idle_w", "unavailable"):
        row[column] = None
    return row


def to_audit(row: sqlite3.Row) -> AuditRecord:
    """Return the audit of a row."""
    data = json.loads(row["data"] or "null")
    return AuditRecord(
        id=row["id"],
        subject=row["subject"],
        folder=row["folder"],
        digest=row["digest"],
        goal=Goal(row["goal"]),
        tolerance=row["tolerance"],
        options=to_options(row["options"]),
        environment=json.loads(row["environment"]),
        notes=tuple(json.loads(row["notes"])),
        created_at=row["created_at"],
        preflight_s=row["preflight_s"],
        idle_w=json.loads(row["idle_w"] or "null"),
        unavailable=tuple(Unavailable(**item) for item in json.loads(row["unavailable"] or "[]")),
        finished_at=row["finished_at"],
        data=Data(**data) if data else None,
        also=tuple(ExtraMetric(**item | {"goal": Goal(item["goal"])}) for item in json.loads(row["also"])),
        backgrounds=to_backgrounds(row["backgrounds"]),
        peak_bytes=json.loads(row["peak_bytes"]),
    )


def to_options(text: str) -> AuditOptions:
    """Return the options of a JSON text. A missing key has its default, and an unknown key is ignored."""
    options = json.loads(text)
    limits, metering, seeding = options.get("limits") or {}, options.get("metering") or {}, options.get("seeding")
    return AuditOptions(
        plan=_plan_options(options.get("plan") or {}),
        seeding=Seeding(seeding) if seeding else None,
        limits=Limits(
            timeout_s=limits.get("timeout_s"),
            cooldown_s=limits.get("cooldown_s"),
            warm_up_s=limits.get("warm_up_s"),
            idle_s=limits.get("idle_s"),
        ),
        metering=Metering(meters=tuple(metering.get("meters") or ()), require=tuple(metering.get("require") or ())),
        jobs=options.get("jobs"),
    )


def _plan_options(options: Mapping[str, Any]) -> PlanOptions:
    operators, compat = options.get("operators"), options.get("compat")
    return PlanOptions(
        preset=options.get("preset"),
        operators=None if operators is None else tuple(operators),
        mutants=options.get("mutants"),
        repetitions=options.get("repetitions"),
        values={name: tuple(texts) for name, texts in (options.get("values") or {}).items()},
        order=options.get("order"),
        seed=options.get("seed", DEFAULT_SEED),
        same_seed=options.get("same_seed", False),
        compat=None if compat is None else tuple(map(Compat, compat)),
    )


def to_backgrounds(text: str) -> tuple[BackgroundRecord, ...]:
    """Return the background loads of a JSON text."""
    return tuple(BackgroundRecord(**item | {"words": tuple(item["words"])}) for item in json.loads(text))


def mutant_row(audit: str, record: MutantRecord) -> dict[str, object]:
    """Return a mutant as a row. Its changes are JSON, which keeps the types of their values."""
    changes = json.dumps([asdict(change) for change in record.mutant.changes])
    return {"audit": audit, "id": record.mutant.id, "changes": changes, "diff": record.diff}


def to_mutant(row: sqlite3.Row) -> MutantRecord:
    """Return the mutant of a row."""
    changes = tuple(Change(**change) for change in json.loads(row["changes"]))
    return MutantRecord(Mutant(row["id"], changes), row["diff"])
