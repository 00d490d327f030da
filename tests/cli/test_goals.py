"""Which direction counts as better is never guessed: goals of files, of audits, and `--goal`."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from mutegreen.store.store import Store
from support.commands import Run
from support.simulated import noisy, rows_of
from support.tiny import write_subject

ARMS = noisy({"original": (0.0, 0.0), "lr=0.2": (-0.1, 0.0)})
LOSS = {"original": 0.30, "lr=0.2": 0.35}
"""The mutant saves 10 % of the energy, and its loss is 17 % higher."""


def written(folder: Path, name: str = "rows.csv", **columns: Any) -> Path:
    """Rows of an original and a mutant that saves energy and has a higher loss, as a file."""
    rows = rows_of(ARMS).drop(columns="goal", errors="ignore")
    noise = random.Random(1)
    rows["performance"] = [LOSS[mutant] + noise.gauss(0.0, 0.002) for mutant in rows["mutant"]]
    file = folder / name
    rows.assign(**columns).to_csv(file, index=False)
    return file


def verdict(output: str) -> str:
    (found,) = [row["verdict"] for row in json.loads(output)["verdict"] if row["metric"] == "performance"]
    return str(found)


@pytest.mark.parametrize("goal", ["min", "Minimize", "MAXIMIZE", "lower"])
def test_a_goal_that_is_none_is_refused_with_its_line(mutegreen: Run, tmp_path: Path, goal: str) -> None:
    done = mutegreen("stats", "--csv", written(tmp_path, goal=goal))
    assert done.returncode == 2
    assert f"rows.csv, line 2: goal is {goal}" in done.stderr
    assert "use maximize or minimize, or leave it empty" in done.stderr


def test_two_goals_in_one_subject_are_refused_whatever_the_order(mutegreen: Run, tmp_path: Path) -> None:
    count = len(rows_of(ARMS))
    for goals in (["minimize"] * (count - 1) + ["maximize"], ["maximize"] + ["minimize"] * (count - 1)):
        done = mutegreen("stats", "--csv", written(tmp_path, goal=goals))
        assert done.returncode == 2
        assert f"goal of simulated is {goals[-1]}, and {goals[0]} in earlier rows" in done.stderr


def test_files_with_different_goals_are_not_pooled(mutegreen: Run, tmp_path: Path) -> None:
    one = written(tmp_path, "one.csv", goal="minimize", audit="one")
    two = written(tmp_path, "two.csv", goal="maximize", audit="two")
    for files in ((one, two), (two, one)):
        done = mutegreen("stats", "--csv", files[0], "--csv", files[1])
        assert done.returncode == 2
        assert f"the files together, {files[1].name}, row 1: goal of simulated is" in done.stderr


def test_rows_have_one_goal_even_if_only_some_name_it(mutegreen: Run, tmp_path: Path) -> None:
    count = len(rows_of(ARMS))
    file = written(tmp_path, goal=[""] * (count - 1) + ["minimize"])
    assert json.loads(mutegreen("stats", "--csv", file, "--json").stdout)["goals"] == {"simulated": "minimize"}


def test_goal_judges_a_file_that_has_none(mutegreen: Run, tmp_path: Path) -> None:
    file = written(tmp_path)
    verdicts = {
        goal: verdict(mutegreen("stats", "--csv", file, "--json", "--goal", goal).stdout)
        for goal in ("minimize", "maximize")
    }
    assert verdicts == {"minimize": "loss", "maximize": "win"}
    assert verdict(mutegreen("stats", "--csv", file, "--json").stdout) == "win"


def test_goal_may_repeat_the_file_but_not_contradict_it(mutegreen: Run, tmp_path: Path) -> None:
    file = written(tmp_path, goal="minimize")
    assert verdict(mutegreen("stats", "--csv", file, "--json", "--goal", "minimize").stdout) == "loss"
    done = mutegreen("stats", "--csv", file, "--goal", "maximize")
    assert done.returncode == 2
    assert "--goal maximize contradicts the file: goal of simulated is minimize" in done.stderr


def test_an_extra_metric_that_is_called_a_loss_needs_a_goal(mutegreen: Run, tmp_path: Path) -> None:
    file = written(tmp_path, performance_eval_loss=0.5)
    done = mutegreen("stats", "--csv", file, "--performance", "eval_loss")
    assert done.returncode == 2
    assert "the file has no goal for eval_loss" in done.stderr
    words = ("stats", "--csv", file, "--performance", "eval_loss", "--goal", "minimize", "--json")
    assert json.loads(mutegreen(*words).stdout)["goals"] == {"simulated": "minimize"}


@pytest.mark.usefixtures("audited")
def test_an_audit_has_its_own_goal(mutegreen: Run) -> None:
    done = mutegreen("stats", "--goal", "minimize")
    assert done.returncode == 2
    assert "--goal needs --csv, as an audit has its own goal" in done.stderr


def audit_with(mutegreen: Run, folder: Path, key: str) -> str:
    subject = write_subject(folder / "points")
    file = subject / "subject.toml"
    file.write_text(file.read_text().replace("[performance]\n", f"[performance]\n{key}\n"))
    words = ("--mutants", "1", "--repetitions", "2", "--cooldown", "0", "--json")
    done = mutegreen("run", subject, *words)
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)["audit"])


@pytest.mark.parametrize(
    ("one", "two", "noun"),
    [
        ('goal = "minimize"', 'goal = "maximize"', "goals: minimize and maximize"),
        ("tolerance = 0.5", "tolerance = 0.25", "tolerances: 0.5 and 0.25"),
        ("tolerance = 0.5", "", "tolerances: 0.5 and the default"),
    ],
)
def test_audits_that_judge_differently_are_not_pooled(
    mutegreen: Run, tmp_path: Path, one: str, two: str, noun: str
) -> None:
    first, second = (audit_with(mutegreen, tmp_path, key) for key in (one, two))
    done = mutegreen("stats", first, second)
    assert done.returncode == 2
    assert f"audits {first} and {second} of points have different {noun}" in done.stderr
    given = mutegreen("stats", first, second, "--tolerance", "0.1")
    assert given.returncode == (2 if "goal" in noun else 0), given.stderr


def test_an_exclusive_audit_with_another_goal_is_no_partner(mutegreen: Run, tmp_path: Path) -> None:
    audit_with(mutegreen, tmp_path, 'goal = "maximize"')
    with Store.open(tmp_path / "reports" / "mutegreen.sqlite") as store:
        assert [str(each.goal) for each in store.audits()] == ["maximize"]
    subject = tmp_path / "points" / "subject.toml"
    subject.write_text(subject.read_text().replace('goal = "maximize"', 'goal = "minimize"'))
    words = ("--mutants", "1", "--repetitions", "2", "--cooldown", "0", "--background", "sleep 100", "--warm-up", "0")
    assert mutegreen("run", "points", *words).returncode == 0
    assert json.loads(mutegreen("stats", "--json").stdout)["compared_with"] == []
