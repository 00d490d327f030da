"""What each training had spent at the end of each epoch, as the statistics read it."""

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
    """A row for each epoch of each training, in the order of time.

    There `performance` is that at the end of the epoch, and energy (joules) and duration (seconds) are those from the
    beginning of the training until then; a domain not measured is NaN. Trainings whose performance is read from a
    file have no time stamps, and no rows here.

    Args:
        store: Where the audit is kept.
        audit: The audit.
        rows: Its trainings, as `rows_frame` gives them; their other columns are repeated.
    """
    phases = store.phases(audit.id)
    found: list[Record] = []
    for record in store.trials(audit.id):
        if record.result is not None:
            found += _of_trial(record.trial.number, record.result, phases.get(record.trial.number, ()))
    epochs = pd.DataFrame(found, columns=["trial", *METRICS])
    return rows.drop(columns=list(METRICS)).merge(epochs.astype(dict.fromkeys(METRICS, "float64")), on="trial")


def _of_trial(number: int, result: TrialResult, phases: Sequence[Phase]) -> Iterator[Record]:
    epochs = [epoch for epoch in result.epochs if epoch.time_s is not None]
    for epoch, spent in zip(epochs, itertools.accumulate(phases, _added), strict=False):
        energies = _energies(spent, result.measurement)
        yield {"trial": number, **energies, "duration_s": epoch.time_s, "performance": epoch.performance}


def _added(before: Phase, phase: Phase) -> Phase:
    energy_j = {domain: before.energy_j.get(domain, math.nan) + joules for domain, joules in phase.energy_j.items()}
    return Phase(phase.name, before.begin_s, phase.end_s, energy_j)


def _energies(spent: Phase, measurement: Measurement) -> Record:
    """Joules of each class of domains; None where a domain of the class has no timeline."""
    found: Record = {}
    for metric, domain_class in DOMAIN_OF_METRIC.items():
        domains = [figure.domain for figure in measurement.of(domain_class)]
        known = measurement.total_j(domain_class) is not None and all(name in spent.energy_j for name in domains)
        found[metric] = math.fsum(spent.energy_j[name] for name in domains) if known else None
    return found
