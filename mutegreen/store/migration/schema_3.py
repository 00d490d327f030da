"""Converts schema 2 to 3: data sets, extra metrics, shims and co-location, which audits of schema 2 did not have.

An audit's options get the keys that the current program reads. The older program did not have these options, so each
gets the value that corresponds to its absence.
"""

from __future__ import annotations

import json
import sqlite3

from mutegreen.store.migration.table_rebuild import rebuild_table

AUDIT = """
    id TEXT PRIMARY KEY,
    subject TEXT NOT NULL,
    folder TEXT NOT NULL,
    digest TEXT NOT NULL,
    goal TEXT NOT NULL,
    tolerance REAL,
    options TEXT NOT NULL,
    environment TEXT NOT NULL,
    notes TEXT NOT NULL,
    created_at TEXT NOT NULL,
    preflight_s REAL,
    idle_w TEXT,
    unavailable TEXT,
    finished_at TEXT,
    data TEXT,
    also TEXT NOT NULL,
    backgrounds TEXT NOT NULL,
    peak_bytes TEXT NOT NULL
"""
KEPT = (
    "id", "subject", "folder", "digest", "goal", "tolerance", "environment", "notes", "created_at", "preflight_s",
    "idle_w", "unavailable", "finished_at",
)  # fmt: skip

FIGURE = """
    audit TEXT NOT NULL,
    trial INTEGER NOT NULL,
    name TEXT NOT NULL,
    value REAL,
    PRIMARY KEY (audit, trial, name),
    FOREIGN KEY (audit, trial) REFERENCES trial (audit, number)
"""

SPAN = """
    audit TEXT NOT NULL REFERENCES audit (id),
    number INTEGER NOT NULL,
    started_at TEXT NOT NULL,
    duration_s REAL NOT NULL,
    domain TEXT NOT NULL,
    meter TEXT NOT NULL,
    quality TEXT NOT NULL,
    energy_j REAL,
    idle_w REAL,
    flags TEXT NOT NULL,
    reason TEXT,
    attributed_j REAL,
    nobody_j REAL,
    PRIMARY KEY (audit, number, domain)
"""


def to_schema_3(db: sqlite3.Connection) -> None:
    """Convert a store of schema 2."""
    db.create_function("options_of_3", 2, _options, deterministic=True)
    seeded = "EXISTS (SELECT 1 FROM trial WHERE trial.audit = id AND seed IS NOT NULL)"
    added = {"data": "NULL", "also": "'[]'", "backgrounds": "'[]'", "peak_bytes": "'{}'"}
    kept = {column: column for column in KEPT}
    rebuild_table(db, "audit", AUDIT, kept | added | {"options": f"options_of_3(options, {seeded})"})
    db.execute("ALTER TABLE trial ADD COLUMN standins TEXT")
    db.execute("ALTER TABLE trial ADD COLUMN company TEXT")
    db.execute(f"CREATE TABLE figure ({FIGURE}) STRICT")
    db.execute(f"CREATE TABLE span ({SPAN}) STRICT")


def _options(text: str, seeded: int) -> str:
    options = json.loads(text)
    plan = {"order": None, "same_seed": False, "compat": []} | options["plan"]
    limits = {"warm_up_s": None} | options["limits"]
    absent: dict[str, object] = {
        "seeding": "own" if seeded else "none",
        "metering": {"meters": [], "require": []},
        "jobs": None,
    }
    return json.dumps(absent | options | {"plan": plan, "limits": limits})
