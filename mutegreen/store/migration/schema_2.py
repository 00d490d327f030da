"""Converts schema 1 to 2: a mutant has any number of changes.

The first version of schema 1 had no phases and no timelines; they were added without a new number.
"""

from __future__ import annotations

import json
import sqlite3

from mutegreen.store.migration.table_rebuild import rebuild_table

MUTANT = """
    audit TEXT NOT NULL REFERENCES audit (id),
    id TEXT NOT NULL,
    changes TEXT NOT NULL,
    diff TEXT NOT NULL,
    PRIMARY KEY (audit, id)
"""

PHASES = """
    audit TEXT NOT NULL,
    trial INTEGER NOT NULL,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    begin_s REAL NOT NULL,
    end_s REAL NOT NULL,
    energy_j TEXT NOT NULL,
    PRIMARY KEY (audit, trial, number),
    FOREIGN KEY (audit, trial) REFERENCES trial (audit, number)
"""

TIMELINES = """
    audit TEXT NOT NULL,
    trial INTEGER NOT NULL,
    domain TEXT NOT NULL,
    steps BLOB NOT NULL,
    PRIMARY KEY (audit, trial, domain),
    FOREIGN KEY (audit, trial) REFERENCES trial (audit, number)
"""


def to_schema_2(db: sqlite3.Connection) -> None:
    """Convert a store of schema 1."""
    db.create_function("changes_of_1", 4, _changes, deterministic=True)
    changes = "changes_of_1(hyperparameter, value, default_value, operator)"
    rebuild_table(db, "mutant", MUTANT, {"audit": "audit", "id": "id", "changes": changes, "diff": "diff"})
    db.execute(f"CREATE TABLE IF NOT EXISTS phase ({PHASES}) STRICT")
    db.execute(f"CREATE TABLE IF NOT EXISTS timeline ({TIMELINES}) STRICT")


def _changes(hyperparameter: str | None, value: str, default: str, operator: str) -> str:
    """Return the changes of a mutant as JSON: none for the original, and none for `identity`, which had no value."""
    if hyperparameter is None or json.loads(value) is None:
        return "[]"
    change = {"hyperparameter": hyperparameter, "value": json.loads(value), "default": json.loads(default)}
    return json.dumps([change | {"operator": operator}])
