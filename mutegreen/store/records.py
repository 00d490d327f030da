"""Rows: one for each trial of an audit that ended `ok`, as statistics and exports read them."""

from __future__ import annotations

from mutegreen.model import DOMAIN_OF_METRIC, ORIGINAL, ROW_COLUMNS, Measurement, Mutant, TrialResult
from mutegreen.store.store import AuditRecord, Store, TrialRecord

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
    "flags",
    "cpu_s",
    "peak_rss_bytes",
    "audit",
    "trial",
)
"""The contract's columns, then ours, in the order in which they are exported."""

Record = dict[str, object]


def records(store: Store, audit: AuditRecord) -> list[Record]:
    """The rows of an audit, in the order of its trials; a domain not measured is None."""
    mutants = {record.mutant.id: record.mutant for record in store.mutants(audit.id)}
    ended = [(r, r.result) for r in store.trials(audit.id) if r.result is not None and r.result.outcome == "ok"]
    return [_record(audit, mutants[record.trial.mutant], record, result) for record, result in ended]


def _record(audit: AuditRecord, mutant: Mutant, record: TrialRecord, result: TrialResult) -> Record:
    trial = record.trial
    found = {
        "subject": audit.subject,
        "background": None,
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
        "flags": " ".join(sorted({flag for d in result.measurement.domains for flag in d.flags})),
        "cpu_s": result.cpu_s,
        "peak_rss_bytes": result.peak_rss_bytes,
        "audit": audit.id,
        "trial": trial.number,
    }
    return {column: found[column] for column in COLUMNS}


def _energies(measurement: Measurement) -> Record:
    found: Record = {}
    for metric, domain_class in DOMAIN_OF_METRIC.items():
        quality = measurement.quality(domain_class)
        found[metric] = measurement.total_j(domain_class)
        found[NET_COLUMNS[metric]] = measurement.net_total_j(domain_class)
        found[QUALITY_COLUMNS[metric]] = str(quality) if quality is not None else None
    return found
