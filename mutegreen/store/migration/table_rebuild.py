"""Rebuilds a table with other columns and keeps its rows in their order."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping


def rebuild_table(db: sqlite3.Connection, table: str, definition: str, columns: Mapping[str, str]) -> None:
    """Rebuild a table, because SQLite cannot add a column that is NOT NULL and has no default.

    Args:
        db: The store, with foreign keys not enforced.
        table: Name of the table.
        definition: The text between the brackets of its new CREATE TABLE.
        columns: For each new column an expression over the old columns.
    """
    db.execute(f"CREATE TABLE new_{table} ({definition}) STRICT")
    names, values = ", ".join(columns), ", ".join(columns.values())
    db.execute(f"INSERT INTO new_{table} ({names}) SELECT {values} FROM {table} ORDER BY rowid")
    db.execute(f"DROP TABLE {table}")
    db.execute(f"ALTER TABLE new_{table} RENAME TO {table}")
