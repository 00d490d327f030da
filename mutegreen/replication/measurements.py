"""Analyse the audits of the study by the published and by the careful protocol."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mutegreen.model import DOMAIN_OF_METRIC, ORIGINAL
from mutegreen.stats import careful, paper
from mutegreen.stats.analysis import Analysis
from mutegreen.stats.careful import CarefulAnalysis
from mutegreen.store.export_rows import Record, records
from mutegreen.store.rows import rows_frame
from mutegreen.store.store import Store


@dataclass(frozen=True)
class Measurements:
    """The results of the audits in this store.

    Attributes:
        paper: Analysis by the published protocol, for comparison with the published results.
        careful: Analysis by the careful protocol.
        outcomes: By audit, the number of trials by outcome.
        spent_j: Measured energy of all trials, joules; None: no energy was measured.
    """

    paper: Analysis
    careful: CarefulAnalysis
    outcomes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    spent_j: float | None = None

    @property
    def is_sound(self) -> bool:
        """Whether all trials ended well."""
        return all(set(counts) <= {"ok"} for counts in self.outcomes.values())


def measurements(store: Store, audits: Iterable[str]) -> Measurements | None:
    """Analyse audits together, each as a scenario; return None if no trial of an original ended well."""
    stored = [store.audit(audit) for audit in audits]
    rows = [row for audit in stored for row in _comparable(records(store, audit))]
    if not rows:
        return None
    frame = rows_frame(rows)
    goals = {audit.subject: audit.goal for audit in stored}
    return Measurements(
        paper=paper.analyse(frame, goals),
        careful=careful.analyse(frame, goals, {audit.subject: audit.tolerance for audit in stored}),
        outcomes={audit.id: store.outcomes(audit.id) for audit in stored},
        spent_j=spent_j(store, (audit.id for audit in stored)),
    )


def _comparable(rows: list[Record]) -> list[Record]:
    """Return the rows of an audit; none if all trials of the original failed, because mutants are compared with it."""
    return rows if any(row["mutant"] == ORIGINAL for row in rows) else []


def spent_j(store: Store, audits: Iterable[str]) -> float | None:
    """Return the measured energy of all trials of audits, whatever their outcome; None: no energy was measured."""
    results = [record.result for audit in audits for record in store.trials(audit) if record.result is not None]
    energies = [result.measurement.total_j(name) for result in results for name in DOMAIN_OF_METRIC.values()]
    known = [energy_j for energy_j in energies if energy_j is not None]
    return sum(known) if known else None
