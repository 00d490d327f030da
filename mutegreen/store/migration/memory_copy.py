"""Opens an older store for reading: converts a copy in memory and writes nothing into the store's folder."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from mutegreen.store.migration.steps import convert, is_older, was_replaced


def open_for_reading(connect: Callable[[], sqlite3.Connection]) -> sqlite3.Connection:
    """Open a store; if it has a known older schema, return a converted copy in memory instead.

    So a user who reads results needs no permission to write, and can still use the file with an older MuteGreen. The
    copy takes as much memory as the file has bytes.

    Args:
        connect: Opens the store's file.
    """
    while True:
        db = connect()
        if is_older(db):
            db = _converted_copy(db)
        if not was_replaced(db):
            return db
        db.close()


def _converted_copy(db: sqlite3.Connection) -> sqlite3.Connection:
    memory = sqlite3.connect(":memory:", isolation_level=None)
    memory.row_factory = db.row_factory
    db.backup(memory)
    db.close()
    convert(memory)
    return memory
