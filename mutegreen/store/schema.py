"""The store's tables. Energies are joules, powers watts, times seconds; NULL means "not measured", never 0.

History of the schema (`PRAGMA user_version`):
  1  the first one.
  2  a mutant holds any number of changes.
  3  an audit declares its data and its further figures of performance, of which each trial has its own; a trial says
     what the shims did in it, and in what company it was; an audit has backgrounds and spans.

`migration.steps` says how to add the next one.
"""

VERSION = 3

APPLICATION_ID = 0x4D47524E
"""Written into the file's header (`PRAGMA application_id`), so that another program's database is not mistaken."""

TABLES = """
CREATE TABLE IF NOT EXISTS audit (
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
) STRICT;

CREATE TABLE IF NOT EXISTS mutant (
    audit TEXT NOT NULL REFERENCES audit (id),
    id TEXT NOT NULL,
    changes TEXT NOT NULL,
    diff TEXT NOT NULL,
    PRIMARY KEY (audit, id)
) STRICT;

CREATE TABLE IF NOT EXISTS trial (
    audit TEXT NOT NULL REFERENCES audit (id),
    number INTEGER NOT NULL,
    mutant TEXT NOT NULL,
    block INTEGER NOT NULL,
    position INTEGER NOT NULL,
    repetition INTEGER NOT NULL,
    seed INTEGER,
    outcome TEXT,
    reason TEXT,
    started_at TEXT,
    duration_s REAL,
    cpu_s REAL,
    peak_rss_bytes INTEGER,
    status INTEGER,
    performance REAL,
    evidence TEXT,
    standins TEXT,
    company TEXT,
    PRIMARY KEY (audit, number),
    FOREIGN KEY (audit, mutant) REFERENCES mutant (audit, id)
) STRICT;

CREATE TABLE IF NOT EXISTS energy (
    audit TEXT NOT NULL,
    trial INTEGER NOT NULL,
    domain TEXT NOT NULL,
    meter TEXT NOT NULL,
    quality TEXT NOT NULL,
    energy_j REAL,
    idle_w REAL,
    duration_s REAL NOT NULL,
    flags TEXT NOT NULL,
    reason TEXT,
    PRIMARY KEY (audit, trial, domain),
    FOREIGN KEY (audit, trial) REFERENCES trial (audit, number)
) STRICT;

CREATE TABLE IF NOT EXISTS epoch (
    audit TEXT NOT NULL,
    trial INTEGER NOT NULL,
    number INTEGER NOT NULL,
    time_s REAL,
    performance REAL,
    PRIMARY KEY (audit, trial, number),
    FOREIGN KEY (audit, trial) REFERENCES trial (audit, number)
) STRICT;

CREATE TABLE IF NOT EXISTS figure (
    audit TEXT NOT NULL,
    trial INTEGER NOT NULL,
    name TEXT NOT NULL,
    value REAL,
    PRIMARY KEY (audit, trial, name),
    FOREIGN KEY (audit, trial) REFERENCES trial (audit, number)
) STRICT;

CREATE TABLE IF NOT EXISTS phase (
    audit TEXT NOT NULL,
    trial INTEGER NOT NULL,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    begin_s REAL NOT NULL,
    end_s REAL NOT NULL,
    energy_j TEXT NOT NULL,
    PRIMARY KEY (audit, trial, number),
    FOREIGN KEY (audit, trial) REFERENCES trial (audit, number)
) STRICT;

CREATE TABLE IF NOT EXISTS timeline (
    audit TEXT NOT NULL,
    trial INTEGER NOT NULL,
    domain TEXT NOT NULL,
    steps BLOB NOT NULL,
    PRIMARY KEY (audit, trial, domain),
    FOREIGN KEY (audit, trial) REFERENCES trial (audit, number)
) STRICT;

CREATE TABLE IF NOT EXISTS span (
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
) STRICT;
"""
