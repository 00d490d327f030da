"""Each bundled subject as a process: a wrong argument ends it with one line of error and status 2, and no training.

One of them diverges as a process too, and ends with status 3. The other faults are called in the process of the tests,
in the files of the subjects.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from support.paths import SUBJECTS
from support.subject_scripts import run_script

NEEDS = {
    "mnist_cnn": "torch",
    "forward_forward": "torch",
    "siamese_resnet": "torch",
    "resnet20_cifar": "torch",
    "reid_hrnet18": "torch",
    "keras_cnn": "keras",
}


def marked(name: str) -> object:
    library = NEEDS[name]
    skip = pytest.mark.skipif(importlib.util.find_spec(library) is None, reason=f"{library} is not installed")
    return pytest.param(name, marks=[getattr(pytest.mark, library), skip])


@pytest.mark.parametrize("name", [marked(name) for name in NEEDS])
def test_a_wrong_argument_is_one_line_and_status_2(name: str, tmp_path: Path) -> None:
    done = run_script(name, tmp_path, "--epochs", "0")
    assert (done.returncode, done.stdout) == (2, "")
    usage, _, line = done.stderr.rstrip("\n").rpartition("\n")
    assert re.fullmatch(r"train\.py: error: --epochs must be .*, not 0", line)
    assert re.fullmatch(r"usage: train\.py (?:.*)(?:\n +.*)*", usage)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [marked("siamese_resnet")])
def test_a_training_that_diverges_is_one_line_and_status_3(name: str, tmp_path: Path) -> None:
    few = ("--trunk", "small", "--pairs", "16", "--epochs", "3")
    done = run_script(name, tmp_path, *few, "--learning-rate", "1e30")
    assert done.returncode == 3
    assert re.fullmatch(
        r"train\.py: error: training diverged in epoch 2: the loss is nan; .*--learning-rate\n", done.stderr
    )
    epochs = re.findall(r"^epoch (\d)/3  train loss (\S+)", done.stdout, re.MULTILINE)
    assert [number for number, _ in epochs] == ["1", "2"], "the third is not trained"
    assert epochs[-1][1] == "nan"
    assert not list(tmp_path.iterdir())


def test_every_bundled_subject_is_tested() -> None:
    assert {file.parent.name for file in SUBJECTS.glob("*/subject.toml")} == set(NEEDS)
