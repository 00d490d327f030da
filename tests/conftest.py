"""Fixtures for all tests."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from support.commands import Run
from support.tiny import command, environment, write_subject

# The same examples at every run, and none judged by its time: the machine may be busy. Another profile is chosen by
# `--hypothesis-profile=thorough`; it draws new examples at every run, to search for faults.
settings.register_profile("ci", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", settings.get_profile("ci"), derandomize=False, max_examples=2000)
settings.load_profile("ci")


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
