"""Records to the store's rows and back: enums as texts, structures as JSON."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from mutegreen.model import (
    DEFAULT_SEED,
    AuditOptions,
    BackgroundRun,
    Beside,
    Change,
    Company,
    Compat,
    Data,
    DomainEnergy,
    Epoch,
    Evidence,
    Figure,
    Flag,
    Goal,
    Limits,
    Measurement,
    Metering,
    Mutant,
    Outcome,
    Phase,
    PlanOptions,
    Quality,
    Seeding,
    Span,
    StandIn,
    Trial,
    TrialResult,
    Unavailable,
)
from mutegreen.store.audit_records import AuditRecord, BackgroundRecord, MutantRecord, TrialRecord


def audit_row(audit: AuditRecord) -> dict[str, object]:
    """An audit as a row; what is found later is still empty."""
    row = asdict(audit)
    for column in ("options", "environment", "notes", "also", "backgrounds", "peak_bytes"):
        row[column] = json.dumps(row[column])
    row["data"] = json.dumps(row["data"]) if audit.data else None
    for column in ("idle_w", "unavailable"):
        row[column] = None
    return row


def to_audit(row: sqlite3.Row) -> AuditRecord:
    """The audit of a row."""
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
        also=tuple(Figure(**item | {"goal": Goal(item["goal"])}) for item in json.loads(row["also"])),
        backgrounds=to_backgrounds(row["backgrounds"]),
        peak_bytes=json.loads(row["peak_bytes"]),
    )


def to_options(text: str) -> AuditOptions:
    """The options of a text; what another version left out has its default, and what it added is not read."""
    kept = json.loads(text)
    limits, metering, seeding = kept.get("limits", {}), kept.get("metering", {}), kept.get("seeding")
    return AuditOptions(
        plan=_plan_options(kept.get("plan", {})),
        seeding=Seeding(seeding) if seeding else None,
        limits=Limits(
            timeout_s=limits.get("timeout_s"),
            cooldown_s=limits.get("cooldown_s"),
            warm_up_s=limits.get("warm_up_s"),
            idle_s=limits.get("idle_s"),
        ),
        metering=Metering(meters=tuple(metering.get("meters", ())), require=tuple(metering.get("require", ()))),
        jobs=kept.get("jobs"),
    )


def _plan_options(kept: Mapping[str, Any]) -> PlanOptions:
    operators, compat = kept.get("operators"), kept.get("compat")
    return PlanOptions(
        preset=kept.get("preset"),
        operators=None if operators is None else tuple(operators),
        mutants=kept.get("mutants"),
        repetitions=kept.get("repetitions"),
        values={name: tuple(texts) for name, texts in kept.get("values", {}).items()},
        order=kept.get("order"),
        seed=kept.get("seed", DEFAULT_SEED),
        same_seed=kept.get("same_seed", False),
        compat=None if compat is None else tuple(map(Compat, compat)),
    )


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
        "standins": json.dumps([asdict(item) for item in result.standins]),
        "company": company_text(result.company),
    }


def phase_row(phase: Phase) -> dict[str, object]:
    """A phase as a row."""
    return asdict(phase) | {"energy_j": json.dumps(phase.energy_j)}


def to_phase(row: sqlite3.Row) -> Phase:
    """The phase of a row."""
    return Phase(row["name"], row["begin_s"], row["end_s"], json.loads(row["energy_j"]))


def to_epoch(row: sqlite3.Row) -> Epoch:
    """The epoch of a row."""
    return Epoch(_number(row["performance"]), row["time_s"])


def _number(kept: float | None) -> float:
    """SQLite keeps a figure that is not a number as NULL."""
    return math.nan if kept is None else kept


def to_figures(rows: Sequence[sqlite3.Row]) -> dict[str, float]:
    """Further figures of rows, by name."""
    return {row["name"]: _number(row["value"]) for row in rows}


def to_trial(row: sqlite3.Row, result: TrialResult | None) -> TrialRecord:
    """The trial of a row, with its result if it has ended."""
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
    row: sqlite3.Row, energies: Sequence[sqlite3.Row], epochs: Sequence[sqlite3.Row], figures: Sequence[sqlite3.Row]
) -> TrialResult | None:
    """The result of a trial's row, with its rows in other tables; None if it has not ended."""
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
        evidence=tuple(Evidence(**item) for item in json.loads(row["evidence"] or "[]")),
        standins=tuple(
            StandIn(**item | {"name": Compat(item["name"])}) for item in json.loads(row["standins"] or "[]")
        ),
        also=to_figures(figures),
        company=to_company(row["company"]),
    )


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


def company_text(company: Company | None) -> str | None:
    """A trial's company as text; None: it was alone."""
    if company is None:
        return None
    return json.dumps(asdict(company) | {"shares": [energy_row(share) for share in company.shares]})


def to_company(text: str | None) -> Company | None:
    """The company of a text."""
    if text is None:
        return None
    fields = json.loads(text)
    return Company(
        beside=tuple(Beside(**item) for item in fields["beside"]),
        shares=tuple(to_domain(item) for item in fields["shares"]),
        backgrounds=tuple(BackgroundRun(**item) for item in fields["backgrounds"]),
        by_use=fields["by_use"],
    )


def to_backgrounds(text: str) -> tuple[BackgroundRecord, ...]:
    """The backgrounds of a text."""
    return tuple(BackgroundRecord(**item | {"words": tuple(item["words"])}) for item in json.loads(text))


def span_rows(span: Span) -> Iterator[dict[str, object]]:
    """A span as rows, one a domain."""
    for domain in span.measurement.domains:
        yield energy_row(domain) | {
            "started_at": span.started_at,
            "duration_s": span.measurement.duration_s,
            "attributed_j": span.attributed_j.get(domain.domain),
            "nobody_j": span.nobody_j.get(domain.domain),
        }


def to_spans(rows: Sequence[sqlite3.Row]) -> tuple[Span, ...]:
    """The spans of rows in their order."""
    return tuple(_span(list(own)) for _, own in groupby(rows, key=lambda row: row["number"]))


def _span(rows: list[sqlite3.Row]) -> Span:
    figures = {part: {row["domain"]: row[part] for row in rows} for part in ("attributed_j", "nobody_j")}
    known = {part: {d: joules for d, joules in own.items() if joules is not None} for part, own in figures.items()}
    measurement = Measurement(rows[0]["duration_s"], tuple(to_domain(row) for row in rows))
    return Span(rows[0]["started_at"], measurement, **known)
