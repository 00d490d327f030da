"""`mutegreen study` as a user runs it: started, interrupted, resumed, and with subjects that cannot train here."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest

from mutegreen.harness.process.command import find_marked
from support.audits import Held, started
from support.commands import Run
from support.limits import PROCESS_S
from support.studies import PRESET, SMOKE, outcomes, study, study_words, write_studied
from support.tiny import SUBJECT, TRAIN, write_subject

BROKEN = 'import sys\nsys.exit("train.py: error: keras is not installed; try: pip install keras")\n'

shares_a_study = pytest.mark.xdist_group("study of two subjects")


@pytest.fixture(scope="module")
def of_two(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A finished study of two subjects: its folder, which tests copy, and how the command ended."""
    folder = tmp_path_factory.mktemp("study")
    names = ",".join(write_studied(folder, name) for name in ("mnist_cnn", "other"))
    return SimpleNamespace(folder=folder, names=names, done=study(folder, "--subjects", names))


@pytest.fixture
def copied(of_two: SimpleNamespace, tmp_path: Path) -> Path:
    """A copy of that folder to work in."""
    return shutil.copytree(of_two.folder, tmp_path, dirs_exist_ok=True)


@pytest.mark.slow
def test_the_command_as_it_is_installed_trains(mutegreen: Run, tmp_path: Path) -> None:
    """It takes ten seconds: the preset pauses after each training, which the other studies of this file leave out."""
    toml = SUBJECT.replace("points", "tiny").partition("[hyperparameters.learning_rate]")[0] + PRESET
    write_subject(tmp_path / "tiny", toml=toml)
    done = mutegreen(*SMOKE, "--subjects", "tiny", "--json")
    assert done.returncode == 0, done.stderr
    assert list(outcomes(tmp_path).values()) == [{"ok": 6}], "the original and two mutants, in two repetitions"
    document = json.loads(done.stdout)
    assert document["audits"] == list(outcomes(tmp_path))
    assert {(row["subject"], row["hyperparameter"]) for row in document["correlation"]} == {("tiny", "epochs")}
    assert "tiny, exclusive" in (tmp_path / "reports/study-hyperparameters-smoke/study.md").read_text()


@shares_a_study
def test_one_audit_a_subject_then_tables(of_two: SimpleNamespace) -> None:
    done = of_two.done
    assert done.returncode == 0, done.stderr
    assert "mnist_cnn (1 of 2): 10 of 10 trials" in done.stderr
    assert "[20/20] other" in done.stderr
    assert "Replaces mnist of the study." in done.stdout
    assert "other, exclusive" in done.stdout
    assert "Findings of the study, and whether they hold here" in done.stdout
    assert list(outcomes(of_two.folder).values()) == [{"ok": 10}] * 2


@shares_a_study
def test_nothing_is_trained_twice(mutegreen: Run, of_two: SimpleNamespace, copied: Path) -> None:
    """The command as it is installed says the same of what has ended."""
    kept = outcomes(copied)
    again = mutegreen(*SMOKE, "--subjects", of_two.names, "--json", "--out", "elsewhere")
    document = json.loads(again.stdout)
    assert again.returncode == 0
    assert "finished already: mnist_cnn, other" in again.stderr
    assert outcomes(copied) == kept
    assert document["audits"] == list(kept)
    assert {row["subject"] for row in document["correlation"]} == {"mnist_cnn", "other"}
    pages = [
        (copied / folder / "study.md").read_text() for folder in ("reports/study-hyperparameters-smoke", "elsewhere")
    ]
    assert pages[0] == pages[1]


@shares_a_study
def test_a_subject_that_has_changed_is_trained_again(copied: Path) -> None:
    before = outcomes(copied)
    with (copied / "other" / "train.py").open("a") as file:
        file.write("# another program\n")
    again = study(copied, "--subjects", "other")
    assert again.returncode == 0
    assert f"other has changed since audit {list(before)[1]}, and is audited again" in again.stderr
    assert list(outcomes(copied).items())[:2] == list(before.items())
    assert list(outcomes(copied).values()) == [{"ok": 10}] * 3


