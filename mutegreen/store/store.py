"""Reads and writes the store: one SQLite file, in which every trial is durable as soon as it ends."""

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
    """Return the store that commands use by default: `MUTEGREEN_STORE` if it is set, else a file below this folder."""
    return Path(os.environ.get(VARIABLE) or DEFAULT_PATH)


class Store:
    """Audits with their mutants, trials and measurements, in one file of SQLite.

    Use `Store.create` to write (it creates a missing file) and `Store.open` to read (it does not).

    **Atomic writes.** Every writing method is one transaction: after an exception, or when the process is killed,
    either all of it is in the file or nothing. So a trial that has an outcome also has all of its measurements.

    **Durability.** When a writing method returns, its data is on the disk: SQLite has synchronised the file
    (`PRAGMA synchronous = FULL`). A later error of the disk does not affect earlier transactions.

    **Append only.** `add_audit` writes an audit with its mutants and planned trials; other methods add rows, and values
    that were not known then. `finish_trial` replaces only the result of an interrupted attempt. Only
    `remove_audit` deletes anything else: an audit without results.

    **Ownership.** An audit belongs to the process that runs it, which holds the audit's lock
    (`harness.opening.audit_lock`); the store does not check that. Other processes may read at any time, and may write
    other audits: a writer waits up to `connection.BUSY_TIMEOUT_S` for another one.

    **Threads.** Only the thread that has opened a store may use it, because SQLite's connections require that; other
    threads open their own. Records are frozen and may be passed on.

    **Lifetime.** Close it, or use it as a context. A killed process leaves nothing to clean up: the next one that opens
    the file rolls an unfinished transaction back.

    **Schemas.** A file of a known older schema is converted: by `create` on the disk (see `migration.swap`), by `open`
    in memory, so reading never writes. A file of a newer schema is refused.

    Attributes:
        path: The file.
        migration: The conversion that opening it for writing required; None: none.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, migration: Migration | None = None) -> None:
        self.path = path
        self.migration = migration
        self._db = connection

    @classmethod
    def create(cls, path: Path) -> Store:
        """Open a store for writing; create the file if it is missing.

        Raises:
            StoreError: The file cannot be written or converted, or is not a store of a known version.
        """
        with translate_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            migration = migrate(path) if _needs_migration(path) else None
            store = cls(path, connect(path, "rwc"), migration)
            store._prepare()
            return store

    @classmethod
    def open(cls, path: Path) -> Store:
        """Open a store for reading. Only an unfinished transaction of a killed writer is rolled back.

        Raises:
            StoreError: The file does not exist, or is not a store of a known version.
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
        """Close the connection to the database."""
        self._db.close()

    # Writing

    def add_audit(self, audit: AuditRecord, mutants: Sequence[MutantRecord], trials: Sequence[Trial]) -> None:
        """Add an audit with its mutants and its planned trials.

        Raises:
            StoreError: The file cannot be written.
        """
        with self._transaction():
            self._insert("audit", [audit_row(audit)])
            self._insert("mutant", [mutant_row(audit.id, record) for record in mutants])
            self._insert("trial", [{"audit": audit.id, **asdict(trial)} for trial in trials])

    def remove_audit(self, audit: str) -> None:
        """Remove an audit that has no results."""
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
        """Record the measurements before the first trial.

        Args:
            audit: Id of the audit.
            preflight_s: Wall time of the preflight, seconds.
            idle_w: Power of the idle machine by domain, watts.
            unavailable: Domains that cannot be read.
            peak_bytes: Peak memory of the preflight, bytes, by `host` and GPU domain.
        """
        values = (dict(idle_w), [asdict(u) for u in unavailable], dict(peak_bytes or {}))
        with self._transaction():
            self._db.execute(
                "UPDATE audit SET preflight_s = ?, idle_w = ?, unavailable = ?, peak_bytes = ? WHERE id = ?",
                (preflight_s, *map(json.dumps, values), audit),
            )

    def set_backgrounds(self, audit: str, backgrounds: Sequence[BackgroundRecord]) -> None:
        """Record the background loads of an audit with their measured rates."""
        with self._transaction():
            text = json.dumps([asdict(background) for background in backgrounds])
            self._db.execute("UPDATE audit SET backgrounds = ? WHERE id = ?", (text, audit))

    def add_spans(self, audit: str, spans: Sequence[Span]) -> None:
        """Add the total energy of spans in which trainings ran concurrently."""
        with self._transaction():
            query = "SELECT coalesce(max(number), 0) FROM span WHERE audit = ?"
            last = self._db.execute(query, (audit,)).fetchone()[0]
            for number, span in enumerate(spans, last + 1):
                self._insert("span", [{"audit": audit, "number": number, **row} for row in span_rows(span)])

    def finish_trial(self, audit: str, trial: Trial, result: TrialResult) -> None:
        """Write the result of a trial. It is on the disk when this returns.

        Raises:
            StoreError: The file cannot be written; the trial is then still pending.
        """
        row = result_row(result)
        key = {"audit": audit, "trial": trial.number}
        with self._transaction():
            for table in ("energy", "epoch", "figure", "phase", "timeline"):  # of an earlier, interrupted attempt
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
        """Record that all trials have been run."""
        with self._transaction():
            self._db.execute("UPDATE audit SET finished_at = ? WHERE id = ?", (now(), audit))

    # Reading

    def audits(self) -> list[AuditRecord]:
        """Return all audits, the oldest first."""
        return [self._audit(row) for row in self._select("SELECT * FROM audit ORDER BY created_at, rowid")]

    def audit(self, audit_id: str | None = None) -> AuditRecord:
        """Return an audit by its id; without an id, the latest one.

        Raises:
            UsageError: There is no such audit.
        """
        audits = self.audits()
        matches = [a for a in audits if audit_id is None or a.id == audit_id]
        if not matches:
            latest = ", ".join(a.id for a in audits[-5:]) or "none"
            what = f"it has no audit {audit_id}" if audit_id else "it has no audit yet"
            raise UsageError(f"{self.path}: {what}", f"the latest are: {latest}; `mutegreen audits` lists all")
        return matches[-1]

    def mutants(self, audit: str) -> list[MutantRecord]:
        """Return the mutants of an audit, the original first."""
        rows = self._select("SELECT * FROM mutant WHERE audit = ? ORDER BY rowid", audit)
        return [to_mutant(row) for row in rows]

    def trials(self, audit: str) -> list[TrialRecord]:
        """Return all trials of an audit, in their order."""
        parts = (
            self._grouped("SELECT * FROM energy WHERE audit = ? ORDER BY rowid", audit),
            self._grouped("SELECT * FROM epoch WHERE audit = ? ORDER BY trial, number", audit),
            self._grouped("SELECT * FROM figure WHERE audit = ? ORDER BY rowid", audit),
        )
        rows = self._select("SELECT * FROM trial WHERE audit = ? ORDER BY number", audit)
        results = [to_result(row, *(part.get(row["number"], []) for part in parts)) for row in rows]
        return [to_trial(row, result) for row, result in zip(rows, results, strict=True)]

    def pending(self, audit: str) -> list[Trial]:
        """Return the trials that are still to be run: those without a result, and interrupted ones."""
        to_run = (None, Outcome.INTERRUPTED)
        return [r.trial for r in self.trials(audit) if (r.result.outcome if r.result else None) in to_run]

    def phases(self, audit: str) -> dict[int, tuple[Phase, ...]]:
        """Return the phases of the trials of an audit, by the number of the trial."""
        groups = self._grouped("SELECT * FROM phase WHERE audit = ? ORDER BY trial, number", audit)
        return {trial: tuple(to_phase(row) for row in rows) for trial, rows in groups.items()}

    def timelines(self, audit: str, trial: int) -> dict[str, Timeline]:
        """Return the power over the time of a trial, by domain."""
        rows = self._select("SELECT * FROM timeline WHERE audit = ? AND trial = ? ORDER BY rowid", audit, trial)
        return {row["domain"]: timelines.unpack(row["steps"]) for row in rows}

    def spans(self, audit: str) -> tuple[Span, ...]:
        """Return the spans of an audit, in their order."""
        return to_spans(self._select("SELECT * FROM span WHERE audit = ? ORDER BY number, rowid", audit))

    def outcomes(self, audit: str) -> dict[str, int]:
        """Return the number of trials with each outcome; `pending` are those without one."""
        rows = self._select("SELECT outcome, count(*) AS n FROM trial WHERE audit = ? GROUP BY outcome", audit)
        return {row["outcome"] or "pending": row["n"] for row in rows}

    # Inside

    def _prepare(self) -> None:
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA foreign_keys = ON")
        if version_of(self._db) == 0 and not self._select("SELECT name FROM sqlite_master"):
            # One transaction: a process that is killed here leaves an empty file, not a part of a store.
            self._db.executescript(
                f"BEGIN IMMEDIATE; {schema.TABLES} PRAGMA application_id = {schema.APPLICATION_ID};"
                f"PRAGMA user_version = {schema.VERSION}; COMMIT;"
            )
        self._check_version()

    def _check_version(self) -> None:
        if not is_ours(self._db):
            raise StoreError(f"{self.path}: it is not a store of MuteGreen", "name another file with --store FILE")
        if (version := version_of(self._db)) != schema.VERSION:
            remedy = (
                "use a newer MuteGreen" if version > schema.VERSION else "export it with the MuteGreen that wrote it"
            )
            raise StoreError(
                f"{self.path}: it has schema version {version}, but this MuteGreen knows {schema.VERSION}",
                remedy,
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
    """Return whether a file is a store of an older schema, or was one until another process replaced it."""
    if not path.exists():
        return False
    with closing(connect(path, "rw")) as db:
        return is_older(db) or was_replaced(db)
