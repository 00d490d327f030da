"""The audits of the study in one store: begun, gone on with, or there already."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mutegreen.errors import PreflightError
from mutegreen.harness import opening
from mutegreen.harness.workspace import snapshot
from mutegreen.store.kept import AuditRecord
from mutegreen.store.store import Store
from mutegreen.study.design import Part, Skipped, skip


@dataclass(frozen=True)
class Standing:
    """How far a part has come.

    Attributes:
        audit: Its audit in the store; None: not begun.
        pending: Trainings still to be done.
    """

    part: Part
    audit: str | None
    pending: int

    @property
    def has_ended(self) -> bool:
        """Whether nothing is left to be trained."""
        return self.audit is not None and self.pending == 0


def standing(store: Store | None, part: Part) -> Standing:
    """Finds the latest audit of a part: the same subject, unchanged, with the same plan.

    Args:
        store: None: there is no store yet.
        part: The part.
    """
    for record in reversed(store.audits()) if store is not None else ():
        if store is not None and _is_of(store, record, part):
            return Standing(part, record.id, len(store.pending(record.id)))
    return Standing(part, None, len(part.plan.trials))


def conduct(
    store: Store, standings: Sequence[Standing], metering: opening.Metering, run: Callable[[Standing, str], None]
) -> tuple[list[str], list[Skipped]]:
    """Trains whatever is left, part after part.

    Args:
        store: Open for writing.
        standings: The parts, and how far they have come.
        metering: The meters wanted, kept with each new audit.
        run: Runs an audit to its end.

    Returns:
        The audits that have ended, and the parts whose original does not train here.
    """
    audits: list[str] = []
    skipped: list[Skipped] = []
    for each in standings:
        audit = each.audit or _opened(store, each.part, metering)
        try:
            if not each.has_ended:
                run(each, audit)
        except PreflightError as error:
            skipped.append(skip(each.part.name, error))
        else:
            audits.append(audit)
    return audits, skipped


def _opened(store: Store, part: Part, metering: opening.Metering) -> str:
    return opening.create(store, part.subject, part.options, part.limits, metering)


def _is_of(store: Store, record: AuditRecord, part: Part) -> bool:
    """Whether an audit is of this subject as it is now, and trains what the part would; the costly looks come last."""
    return (
        (record.subject, record.options["plan"]["preset"]) == (part.subject.name, part.options.preset)
        and [kept.mutant for kept in store.mutants(record.id)] == list(part.plan.mutants)
        and [kept.trial for kept in store.trials(record.id)] == list(part.plan.trials)
        and record.digest == _digest(part, store.path)
    )


def _digest(part: Part, store: Path) -> str:
    """Of the subject's files as they are now."""
    with tempfile.TemporaryDirectory() as folder:
        return snapshot(part.subject, Path(folder) / "subject", keep_out=[store.parent / "audits", store])
