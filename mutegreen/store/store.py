"""The store: one SQLite file, every trial durable the moment it ends."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path

from mutegreen.clock import now
from mutegreen.errors import StoreError, UsageError
from mutegreen.model import (
    Outcome,
    Phase,
    Span,
    Timeline,
    Trial,
    TrialResult,
    Unavailable,
)
from mutegreen.store import schema, timelines
from mutegreen.store.audit_records import AuditRecord, BackgroundRecord, MutantRecord, TrialRecord
from mutegreen.store.codec.audits import audit_row, mutant_row, to_audit, to_mutant
from mutegreen.store.codec.energies import energy_row, span_rows, to_spans
from mutegreen.store.codec.trials import phase_row, result_row, to_phase, to_result, to_trial
from mutegreen.store.connection import connect, translate_errors
from mutegreen.store.migration.memory_copy import open_for_reading
from mutegreen.store.migration.steps import is_older, is_ours, version_of, was_replaced
from mutegreen.store.migration.swap import Migration, migrate

DEFAULT_PATH = Path("reports") / "mutegreen.sqlite"
VARIABLE = "MUTEGREEN_STORE"


def default_path() -> Path:
    """The store that commands use unless they are told another: `MUTEGREEN_STORE`, else below this folder."""
    return Path(os.environ.get(VARIABLE) or DEFAULT_PATH)


class Store:
    """Audits with their mutants, trials and measurements, in one file of SQLite.

    Use `Store.create` to write (a missing file is made) and `Store.open` to read (it is not).

    **Durability.** What a writing method wrote is on the disk when it returns: it is one transaction, and SQLite has
    synchronised the file. If it raises, or the process is killed in it, nothing of it is there. An error of the disk
    later on cannot take away what was written before.

    **Ownership.** An audit belongs to the process that runs it, which holds its lock (`harness.opening.audit_lock`);
    the store itself does not check that. Other processes may read at any time, and may write other audits: a writer
    waits up to `connection.BUSY_TIMEOUT_S` for another one.

    **Threads.** A store is used by the thread that opened it, as SQLite's connections are; other threads open their
    own. Records are frozen and may be handed on.

    **Lifetime.** Close it, or use it as a context. A killed process leaves nothing that must be cleaned up: the next
    one that opens the file rolls back what was left half done.

    **Schemas.** A file of an older schema that is known is converted: by `create` on the disk (see `migration.swap`),
    by `open` in memory, so that reading never writes. A newer one is refused.

    Attributes:
        path: The file.
        migration: That it was converted when it was opened for writing; None: it was not.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, migration: Migration | None = None) -> None:
        self.path = path
        self.migration = migration
        self._db = connection

    @classmethod
    def create(cls, path: Path) -> Store:
        """Opens a store for writing, and makes it first where there is none.

        Raises:
            StoreError: It cannot be written or converted, or is no store of a version known here.
        """
        with translate_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            migration = migrate(path) if _needs_migration(path) else None
            store = cls(path, connect(path, "rwc"), migration)
            store._prepare()
            return store

    @classmethod
    def open(cls, path: Path) -> Store:
        """Opens a store for reading; only what a killed writer left half done is rolled back.

        Raises:
            StoreError: There is none, or it is of no version known here.
        """
        if not path.exists():
            raise StoreError(f"{path}: there is no store", "run an audit first, or name another file with --store FILE")
        with translate_errors(path):
            store = cls(path, open_for_reading(lambda: connect(path, "rw")))
            store._db.execute("PRAGMA query_only = ON")
            store._check_version()
            return store

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    # Writing

    def add_audit(self, audit: AuditRecord, mutants: Sequence[MutantRecord], trials: Sequence[Trial]) -> None:
        """Adds an audit with all it is going to do.

        Raises:
            StoreError: It cannot be written.
        """
        with self._transaction():
            self._insert("audit", [audit_row(audit)])
            self._insert("mutant", [mutant_row(audit.id, record) for record in mutants])
            self._insert("trial", [{"audit": audit.id, **asdict(trial)} for trial in trials])

    def remove_audit(self, audit: str) -> None:
        """Takes an audit without results out again."""
        with self._transaction():
            for table, column in (("trial", "audit"), ("mutant", "audit"), ("audit", "id")):
                self._db.execute(f"DELETE FROM {table} WHERE {column} = ?", (audit,))

    def set_start(
        self,
        audit: str,
        preflight_s: float,
        idle_w: Mapping[str, float],
        unavailable: Sequence[Unavailable],
        peak_bytes: Mapping[str, int] | None = None,
    ) -> None:
        """Records what was found before the first trial."""
        found = (dict(idle_w), [asdict(u) for u in unavailable], dict(peak_bytes or {}))
        with self._transaction():
            self._db.execute(
                "UPDATE audit SET preflight_s = ?, idle_w = ?, unavailable = ?, peak_bytes = ? WHERE id = ?",
                (preflight_s, *map(json.dumps, found), audit),
            )

    def set_backgrounds(self, audit: str, backgrounds: Sequence[BackgroundRecord]) -> None:
        """Records the backgrounds of an audit, with what was found of them."""
        with self._transaction():
            text = json.dumps([asdict(background) for background in backgrounds])
            self._db.execute("UPDATE audit SET backgrounds = ? WHERE id = ?", (text, audit))

    def add_spans(self, audit: str, spans: Sequence[Span]) -> None:
        """Adds the exact energy of times in which trainings ran at the same time."""
        with self._transaction():
            query = "SELECT coalesce(max(number), 0) FROM span WHERE audit = ?"
            known = self._db.execute(query, (audit,)).fetchone()[0]
            for number, span in enumerate(spans, known + 1):
                self._insert("span", [{"audit": audit, "number": number, **row} for row in span_rows(span)])

    def finish_trial(self, audit: str, trial: Trial, result: TrialResult) -> None:
        """Keeps a trial's result; it is on the disk when this returns.

        Raises:
            StoreError: It cannot be written; the trial then counts as not done.
        """
        row = result_row(result)
        key = {"audit": audit, "trial": trial.number}
        with self._transaction():
            for table in ("energy", "epoch", "figure", "phase", "timeline"):  # of an earlier, interrupted try
                self._db.execute(f"DELETE FROM {table} WHERE audit = :audit AND trial = :trial", key)
            assignments = ", ".join(f"{column} = :{column}" for column in row)
            self._db.execute(f"UPDATE trial SET {assignments} WHERE audit = :audit AND number = :trial", row | key)
            self._insert("energy", [key | energy_row(d) for d in result.measurement.domains])
            epochs = [{"number": n, **asdict(epoch)} for n, epoch in enumerate(result.epochs, 1)]
            self._insert("epoch", [key | epoch for epoch in epochs])
            self._insert("figure", [key | {"name": name, "value": value} for name, value in result.also.items()])
            phases = [{"number": n, **phase_row(phase)} for n, phase in enumerate(result.phases, 1)]
            self._insert("phase", [key | phase for phase in phases])
            steps = [{"domain": domain, "steps": timelines.pack(t)} for domain, t in result.timelines.items()]
            self._insert("timeline", [key | row for row in steps])

    def finish_audit(self, audit: str) -> None:
        """Records that all trials have been run."""
        with self._transaction():
            self._db.execute("UPDATE audit SET finished_at = ? WHERE id = ?", (now(), audit))

    # Reading

    def audits(self) -> list[AuditRecord]:
        """All audits, oldest first."""
        return [self._audit(row) for row in self._select("SELECT * FROM audit ORDER BY created_at, rowid")]

    def audit(self, audit_id: str | None = None) -> AuditRecord:
        """An audit by its id; without one, the latest.

        Raises:
            UsageError: There is no such audit.
        """
        audits = self.audits()
        found = [a for a in audits if audit_id is None or a.id == audit_id]
        if not found:
            known = ", ".join(a.id for a in audits[-5:]) or "none"
            what = f"no audit {audit_id}" if audit_id else "no audit yet"
            raise UsageError(f"{self.path}: {what}", f"the latest are: {known}; `mutegreen audits` lists all")
        return found[-1]

    def mutants(self, audit: str) -> list[MutantRecord]:
        """The mutants of an audit, the original first."""
        rows = self._select("SELECT * FROM mutant WHERE audit = ? ORDER BY rowid", audit)
        return [to_mutant(row) for row in rows]

    def trials(self, audit: str) -> list[TrialRecord]:
        """All trials of an audit, in their order."""
        parts = (
            self._grouped("SELECT * FROM energy WHERE audit = ? ORDER BY rowid", audit),
            self._grouped("SELECT * FROM epoch WHERE audit = ? ORDER BY trial, number", audit),
            self._grouped("SELECT * FROM figure WHERE audit = ? ORDER BY rowid", audit),
        )
        rows = self._select("SELECT * FROM trial WHERE audit = ? ORDER BY number", audit)
        results = [to_result(row, *(part.get(row["number"], []) for part in parts)) for row in rows]
        return [to_trial(row, result) for row, result in zip(rows, results, strict=True)]

    def pending(self, audit: str) -> list[Trial]:
        """The trials that have still to be run: those that have not ended, and interrupted ones."""
        open_ends = (None, Outcome.INTERRUPTED)
        return [r.trial for r in self.trials(audit) if (r.result.outcome if r.result else None) in open_ends]

    def phases(self, audit: str) -> dict[int, tuple[Phase, ...]]:
        """The phases of the trials of an audit, by the trial's number."""
        groups = self._grouped("SELECT * FROM phase WHERE audit = ? ORDER BY trial, number", audit)
        return {trial: tuple(to_phase(row) for row in rows) for trial, rows in groups.items()}

    def timelines(self, audit: str, trial: int) -> dict[str, Timeline]:
        """Power over a trial, by domain."""
        rows = self._select("SELECT * FROM timeline WHERE audit = ? AND trial = ? ORDER BY rowid", audit, trial)
        return {row["domain"]: timelines.unpack(row["steps"]) for row in rows}

    def spans(self, audit: str) -> tuple[Span, ...]:
        """The spans of an audit, in their order."""
        return to_spans(self._select("SELECT * FROM span WHERE audit = ? ORDER BY number, rowid", audit))

    def outcomes(self, audit: str) -> dict[str, int]:
        """How many trials ended how; `pending` for those not run yet."""
        rows = self._select("SELECT outcome, count(*) AS n FROM trial WHERE audit = ? GROUP BY outcome", audit)
        return {row["outcome"] or "pending": row["n"] for row in rows}

    # Inside

    def _prepare(self) -> None:
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA foreign_keys = ON")
        if version_of(self._db) == 0 and not self._select("SELECT name FROM sqlite_master"):
            # One transaction: a process killed here leaves an empty file, not half a store.
            self._db.executescript(
                f"BEGIN IMMEDIATE; {schema.TABLES} PRAGMA application_id = {schema.APPLICATION_ID};"
                f"PRAGMA user_version = {schema.VERSION}; COMMIT;"
            )
        self._check_version()

    def _check_version(self) -> None:
        if not is_ours(self._db):
            raise StoreError(f"{self.path}: not a store of MuteGreen", "name another file with --store FILE")
        if (version := version_of(self._db)) != schema.VERSION:
            newer = (
                "use a newer MuteGreen" if version > schema.VERSION else "export it with the MuteGreen that wrote it"
            )
            raise StoreError(
                f"{self.path}: has schema version {version}, and this MuteGreen knows {schema.VERSION}", newer
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with translate_errors(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.rollback()
                raise
            self._db.commit()

    def _audit(self, row: sqlite3.Row) -> AuditRecord:
        try:
            return to_audit(row)
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise StoreError(
                f"{self.path}: audit {row['id']} cannot be read: {error}",
                "read it with the MuteGreen that wrote it, or restore the store from a copy",
            ) from error

    def _insert(self, table: str, rows: Sequence[Mapping[str, object]]) -> None:
        if rows:
            columns = list(rows[0])
            places = ", ".join(f":{column}" for column in columns)
            self._db.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", rows)

    def _select(self, query: str, *parameters: object) -> list[sqlite3.Row]:
        with translate_errors(self.path):
            return self._db.execute(query, parameters).fetchall()

    def _grouped(self, query: str, *parameters: object) -> dict[int, list[sqlite3.Row]]:
        groups: dict[int, list[sqlite3.Row]] = {}
        for row in self._select(query, *parameters):
            groups.setdefault(row["trial"], []).append(row)
        return groups


def _needs_migration(path: Path) -> bool:
    """Whether this is a store of an older schema, or was one until another process replaced it."""
    if not path.exists():
        return False
    with closing(connect(path, "rw")) as db:
        return is_older(db) or was_replaced(db)
