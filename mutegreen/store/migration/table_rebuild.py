"""A table with other columns, its rows kept in their order."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping


def rebuild_table(db: sqlite3.Connection, table: str, definition: str, columns: Mapping[str, str]) -> None:
    """Makes a table anew, as SQLite can add no column that must not be NULL and has no default.

    Args:
        db: Its store, with foreign keys not enforced.
        table: Its name.
        definition: What stands between the brackets of its new CREATE TABLE.
        columns: By new column, the expression over the old ones that gives its value.
    """
    db.execute(f"CREATE TABLE new_{table} ({definition}) STRICT")
    names, values = ", ".join(columns), ", ".join(columns.values())
    db.execute(f"INSERT INTO new_{table} ({names}) SELECT {values} FROM {table} ORDER BY rowid")
    db.execute(f"DROP TABLE {table}")
    db.execute(f"ALTER TABLE new_{table} RENAME TO {table}")
