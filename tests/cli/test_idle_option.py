"""The option `--idle` and its environment variable: stored with the audit, used again by `--resume`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mutegreen.cli.main import cli
from mutegreen.errors import UsageError
from mutegreen.harness.machine import cooldown
from mutegreen.meters.recorder import Recorder
from support.tiny import LOCKS, SUBJECT, write_subject

SMALL = ("--operators", "identity", "--repetitions", "2", "--cooldown", "0", "--meter", "estimate")

Invoke = Callable[..., Result]


@pytest.fixture
def measured_s(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the times over which idle power was measured, seconds; the measurement itself is replaced."""
    times_s: list[float] = []

    def mean_power(self: Recorder, duration_s: float) -> dict[str, float]:
        times_s.append(duration_s)
        return {}

    monkeypatch.setattr(Recorder, "mean_power", mean_power)
    return times_s


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Invoke:
    """Return a function that runs the command line in this process, in `tmp_path`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MUTEGREEN_IDLE", raising=False)
    monkeypatch.setenv("MUTEGREEN_LOCKS", LOCKS)

    def run(*words: object, **variables: str) -> Result:
        store = ("--store", str(tmp_path / "store.sqlite"))
        return CliRunner(env=variables).invoke(cli, [*map(str, words), *store])

    return run


def kept(folder: Path) -> dict[str, object]:
    with closing(sqlite3.connect(folder / "store.sqlite")) as db:
        (options,) = db.execute("SELECT options FROM audit").fetchone()
    limits: dict[str, object] = json.loads(options)["limits"]
    return limits


@pytest.mark.parametrize(
    ("words", "variables", "idle_s"),
    [
        ((), {}, 1.0),
        (("--idle", "0.25"), {}, 0.25),
        ((), {"MUTEGREEN_IDLE": "0.5"}, 0.5),
        (("--idle", "0.25"), {"MUTEGREEN_IDLE": "0.5"}, 0.25),
    ],
)
def test_idle_power_is_measured_for_the_requested_time_and_a_resumed_audit_keeps_it(
    words: tuple[str, ...],
    variables: dict[str, str],
    idle_s: float,
    subject: Path,
    invoke: Invoke,
    measured_s: list[float],
    tmp_path: Path,
) -> None:
    done = invoke("run", subject, *SMALL, *words, "--json", **variables)
    assert done.exit_code == 0, done.stderr
    assert measured_s == [idle_s]
    assert kept(tmp_path)["idle_s"] == (idle_s if words or variables else None)

    interrupt(tmp_path)
    resumed = invoke("run", "--resume", json.loads(done.stdout)["audit"], MUTEGREEN_IDLE="7")
    assert resumed.exit_code == 0, resumed.stderr
    assert measured_s == [idle_s, idle_s]


def interrupt(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "store.sqlite")) as db, db:
        db.execute("UPDATE trial SET outcome = 'interrupted' WHERE block = 1")


def test_an_audit_older_than_the_option_measures_for_a_second(
    subject: Path, invoke: Invoke, measured_s: list[float], tmp_path: Path
) -> None:
    done = invoke("run", subject, *SMALL, "--idle", "0.25", "--json")
    with closing(sqlite3.connect(tmp_path / "store.sqlite")) as db, db:
        db.execute("UPDATE audit SET options = json_remove(options, '$.limits.idle_s')")
    interrupt(tmp_path)
    assert invoke("run", "--resume", json.loads(done.stdout)["audit"]).exit_code == 0
    assert measured_s == [0.25, 1.0]


def test_resume_refuses_another_idle_time(subject: Path, invoke: Invoke, measured_s: list[float]) -> None:
    done = invoke("run", subject, *SMALL, "--json")
    refused = invoke("run", "--resume", json.loads(done.stdout)["audit"], "--idle", "0.25")
    assert isinstance(refused.exception, UsageError)
    assert measured_s == [1.0]


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "long"])
@pytest.mark.parametrize("words", [("run", "points"), ("study", "hyperparameters")])
def test_an_invalid_time_is_refused(text: str, words: tuple[str, ...], subject: Path, invoke: Invoke) -> None:
    for refused in (invoke(*words, "--dry-run", "--idle", text), invoke(*words, "--dry-run", MUTEGREEN_IDLE=text)):
        assert refused.exit_code == 2
        assert "Invalid value for '--idle'" in refused.stderr


def test_a_study_measures_idle_power_for_the_requested_time(
    invoke: Invoke, measured_s: list[float], tmp_path: Path
) -> None:
    write_subject(tmp_path / "points", toml=SUBJECT + "\n[presets.smoke]\ncooldown_s = 0\n")
    words = ("study", "hyperparameters", "--preset", "smoke", "--subjects", "points", "--meter", "estimate")
    done = invoke(*words, "--idle", "0.25")
    assert done.exit_code == 0, done.stderr
    assert [each for each in measured_s if each != cooldown.SLICE_S] == [0.25, 0.25]
