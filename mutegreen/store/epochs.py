"""Builds the table of energy, time and performance at the end of each epoch, for the statistics."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import pandas as pd

from mutegreen.model import DOMAIN_OF_METRIC, METRICS, Measurement, Phase, TrialResult
from mutegreen.store.audit_records import AuditRecord
from mutegreen.store.store import Store

Record = dict[str, object]


def epochs_frame(store: Store, audit: AuditRecord, rows: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each epoch of each trial, in the order of time.

    Args:
        store: The store of the audit.
        audit: The audit.
        rows: Its rows in the form of `rows_frame`, m of them.

    Returns:
        The columns of `rows`. `performance` is that at the end of the epoch. Energies (joules) and duration (seconds)
        are cumulative from the start of the training to the end of the epoch; NaN: not measured. A trial whose
        performance is read from a file has no time stamps and so no rows.
    """
    phases = store.phases(audit.id)
    records: list[Record] = []
    for record in store.trials(audit.id):
        if record.result is not None:
            records += _of_trial(record.trial.number, record.result, phases.get(record.trial.number, ()))
    epochs = pd.DataFrame(records, columns=["trial", *METRICS])
    return rows.drop(columns=list(METRICS)).merge(epochs.astype(dict.fromkeys(METRICS, "float64")), on="trial")


def _of_trial(number: int, result: TrialResult, phases: Sequence[Phase]) -> Iterator[Record]:
    epochs = [epoch for epoch in result.epochs if epoch.time_s is not None]
    for epoch, total in zip(epochs, itertools.accumulate(phases, _sum), strict=False):
        energies = _energies(total, result.measurement)
        yield {"trial": number, **energies, "duration_s": epoch.time_s, "performance": epoch.performance}


def _sum(before: Phase, phase: Phase) -> Phase:
    energy_j = {domain: before.energy_j.get(domain, math.nan) + joules for domain, joules in phase.energy_j.items()}
    return Phase(phase.name, before.begin_s, phase.end_s, energy_j)


def _energies(total: Phase, measurement: Measurement) -> Record:
    """Return the joules of each class of domains; None if a domain of the class has no timeline."""
    energies: Record = {}
    for metric, domain_class in DOMAIN_OF_METRIC.items():
        domains = [energy.domain for energy in measurement.of(domain_class)]
        known = measurement.total_j(domain_class) is not None and all(name in total.energy_j for name in domains)
        energies[metric] = math.fsum(total.energy_j[name] for name in domains) if known else None
    return energies
