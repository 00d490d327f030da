"""Holds the locks of unfinished audits while their store is converted."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mutegreen.errors import StoreError


@contextmanager
def hold_audit_locks(db: sqlite3.Connection, *paths: Path) -> Iterator[None]:
    """Hold the locks of all audits that have not ended, so no older MuteGreen continues one during the conversion.

    Such a program has the old file open, and would write its results there after the file has become the backup.

    Args:
        db: The store.
        paths: Its file, by the given name and by the name to which symbolic links lead. Every version of MuteGreen has
            kept an audit's lock at `audits/<id>/lock` in the folder of the given name.

    Raises:
        StoreError: An audit is being run.
    """
    with ExitStack() as stack:
        audits = [audit for (audit,) in db.execute("SELECT id FROM audit WHERE finished_at IS NULL").fetchall()]
        folders = dict.fromkeys(path.absolute().parent for path in paths)
        locks = {folder / "audits" / audit / "lock": audit for folder in folders for audit in audits}
        for lock, audit in locks.items():
            if not lock.exists():
                continue
            file = stack.enter_context(lock.open("a"))
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StoreError(
                    f"{paths[0]}: an older MuteGreen is running audit {audit}, so the store cannot be converted",
                    "wait until it has ended, or stop it: this MuteGreen can resume it",
                ) from None
        yield
