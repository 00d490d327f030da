"""Begin an audit: its options, its files, and its plan in the store; and load the plan again to resume it."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mutegreen import config, environment
from mutegreen.clock import now, stamp
from mutegreen.errors import ConfigError, StoreError, UsageError
from mutegreen.harness.plan import plan
from mutegreen.harness.plan.launch import diff
from mutegreen.harness.process.workspace import snapshot
from mutegreen.model import AuditOptions, Limits, Metering, PlanOptions, Subject
from mutegreen.mutation.site_values import site_faults
from mutegreen.store.audit_records import AuditRecord, BackgroundRecord, MutantRecord
from mutegreen.store.store import Store


@dataclass(frozen=True)
class Paths:
    """The files of an audit, in the folder of its store."""

    root: Path

    @classmethod
    def of(cls, store: Path, audit: str) -> Paths:
        """Return the paths of an audit of a store."""
        return cls(store.absolute().parent / "audits" / audit)

    @property
    def mark(self) -> str:
        """Prefix of the marks of the audit's processes: its folder, as two stores may have audits of the same name."""
        return f"{self.root}/"

    @property
    def subject(self) -> Path:
        """The subject's files as they were when the audit began."""
        return self.root / "subject"

    def background(self, number: int) -> Path:
        """Return the files of a background load's subject, as they were when the audit began."""
        return self.root / f"background-{number}"

    def copies(self) -> list[Path]:
        """Return all copies that were made for the audit."""
        return [self.subject, self.work, *self.root.glob("background-*")]

    @property
    def work(self) -> Path:
        """Workspaces of running trials."""
        return self.root / "work"

    @property
    def lock(self) -> Path:
        """Locked by the process that runs the audit."""
        return self.root / "lock"

    def log(self, name: str) -> Path:
        """Return the file with the output of a trial, each line with its time and stream."""
        return self.root / "logs" / f"{name}.log"


@dataclass(frozen=True)
class Sharing:
    """How trials share the machine; stored for `--resume`.

    Attributes:
        jobs: Trials at a time on each device; 0: as many as memory allows; None: one at a time.
        backgrounds: The background loads of each trial.
    """

    jobs: int | None = None
    backgrounds: tuple[BackgroundRecord, ...] = ()

    @property
    def cools_down(self) -> bool:
        """Whether the machine cools down between trials: not if several may train at a time."""
        return self.jobs is None


def check_sites(subject: Subject) -> None:
    """Check the sites in files against the files.

    Raises:
        ConfigError: Sites are missing, ambiguous, or have another default; the error lists all of them.
    """
    faults = list(site_faults(subject))
    if faults:
        hint = "`mutegreen help subject-toml` describes every key"
        raise ConfigError(str(subject.folder / config.FILE_NAME), faults, hint)


def create(
    store: Store,
    subject: Subject,
    options: PlanOptions,
    limits: Limits,
    metering: Metering | None = None,
    sharing: Sharing | None = None,
) -> str:
    """Create an audit: copy the subject, and store the plan with the differences of all mutants.

    Args:
        store: Open for writing.
        subject: The subject.
        options: What the user requested of the plan.
        limits: The times that the user set.
        metering: The meters that the user named.
        sharing: How trials share the machine; None: they are exclusive.

    Returns:
        The id of the audit.

    Raises:
        MuteGreenError: The plan cannot be made, the subject cannot be copied, or the store cannot be written. Then
            nothing of the audit is left.
    """
    check_sites(subject)
    new_plan = plan.make(subject, options)
    sharing = sharing or Sharing()
    paths = _new_folder(store.path, subject.name)
    try:
        digest = snapshot(subject, paths.subject, keep_out=[store.path.parent / "audits", store.path])
        record = AuditRecord(
            id=paths.root.name,
            subject=subject.name,
            folder=str(subject.folder),
            digest=digest,
            goal=subject.performance.goal,
            tolerance=subject.performance.tolerance,
            options=AuditOptions(
                plan=replace(options, compat=new_plan.compat),
                seeding=new_plan.seeding,
                limits=limits,
                metering=metering or Metering(),
                jobs=sharing.jobs,
            ),
            environment=environment.describe(),
            notes=new_plan.notes,
            created_at=now(),
            data=new_plan.data,
            also=subject.performance.also,
            backgrounds=snapshot_backgrounds(sharing.backgrounds, paths),
        )
        store.add_audit(record, _mutant_records(new_plan, paths), new_plan.trials)
    except BaseException:
        shutil.rmtree(paths.root, ignore_errors=True)
        raise
    return record.id


@contextlib.contextmanager
def audit_lock(paths: Paths) -> Iterator[None]:
    """Hold the lock of an audit, so that only one process runs it.

    Guarantees: one process at a time is inside, on this machine. The lock of a process that ends, however it ends, is
    free at once.
    Relies on: `flock` works on the file system of the store.

    Raises:
        UsageError: Another process runs the audit.
    """
    paths.work.mkdir(parents=True, exist_ok=True)
    with paths.lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"audit {paths.root.name} is being run by another process"
            raise UsageError(message, "wait until it has ended") from None
        yield


def restore_plan(store: Store, record: AuditRecord, paths: Paths) -> plan.Plan:
    """Return the plan of an audit as it is stored.

    The plan is not computed again, because another version of MuteGreen may compute another one. So a resumed audit
    has the same mutants, the same order and the same seeds. Rejected: storing the options only.

    Raises:
        StoreError: The files of the audit are missing.
    """
    if not paths.subject.is_dir():
        raise StoreError(f"{paths.subject}: the files of audit {record.id} are missing", "start a new audit")
    subject = config.load(paths.subject)
    preset = plan.choose_preset(subject, record.options.plan.preset)
    return plan.Plan(
        subject=subject,
        preset=preset,
        values=plan.original_values(subject, preset),
        mutants=tuple(stored.mutant for stored in store.mutants(record.id)),
        trials=tuple(stored.trial for stored in store.trials(record.id)),
        notes=record.notes,
        compat=record.options.plan.compat or (),
    )


def snapshot_backgrounds(backgrounds: Sequence[BackgroundRecord], paths: Paths) -> tuple[BackgroundRecord, ...]:
    """Copy the subjects among the background loads into the audit's folder.

    Returns:
        The records with the digests of the copies.

    Raises:
        MuteGreenError: A subject cannot be copied.
    """
    return tuple(
        record if record.words else _snapshot_one(record, paths.background(number))
        for number, record in enumerate(backgrounds)
    )


def _snapshot_one(record: BackgroundRecord, target: Path) -> BackgroundRecord:
    return replace(record, digest=snapshot(config.load(Path(record.folder)), target))


def _mutant_records(new_plan: plan.Plan, paths: Paths) -> list[MutantRecord]:
    records = []
    for mutant in new_plan.mutants:
        with tempfile.TemporaryDirectory() as scratch:
            records.append(MutantRecord(mutant, diff(new_plan, mutant, paths.subject, Path(scratch))))
    return records


def _new_folder(store: Path, subject: str) -> Paths:
    name = f"{subject}-{stamp()}"
    for suffix in ("", *(f"-{n}" for n in range(2, 100))):
        paths = Paths.of(store, name + suffix)
        try:
            paths.root.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise StoreError(f"{paths.root}: {error.strerror}", "choose another file with --store FILE") from error
        paths.log("x").parent.mkdir()
        return paths
    raise StoreError(f"{store.parent / 'audits'}: 100 audits began in this second", "try again")
