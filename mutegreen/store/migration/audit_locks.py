"""Audits that an older MuteGreen may be running on a store while it is converted."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mutegreen.errors import StoreError


@contextmanager
def hold_audit_locks(db: sqlite3.Connection, *paths: Path) -> Iterator[None]:
    """Holds the locks of all audits that have not ended, so that no older MuteGreen goes on with one meanwhile.

    Such a program has the old file open, and would write its results there after it has become the backup.

    Args:
        db: The store.
        paths: Its file, by the name that was given and by the one that symbolic links lead to. Every MuteGreen so far
            has kept an audit's lock at `audits/<id>/lock` beside the name that it was given.

    Raises:
        StoreError: One is being run.
    """
    with ExitStack() as stack:
        audits = [audit for (audit,) in db.execute("SELECT id FROM audit WHERE finished_at IS NULL").fetchall()]
        folders = dict.fromkeys(path.absolute().parent for path in paths)
        locks = {folder / "audits" / audit / "lock": audit for folder in folders for audit in audits}
        for lock, audit in locks.items():
            if not lock.exists():
                continue
            held = stack.enter_context(lock.open("a"))
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StoreError(
                    f"{paths[0]}: an older MuteGreen is running audit {audit}, so the store cannot be converted",
                    "let it end, or stop it: this MuteGreen can resume it",
                ) from None
        yield
