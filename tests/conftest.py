"""Fixtures for all tests."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from support.commands import Run
from support.tiny import command, environment, write_subject

collect_ignore = ["plugin", "meter_plugin"]
"""Packages of their own, with tests of their own: `e2e/test_plugin.py` installs them and runs those."""


@pytest.fixture
def subject(tmp_path: Path) -> Path:
    """A folder with a training of some milliseconds."""
    return write_subject(tmp_path / "points")


@pytest.fixture
def mutegreen(tmp_path: Path) -> Run:
    """Runs the command line in `tmp_path`, where its store then lies."""

    def run(*words: object, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*words), cwd=tmp_path, env=environment(**variables), capture_output=True, text=True, timeout=120
        )

    return run
