"""How long an audit takes: what a dry run says is what the run says once its preflight has ended."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from mutegreen import config
from mutegreen.cli.main import cli
from mutegreen.harness import audit, duration, events, opening
from mutegreen.harness.machine import cooldown
from mutegreen.meters.recorder import Recorder
from mutegreen.meters.selection import select_meters
from mutegreen.model import Limits, PlanOptions, Preset, Subject, Trial
from mutegreen.store.store import Store
from support.tiny import SUBJECT, write_subject

PRESETS = "\n[presets.quick]\ncooldown_s = 0.25\n\n[presets.at_once]\ncooldown_s = 0\n"
TRIALS = [Trial(n, "original", block, 0, block, None) for n, block in enumerate((0, 0, 1, 1, 2, 2), start=1)]


@pytest.fixture
def loaded(tmp_path: Path) -> Subject:
    return config.load(write_subject(tmp_path / "points", toml=SUBJECT + PRESETS))


@pytest.mark.parametrize(
    ("limits", "cools_down", "at_a_time", "expected_s"),
    [
        (Limits(), True, 1, 6 * (4 + cooldown.SLICE_S) + 2 * 1.0),
        (Limits(cooldown_s=0.25, idle_s=3), True, 1, 6 * (4 + 0.25) + 2 * 3),
        (Limits(cooldown_s=0, idle_s=3), True, 1, 6 * 4),
        (Limits(), False, 2, 6 * 4 / 2),
    ],
)
def test_trials_take_their_time_and_that_between_them(
    limits: Limits, cools_down: bool, at_a_time: int, expected_s: float, loaded: Subject
) -> None:
    resolved = limits.resolved(loaded, Preset(""))
    assert duration.trials_s(TRIALS, 4.0, resolved, cools_down=cools_down, at_a_time=at_a_time) == pytest.approx(
        expected_s
    )
    assert duration.trials_s([], 4.0, resolved, cools_down=cools_down, at_a_time=at_a_time) == 0
    before_s = resolved.idle_s + 4.0 + cooldown.usual_s(resolved.cooldown_s)
    if at_a_time == 1:
        assert duration.audit_s(TRIALS, 4.0, resolved, cools_down=cools_down) == pytest.approx(before_s + expected_s)


@pytest.mark.parametrize(
    ("preset", "limits", "jobs"),
    [
        (None, Limits(cooldown_s=0.0, idle_s=0.1), None),
        ("quick", Limits(idle_s=0.1), None),
        ("quick", Limits(cooldown_s=0.125, idle_s=0.2), None),
        ("at_once", Limits(idle_s=0.1), None),
        ("quick", Limits(idle_s=0.1), 1),
    ],
)
def test_a_dry_run_expects_what_the_run_expects(
    preset: str | None, limits: Limits, jobs: int | None, loaded: Subject, tmp_path: Path
) -> None:
    options = PlanOptions(preset=preset, operators=("identity",), repetitions=2)
    heard: list[events.Event] = []
    chosen = select_meters(("estimate",))
    path = tmp_path / "store.sqlite"
    with Recorder(chosen.meters) as recorder, Store.create(path) as store:
        audit_id = opening.create(store, loaded, options, limits, sharing=opening.Sharing(jobs))
        audit.Audit(store, audit_id, recorder, {}, (), heard.append).run()
    (ended,) = [event for event in heard if isinstance(event, events.PreflightEnded)]
    resolved = limits.resolved(loaded, loaded.presets.get(preset or "", Preset("")))
    assert {event.limit_s for event in heard if isinstance(event, events.Cooling)} <= {resolved.cooldown_s}

    words = ["run", str(loaded.folder), "--operators", "identity", "--repetitions", "2", "--dry-run", "--json"]
    words += ["--preset", preset] if preset else []
    words += ["--cooldown", str(limits.cooldown_s)] if limits.cooldown_s is not None else []
    words += ["--idle", str(limits.idle_s), "--store", str(path)]
    words += ["--jobs", str(jobs)] if jobs else []
    dry = json.loads(CliRunner().invoke(cli, words, catch_exceptions=False).stdout)
    assert dry["training_s"] == ended.result.duration_s
    before_s = resolved.idle_s + ended.result.duration_s + cooldown.usual_s(resolved.cooldown_s)
    assert dry["expected_s"] == pytest.approx(before_s + ended.expected_s)
