"""The subject siamese_resnet: it learns, is reproducible, has fixed test pairs, and fails with clear errors."""

from __future__ import annotations

import importlib.util
import re
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from support.digit_subjects import DigitProgram
from support.subject_scripts import load_script, one_torch_thread, run_script

SMOKE = ("--trunk", "small", "--pairs", "1024", "--epochs", "8")
TINY = ("--trunk", "small", "--pairs", "128", "--epochs", "2")
EPOCH = re.compile(
    r"^epoch +(\d+)/(\d+)  train loss (\S+)  test accuracy (\d\.\d{4}) \((?P<value>\d+)/(?P<of>\d+)\)$", re.MULTILINE
)

pytestmark = [
    pytest.mark.torch,
    pytest.mark.xdist_group("siamese_resnet"),
    pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed"),
    pytest.mark.skipif(importlib.util.find_spec("sklearn") is None, reason="scikit-learn is not installed"),
]
needs_torchvision = pytest.mark.skipif(
    importlib.util.find_spec("torchvision") is None, reason="torchvision is not installed"
)

waits_for_smoke = pytest.mark.slow
"""Uses the fixture `smoke`, which takes ten seconds: it trains as the preset smoke does, in a process of its own."""

Run = Callable[..., str]


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    folder = tmp_path_factory.mktemp("smoke")
    return SimpleNamespace(folder=folder, result=run_script("siamese_resnet", folder, *SMOKE))


@pytest.fixture(scope="module")
def train() -> Iterator[ModuleType]:
    """The script as a module."""
    with one_torch_thread():
        yield load_script("siamese_resnet")