@pytest.mark.slow
def test_a_subject_that_cannot_train_here_is_skipped_with_its_last_output(tmp_path: Path) -> None:
    """It takes ten seconds: twenty trainings and two preflights, of subjects that no other test shares."""
    parts = {"broken": {"train": BROKEN}, "plain": {"preset": ""}, "fine": {}}
    done = study(tmp_path, "--subjects", ",".join(write_studied(tmp_path, name, **of) for name, of in parts.items()))
    assert done.returncode == 1
    assert (
        "skipped broken: the original does not pass its preflight: failed: exit status 1: train.py: error: keras"
        in done.stderr
    )
    assert "skipped plain: plain has no preset smoke\n  its presets: none" in done.stderr
    assert "fine, exclusive" in done.stdout
    assert "Skipped: broken" in (tmp_path / "reports/study-hyperparameters-smoke/study.md").read_text()
    assert list(outcomes(tmp_path).values()) == [{"ok": 10}]

    (tmp_path / "broken" / "train.py").write_text(TRAIN)
    repaired = study(tmp_path, "--subjects", "broken,fine")
    assert repaired.returncode == 0, repaired.stderr
    assert list(outcomes(tmp_path).values()) == [{"ok": 10}] * 2


@pytest.mark.xdist_group("quiet")
def test_an_interrupted_study_continues_where_it_stopped(mutegreen: Run, tmp_path: Path) -> None:
    """The third training after the preflight would take ten minutes."""
    held = Held(tmp_path, start=4)
    write_studied(tmp_path, "slow", held.script())
    with started(tmp_path, line=study_words("--subjects", "slow")) as process:
        held.wait()
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate(timeout=PROCESS_S)
    assert process.returncode == 130
    assert find_marked(str(tmp_path)) == []
    assert "All results so far are stored; the same command continues." in messages
    (before,) = outcomes(tmp_path).values()
    assert before["ok"] == 2
    held.let_go()

    planned = json.loads(mutegreen(*SMOKE, "--subjects", "slow", "--dry-run", "--json").stdout)
    assert planned["parts"][0]["pending"] == 8
    done = study(tmp_path, "--subjects", "slow")
    assert done.returncode == 0, done.stderr
    assert "slow (1 of 1): 8 of 10 trials" in done.stderr
    assert list(outcomes(tmp_path).values()) == [{"ok": 10}]


def test_trials_that_fail_set_the_exit_status(tmp_path: Path) -> None:
    write_studied(tmp_path, "fragile", TRAIN.replace("w = 0.0\n", "assert args.epochs == 8\nw = 0.0\n"))
    done = study(tmp_path, "--subjects", "fragile")
    assert done.returncode == 1
    assert "epochs=6: failed" in done.stderr
    assert "learning_rate" in done.stdout


def test_a_dry_run_shows_every_subject_and_trains_nothing(mutegreen: Run, tmp_path: Path) -> None:
    write_studied(tmp_path, "mnist_cnn")
    done = mutegreen(*SMOKE, "--subjects", "mnist_cnn", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "2 epochs, 2 learning_rate" in done.stdout
    assert "10 pending trials: about" in done.stdout
    assert not (tmp_path / "reports").exists()
    whole = json.loads(mutegreen("study", "hyperparameters", "--subjects", "mnist_cnn", "--dry-run", "--json").stdout)
    assert [part["background"] for part in whole["parts"]] == ["", "forward_forward", "siamese_resnet"]
    assert [part["trainings"] for part in whole["parts"]] == [50] * 3
    assert whole["expected_s"] is None


@pytest.mark.slow
def test_co_located_audits_have_the_same_mutants(tmp_path: Path) -> None:
    """It takes longer than ten seconds: thirty trainings, and backgrounds that are started for each."""
    for name in ("mnist_cnn", "forward_forward", "siamese_resnet"):
        write_studied(tmp_path, name, TRAIN.replace("default=0.0", "default=0.01"))
    done = study(tmp_path, "--subjects", "mnist_cnn", "--company", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert list(outcomes(tmp_path).values()) == [{"ok": 10}] * 3
    assert {row["background"] for row in document["correlation"]} == {"", "forward_forward", "siamese_resnet"}
    colocated = [row for row in document["correlation"] if row["background"] == "siamese_resnet"]
    assert all(row["published"]["background"] == "siamese_network" for row in colocated if row["published"])
    answer = next(each for each in document["findings"] if each["question"] == "RQ3")
    assert "mnist_cnn" in answer["paper"]["figures"]
    assert "co-located with siamese_resnet" in answer["paper"]["figures"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--subjects", "missing"), "missing"),
        (("--preset", "huge"), "huge"),
        (("--subjects", "mine", "--require", "gpu"), "gpu"),
    ],
)
def test_wrong_arguments_are_reported_in_one_line(
    mutegreen: Run, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    write_studied(tmp_path, "mine")
    done = mutegreen(*SMOKE, *words)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "reports" / "audits").exists(), "no audit is started"
