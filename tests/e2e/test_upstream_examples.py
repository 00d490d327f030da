"""The subject.toml of the five published programs, against miniatures that print and break as the programs do."""

import sqlite3
from pathlib import Path

import pytest

from mutegreen import config
from mutegreen.model import FlagSite, Goal, Subject
from support.commands import Run
from support.miniatures import PROGRAMS, write_miniature

STUDY = {
    "mnist": {"epochs": 14, "learning_rate": 1.0, "gamma": 0.7},
    "mnist_forward_forward": {"epochs": 1000, "learning_rate": 0.03, "threshold": 2},
    "siamese_network": {"epochs": 14, "learning_rate": 1.0, "gamma": 0.7},
    "pytorch_resnet_cifar10": {"epochs": 200, "learning_rate": 0.2, "weight_decay": 1e-4},
    "person_reid": {"epochs": 60, "learning_rate": 0.05, "weight_decay": 5e-4},
}
"""The hyperparameters of arXiv 2603.06195, at the values that its scripts set."""

ONE = ("--preset", "small", "--repetitions", 1, "--cooldown", 0, "--meter", "estimate")


def loaded(name: str, folder: Path) -> Subject:
    return config.load(write_miniature(name, folder))


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_published_settings(name: str, tmp_path: Path) -> None:
    subject = loaded(name, tmp_path)
    assert subject.name == name
    assert {h.name: h.default for h in subject.hyperparameters} == STUDY[name]
    assert all(isinstance(h.site, FlagSite) for h in subject.hyperparameters)
    assert (subject.compat, list(subject.presets)) == ((), ["small"])


@pytest.mark.parametrize("name", PROGRAMS)
def test_drawn_pictures_are_called_generated(name: str, tmp_path: Path) -> None:
    data = loaded(name, tmp_path).presets["small"].data
    assert data is not None
    assert data.generated == (name in {"pytorch_resnet_cifar10", "person_reid"})


def results(folder: Path) -> dict[str, tuple[str, float | None, str | None]]:
    """By mutant, how its one training ended."""
    with sqlite3.connect(folder / "reports" / "mutegreen.sqlite") as store:
        rows = store.execute("SELECT mutant, outcome, performance, reason FROM trial").fetchall()
    return {mutant: (outcome, performance, reason) for mutant, outcome, performance, reason in rows}


def audited(mutegreen: Run, subject: Path, *values: str) -> dict[str, tuple[str, float | None, str | None]]:
    given = [word for value in values for word in ("--values", value)]
    done = mutegreen("run", subject, *ONE, *given, "--operators", "")
    assert done.returncode in {0, 1}, done.stderr
    before = sorted(path for path in subject.rglob("*") if path.is_file())
    assert len(before) == 2, "something was written into the user's folder"
    return results(subject.parent)


def test_mnist_without_a_performance_and_with_one_that_is_not_a_number(tmp_path: Path, mutegreen: Run) -> None:
    ended = audited(mutegreen, write_miniature("mnist", tmp_path), "epochs=0,9", "learning_rate=1e30")
    assert ended["original"] == ("ok", pytest.approx(308 / 360), None)
    assert ended["epochs=9"][:2] == ("ok", pytest.approx(309 / 360))
    assert ended["epochs=0"] == (
        "failed",
        None,
        "it ended without an error, but no performance was found in its output",
    )
    assert ended["learning_rate=1e+30"][0] == "diverged"


def test_forward_forward_reports_an_error_rate(tmp_path: Path, mutegreen: Run) -> None:
    folder = write_miniature("mnist_forward_forward", tmp_path)
    assert config.load(folder).performance.goal is Goal.MINIMIZE
    ended = audited(mutegreen, folder, "threshold=7", "learning_rate=1e30")
    assert ended["original"][:2] == ("ok", pytest.approx(0.12222224))
    assert ended["threshold=7.0"][:2] == ("ok", pytest.approx(0.39166665))
    assert ended["learning_rate=1e+30"][0] == "diverged"


def test_siamese_crashes_late_on_a_batch_of_one(tmp_path: Path, mutegreen: Run) -> None:
    folder = write_miniature("siamese_network", tmp_path)
    file = folder / "subject.toml"
    added = '[hyperparameters]\nbatch_size = { default = 64, flag = "--batch-size" }'
    file.write_text(file.read_text().replace("[hyperparameters]", added))
    ended = audited(mutegreen, folder, "batch_size=359,32")
    assert ended["batch_size=32"][0] == "ok"
    outcome, performance, reason = ended["batch_size=359"]
    assert (outcome, performance) == ("failed", None)
    assert reason is not None
    assert "Expected more than 1 value per channel" in reason


def test_resnet_reports_percents_and_diverges_at_ten(tmp_path: Path, mutegreen: Run) -> None:
    folder = write_miniature("pytorch_resnet_cifar10", tmp_path)
    ended = audited(mutegreen, folder, "learning_rate=1e9", "weight_decay=0.5")
    assert ended["original"] == ("ok", 37.0, None)
    assert ended["weight_decay=0.5"][:2] == ("ok", 37.0)
    assert ended["learning_rate=1000000000.0"][0] == "diverged"


def test_reid_is_read_from_its_bar_and_crashes_below_ten_epochs(tmp_path: Path, mutegreen: Run) -> None:
    ended = audited(mutegreen, write_miniature("person_reid", tmp_path), "epochs=9,10", "learning_rate=1e9")
    assert ended["original"] == ("ok", pytest.approx(0.38), None)
    assert ended["epochs=10"][:2] == ("ok", pytest.approx(0.34))
    outcome, performance, reason = ended["epochs=9"]
    assert (outcome, performance) == ("failed", pytest.approx(0.33))
    assert reason is not None
    assert "last_model_wts" in reason
    assert ended["learning_rate=1000000000.0"][0] == "diverged"
