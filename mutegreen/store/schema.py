"""Defines the tables of the store. Energies are in joules, powers in watts, times in seconds; NULL is "not measured".

    audit --+-- mutant --- trial --+-- energy      one row per domain
            |                      +-- epoch       one row per epoch
            +-- span               +-- figure      one row per extra metric
                                   +-- phase       one row per phase
                                   +-- timeline    one row per domain

History of the schema (`PRAGMA user_version`):

    1  The first one.
    2  A mutant has any number of changes (`mutant.changes`), for mutants of higher order.
    3  Data sets and extra metrics (`audit.data`, `audit.also`, table `figure`), shims (`trial.standins`), co-location
       (`trial.company`, `audit.backgrounds`, table `span`) and the memory that the preflight needed
       (`audit.peak_bytes`).

Names of tables and columns stay for existing files, although the glossary has other words for `figure` (extra metric),
`standins` (shims), `company` (co-location) and `nobody_j` (unattributed energy). `migration.steps` says how to add the
next schema.
"""

VERSION = 3

APPLICATION_ID = 0x4D47524E
"""The mark of MuteGreen in the file's header (`PRAGMA application_id`). A file without it is not a store."""

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
