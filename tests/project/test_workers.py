"""Tests of one group run in one worker of pytest-xdist: they share fixtures, or must not run at the same time."""

import subprocess
import sys
from pathlib import Path

TESTS = """
import os, pathlib, pytest

@pytest.mark.xdist_group("one")
@pytest.mark.parametrize("number", range(4))
def test_who_runs_it(number):
    pathlib.Path(__file__).with_name(f"worker-{os.getpid()}").touch()
"""


def test_a_group_runs_in_one_worker(tmp_path: Path) -> None:
    """Some versions of pytest and pytest-xdist ignore groups together, and say nothing (pytest-xdist issue 1386)."""
    (tmp_path / "test_group.py").write_text(TESTS)
    words = ["-n", "2", "--dist", "loadgroup", "-p", "no:cacheprovider", "--rootdir", "."]
    done = subprocess.run([sys.executable, "-m", "pytest", *words], cwd=tmp_path, capture_output=True, text=True)
    assert "4 passed" in done.stdout, done.stdout
    assert len(list(tmp_path.glob("worker-*"))) == 1
