"""An older store's file is replaced by a converted one; the old one stays as `<name>.v2.bak`.

Guarantees:
    - Killed at any moment, the file is either the old store, whole, or the new one, whole and on the disk.
    - Of several processes that convert at once one does, and the others wait for it and find the new store.
    - No result is lost: whoever still has the old file open can write nothing more into it.
    - Any failure leaves the old store as it was.

Relies on:
    - SQLite's write lock (`BEGIN IMMEDIATE`), held on the old file from before the copy until after the swap, which
      keeps every other writer out, those of older programs too, and which ends with its process.
    - `os.replace` inside one folder being atomic.
    - The old file never being opened here but by SQLite: closing any other descriptor of it would drop SQLite's
      locks, as POSIX has it. So it is copied by SQLite's backup.

Rejected:
    - Conversion in the old file, in one transaction: safe, but a fault of a step would be found too late.
    - A lock file: an older program does not know it.
    - The old file itself renamed to the backup: an older program that has it open would go on writing there.
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
    """A store that was converted: the schemas before and after, and where the old file is kept."""

    old: int
    new: int
    backup: Path


def migrate(path: Path) -> Migration | None:
    """Converts a store of an older schema to the newest.

    Returns:
        What was done; None: another process has converted it meanwhile.

    Raises:
        StoreError: It cannot be written, or an older MuteGreen is running an audit on it; it is as it was.
    """
    given, path = path, path.resolve()
    while True:
        before = path.stat()
        with closing(connect(path, "rw")) as db, _explain_errors(path, db):
            _lock(db)
            # Between this process's look at the file and its lock, another one may have put a new file there.
            if (path.stat().st_dev, path.stat().st_ino) != (before.st_dev, before.st_ino):
                continue
            if not is_older(db):
                return None
            version = version_of(db)
            with hold_audit_locks(db, given, path), _scratch(path) as (old, new):
                backup = _backup_name(path, version, _copy_store(path, old))
                shutil.copyfile(old, new)
                reached = _convert_copy(new)
                _check(old, new)
                _copy_permissions(path, old, new)
                _sync(old, new)
                _keep_backup(old, backup)
                _swap(new, path)
            if before.st_nlink == 1:
                _supersede(db)
            return Migration(version, reached, backup)


def _lock(db: sqlite3.Connection) -> None:
    # A journal file of the old store would lie beside the new one after the swap, and be taken for the new one's.
    db.execute("PRAGMA journal_mode = MEMORY")
    db.execute("BEGIN IMMEDIATE")


@contextmanager
def _explain_errors(path: Path, db: sqlite3.Connection) -> Iterator[None]:
    """Errors of SQLite and of the file system as ours; the lock is released."""
    try:
        yield
    except (sqlite3.DatabaseError, OSError) as error:
        why = (isinstance(error, OSError) and error.strerror) or str(error)
        raise StoreError(
            f"{path}: the store is of an older schema and cannot be converted: {why}; it is as it was",
            _remedy(str(why)),
        ) from error
    finally:
        if db.in_transaction:
            db.rollback()


def _remedy(why: str) -> str:
    if "full" in why or "No space" in why:
        return "free some space: the conversion needs twice the size of the store beside it"
    if "locked" in why:
        return "another process is writing to it; try again when it has done"
    return "make the file and its folder writable; `stats`, `show` and `export` read it as it is"


@contextmanager
def _scratch(path: Path) -> Iterator[tuple[Path, Path]]:
    """Two files beside the store, taken away again if they are still there; a killed conversion may have left them."""
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
    """A copy of the store's file, by a second connection: SQLite copies nothing from one that holds the write lock."""
    with closing(connect(path, "rw")) as source, closing(sqlite3.connect(copy)) as target:
        target.execute("PRAGMA synchronous = OFF")  # `_sync` follows
        source.backup(target)
    return copy


def _backup_name(path: Path, version: int, copy: Path) -> Path:
    """Where the old store is kept: never over another file, unless that is the same, left by a killed conversion."""
    number = 1
    while True:
        name = path.with_name(f"{path.name}.v{version}{f'-{number}' if number > 1 else ''}.bak")
        if not name.exists() or filecmp.cmp(name, copy, shallow=False):
            return name
        number += 1


def _convert_copy(new: Path) -> int:
    """Converts the copy; its schema afterwards."""
    with closing(sqlite3.connect(new, isolation_level=None)) as db:
        convert(db)
        return version_of(db)


def _check(old: Path, new: Path) -> None:
    """Compares the converted copy with the old store.

    Raises:
        sqlite3.DatabaseError: It is damaged, a reference leads nowhere, or a table has more or fewer rows.
    """
    with closing(sqlite3.connect(new)) as db:
        if (found := db.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
            raise sqlite3.DatabaseError(f"the converted copy is damaged: {found}")
        if db.execute("PRAGMA foreign_key_check").fetchone() is not None:
            raise sqlite3.DatabaseError("in the converted copy a row refers to one that is not there")
        after = _counts(db)
    with closing(sqlite3.connect(old)) as db:
        for table, count in _counts(db).items():
            if after.get(table) != count:
                raise sqlite3.DatabaseError(f"table {table} has {count} rows, and {after.get(table)} when converted")


def _counts(db: sqlite3.Connection) -> dict[str, int]:
    """Rows by table."""
    return {table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in _tables(db)}


def _tables(db: sqlite3.Connection) -> list[str]:
    """All tables but SQLite's own."""
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    return [name for (name,) in db.execute(query).fetchall()]


def _copy_permissions(path: Path, *files: Path) -> None:
    """Gives files the owner and the permissions of the store."""
    state = path.stat()
    for file in files:
        file.chmod(state.st_mode & 0o777)
        if (state.st_uid, state.st_gid) != (os.geteuid(), os.getegid()):
            with suppress(PermissionError):  # only root gives files away
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
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some file systems cannot do that for a folder
            raise


def _swap(new: Path, path: Path) -> None:
    new.replace(path)
    with suppress(OSError):  # the new store is there, and nothing that fails from here on may say that it is not
        _sync(path.parent)


def _supersede(db: sqlite3.Connection) -> None:
    """Empties the old file, which has no name any more: whoever has it open and waits to write finds no table there.

    Without this, an older program would keep its results in a file that is gone when the program ends.
    """
    with suppress(sqlite3.DatabaseError):  # such as a reader that does not end; the new store is there all the same
        for table in _tables(db):
            db.execute(f"DROP TABLE {table}")
        db.execute(f"PRAGMA user_version = {SUPERSEDED}")
        db.commit()
