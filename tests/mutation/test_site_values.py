"""Values to the sites of a subject, what is wrong with these, and what a change looks like."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from mutegreen import config
from mutegreen.errors import MutationError
from mutegreen.model import ConfigSite, EnvSite, FlagSite, Hyperparameter, Kind, SourceSite, Subject
from mutegreen.mutation import site_values


@pytest.fixture
def given(subject: Path) -> Subject:
    """A subject with a hyperparameter in a source, one in a config and one in neither."""
    (subject / "model.py").write_text("LR = 0.1\n")
    (subject / "conf.json").write_text('{"depth": 3}\n')
    hyperparameters = (
        Hyperparameter("lr", Kind.LEARNING_RATE, 0.1, SourceSite("model.py", "LR")),
        Hyperparameter("depth", Kind.DEPTH, 3, ConfigSite("conf.json", "depth")),
        Hyperparameter("epochs", Kind.EPOCHS, 8, FlagSite("--epochs")),
    )
    return dataclasses.replace(config.load(subject), hyperparameters=hyperparameters, seed=EnvSite("SEED"))


def test_only_files_whose_value_differs_are_written(given: Subject) -> None:
    lr, depth, epochs = given.hyperparameters
    assert site_values.write_files(given.folder, {lr: 0.10, depth: 5, epochs: 2}) == ["conf.json"]
    assert (given.folder / "conf.json").read_text() == '{"depth": 5}\n'
    assert site_values.write_files(given.folder, {lr: 0.2, depth: 5}) == ["model.py"]
    assert (given.folder / "model.py").read_text() == "LR = 0.2\n"


def test_sites_that_hold_their_defaults_have_no_faults(given: Subject) -> None:
    assert list(site_values.site_faults(given)) == []


def test_faults_of_sites_name_the_key_of_the_subject(given: Subject) -> None:
    (given.folder / "model.py").write_text("LR = 0.5\n")
    (given.folder / "conf.json").write_text('{"deep": 3}\n')
    wrong_seed = dataclasses.replace(given, seed=SourceSite("model.py", "SEED"))
    assert list(site_values.site_faults(wrong_seed)) == [
        "hyperparameters.lr.default: is 0.1, but LR in model.py has 0.5",
        "hyperparameters.depth: conf.json: no key depth (the keys at the top are: deep)",
        "seed: model.py: no literal is assigned to SEED (name a variable, keyword argument, parameter or mapping key "
        "whose value is a number or a text)",
    ]


def test_a_fault_without_a_hint_is_only_the_message(given: Subject) -> None:
    (given.folder / "conf.json").write_text("[")
    (fault,) = site_values.site_faults(given)
    assert fault == "hyperparameters.depth: conf.json: not JSON: Expecting value: line 1 column 2 (char 1)"


def test_any_value_of_a_seed_is_right(given: Subject) -> None:
    assert list(site_values.site_faults(dataclasses.replace(given, seed=ConfigSite("conf.json", "depth")))) == []


def test_a_missing_site_writes_nothing(given: Subject) -> None:
    with pytest.raises(MutationError, match="no literal"):
        site_values.write_files(given.folder, {Hyperparameter("x", Kind.EPOCHS, 1, SourceSite("model.py", "X")): 2})


def test_a_difference_is_shown_with_both_names(tmp_path: Path) -> None:
    for folder, text in (("old", "a = 1\nb = 2\n"), ("new", "a = 1\nb = 3\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "train.py").write_text(text)
    shown = site_values.file_diff(tmp_path / "old", tmp_path / "new", "train.py").splitlines()
    assert shown[:2] == ["--- a/train.py", "+++ b/train.py"]
    assert shown[-2:] == ["-b = 2", "+b = 3"]
