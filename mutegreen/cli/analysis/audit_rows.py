"""The rows of one audit or of several, and the audit alone that belongs to one in company."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mutegreen.errors import RowsError
from mutegreen.model import DOMAIN_OF_METRIC, ExtraMetric

if TYPE_CHECKING:
    import pandas as pd

    from mutegreen.store.audit_records import AuditRecord
    from mutegreen.store.export_rows import Record
    from mutegreen.store.store import Store


@dataclass(frozen=True)
class AuditRows:
    """What the store says of audits.

    Attributes:
        audits: Those named, then those found to compare them with.
        named: How many were named.
        rows: Of all of them.
        epochs: Of all of them, as the statistics read them; None where the performance is a further figure.
        phases: Records of the first one's phases.
        spent_j: Energy of all trainings, however they ended, by subject and background; None where it is not known.
        outcomes: Of each audit, how many trials ended how.
        without_exclusive: Audits in company for which there is none alone.
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
        """Of each audit what its rows do not say, JSON-ready."""
        return [
            {"audit": each.id, "outcomes": ended, "unmeasured": [asdict(item) for item in each.unavailable]}
            for each, ended in zip(self.audits, self.outcomes, strict=True)
        ]

    def hints(self) -> list[str]:
        """How to get the audits alone that are missing."""
        commands = dict.fromkeys(
            f"mutegreen run {each.folder}{f' --preset {preset}' if (preset := each.options.plan.preset) else ''}"
            for each in self.without_exclusive
        )
        return [f"to compare with the subject alone, audit it so: {command}" for command in commands]


def read_audits(path: Path, ids: Sequence[str], performance: str | None, with_exclusive: bool) -> AuditRows:
    """Reads audits.

    Args:
        path: Of the store.
        ids: The audits wanted; none: the latest.
        performance: A further figure to be taken for the performance.
        with_exclusive: Whether an audit in company brings with it the one of the same subject alone.

    Raises:
        RowsError: One has no rows, or they do not go together.
        UsageError: There is no such audit, or no such figure.
        StoreError: The store cannot be read.
    """
    from mutegreen.store.epochs import epochs_frame
    from mutegreen.store.export_rows import phase_records, records
    from mutegreen.store.rows import rows_frame
    from mutegreen.store.store import Store

    with Store.open(path) as store:
        named = [store.audit(each) for each in dict.fromkeys(ids)] or [store.audit()]
        without_exclusive = [each for each in named if each.backgrounds and not _has_exclusive(named, each)]
        exclusive = {each.id: _newest_exclusive(store, each) for each in without_exclusive} if with_exclusive else {}
        partners = {each.id: each for each in exclusive.values() if each is not None}
        audits = [*named, *partners.values()]
        cells = [_rows_of(store, each, records(store, each)) for each in audits]
        names = ", ".join(each.id for each in audits)
        rows = rows_frame([row for own in cells for row in own], f"audit {names}", performance)
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


def judged_metric(audit: AuditRecord, performance: str | None) -> AuditRecord | ExtraMetric:
    """What has the goal and the tolerance of the figure analysed."""
    return next((figure for figure in audit.also if figure.name == performance), audit)


def _has_exclusive(audits: Sequence[AuditRecord], audit: AuditRecord) -> bool:
    return any(not each.backgrounds and each.subject == audit.subject for each in audits)


def _newest_exclusive(store: Store, audit: AuditRecord) -> AuditRecord | None:
    """The newest finished audit of the same subject, preset and data without company, of which a trial ended well."""
    candidates = [
        each
        for each in store.audits()
        if each.subject == audit.subject
        and each.options.plan.preset == audit.options.plan.preset
        and (each.data == audit.data or None in (each.data, audit.data))
        and each.finished_at is not None
        and not each.backgrounds
        and each.options.jobs in (None, 1)
        and store.outcomes(each.id).get("ok")
    ]
    return candidates[-1] if candidates else None


def _rows_of(store: Store, audit: AuditRecord, rows: list[Record]) -> list[Record]:
    if not rows:
        ended = ", ".join(f"{n} {outcome}" for outcome, n in store.outcomes(audit.id).items())
        raise RowsError(f"audit {audit.id} has no trial that ended ok ({ended})", "mutegreen show NUMBER says why")
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
    """Energy of all trainings of an audit, however they ended; None where a domain of one is not known."""
    results = [record.result for record in store.trials(audit.id) if record.result is not None]
    measured = {name for result in results for name in DOMAIN_OF_METRIC.values() if result.measurement.of(name)}
    return _sum_or_none([result.measurement.total_j(name) for result in results for name in measured])


def _sum_or_none(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) if known and len(known) == len(values) else None
