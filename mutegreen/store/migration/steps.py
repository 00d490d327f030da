"""The chain of conversions, one step from each schema to the next.

To add schema N:

1. Change `schema.TABLES`, set `schema.VERSION = N` and add a line to its history.
2. Write `schema_N.py` with `to_schema_N(db)`, which takes a store of schema N - 1 to schema N. It has its own copy
   of the tables that it makes, and uses nothing of `schema.TABLES`, of the model or of the codec: these go on
   changing, and the step must always do the same. It keeps every row of every table, as `swap` compares the counts.
3. Add it to `STEPS`.
4. Commit a real store of schema N - 1 to `tests/data/stores`, made by the last commit that wrote it (see the README
   there); `tests/store/test_migration.py` takes it up by its name and compares a converted store with a new one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from mutegreen.store.migration.schema_2 import to_schema_2
from mutegreen.store.migration.schema_3 import to_schema_3
from mutegreen.store.schema import APPLICATION_ID

Step = Callable[[sqlite3.Connection], None]

STEPS: dict[int, Step] = {1: to_schema_2, 2: to_schema_3}
"""By schema, the step to the next one. It runs inside a transaction, with foreign keys not enforced."""

SUPERSEDED = -1
"""In place of the schema in a file that has been replaced: whoever still has it open must open the new one."""


def version_of(db: sqlite3.Connection) -> int:
    """The schema of a store."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def is_ours(db: sqlite3.Connection) -> bool:
    """Whether this is a store of MuteGreen, of any schema."""
    return bool(db.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID)


def is_older(db: sqlite3.Connection) -> bool:
    """Whether this is a store of an older schema that can be converted."""
    return is_ours(db) and version_of(db) in STEPS


def was_replaced(db: sqlite3.Connection) -> bool:
    """Whether another process has put a converted store in the place of this one since it was opened."""
    return is_ours(db) and version_of(db) == SUPERSEDED


def convert(db: sqlite3.Connection) -> None:
    """Takes a store of an older schema to the newest, in one transaction.

    Args:
        db: The store, in autocommit mode (`isolation_level=None`).

    Raises:
        sqlite3.DatabaseError: It cannot be written, or is not what its version says; it is then as it was.
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
