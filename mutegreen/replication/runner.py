"""Run the audits of the study in one store: start new ones, continue interrupted ones, reuse finished ones."""

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
from mutegreen.replication.design import Skipped, StudyPart, skip
from mutegreen.store.audit_records import AuditRecord, BackgroundRecord
from mutegreen.store.store import Store


@dataclass(frozen=True)
class PartProgress:
    """How far an audit of the study has come.

    Attributes:
        part: The audit that the study plans.
        audit: Its id in the store; None: not started.
        pending: Trials that are left.
        outdated: Id of an audit of the same design, from before the subject was changed; None: there is none, or there
            is an up-to-date one.
    """

    part: StudyPart
    audit: str | None
    pending: int
    outdated: str | None = None

    @property
    def has_ended(self) -> bool:
        """Whether no trial is left."""
        return self.audit is not None and self.pending == 0


def find_progress(store: Store | None, part: StudyPart) -> PartProgress:
    """Find the latest audit in the store that has the same subject, unchanged, and the same plan.

    Args:
        store: The store; None where there is none yet.
        part: The audit that the study plans.
    """
    candidates = (
        [] if store is None else [record for record in reversed(store.audits()) if _has_same_design(record, part)]
    )
    for record in candidates:
        if store is not None and _has_same_plan(store, record, part):
            return PartProgress(part, record.id, len(store.pending(record.id)))
    return PartProgress(part, None, len(part.plan.trials), candidates[0].id if candidates else None)


def run_parts(
    store: Store,
    parts: Sequence[PartProgress],
    metering: Metering,
    run: Callable[[PartProgress, Callable[[], str]], str],
) -> tuple[list[str], list[Skipped]]:
    """Run what is left, one audit after the other.

    Args:
        store: Open for writing.
        parts: The audits of the study, and how far they have come.
        metering: The selected meters, stored with each new audit.
        run: Runs one audit to its end and returns its id. Its second argument is a function that returns the id and
            creates the audit if there is none yet; `run` calls it once the meters work.

    Returns:
        The ids of the finished audits, and the audits whose original or background load does not train here.
    """
    audits: list[str] = []
    skipped: list[Skipped] = []
    for each in parts:
        begin = partial(_create_if_missing, store, each, metering)
        try:
            audits.append(begin() if each.has_ended else run(each, begin))
        except (PreflightError, BackgroundError) as error:
            skipped.append(skip(each.part.name, error))
    return audits, skipped


def _create_if_missing(store: Store, progress: PartProgress, metering: Metering) -> str:
    if progress.audit is not None:
        return progress.audit
    part = progress.part
    return opening.create(store, part.subject, part.options, part.limits, metering, part.sharing)


def _has_same_design(record: AuditRecord, part: StudyPart) -> bool:
    """Whether a stored audit has the name of the subject, the background load and the size of the part."""
    stored, wanted = record.options.plan, part.options
    return (
        record.subject == part.subject.name
        and _names_and_presets(record.backgrounds) == _names_and_presets(part.sharing.backgrounds)
        and (stored.preset, stored.mutants, stored.repetitions) == (wanted.preset, wanted.mutants, wanted.repetitions)
    )


def _has_same_plan(store: Store, record: AuditRecord, part: StudyPart) -> bool:
    """Whether a stored audit has the mutants and trials of the part, and the files of the subject as they are now."""
    return (
        [row.mutant for row in store.mutants(record.id)] == list(part.plan.mutants)
        and [row.trial for row in store.trials(record.id)] == list(part.plan.trials)
        and record.digest == _digest(part, store.path)
    )


def _names_and_presets(backgrounds: Sequence[BackgroundRecord]) -> list[tuple[str, str | None]]:
    return [(each.name, each.preset) for each in backgrounds]


def _digest(part: StudyPart, store: Path) -> str:
    """Return the digest of the files of the subject as they are now."""
    with tempfile.TemporaryDirectory() as folder:
        return snapshot(part.subject, Path(folder) / "subject", keep_out=[store.parent / "audits", store])
