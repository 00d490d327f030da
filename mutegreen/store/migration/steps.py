"""Defines the chain of conversions, with one step from each schema to the next.

To add schema N:

1. Change `schema.TABLES`, set `schema.VERSION = N` and add a line to its history.
2. Write `schema_N.py` with `to_schema_N(db)`, which converts a store of schema N - 1 to schema N. It has its own copy
   of the tables that it creates, and imports neither `schema.TABLES` nor the model nor the codec: these will change,
   and the step must always do the same. It keeps every row of every table, because `swap` compares the counts.
3. Add it to `STEPS`.
4. Commit a real store of schema N - 1 to `tests/data/stores`, made by the last commit that wrote it (see the README
   there); `tests/store/test_migration.py` finds it by its name and compares a converted store with a new one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from mutegreen.store.migration.schema_2 import to_schema_2
from mutegreen.store.migration.schema_3 import to_schema_3
from mutegreen.store.schema import APPLICATION_ID

Step = Callable[[sqlite3.Connection], None]

STEPS: dict[int, Step] = {1: to_schema_2, 2: to_schema_3}
"""For each schema the step to the next one. It runs inside a transaction, with foreign keys not enforced."""

SUPERSEDED = -1
"""The schema number in a file that has been replaced: a process that still has it open must open the new file."""


def version_of(db: sqlite3.Connection) -> int:
    """Return the schema of a store."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def is_ours(db: sqlite3.Connection) -> bool:
    """Return whether this is a store of MuteGreen, of any schema."""
    return bool(db.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID)


def is_older(db: sqlite3.Connection) -> bool:
    """Return whether this is a store of an older schema that can be converted."""
    return is_ours(db) and version_of(db) in STEPS


def was_replaced(db: sqlite3.Connection) -> bool:
    """Return whether another process has replaced this store by a converted one since it was opened."""
    return is_ours(db) and version_of(db) == SUPERSEDED


def convert(db: sqlite3.Connection) -> None:
    """Convert a store of an older schema to the current one, in one transaction.

    Args:
        db: The store, in autocommit mode (`isolation_level=None`).

    Raises:
        sqlite3.DatabaseError: It cannot be written, or does not have the tables of its version; it is unchanged.
    """
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute("BEGIN IMMEDIATE")
    try:
        while (version := version_of(db)) in STEPS:
            STEPS[version](db)
            db.execute(f"PRAGMA user_version = {version + 1}")
    except BaseException:
        db.rollback()
        raise
    db.commit()
