"""`mutegreen study` as a user meets it: begun, interrupted, gone on with, and with subjects that cannot train here."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from support.audits import running, wait_for
from support.commands import Run
from support.tiny import SUBJECT, TRAIN, command, environment, hears_ctrl_c, write_subject

PRESET = "\n[presets.smoke]\ncooldown_s = 0\nduration_s = 0.2\n"
BROKEN = 'import sys\nsys.exit("train.py: error: keras is not installed; try: pip install keras")\n'
STUDY = ("study", "hyperparameters", "--preset", "smoke")


def subject(folder: Path, name: str, train: str = TRAIN, preset: str = PRESET) -> str:
    write_subject(folder / name, train, SUBJECT.replace("points", name) + preset)
    return name


def audits(folder: Path) -> dict[str, dict[str, int]]:
    """By audit, how many trials ended how."""
    with closing(sqlite3.connect(folder / "reports" / "mutegreen.sqlite")) as db:
        rows = db.execute("SELECT audit, coalesce(outcome, 'pending'), count(*) FROM trial GROUP BY 1, 2").fetchall()
    found: dict[str, dict[str, int]] = {}
    for audit, outcome, count in rows:
        found.setdefault(audit, {})[outcome] = count
    return found


def test_one_audit_a_subject_then_tables_and_nothing_is_trained_twice(mutegreen: Run, tmp_path: Path) -> None:
    names = ",".join((subject(tmp_path, "mnist_cnn"), subject(tmp_path, "other")))
    first = mutegreen(*STUDY, "--subjects", names)
    assert first.returncode == 0, first.stderr
    assert "mnist_cnn (1 of 2): 10 of 10 trainings" in first.stderr
    assert "[20/20] other" in first.stderr
    assert "Stands for the study's mnist." in first.stdout
    assert "other, trained alone" in first.stdout
    assert "What the study found, and whether it holds here" in first.stdout
    kept = audits(tmp_path)
    assert list(kept.values()) == [{"ok": 10}] * 2

    again = mutegreen(*STUDY, "--subjects", names, "--json", "--out", "elsewhere")
    document = json.loads(again.stdout)
    assert again.returncode == 0
    assert "ended before, and kept: mnist_cnn, other" in again.stderr
    assert audits(tmp_path) == kept
    assert document["audits"] == list(kept)
    assert {row["subject"] for row in document["correlation"]} == {"mnist_cnn", "other"}
    pages = [
        (tmp_path / folder / "study.md").read_text() for folder in ("reports/study-hyperparameters-smoke", "elsewhere")
    ]
    assert pages[0] == pages[1]


def test_a_subject_that_cannot_train_here_is_skipped_with_its_last_words(mutegreen: Run, tmp_path: Path) -> None:
    names = ",".join(
        (subject(tmp_path, "broken", BROKEN), subject(tmp_path, "plain", preset=""), subject(tmp_path, "fine"))
    )
    done = mutegreen(*STUDY, "--subjects", names)
    assert done.returncode == 1
    assert (
        "skipped broken: the original does not pass its preflight: failed: exit status 1: train.py: error: keras"
        in done.stderr
    )
    assert "skipped plain: plain has no preset smoke\n  its presets: none" in done.stderr
    assert "fine, trained alone" in done.stdout
    assert "Not trained here: broken" in (tmp_path / "reports/study-hyperparameters-smoke/study.md").read_text()
    assert list(audits(tmp_path).values()) == [{"ok": 10}]

    (tmp_path / "broken" / "train.py").write_text(TRAIN)
    mended = mutegreen(*STUDY, "--subjects", "broken,fine")
    assert mended.returncode == 0, mended.stderr
    assert list(audits(tmp_path).values()) == [{"ok": 10}] * 2


def test_interrupted_it_goes_on_where_it_stopped(mutegreen: Run, tmp_path: Path) -> None:
    subject(tmp_path, "slow", TRAIN.replace("default=0.0", "default=0.05"))
    words = command(*STUDY, "--subjects", "slow")
    process = subprocess.Popen(
        words, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True, preexec_fn=hears_ctrl_c
    )
    wait_for(lambda: running(tmp_path, "0003"), "the third training")
    process.send_signal(signal.SIGINT)
    _, messages = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Everything measured is kept; the same command goes on." in messages
    (before,) = audits(tmp_path).values()
    assert before["ok"] == 2

    planned = json.loads(mutegreen(*STUDY, "--subjects", "slow", "--dry-run", "--json").stdout)
    assert planned["parts"][0]["pending"] == 8
    done = mutegreen(*STUDY, "--subjects", "slow")
    assert done.returncode == 0, done.stderr
    assert "slow (1 of 1): 8 of 10 trainings" in done.stderr
    assert list(audits(tmp_path).values()) == [{"ok": 10}]


def test_a_subject_that_has_changed_is_trained_anew(mutegreen: Run, tmp_path: Path) -> None:
    subject(tmp_path, "mine")
    assert mutegreen(*STUDY, "--subjects", "mine").returncode == 0
    with (tmp_path / "mine" / "train.py").open("a") as file:
        file.write("# another program\n")
    (first,) = audits(tmp_path)
    again = mutegreen(*STUDY, "--subjects", "mine")
    assert again.returncode == 0
    assert f"mine has changed since audit {first}, and is trained anew" in again.stderr
    assert len(audits(tmp_path)) == 2


def test_trainings_that_do_not_end_well_are_told_by_the_status(mutegreen: Run, tmp_path: Path) -> None:
    subject(tmp_path, "fragile", TRAIN.replace("w = 0.0\n", "assert args.epochs == 8\nw = 0.0\n"))
    done = mutegreen(*STUDY, "--subjects", "fragile")
    assert done.returncode == 1
    assert "epochs=6: failed" in done.stderr
    assert "learning_rate" in done.stdout


def test_a_dry_run_shows_every_subject_and_trains_nothing(mutegreen: Run, tmp_path: Path) -> None:
    subject(tmp_path, "mnist_cnn")
    done = mutegreen(*STUDY, "--subjects", "mnist_cnn", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "2 epochs, 2 learning_rate" in done.stdout
    assert "10 trainings: about" in done.stdout
    assert not (tmp_path / "reports").exists()
    whole = json.loads(mutegreen("study", "hyperparameters", "--subjects", "mnist_cnn", "--dry-run", "--json").stdout)
    assert [part["background"] for part in whole["parts"]] == ["", "forward_forward", "siamese_resnet"]
    assert [part["trainings"] for part in whole["parts"]] == [50] * 3
    assert whole["expected_s"] is None


@pytest.mark.slow
def test_in_company_the_same_mutants_train_beside_others(mutegreen: Run, tmp_path: Path) -> None:
    for name in ("mnist_cnn", "forward_forward", "siamese_resnet"):
        subject(tmp_path, name, TRAIN.replace("default=0.0", "default=0.01"))
    done = mutegreen(*STUDY, "--subjects", "mnist_cnn", "--company", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert list(audits(tmp_path).values()) == [{"ok": 10}] * 3
    assert {row["background"] for row in document["correlation"]} == {"", "forward_forward", "siamese_resnet"}
    beside = [row for row in document["correlation"] if row["background"] == "siamese_resnet"]
    assert all(row["published"]["background"] == "siamese_network" for row in beside if row["published"])
    answer = next(each for each in document["findings"] if each["question"] == "RQ3")
    assert "mnist_cnn" in answer["paper"]["figures"]
    assert "beside siamese_resnet" in answer["paper"]["figures"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--subjects", "nobody"), "nobody"),
        (("--preset", "huge"), "huge"),
        (("--subjects", "mine", "--require", "gpu"), "gpu"),
    ],
)
def test_wrong_words_are_one_clear_line(mutegreen: Run, tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    subject(tmp_path, "mine")
    done = mutegreen("study", "hyperparameters", "--preset", "smoke", *words)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "reports" / "audits").exists(), "nothing is begun"
