"""Audits of older MuteGreens in today's commands: shown, exported, and resumed."""

from __future__ import annotations

import csv
import io
import json
import os
import runpy
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from support.commands import Run
from support.paths import ROOT

STORES = ROOT / "tests" / "data" / "stores"
NAMES = sorted(file.stem for file in STORES.glob("*.sqlite"))


@pytest.fixture(params=NAMES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return Path(shutil.copy(STORES / f"{request.param}.sqlite", tmp_path / "old.sqlite"))


def audits(store: Path) -> list[str]:
    with closing(sqlite3.connect(store)) as db:
        return [name for (name,) in db.execute("SELECT id FROM audit ORDER BY rowid")]


@pytest.mark.parametrize("store", NAMES[:1], indirect=True)
def test_results_are_read_and_the_file_stays_as_it_is(mutegreen: Run, store: Path) -> None:
    before, (complete, stopped) = store.read_bytes(), audits(store)
    listed = mutegreen("audits", "--store", store)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert complete in listed.stdout
    assert stopped in listed.stdout
    shown = mutegreen("show", "--audit", complete, "--store", store)
    assert (shown.returncode, shown.stderr) == (0, "")
    exported = mutegreen("export", complete, "--store", store)
    with closing(sqlite3.connect(store)) as db:
        query = "SELECT mutant, repetition, duration_s, performance FROM trial WHERE audit = ? AND outcome = 'ok'"
        trials = sorted(db.execute(query, (complete,)))
    rows = list(csv.DictReader(io.StringIO(exported.stdout)))
    cells = [(r["mutant"], int(r["repetition"]), float(r["duration_s"]), float(r["performance"])) for r in rows]
    assert sorted(cells) == trials
    stats = mutegreen("stats", complete, "--json", "--store", store)
    assert stats.returncode == 0, stats.stderr
    assert {row["mutant"] for row in json.loads(stats.stdout)["verdict"]} == {
        "epochs=4",
        "learning_rate=0.25",
        "start=naïve",
    }
    assert store.read_bytes() == before
    assert [file.name for file in store.parent.iterdir()] == [store.name]


def test_a_stopped_audit_continues_in_the_converted_store(mutegreen: Run, store: Path) -> None:
    _, stopped = audits(store)
    snapshot = store.parent / "audits" / stopped / "subject"
    snapshot.mkdir(parents=True)
    (snapshot.parent / "logs").mkdir()
    made = runpy.run_path(os.fspath(STORES / "make.py"))
    (snapshot / "train.py").write_text(made["TRAIN"])
    (snapshot / "subject.toml").write_text(made["SUBJECT"])
    with closing(sqlite3.connect(store)) as db:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        ended = db.execute("SELECT number, duration_s FROM trial WHERE outcome = 'ok'").fetchall()
        db.execute("UPDATE audit SET folder = ?", (str(snapshot),))
        db.commit()
    resumed = mutegreen("run", "--resume", stopped, "--json", "--store", store)
    assert resumed.returncode == 0, resumed.stderr
    said = [line for line in resumed.stderr.splitlines() if "converted" in line]
    assert said == [f"{store}: converted from schema {version} to 3; the old file is kept as old.sqlite.v{version}.bak"]
    assert json.loads(resumed.stdout)["trials"]["ok"] == 6
    with closing(sqlite3.connect(store)) as db:
        assert set(ended) <= set(db.execute("SELECT number, duration_s FROM trial")), (
            "those that had ended are not run again"
        )
        assert db.execute("SELECT count(*) FROM trial WHERE outcome = 'ok'").fetchone()[0] == 14
