"""An older store for reading: a copy in memory is converted, and nothing is written into its folder."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from mutegreen.store.migration.steps import convert, is_older, was_replaced


def open_for_reading(connect: Callable[[], sqlite3.Connection]) -> sqlite3.Connection:
    """A store as it is, or, if its schema is an older one that is known, a converted copy in memory.

    A user who only looks at results need not be able to write, and may go on using an older MuteGreen for the file.
    The copy takes as much memory as the file has bytes.

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
