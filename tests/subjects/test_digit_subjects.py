"""The common parts of mnist_cnn and forward_forward: data, options, seed, errors."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from support.digit_subjects import (
    EPOCH,
    DigitProgram,
    loaded,
    needs_torch,
    needs_torchvision,
    settings,
    write_mnist,
)
from support.paths import SUBJECTS
from support.subject_scripts import run_script

pytestmark = [*needs_torch, pytest.mark.xdist_group("digit_subjects")]

TINY = ("--train-images", "40", "--epochs", "2")


@pytest.fixture(scope="module", params=["mnist_cnn", "forward_forward"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def module(name: str) -> Iterator[ModuleType]:
    import torch

    threads = torch.get_num_threads()
    yield loaded(name)
    torch.set_num_threads(threads)


@pytest.fixture
def program(module: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> DigitProgram:
    return DigitProgram(module, monkeypatch, capsys)


@pytest.fixture
def untrained(program: DigitProgram) -> DigitProgram:
    """The program without training: a loss of 0.5 and 200 right answers in every epoch."""
    program.patch.setattr(program.module, "train_epoch", lambda *_: 0.5)
    program.patch.setattr(program.module, "count_correct", lambda *_: 200)
    program.patch.setattr("torch.optim.lr_scheduler.StepLR.step", lambda _: None)
    return program


def test_every_epoch_prints_one_line(untrained: DigitProgram) -> None:
    lines = untrained.run("--epochs", "10").splitlines()
    assert lines[0].startswith("settings: epochs=10 ")
    result = "train loss 0.5000  test accuracy 0.5571 (200/359)"
    assert lines[1:] == [f"epoch {epoch:>2}/10  {result}" for epoch in range(1, 11)]
    assert all(EPOCH.fullmatch(line) for line in lines[1:])


def test_same_seed_prints_the_same_in_another_process_and_writes_nothing(
    program: DigitProgram, name: str, tmp_path: Path
) -> None:
    done = run_script(name, tmp_path, *TINY)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == program.run(*TINY)
    assert not list(tmp_path.iterdir())


def test_another_seed_prints_other_numbers(program: DigitProgram) -> None:
    first, second, first_again = (EPOCH.findall(program.run(*TINY, "--seed", seed)) for seed in "121")
    assert first == first_again
    assert first != second


def test_every_default_of_subject_toml_is_the_program_s_own(untrained: DigitProgram, name: str) -> None:
    """And each of its flags sets the hyperparameter of that name, and nothing else."""
    declared = tomllib.loads((SUBJECTS / name / "subject.toml").read_text(encoding="utf-8"))["hyperparameters"]
    usual = settings(untrained.run())
    assert {key: float(usual[key]) for key in declared} == {key: table["default"] for key, table in declared.items()}
    for key, table in declared.items():
        other = str(table["default"] / 2 if isinstance(table["default"], float) else table["default"] + 1)
        found = settings(untrained.run(table["flag"], other))
        assert {word for word in usual if usual[word] != found[word]} == {key}
        assert float(found[key]) == float(other)


def test_no_image_is_both_for_training_and_for_testing(module: ModuleType) -> None:
    learnt, judged = module.load_digits()
    assert (len(learnt.labels), len(judged.labels)) == (1438, 359)
    assert not {image.numpy().tobytes() for image in learnt.images} & {i.numpy().tobytes() for i in judged.images}
    shares = np.bincount(judged.labels) / (np.bincount(learnt.labels) + np.bincount(judged.labels))
    assert shares == pytest.approx(np.full(10, 0.2), abs=0.005)


def test_bundled_digits_are_those_of_scikit_learn(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    from_file = module.read_digits()
    monkeypatch.setattr(module, "DIGITS_FILE", "not/there")
    from_library = module.read_digits()
    assert from_file[0].shape == (1797, 8, 8)
    assert (from_file[0].min(), from_file[0].max()) == (0, 1)
    assert (from_file[0] == from_library[0]).all()
    assert (from_file[1] == from_library[1]).all()


def test_fewer_images_are_spread_over_the_digits(module: ModuleType) -> None:
    learnt, _ = module.load_digits()
    some = module.spread(learnt, 100)
    assert np.bincount(some.labels) == pytest.approx(np.full(10, 10), abs=1)
    assert len({image.numpy().tobytes() for image in some.images}) == 100
    assert (module.spread(learnt, 1438).images == learnt.images).all()


def test_more_images_than_there_are_is_one_line(program: DigitProgram) -> None:
    expected = "train.py: error: --train-images 1439: this data set has 1438 training images"
    assert program.refused("--train-images", "1439") == expected


@needs_torchvision
def test_mnist_is_read_from_its_files(program: DigitProgram, tmp_path: Path) -> None:
    draw = np.random.default_rng(3)
    images = draw.integers(0, 256, size=(30, 28, 28), dtype=np.uint8)
    labels = np.arange(30, dtype=np.uint8) % 10
    write_mnist(tmp_path, train=(images, labels), t10k=(images[:20] ^ 1, labels[:20]))
    train, test = program.module.load_mnist(str(tmp_path))
    assert train.labels.tolist() == sorted(labels.tolist())
    assert test.labels.tolist() == sorted(labels[:20].tolist())
    assert train.images[:3].reshape(3, 28, 28).numpy() == pytest.approx(
        (images[[0, 10, 20]] / 255 - 0.1307) / 0.3081, abs=1e-5
    )
    assert test.images[2:4].reshape(2, 28, 28).numpy() == pytest.approx(
        ((images[[1, 11]] ^ 1) / 255 - 0.1307) / 0.3081, abs=1e-5
    )
    output = program.run("--epochs", "1", "--dataset", "mnist", "--data-dir", str(tmp_path))
    assert settings(output)["train_images"] == "30"
    assert [found["of"] for found in EPOCH.finditer(output)] == ["20"]


def test_a_learning_rate_far_too_high_diverges(program: DigitProgram) -> None:
    line = program.refused(*TINY, "--epochs", "9", "--learning-rate", "1e30", status=3)
    assert re.fullmatch(r"train.py: error: training diverged in epoch [12]: .*--learning-rate", line)


def test_a_loss_that_is_not_finite_ends_the_training_with_its_line(untrained: DigitProgram) -> None:
    losses = iter([1.5, float("nan")])
    untrained.patch.setattr(untrained.module, "train_epoch", lambda *_: next(losses))
    with pytest.raises(SystemExit, match="3"):
        untrained.run("--epochs", "9")
    caught = untrained.caught.readouterr()
    assert [found["loss"] for found in EPOCH.finditer(caught.out)] == ["1.5000", "nan"]
    assert caught.err.startswith("train.py: error: training diverged in epoch 2: the loss is nan")


@pytest.mark.parametrize(
    "setting",
    ["--epochs 0", "--learning-rate 0", "--learning-rate nan", "--learning-rate inf", "--train-images 0", "--seed -1"],
)
def test_values_out_of_range_are_rejected(program: DigitProgram, setting: str) -> None:
    line = program.refused(*setting.split())
    assert re.fullmatch(rf"train.py: error: {setting.split(maxsplit=1)[0]} must be .*, not \S+", line)


@pytest.mark.parametrize("seed", ["0", str(2**63 - 1)])
def test_seeds_at_the_limits_work(untrained: DigitProgram, seed: str) -> None:
    assert settings(untrained.run("--seed", seed))["seed"] == seed


@needs_torchvision
def test_missing_mnist_is_one_line(program: DigitProgram, tmp_path: Path) -> None:
    line = program.refused("--dataset", "mnist", "--data-dir", str(tmp_path / "nowhere"))
    assert re.fullmatch(r"train.py: error: no MNIST in .*nowhere.*; get it once with: python -c .*", line)
    assert not list(tmp_path.iterdir())


def test_missing_torchvision_is_one_line(program: DigitProgram, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    assert program.refused("--dataset", "mnist").endswith("try: pip install torchvision")


def test_missing_scikit_learn_is_one_line(program: DigitProgram, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program.module, "find_spec", lambda _name: None)
    assert program.refused().endswith("try: pip install scikit-learn")


def test_missing_gpu_is_one_line(program: DigitProgram, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program.module.torch.cuda, "is_available", lambda: False)
    assert program.refused("--device", "cuda").startswith("train.py: error: --device cuda: ")
