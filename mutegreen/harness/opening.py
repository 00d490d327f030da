"""How an audit begins: what was asked for, where its files lie, and its plan in the store."""

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
    """Where the files of an audit lie, beside its store."""

    root: Path

    @classmethod
    def of(cls, store: Path, audit: str) -> Paths:
        """The paths of an audit of a store."""
        return cls(store.absolute().parent / "audits" / audit)

    @property
    def mark(self) -> str:
        """Begins the marks of the audit's processes; the folder, for stores may have audits of the same name."""
        return f"{self.root}/"

    @property
    def subject(self) -> Path:
        """The subject's files as they were when the audit began."""
        return self.root / "subject"

    def background(self, number: int) -> Path:
        """The files of a background subject, as they were when the audit began."""
        return self.root / f"background-{number}"

    def copies(self) -> list[Path]:
        """All that was copied for the audit."""
        return [self.subject, self.work, *self.root.glob("background-*")]

    @property
    def work(self) -> Path:
        """Workspaces of running trials."""
        return self.root / "work"

    @property
    def lock(self) -> Path:
        """Held by the process that runs the audit."""
        return self.root / "lock"

    def log(self, name: str) -> Path:
        """Output of a trial, each line with its time and stream."""
        return self.root / "logs" / f"{name}.log"


@dataclass(frozen=True)
class Sharing:
    """How trials share the machine; kept for `--resume`.

    Attributes:
        jobs: Trainings at a time on each device; 0: as many as memory allows; None: one, with the machine to itself.
        backgrounds: What runs beside each trial.
    """

    jobs: int | None = None
    backgrounds: tuple[BackgroundRecord, ...] = ()

    @property
    def rests(self) -> bool:
        """Whether the machine comes to rest between trials: not where several may train at a time."""
        return self.jobs is None


def check_sites(subject: Subject) -> None:
    """Checks the sites in files against the files.

    Raises:
        ConfigError: Sites that are gone, ambiguous, or have another default; all of them.
    """
    faults = list(site_faults(subject))
    if faults:
        raise ConfigError(str(subject.folder / config.FILE_NAME), faults, "docs/subject-toml.md describes every key")


def create(
    store: Store,
    subject: Subject,
    options: PlanOptions,
    limits: Limits,
    metering: Metering | None = None,
    sharing: Sharing | None = None,
) -> str:
    """Makes an audit: its plan, the snapshot of the subject and the mutants' differences are in the store.

    Returns:
        Its id.

    Raises:
        MuteGreenError: The plan cannot be made, the subject not copied, or the store not written.
    """
    check_sites(subject)
    made = plan.make(subject, options)
    shared = sharing or Sharing()
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
                plan=replace(options, compat=made.compat),
                seeding=made.seeding,
                limits=limits,
                metering=metering or Metering(),
                jobs=shared.jobs,
            ),
            environment=environment.describe(),
            notes=made.notes,
            created_at=now(),
            data=made.data,
            also=subject.performance.also,
            backgrounds=snapshot_backgrounds(shared.backgrounds, paths),
        )
        store.add_audit(record, _mutant_records(made, paths), made.trials)
    except BaseException:
        shutil.rmtree(paths.root, ignore_errors=True)
        raise
    return record.id


@contextlib.contextmanager
def audit_lock(paths: Paths) -> Iterator[None]:
    """Keeps two processes from running one audit; the lock of a killed process frees itself.

    Raises:
        UsageError: Another process runs it.
    """
    paths.work.mkdir(parents=True, exist_ok=True)
    with paths.lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(f"audit {paths.root.name} is being run by another process", "let it end") from None
        yield


def restore_plan(store: Store, record: AuditRecord, paths: Paths) -> plan.Plan:
    """The plan of an audit from what it keeps, not made anew: another version may plan otherwise.

    Raises:
        StoreError: Its files are gone.
    """
    if not paths.subject.is_dir():
        raise StoreError(f"{paths.subject}: the files of audit {record.id} are gone", "start a new audit")
    subject = config.load(paths.subject)
    preset = plan.choose_preset(subject, record.options.plan.preset)
    return plan.Plan(
        subject=subject,
        preset=preset,
        settings=plan.original_settings(subject, preset),
        mutants=tuple(kept.mutant for kept in store.mutants(record.id)),
        trials=tuple(kept.trial for kept in store.trials(record.id)),
        notes=record.notes,
        compat=record.options.plan.compat or (),
    )


def snapshot_backgrounds(backgrounds: Sequence[BackgroundRecord], paths: Paths) -> tuple[BackgroundRecord, ...]:
    """Takes snapshots of the subjects among the backgrounds, beside that of the audit's own.

    Raises:
        MuteGreenError: One cannot be copied.
    """
    return tuple(
        record if record.words else _kept(record, paths.background(number)) for number, record in enumerate(backgrounds)
    )


def _kept(record: BackgroundRecord, target: Path) -> BackgroundRecord:
    return replace(record, digest=snapshot(config.load(Path(record.folder)), target))


def _mutant_records(made: plan.Plan, paths: Paths) -> list[MutantRecord]:
    records = []
    for mutant in made.mutants:
        with tempfile.TemporaryDirectory() as scratch:
            records.append(MutantRecord(mutant, diff(made, mutant, paths.subject, Path(scratch))))
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
            raise StoreError(f"{paths.root}: {error.strerror}", "name another place with --store FILE") from error
        paths.log("x").parent.mkdir()
        return paths
    raise StoreError(f"{store.parent / 'audits'}: a hundred audits began in this second", "try again")
