"""Test tests/conftest.py: slow tests have a longer limit and begin first under pytest-xdist.

A fixture of a module is made once.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from support.limits import PROCESS_S
from support.paths import ROOT

TESTS = """
import os, pathlib, pytest

HERE = pathlib.Path(__file__).parent

@pytest.fixture(scope="module")
def costly():
    (HERE / f"made-{os.getpid()}").touch()

@pytest.mark.parametrize("number", range(6))
def test_uses(costly, number):
    with (HERE / "order").open("a") as file:
        file.write("quick ")

@pytest.mark.slow
def test_slow(request):
    assert request.node.get_closest_marker("timeout").args == (900,)
    with (HERE / "order").open("a") as file:
        file.write("slow ")
"""


def run(folder: Path, *words: str) -> None:
    (folder / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "conftest.py", folder / "tests")
    shutil.copytree(ROOT / "tests" / "support", folder / "tests" / "support")
    (folder / "pytest.ini").write_text("[pytest]\npythonpath = tests\nmarkers =\n    slow\n")
    (folder / "tests" / "test_all.py").write_text(TESTS)
    line = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--import-mode=importlib", *words]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=PROCESS_S)
    assert "7 passed" in done.stdout, done.stdout


def test_tests_that_share_a_fixture_of_their_module_run_in_one_worker(tmp_path: Path) -> None:
    run(tmp_path, "-n", "2", "--dist", "loadgroup")
    assert len(list((tmp_path / "tests").glob("made-*"))) == 1


def test_slow_tests_begin_first(tmp_path: Path) -> None:
    run(tmp_path, "-n", "1", "--dist", "loadgroup", "--no-loadscope-reorder")
    assert (tmp_path / "tests" / "order").read_text().split() == ["slow", *["quick"] * 6]
