"""Errors whose remedy depends on the situation."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from support.commands import Run
from support.tiny import write_subject


def test_an_audit_without_ended_trials_can_be_resumed(audited: dict[str, Any], mutegreen: Run) -> None:
    set_outcomes(mutegreen.folder, "interrupted")
    done = mutegreen("stats")
    assert done.returncode == 2
    assert f"`mutegreen run --resume {audited['audit']}` finishes the audit" in done.stderr


def test_a_failed_trial_can_be_shown(audited: dict[str, Any], mutegreen: Run) -> None:
    set_outcomes(mutegreen.folder, "failed")
    done = mutegreen("stats")
    assert done.returncode == 2
    assert f"`mutegreen show NUMBER --audit {audited['audit']}` shows why a trial failed" in done.stderr


def set_outcomes(folder: Path, outcome: str) -> None:
    """Give all trials of the store in a folder the same outcome."""
    with closing(sqlite3.connect(folder / "reports" / "mutegreen.sqlite")) as db, db:
        db.execute("UPDATE trial SET outcome = ?", (outcome,))


def test_a_word_that_is_no_background_load_is_no_preset_of_the_subject_here(mutegreen: Run) -> None:
    write_subject(mutegreen.folder)
    done = mutegreen("run", ".", "--dry-run", "--background", "no-such-program")
    assert done.returncode == 2
    assert "--background no-such-program: neither a subject nor a command" in done.stderr