@pytest.fixture
def run(train: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the script's main in this process and returns its output: no seconds for importing torch again."""
    return DigitProgram(train, monkeypatch, capsys).run


def accuracies(output: str) -> list[float]:
    return [int(found["value"]) / int(found["of"]) for found in EPOCH.finditer(output)]


@waits_for_smoke
def test_smoke_preset_is_better_than_chance(smoke: SimpleNamespace) -> None:
    assert (smoke.result.returncode, smoke.result.stderr) == (0, "")
    assert [found[1] for found in EPOCH.finditer(smoke.result.stdout)] == list("12345678")
    assert accuracies(smoke.result.stdout)[-1] > 0.9
    assert not list(smoke.folder.iterdir())


@waits_for_smoke
def test_printed_accuracy_is_the_printed_ratio(smoke: SimpleNamespace) -> None:
    printed = [float(found[4]) for found in EPOCH.finditer(smoke.result.stdout)]
    assert printed == [round(accuracy, 4) for accuracy in accuracies(smoke.result.stdout)]


@waits_for_smoke
def test_same_seed_prints_the_same_in_another_process(run: Run, smoke: SimpleNamespace) -> None:
    assert run(*SMOKE) == smoke.result.stdout


def test_another_seed_prints_other_numbers(run: Run) -> None:
    first, second, first_again = (EPOCH.findall(run(*TINY, "--seed", seed)) for seed in "121")
    assert first == first_again
    assert first != second


@waits_for_smoke
def test_a_learning_rate_far_too_low_hurts(run: Run, smoke: SimpleNamespace) -> None:
    assert accuracies(run(*SMOKE, "--learning-rate", "0.02"))[-1] < accuracies(smoke.result.stdout)[-1] - 0.15


def test_a_learning_rate_far_too_high_diverges(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^3$"):
        run(*TINY, "--learning-rate", "1e30")
    printed = capsys.readouterr()
    assert EPOCH.findall(printed.out)[-1][2] == "nan"
    assert accuracies(printed.out) == [0.5], "no further epoch is trained, and nan answers nothing better than chance"
    assert re.fullmatch(r"train.py: error: training diverged in epoch 1: .*--learning-rate\n", printed.err)


def recorded(train: ModuleType, run: Run, *arguments: str) -> list[SimpleNamespace]:
    """Record the training and test data of each epoch, without training."""
    epochs: list[SimpleNamespace] = []

    def note_training(_model: object, optimizer: Any, _images: object, pairs: Any, batch_size: int) -> float:
        rate = optimizer.param_groups[0]["lr"]
        epochs.append(SimpleNamespace(pairs=as_lists(pairs), rate=rate, batch_size=batch_size))
        optimizer.step()  # changes nothing without gradients, but the scheduler insists on it
        return 0.0

    def note_test(_model: object, images: Any, pairs: Any) -> int:
        epochs[-1].exam = (as_lists(pairs), images.sum().item())
        return 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "train_epoch", note_training)
        patch.setattr(train, "count_correct", note_test)
        run(*arguments)
    return epochs


def as_lists(pairs: Any) -> list[list[float]]:
    return [part.tolist() for part in pairs]


def test_the_test_pairs_depend_on_no_setting(train: ModuleType, run: Run) -> None:
    settings = ["--seed", "7", "--epochs", "3", "--pairs", "10", "--batch-size", "5", "--gamma", "2"]
    exams = [epoch.exam for epoch in recorded(train, run, *TINY) + recorded(train, run, *settings, "--trunk", "small")]
    assert len(exams) == 5
    assert all(exam == exams[0] for exam in exams)


def test_training_pairs_are_new_in_every_epoch_and_for_every_seed(train: ModuleType, run: Run) -> None:
    first, second = recorded(train, run, *TINY)
    other_seed, _ = recorded(train, run, *TINY, "--seed", "2")
    assert first.pairs != second.pairs
    assert first.pairs != other_seed.pairs


def test_hyperparameters_reach_the_training(train: ModuleType, run: Run) -> None:
    options = ("--epochs", "3", "--learning-rate", "2", "--gamma", "0.5", "--batch-size", "7", "--pairs", "9")
    epochs = recorded(train, run, "--trunk", "small", *options)
    assert [epoch.rate for epoch in epochs] == [2, 1, 0.5]
    assert [(epoch.batch_size, len(epoch.pairs[0])) for epoch in epochs] == [(7, 9)] * 3


def test_no_image_is_both_for_training_and_for_testing(train: ModuleType) -> None:
    learnt, judged = train.load_digits()
    assert len(learnt.labels) + len(judged.labels) == 1797
    assert not {image.numpy().tobytes() for image in learnt.images} & {i.numpy().tobytes() for i in judged.images}
    shares = np.bincount(judged.labels) / (np.bincount(learnt.labels) + np.bincount(judged.labels))
    assert shares == pytest.approx(np.full(10, 0.2), abs=0.005)


@pytest.mark.parametrize("labels", [[0, 0, 1, 1], [0] * 2 + [3] * 9 + [4] * 5, [2] * 50 + [7] * 3])
def test_pairs_are_balanced_and_true(train: ModuleType, labels: list[int]) -> None:
    digits = np.array(labels)
    left, right, same = (part.numpy() for part in train.draw_pairs(digits, 2000, np.random.default_rng(5)))
    assert same.mean() == 0.5
    assert ((digits[left] == digits[right]) == same).all()
    assert (left != right).all()
    possible = sum(count * (count - 1) for count in np.bincount(digits))
    assert len(set(zip(left[same > 0], right[same > 0], strict=True))) > 0.5 * min(possible, 1000)
    assert set(left) | set(right) == set(range(len(digits)))


@pytest.mark.parametrize("labels", [[0, 0, 1], [4, 4, 4]])
def test_data_that_make_no_pairs_are_refused(
    train: ModuleType, labels: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        train.draw_pairs(np.array(labels), 10, np.random.default_rng(0))
    assert "two images of each" in capsys.readouterr().err


def test_bundled_digits_are_those_of_scikit_learn(train: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    from_file = train.read_digits()
    monkeypatch.setattr(train, "DIGITS_FILE", "not/there")
    from_library = train.read_digits()
    assert from_file[0].shape == (1797, 8, 8)
    assert (from_file[0].min(), from_file[0].max()) == (0, 1)
    assert (from_file[0] == from_library[0]).all()
    assert (from_file[1] == from_library[1]).all()


def test_both_sides_of_a_pair_are_treated_alike(train: ModuleType) -> None:
    import torch

    network = train.SiameseNetwork("small").eval()
    left, right = torch.rand(2, 5, 1, 28, 28)
    assert torch.allclose(network(left, right), network(right, left), atol=1e-6)


def test_trunk_has_the_weights_of_resnet18(train: ModuleType) -> None:
    """The published 11,689,512 less the classifier (512 x 1000 + 1000) and two of three input channels."""
    expected = 11_689_512 - 513_000 - 2 * 64 * 7 * 7
    assert sum(weights.numel() for weights in train.resnet18().parameters()) == expected


@needs_torchvision
@pytest.mark.slow
def test_trunk_computes_what_torchvision_s_resnet18_does(train: ModuleType) -> None:
    import torch
    from torchvision.models import resnet18

    theirs = resnet18()
    theirs.conv1 = torch.nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    theirs.fc = torch.nn.Identity()
    ours = train.resnet18()
    ours.load_state_dict(dict(zip(ours.state_dict(), theirs.state_dict().values(), strict=True)))
    images = torch.rand(4, 1, 28, 28)
    assert torch.allclose(ours(images), theirs(images), atol=1e-5)


@pytest.mark.parametrize("trunk", ["resnet18", "small"])
@pytest.mark.parametrize(("pairs", "batch_size"), [("9", "8"), ("3", "1000"), ("2", "1")])
def test_any_batch_size_works(run: Run, trunk: str, pairs: str, batch_size: str) -> None:
    output = run("--trunk", trunk, "--pairs", pairs, "--batch-size", batch_size, "--epochs", "1")
    assert len(accuracies(output)) == 1


def test_loss_is_the_mean_over_pairs(train: ModuleType) -> None:
    """Also where the last batch is smaller. Untouched weights of a linear model make every batch size agree."""
    import torch

    class PairModel(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.tensor(0.7))

        def forward(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
            return self.weight * (left - right)

    model = PairModel()
    images, same = torch.tensor([0.0, 1.0, 5.0]), torch.tensor([1.0, 0.0, 1.0])
    pairs = train.Pairs(torch.tensor([0, 1, 2]), torch.tensor([1, 2, 0]), same)
    logits = 0.7 * np.array([-1.0, -4.0, 5.0])
    expected = np.mean(np.log1p(np.exp(logits)) - same.numpy() * logits)
    for batch_size in (1, 2, 3, 9):
        still = torch.optim.SGD(model.parameters(), lr=0.0)
        assert train.train_epoch(model, still, images, pairs, batch_size) == pytest.approx(expected)


@pytest.mark.parametrize(
    "setting", ["--epochs 0", "--learning-rate 0", "--learning-rate nan", "--gamma -1", "--batch-size 0", "--seed -1"]
)
def test_values_out_of_range_are_rejected(run: Run, setting: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        run(*setting.split())
    assert f"{setting.split(maxsplit=1)[0]} must be" in capsys.readouterr().err


def test_missing_mnist_is_one_line(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^2$"):
        run("--dataset", "mnist", "--data-dir", str(tmp_path / "nowhere"))
    printed = capsys.readouterr()
    assert printed.out == ""
    assert re.fullmatch(r"train.py: error: .*(no MNIST in .*nowhere|pip install torchvision).*\n", printed.err)
    assert not list(tmp_path.iterdir())


def test_missing_torchvision_is_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    with pytest.raises(SystemExit, match="2"):
        run("--dataset", "mnist")
    assert re.fullmatch(r"train.py: error: .*try: pip install torchvision\n", capsys.readouterr().err)


def test_missing_scikit_learn_is_one_line(
    train: ModuleType, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(train, "find_spec", lambda _name: None)
    with pytest.raises(SystemExit, match="2"):
        run()
    assert re.fullmatch(r"train.py: error: .*try: pip install scikit-learn\n", capsys.readouterr().err)


def test_missing_gpu_is_one_line(
    train: ModuleType, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(train.torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit, match="2"):
        run("--device", "cuda")
    assert re.fullmatch(r"train.py: error: --device cuda: .*\n", capsys.readouterr().err)


def write_mnist(folder: Path, images: np.ndarray[Any, Any], labels: np.ndarray[Any, Any]) -> None:
    """Training and test files of the same images, in the idx format of MNIST's authors (big-endian header)."""
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for part in ("train", "t10k"):
        (raw / f"{part}-images-idx3-ubyte").write_bytes(struct.pack(">4i", 2051, *images.shape) + images.tobytes())
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">2i", 2049, len(labels)) + labels.tobytes())


@needs_torchvision
def test_mnist_is_read_from_its_files(train: ModuleType, run: Run, tmp_path: Path) -> None:
    labels = np.arange(30, dtype=np.uint8) % 10
    images = np.random.default_rng(3).integers(0, 256, size=(30, 28, 28), dtype=np.uint8)
    write_mnist(tmp_path, images, labels)
    digits, _ = train.load_mnist(str(tmp_path))
    assert digits.labels.tolist() == sorted(labels.tolist())
    assert digits.images[:3, 0].numpy() == pytest.approx(images[[0, 10, 20]] / 255)
    output = run(*TINY, "--dataset", "mnist", "--data-dir", str(tmp_path))
    assert [found["of"] for found in EPOCH.finditer(output)] == ["10000"] * 2
