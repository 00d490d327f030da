"""What the audits of the study came to here, by the published protocol and by the careful one."""

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
    """Trainings of this store.

    Attributes:
        paper: Like the published figures, to be compared with them.
        careful: What can be relied on.
        outcomes: By audit, how many trainings ended how.
        spent_j: Energy of all trainings measured, joules; None: none was.
    """

    paper: Analysis
    careful: CarefulAnalysis
    outcomes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    spent_j: float | None = None

    @property
    def is_sound(self) -> bool:
        """Whether all trainings ended well."""
        return all(set(counts) <= {"ok"} for counts in self.outcomes.values())


def measurements(store: Store, audits: Iterable[str]) -> Measurements | None:
    """Analyses audits together, a scenario for each; None where not a single original ended well."""
    kept = [store.audit(audit) for audit in audits]
    rows = [row for audit in kept for row in _comparable(records(store, audit))]
    if not rows:
        return None
    frame = rows_frame(rows)
    goals = {audit.subject: audit.goal for audit in kept}
    return Measurements(
        paper=paper.analyse(frame, goals),
        careful=careful.analyse(frame, goals, {audit.subject: audit.tolerance for audit in kept}),
        outcomes={audit.id: store.outcomes(audit.id) for audit in kept},
        spent_j=spent_j(store, (audit.id for audit in kept)),
    )


def _comparable(rows: list[Record]) -> list[Record]:
    """The rows of an audit; none where all trainings of the original failed: there is nothing to compare with."""
    return rows if any(row["mutant"] == ORIGINAL for row in rows) else []


def spent_j(store: Store, audits: Iterable[str]) -> float | None:
    """Energy of all trainings of audits, as far as it was measured, however they ended; None: not measured."""
    results = [record.result for audit in audits for record in store.trials(audit) if record.result is not None]
    figures = [result.measurement.total_j(name) for result in results for name in DOMAIN_OF_METRIC.values()]
    known = [figure for figure in figures if figure is not None]
    return sum(known) if known else None
