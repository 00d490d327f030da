"""Replaces the file of an older store by a converted one; the old file is kept as `<name>.v2.bak`.

Guarantees:
    - Killed at any moment, the file is either the complete old store, or the complete new one, synchronised to disk.
    - Of several processes that start to convert, one converts; the others wait for it and find the new store.
    - No result is lost: a process that still has the old file open cannot write into it any more.
    - Any failure leaves the old store unchanged.

Relies on:
    - SQLite's write lock (`BEGIN IMMEDIATE`) on the old file, held from before the copy until after the swap. It blocks
      every other writer, also those of older programs, and ends with its process.
    - `os.replace` inside one folder being atomic.
    - Only SQLite opening the old file in this process: closing any other descriptor of it would release SQLite's
      locks (POSIX). So the file is copied by SQLite's backup.

Rejected:
    - Conversion inside the old file, in one transaction: safe, but a fault of a step would be found too late.
    - A lock file: older programs do not know it.
    - Renaming the old file to the backup: an older program that has it open would continue to write there.
"""

from __future__ import annotations

import errno
import filecmp
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mutegreen.errors import StoreError
from mutegreen.store.connection import connect
from mutegreen.store.migration.audit_locks import hold_audit_locks
from mutegreen.store.migration.steps import SUPERSEDED, convert, is_older, version_of


@dataclass(frozen=True)
class Migration:
    """A conversion of a store: the schemas before and after, and the file that keeps the old store."""

    old: int
    new: int
    backup: Path


def migrate(path: Path) -> Migration | None:
    """Convert a store of an older schema to the current one.

    Returns:
        The conversion; None: another process has converted the store meanwhile.

    Raises:
        StoreError: It cannot be written, or an older MuteGreen is running an audit on it; it is unchanged.
    """
    given, path = path, path.resolve()
    while True:
        before = path.stat()
        with closing(connect(path, "rw")) as db, _explain_errors(path, db):
            _lock(db)
            # Another process may have replaced the file between `path.stat()` and the lock.
            if (path.stat().st_dev, path.stat().st_ino) != (before.st_dev, before.st_ino):
                continue
            if not is_older(db):
                return None
            version = version_of(db)
            with hold_audit_locks(db, given, path), _scratch(path) as (old, new):
                backup = _backup_name(path, version, _copy_store(path, old))
                shutil.copyfile(old, new)
                new_version = _convert_copy(new)
                _check(old, new)
                _copy_permissions(path, old, new)
                _sync(old, new)
                _keep_backup(old, backup)
                _swap(new, path)
            if before.st_nlink == 1:
                _supersede(db)
            return Migration(version, new_version, backup)


def _lock(db: sqlite3.Connection) -> None:
    # After the swap, SQLite would take a journal file of the old store for one of the new store.
    db.execute("PRAGMA journal_mode = MEMORY")
    db.execute("BEGIN IMMEDIATE")


@contextmanager
def _explain_errors(path: Path, db: sqlite3.Connection) -> Iterator[None]:
    """Raise errors of SQLite and of the file system as `StoreError`, and release the lock."""
    try:
        yield
    except (sqlite3.DatabaseError, OSError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        raise StoreError(
            f"{path}: the store has an older schema and cannot be converted: {reason}; it is unchanged",
            _remedy(str(reason)),
        ) from error
    finally:
        if db.in_transaction:
            db.rollback()


def _remedy(reason: str) -> str:
    if "full" in reason or "No space" in reason:
        return "free some space: the conversion needs twice the size of the store"
    if "locked" in reason:
        return "another process is writing to it; try again later"
    return "make the file and its folder writable; `stats`, `show` and `export` can read it unconverted"


@contextmanager
def _scratch(path: Path) -> Iterator[tuple[Path, Path]]:
    """Yield two files next to the store, and remove them at the end; a killed conversion may have left them."""
    old, new = (path.with_name(f"{path.name}.{part}-migrating") for part in ("old", "new"))
    files = [old, new, *(file.with_name(f"{file.name}-journal") for file in (old, new))]
    for file in files:
        file.unlink(missing_ok=True)
    try:
        yield old, new
    finally:
        for file in files:
            with suppress(OSError):
                file.unlink(missing_ok=True)


def _copy_store(path: Path, copy: Path) -> Path:
    """Copy the store by a second connection: SQLite cannot back up from one that holds the write lock."""
    with closing(connect(path, "rw")) as source, closing(sqlite3.connect(copy)) as target:
        target.execute("PRAGMA synchronous = OFF")  # `_sync` follows
        source.backup(target)
    return copy


def _backup_name(path: Path, version: int, copy: Path) -> Path:
    """Return the name of the backup: a new one, or an equal file that a killed conversion has left."""
    number = 1
    while True:
        name = path.with_name(f"{path.name}.v{version}{f'-{number}' if number > 1 else ''}.bak")
        if not name.exists() or filecmp.cmp(name, copy, shallow=False):
            return name
        number += 1


def _convert_copy(new: Path) -> int:
    """Convert the copy and return its new schema."""
    with closing(sqlite3.connect(new, isolation_level=None)) as db:
        convert(db)
        return version_of(db)


def _check(old: Path, new: Path) -> None:
    """Compare the converted copy with the old store.

    Raises:
        sqlite3.DatabaseError: It is damaged, a foreign key has no row, or a table has another number of rows.
    """
    with closing(sqlite3.connect(new)) as db:
        if (result := db.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
            raise sqlite3.DatabaseError(f"the converted copy is damaged: {result}")
        if db.execute("PRAGMA foreign_key_check").fetchone() is not None:
            raise sqlite3.DatabaseError("the converted copy has a foreign key without a row")
        after = _counts(db)
    with closing(sqlite3.connect(old)) as db:
        for table, count in _counts(db).items():
            if after.get(table) != count:
                raise sqlite3.DatabaseError(f"table {table} has {count} rows, but {after.get(table)} when converted")


def _counts(db: sqlite3.Connection) -> dict[str, int]:
    """Return the number of rows of each table."""
    return {table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in _tables(db)}


def _tables(db: sqlite3.Connection) -> list[str]:
    """Return all tables except SQLite's own."""
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    return [name for (name,) in db.execute(query).fetchall()]


def _copy_permissions(path: Path, *files: Path) -> None:
    """Give files the owner and the permissions of the store."""
    state = path.stat()
    for file in files:
        file.chmod(state.st_mode & 0o777)
        if (state.st_uid, state.st_gid) != (os.geteuid(), os.getegid()):
            with suppress(PermissionError):  # only root may change the owner
                os.chown(file, state.st_uid, state.st_gid)


def _sync(*files: Path) -> None:
    for file in files:
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _keep_backup(old: Path, backup: Path) -> None:
    old.replace(backup)
    try:
        _sync(backup.parent)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some file systems cannot synchronise a folder
            raise


def _swap(new: Path, path: Path) -> None:
    new.replace(path)
    # The new store is in place, so a failure from here on must not look like one of the conversion.
    with suppress(OSError):
        _sync(path.parent)


def _supersede(db: sqlite3.Connection) -> None:
    """Empty the old file, which has no name any more: a process that waits to write into it finds no tables.

    Without this, an older program would write its results into a file that vanishes when the program ends.
    """
    with suppress(sqlite3.DatabaseError):  # for example a reader that does not end; the new store is in place anyway
        for table in _tables(db):
            db.execute(f"DROP TABLE {table}")
        db.execute(f"PRAGMA user_version = {SUPERSEDED}")
        db.commit()
