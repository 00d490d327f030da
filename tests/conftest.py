"""Fixtures for all tests, which of them run in one worker, and how long slow ones may take."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from support.audits import SMALL
from support.commands import Run
from support.limits import SLOW_TEST_S
from support.tiny import write_subject


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Slow tests have a limit of their own; for pytest-xdist, some run in one worker, and slow tests begin first.

    The limit of `pyproject.toml` is ten times what other tests take. A mark `timeout` on the test takes precedence.

    Tests that share a fixture of their module run in one worker, because pytest-xdist makes a fixture once for each
    worker. It distributes tests in the order given here: a long test at the end would keep one worker busy after the
    others have ended. It reads the groups in a hook of the same name, so this one must run first.
    """
    for item in items:
        if item.get_closest_marker("slow") and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(SLOW_TEST_S))
    if not hasattr(config, "workerinput"):
        return
    for item in items:
        if item.get_closest_marker("xdist_group") is None and _shares_a_fixture(item):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def _shares_a_fixture(item: pytest.Item) -> bool:
    found = getattr(item, "_fixtureinfo", None)
    definitions = found.name2fixturedefs.values() if found else ()
    return any(each[-1].scope in ("module", "class") for each in definitions)


collect_ignore = ["plugin", "meter_plugin"]
"""Separate packages with their own tests: `e2e/test_plugin.py` installs the packages and runs their tests."""

# Hypothesis: the same examples at every run, without a time limit for each, as the machine may be busy.
# `--hypothesis-profile=thorough` selects another profile, which draws new examples at every run to search for faults.
settings.register_profile("ci", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", settings.get_profile("ci"), derandomize=False, max_examples=2000)
settings.load_profile("ci")


@pytest.fixture
def subject(tmp_path: Path) -> Path:
    """Return the folder of a subject that trains for some milliseconds."""
    return write_subject(tmp_path / "points")


@pytest.fixture
def mutegreen(tmp_path: Path) -> Run:
    """Return a runner of the command line in `tmp_path`, which then holds the store."""
    return Run(tmp_path)


@pytest.fixture(scope="session")
def small_audit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the subject `points` and an audit of ten trials. Tests read it; they do not change it."""
    folder = tmp_path_factory.mktemp("small")
    done = Run(folder)("run", write_subject(folder / "points"), *SMALL, "--json")
    assert done.returncode == 0, done.stderr
    (folder / "summary.json").write_text(done.stdout)
    return folder


@pytest.fixture
def audited(small_audit: Path, tmp_path: Path) -> dict[str, Any]:
    """Copy `small_audit` to `tmp_path`, where a test may change it; return the output of `run --json`."""
    shutil.copytree(small_audit, tmp_path, dirs_exist_ok=True)
    return dict(json.loads((small_audit / "summary.json").read_text()))
