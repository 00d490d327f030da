"""Builds the rows of an audit, one for each trial that ended `ok`, for statistics and exports."""

from __future__ import annotations

import json
import math

from mutegreen.model import DOMAIN_OF_METRIC, ORIGINAL, ROW_COLUMNS, Measurement, Mutant, Phase, TrialResult
from mutegreen.store import colocation_columns, extra_metrics
from mutegreen.store.audit_records import AuditRecord, TrialRecord
from mutegreen.store.store import Store

NET_COLUMNS = {metric: f"net_{metric}" for metric in DOMAIN_OF_METRIC}
QUALITY_COLUMNS = {metric: f"quality_{metric}" for metric in DOMAIN_OF_METRIC}
COLUMNS = (
    *ROW_COLUMNS,
    "outcome",
    "block",
    "position",
    "seed",
    *QUALITY_COLUMNS.values(),
    *NET_COLUMNS.values(),
    "changes",
    "goal",
    "flags",
    "cpu_s",
    "peak_rss_bytes",
    "audit",
    "trial",
    "data",
    *colocation_columns.COLUMNS,
)
"""All columns in the order of the export: those that every CSV file of rows must have, then the others."""

Record = dict[str, object]


def columns_of(audit: AuditRecord) -> tuple[str, ...]:
    """Return the columns of an audit's rows: `COLUMNS`, then those of its extra metrics."""
    return (*COLUMNS, *extra_metrics.columns_of(audit.also))


def records(store: Store, audit: AuditRecord) -> list[Record]:
    """Return the rows of an audit in the order of its trials; None: not measured."""
    mutants = {record.mutant.id: record.mutant for record in store.mutants(audit.id)}
    succeeded = [(r, r.result) for r in store.trials(audit.id) if r.result is not None and r.result.outcome == "ok"]
    return [_record(audit, mutants[record.trial.mutant], record, result) for record, result in succeeded]


def phase_records(store: Store, audit: AuditRecord) -> list[Record]:
    """Return the number, total duration and total energy of the phases of each name, for each trial that ended `ok`.

    Returns:
        Records with the keys mutant, hyperparameter, value, trial, phase, occurrences, duration_s and the energy
        metrics (None: not measured), mutant by mutant, the original first.
    """
    mutants = {record.mutant.id: record.mutant for record in store.mutants(audit.id)}
    phases = store.phases(audit.id)
    rows: list[Record] = []
    for record in store.trials(audit.id):
        if record.result is not None and record.result.outcome == "ok":
            parts = phases.get(record.trial.number, ())
            for name in dict.fromkeys(part.name for part in parts):
                own = [part for part in parts if part.name == name]
                rows.append(_phase_record(mutants[record.trial.mutant], record, own, record.result.measurement))
    order = list(mutants)
    return sorted(rows, key=lambda row: order.index(str(row["mutant"])))


def _phase_record(mutant: Mutant, record: TrialRecord, parts: list[Phase], measurement: Measurement) -> Record:
    return {
        "mutant": mutant.id,
        "hyperparameter": mutant.hyperparameter,
        "value": mutant.value,
        "trial": record.trial.number,
        "phase": parts[0].name,
        "occurrences": len(parts),
        "duration_s": math.fsum(part.end_s - part.begin_s for part in parts),
        **{metric: _phase_j(parts, measurement, group) for metric, group in DOMAIN_OF_METRIC.items()},
    }


def _phase_j(parts: list[Phase], measurement: Measurement, domain_class: str) -> float | None:
    """Return the joules of a class of domains in these phases; None if the trial has no energy of the class."""
    if measurement.total_j(domain_class) is None:
        return None
    domains = {energy.domain for energy in measurement.of(domain_class)}
    return math.fsum(energy for part in parts for domain, energy in part.energy_j.items() if domain in domains)


def _record(audit: AuditRecord, mutant: Mutant, record: TrialRecord, result: TrialResult) -> Record:
    trial = record.trial
    cells = {
        "subject": audit.subject,
        "background": colocation_columns.background_of(audit.backgrounds),
        "mutant": ORIGINAL if mutant.is_original else mutant.id,
        "hyperparameter": mutant.hyperparameter,
        "value": mutant.value,
        "default": mutant.default,
        "repetition": trial.repetition,
        **_energies(result.measurement),
        "duration_s": result.duration_s,
        "performance": result.performance,
        "outcome": str(result.outcome),
        "block": trial.block,
        "position": trial.position,
        "seed": trial.seed,
        "changes": _changes(mutant),
        "goal": str(audit.goal),
        "flags": " ".join(sorted({flag for d in result.measurement.domains for flag in d.flags})),
        "cpu_s": result.cpu_s,
        "peak_rss_bytes": result.peak_rss_bytes,
        "audit": audit.id,
        "trial": trial.number,
        "data": audit.data.label if audit.data else None,
        **colocation_columns.cells_of(result),
        **extra_metrics.cells_of(audit.also, result),
    }
    return {column: cells[column] for column in columns_of(audit)}


def _changes(mutant: Mutant) -> str | None:
    """Return the new values by hyperparameter, as a JSON object; None for the original."""
    return None if mutant.is_original else json.dumps({each.hyperparameter: each.value for each in mutant.changes})


def _energies(measurement: Measurement) -> Record:
    cells: Record = {}
    for metric, domain_class in DOMAIN_OF_METRIC.items():
        quality = measurement.quality(domain_class)
        cells[metric] = measurement.total_j(domain_class)
        cells[NET_COLUMNS[metric]] = measurement.net_total_j(domain_class)
        cells[QUALITY_COLUMNS[metric]] = str(quality) if quality is not None else None
    return cells
