"""Run `mutegreen study` on subjects that train in milliseconds, as a separate process."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from support.limits import PROCESS_S
from support.tiny import SUBJECT, TRAIN, environment, write_subject

WITHOUT_PAUSES = """\
import dataclasses
from mutegreen.cli.main import main
from mutegreen.replication.design import SIZES
SIZES["smoke"] = dataclasses.replace(SIZES["smoke"], cooldown_s=None)
main()
"""
"""The command line with another preset smoke: it waits after a trial as long as the subject says, not up to 2 s.

The pauses would be most of the time of these tests. `tests/replication` holds what the preset itself says of them.
"""

PRESET = "\n[presets.smoke]\ncooldown_s = 0\nduration_s = 0.2\n"
SMOKE = ("study", "hyperparameters", "--preset", "smoke")


def study_words(*words: object) -> list[str]:
    """Return the command of a study with the preset smoke, without pauses."""
    return [sys.executable, "-c", WITHOUT_PAUSES, *SMOKE, *map(str, words)]


def study(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Run a study with the preset smoke in a folder, which then holds the store."""
    line = study_words(*words)
    return subprocess.run(line, cwd=folder, env=environment(), capture_output=True, text=True, timeout=PROCESS_S)


def write_studied(folder: Path, name: str, train: str = TRAIN, preset: str = PRESET) -> str:
    """Write a subject of this name below a folder, with the preset smoke; return the name."""
    write_subject(folder / name, train, SUBJECT.replace("points", name) + preset)
    return name


def outcomes(folder: Path) -> dict[str, dict[str, int]]:
    """Return the number of trials with each outcome, by audit."""
    with closing(sqlite3.connect(folder / "reports" / "mutegreen.sqlite")) as db:
        rows = db.execute("SELECT audit, coalesce(outcome, 'pending'), count(*) FROM trial GROUP BY 1, 2").fetchall()
    counts: dict[str, dict[str, int]] = {}
    for audit, outcome, count in rows:
        counts.setdefault(audit, {})[outcome] = count
    return counts
