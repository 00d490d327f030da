"""The audits of the study in one store: begun, gone on with, or there already."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mutegreen.errors import BackgroundError, PreflightError
from mutegreen.harness import opening
from mutegreen.harness.process.workspace import snapshot
from mutegreen.model import Metering
from mutegreen.replication.design import Part, Skipped, skip
from mutegreen.store.audit_records import AuditRecord, BackgroundRecord
from mutegreen.store.store import Store


@dataclass(frozen=True)
class PartProgress:
    """How far a part has come.

    Attributes:
        audit: Its audit in the store; None: not begun.
        pending: Trainings still to be done.
        outdated: An audit of the part as it was before its subject was changed; None: there is none, or a newer one.
    """

    part: Part
    audit: str | None
    pending: int
    outdated: str | None = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing is left to be trained."""
        return self.audit is not None and self.pending == 0


def find_progress(store: Store | None, part: Part) -> PartProgress:
    """Finds the latest audit of a part: the same subject, unchanged, with the same plan.

    Args:
        store: None: there is no store yet.
        part: The part.
    """
    kept = [] if store is None else [record for record in reversed(store.audits()) if _is_like(record, part)]
    for record in kept:
        if store is not None and _is_of(store, record, part):
            return PartProgress(part, record.id, len(store.pending(record.id)))
    return PartProgress(part, None, len(part.plan.trials), kept[0].id if kept else None)


def run_parts(
    store: Store,
    parts: Sequence[PartProgress],
    metering: Metering,
    run: Callable[[PartProgress, Callable[[], str]], str],
) -> tuple[list[str], list[Skipped]]:
    """Trains whatever is left, part after part.

    Args:
        store: Open for writing.
        parts: The parts, and how far they have come.
        metering: The meters wanted, kept with each new audit.
        run: Runs the audit of a part to its end and returns its id, which the function that it is given tells: that
            makes the audit where there is none yet, and is to be called once the meters work.

    Returns:
        The audits that have ended, and the parts whose original, or whose company, does not train here.
    """
    audits: list[str] = []
    skipped: list[Skipped] = []
    for each in parts:
        begin = partial(_begun, store, each, metering)
        try:
            audits.append(begin() if each.has_ended else run(each, begin))
        except (PreflightError, BackgroundError) as error:
            skipped.append(skip(each.part.name, error))
    return audits, skipped


def _begun(store: Store, progress: PartProgress, metering: Metering) -> str:
    if progress.audit is not None:
        return progress.audit
    part = progress.part
    return opening.create(store, part.subject, part.options, part.limits, metering, part.sharing)


def _is_like(record: AuditRecord, part: Part) -> bool:
    """Whether an audit is of a subject of this name in this company, of this size."""
    kept, asked = record.options.plan, part.options
    return (
        record.subject == part.subject.name
        and _beside(record.backgrounds) == _beside(part.sharing.backgrounds)
        and (kept.preset, kept.mutants, kept.repetitions) == (asked.preset, asked.mutants, asked.repetitions)
    )


def _is_of(store: Store, record: AuditRecord, part: Part) -> bool:
    """Whether an audit is of the subject as it is now, and trains what the part would."""
    return (
        [kept.mutant for kept in store.mutants(record.id)] == list(part.plan.mutants)
        and [kept.trial for kept in store.trials(record.id)] == list(part.plan.trials)
        and record.digest == _digest(part, store.path)
    )


def _beside(backgrounds: Sequence[BackgroundRecord]) -> list[tuple[str, str | None]]:
    return [(each.name, each.preset) for each in backgrounds]


def _digest(part: Part, store: Path) -> str:
    """Of the subject's files as they are now."""
    with tempfile.TemporaryDirectory() as folder:
        return snapshot(part.subject, Path(folder) / "subject", keep_out=[store.parent / "audits", store])
