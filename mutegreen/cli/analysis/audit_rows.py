"""Reads the rows of audits, and finds the exclusive audit to compare one with a background load with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mutegreen.cli.analysis.goals import analysed_metric, check_audits_agree
from mutegreen.errors import RowsError
from mutegreen.model import DOMAIN_OF_METRIC

if TYPE_CHECKING:
    import pandas as pd

    from mutegreen.store.audit_records import AuditRecord
    from mutegreen.store.export_rows import Record
    from mutegreen.store.store import Store


@dataclass(frozen=True)
class AuditRows:
    """Contents of the store about some audits.

    Attributes:
        audits: The chosen audits, then the exclusive audits that were added for comparison.
        named: Number of chosen audits.
        rows: Rows of all audits.
        epochs: Epochs of all audits, for the statistics; None if an extra metric is analysed as the performance.
        phases: Records of the phases of the first audit.
        spent_j: Energy of all trials with any outcome, joules, by subject and background; None: not known.
        outcomes: For each audit, the number of trials by outcome.
        without_exclusive: Audits with a background load for which there is no exclusive audit.
    """

    audits: Sequence[AuditRecord]
    named: int
    rows: pd.DataFrame
    epochs: pd.DataFrame | None
    phases: Sequence[Record]
    spent_j: dict[tuple[str, str], float | None]
    outcomes: Sequence[dict[str, int]]
    without_exclusive: Sequence[AuditRecord] = field(default_factory=tuple)

    def about(self) -> list[dict[str, Any]]:
        """Return the facts about each audit that its rows do not hold, JSON-ready."""
        return [
            {"audit": each.id, "outcomes": ended, "unmeasured": [asdict(item) for item in each.unavailable]}
            for each, ended in zip(self.audits, self.outcomes, strict=True)
        ]

    def hints(self) -> list[str]:
        """Return the commands that make the missing exclusive audits."""
        commands = dict.fromkeys(
            f"mutegreen run {each.folder}{f' --preset {preset}' if (preset := each.options.plan.preset) else ''}"
            for each in self.without_exclusive
        )
        return [f"for a comparison with the subject without background load, run: {command}" for command in commands]


def read_audits(
    path: Path, ids: Sequence[str], performance: str | None, with_exclusive: bool, tolerance: float | None = None
) -> AuditRows:
    """Read audits from the store.

    Args:
        path: File of the store.
        ids: Ids of the audits; none: the latest.
        performance: Name of an extra metric that replaces the performance.
        with_exclusive: Whether to add the exclusive audit of the same subject to an audit with a background load.
        tolerance: The tolerance that the user gave for all audits; None: the audits have their own.

    Raises:
        RowsError: An audit has no rows, or the rows of the audits cannot be analysed together.
        UsageError: There is no such audit, no such extra metric, or audits of one subject differ in goal or tolerance.
        StoreError: The store cannot be read.
    """
    from mutegreen.store.epochs import epochs_frame
    from mutegreen.store.export_rows import phase_records, records
    from mutegreen.store.rows import rows_frame
    from mutegreen.store.store import Store

    with Store.open(path) as store:
        named = [store.audit(each) for each in dict.fromkeys(ids)] or [store.audit()]
        check_audits_agree(named, performance, tolerance)
        without_exclusive = [each for each in named if each.backgrounds and not _has_exclusive(named, each)]
        exclusive = (
            {each.id: _newest_exclusive(store, each, performance) for each in without_exclusive}
            if with_exclusive
            else {}
        )
        partners = {each.id: each for each in exclusive.values() if each is not None}
        audits = [*named, *partners.values()]
        cells = [_rows_of(store, each, records(store, each)) for each in audits]
        names = ", ".join(each.id for each in audits)
        rows = rows_frame(
            [row for records_of_audit in cells for row in records_of_audit], f"audit {names}", performance
        )
        return AuditRows(
            audits=audits,
            named=len(named),
            rows=rows,
            epochs=_epochs([epochs_frame(store, each, _own(rows, each)) for each in audits])
            if not performance
            else None,
            phases=phase_records(store, named[0]),
            spent_j=_spent_by_section(store, audits, rows),
            outcomes=[store.outcomes(each.id) for each in audits],
            without_exclusive=[each for each in without_exclusive if exclusive.get(each.id) is None],
        )


def _has_exclusive(audits: Sequence[AuditRecord], audit: AuditRecord) -> bool:
    return any(not each.backgrounds and each.subject == audit.subject for each in audits)


def _newest_exclusive(store: Store, audit: AuditRecord, performance: str | None) -> AuditRecord | None:
    """Return the newest finished exclusive audit of the same subject, preset, data and goal with an ok trial."""
    candidates = [
        each
        for each in store.audits()
        if each.subject == audit.subject
        and each.options.plan.preset == audit.options.plan.preset
        and analysed_metric(each, performance).goal is analysed_metric(audit, performance).goal
        and (each.data == audit.data or None in (each.data, audit.data))
        and each.finished_at is not None
        and not each.backgrounds
        and each.options.jobs in (None, 1)
        and store.outcomes(each.id).get("ok")
    ]
    return candidates[-1] if candidates else None


def _rows_of(store: Store, audit: AuditRecord, rows: list[Record]) -> list[Record]:
    if not rows:
        outcomes = store.outcomes(audit.id)
        counts = ", ".join(f"{n} {outcome}" for outcome, n in outcomes.items())
        resume = f"`mutegreen run --resume {audit.id}` finishes the audit"
        show = f"`mutegreen show NUMBER --audit {audit.id}` shows why a trial failed"
        hint = resume if outcomes.keys() <= {"pending", "interrupted"} else show
        raise RowsError(f"audit {audit.id} has no trial that ended ok ({counts})", hint)
    return rows


def _own(rows: pd.DataFrame, audit: AuditRecord) -> pd.DataFrame:
    return rows[rows["audit"] == audit.id]


def _epochs(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    known = [part for part in parts if len(part)]
    return pd.concat(known, ignore_index=True) if known else parts[0]


def _spent_by_section(
    store: Store, audits: Sequence[AuditRecord], rows: pd.DataFrame
) -> dict[tuple[str, str], float | None]:
    spent: dict[tuple[str, str], list[float | None]] = {}
    for audit in audits:
        background = str(_own(rows, audit)["background"].iloc[0])
        spent.setdefault((audit.subject, background), []).append(_spent_j(store, audit))
    return {scenario: _sum_or_none(values) for scenario, values in spent.items()}


def _spent_j(store: Store, audit: AuditRecord) -> float | None:
    """Return the energy of all trials of an audit with any outcome, joules; None if a domain of one is not known."""
    results = [record.result for record in store.trials(audit.id) if record.result is not None]
    measured = {name for result in results for name in DOMAIN_OF_METRIC.values() if result.measurement.of(name)}
    return _sum_or_none([result.measurement.total_j(name) for result in results for name in measured])


def _sum_or_none(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) if known and len(known) == len(values) else None
