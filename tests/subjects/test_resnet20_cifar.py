"""The subject resnet20_cifar: the published network, pictures with the right labels, and clear errors."""

from __future__ import annotations

import importlib.util
import itertools
import pickle
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from support.digit_subjects import DigitProgram
from support.subject_scripts import audited, load_script, one_torch_thread, run_script, runs_apart

TINY = ("--images", "30", "--image-size", "8", "--batch-size", "10", "--epochs", "2")
EPOCH = re.compile(
    r"^epoch +(\d+)/(\d+)  train loss (\S+)  test accuracy (\d\.\d{4}) \((?P<value>\d+)/(?P<of>\d+)\)$", re.MULTILINE
)

pytestmark = [
    pytest.mark.torch,
    pytest.mark.xdist_group("resnet20_cifar"),
    pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed"),
]
needs_torchvision = pytest.mark.skipif(
    importlib.util.find_spec("torchvision") is None, reason="torchvision is not installed"
)

Run = Callable[..., str]


@pytest.fixture(scope="module")
def train() -> Iterator[ModuleType]:
    """The script as a module."""
    with one_torch_thread():
        yield load_script("resnet20_cifar")


@pytest.fixture
def run(train: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the script's main in this process and returns its output: no seconds for importing torch again."""
    return DigitProgram(train, monkeypatch, capsys).run


@runs_apart
@pytest.mark.slow
def test_an_audit_of_the_smoke_preset_learns_and_sees_a_learning_rate_that_ruins_it(tmp_path: Path) -> None:
    done = audited(tmp_path, "resnet20_cifar", "learning_rate=0.9")
    assert "generated coloured shapes" in done.messages
    assert done.performance() > 0.7
    assert done.performance("learning_rate=0.9") < 0.4


@pytest.mark.slow  # it loads torch in this process and in another, and trains in both
def test_same_seed_prints_the_same_in_another_process_and_writes_nothing(run: Run, tmp_path: Path) -> None:
    done = run_script("resnet20_cifar", tmp_path, *TINY)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == run(*TINY)
    assert [found[1] for found in EPOCH.finditer(done.stdout)] == list("12")
    assert not list(tmp_path.iterdir())


def test_another_seed_prints_other_numbers(run: Run) -> None:
    first, second = (EPOCH.findall(run(*TINY, "--seed", seed)) for seed in "12")
    assert first != second


def test_output_says_that_the_shapes_are_generated_and_has_the_options(run: Run) -> None:
    settings, *epochs = run(*TINY, "--weight-decay", "0", "--momentum", "0.5").splitlines()
    assert settings.startswith("settings: epochs=2 learning_rate=0.2 weight_decay=0.0 momentum=0.5 gamma=0.1 ")
    assert " milestones=0.5,0.75 batch_size=10 seed=1 dataset=shapes (generated) images=30 image_size=8 " in settings
    for line in epochs:
        found = EPOCH.fullmatch(line)
        assert found is not None
        assert float(found[4]) == round(int(found["value"]) / int(found["of"]), 4)
        assert found["of"] == "500"


def recorded(train: ModuleType, run: Run, *arguments: str) -> list[SimpleNamespace]:
    """Record the training and test data of each epoch, without training."""
    epochs: list[SimpleNamespace] = []

    def note_training(model: Any, optimizer: Any, pictures: Any, batch_size: int) -> float:
        weights, group = model[0].weight.tolist(), optimizer.param_groups[0]
        images = pictures.images.numpy()
        epochs.append(SimpleNamespace(**group, weights=weights, pictures=images, batch_size=batch_size))
        optimizer.step()  # changes nothing without gradients, but the scheduler insists on it
        return 0.0

    def note_test(_model: object, pictures: Any) -> int:
        epochs[-1].exam = pictures.images.numpy()
        return 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "train_epoch", note_training)
        patch.setattr(train, "count_correct", note_test)
        run(*arguments)
    return epochs


def test_hyperparameters_reach_the_training(train: ModuleType, run: Run) -> None:
    options = "--epochs 8 --learning-rate 4 --gamma 0.5 --momentum 0.3 --weight-decay 0.01 --batch-size 7 --images 9"
    epochs = recorded(train, run, *options.split(), "--image-size", "12")
    assert [epoch.lr for epoch in epochs] == [4] * 4 + [2] * 2 + [1] * 2
    assert {(epoch.momentum, epoch.weight_decay, epoch.batch_size) for epoch in epochs} == {(0.3, 0.01, 7)}
    assert epochs[0].pictures.shape == (9, 12, 12, 3)


def test_the_seed_draws_weights_and_training_pictures_but_never_the_test_pictures(train: ModuleType, run: Run) -> None:
    settings = ["--learning-rate", "0.7", "--batch-size", "5", "--images", "500"]
    first, again, other = (recorded(train, run, *TINY, *settings, "--seed", seed)[0] for seed in "001")
    assert first.weights == again.weights != other.weights
    assert (first.pictures == again.pictures).all()
    assert not as_bytes(first.pictures) & as_bytes(other.pictures)
    assert not as_bytes(first.pictures) & as_bytes(first.exam)
    assert (first.exam == other.exam).all()
    assert (first.exam == recorded(train, run, *TINY)[1].exam).all()


def as_bytes(images: np.ndarray[Any, Any]) -> set[bytes]:
    return {image.tobytes() for image in images}


@pytest.mark.parametrize(
    ("text", "epochs", "expected"),
    [
        ("0.5,0.75", 200, [100, 150]),
        ("100,150", 50, [100, 150]),
        ("0.5,0.75", 8, [4, 6]),
        ("0.5", 1, [1]),
        ("0.25,6", 10, [2, 6]),
    ],
)
def test_milestones_are_shares_or_epochs(train: ModuleType, text: str, epochs: int, expected: list[int]) -> None:
    assert train.milestone_epochs(text, epochs) == expected


@pytest.mark.parametrize("text", ["", "0", "-0.5", "1.5", "nan", "inf", "10,", "ten", "0.5 0.75"])
def test_milestones_out_of_range_are_rejected(run: Run, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        run(f"--milestones={text}")
    assert re.fullmatch(r"train.py: error: --milestones must be .*\n", capsys.readouterr().err)


def test_network_has_the_published_layers_and_weights(train: ModuleType) -> None:
    """6n + 2 layers with n = 3 (He et al., section 4.2), and the 0.27 million weights of their table 6."""
    from torch import nn

    network = train.ResNet20()
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert len(layers) == 6 * 3 + 2
    convolutions = 9 * (3 * 16 + 6 * 16 * 16 + 16 * 32 + 5 * 32 * 32 + 32 * 64 + 5 * 64 * 64)
    normalisation = 2 * (7 * 16 + 6 * 32 + 6 * 64)
    assert convolutions + normalisation + 64 * 10 + 10 == 269_722
    assert sum(weights.numel() for weights in network.parameters()) == 269_722


@pytest.mark.parametrize("side", [8, 13, 32])
def test_network_takes_pictures_of_any_size(train: ModuleType, side: int) -> None:
    import torch

    assert train.ResNet20()(torch.rand(1, 3, side, side)).shape == (1, 10)


def test_shortcut_takes_every_other_pixel_and_adds_empty_channels(train: ModuleType) -> None:
    import torch

    block = train.CifarResidualBlock(2, 6).eval()
    torch.nn.init.zeros_(block.residual[3].weight)  # the residual is 0: what is left is the shortcut
    x = torch.rand(1, 2, 4, 4)
    with torch.no_grad():
        found = block(x).numpy()
    expected = np.zeros((1, 6, 2, 2), dtype=np.float32)
    expected[:, 2:4] = x.numpy()[:, :, [[0], [2]], [[0, 2]]]
    assert (found == expected).all()
    assert (train.CifarResidualBlock(2, 2).shortcut(x) == x).all()


def test_augmented_pictures_are_all_the_crops_and_their_mirror_images(train: ModuleType) -> None:
    """One pixel of padding at side 8: nine crops, each as it is or mirrored."""
    import torch

    torch.manual_seed(4)
    picture = np.random.default_rng(6).integers(1, 256, size=(8, 8, 3), dtype=np.uint8)
    padded = np.pad(picture, ((1, 1), (1, 1), (0, 0)))
    crops = [padded[top : top + 8, left : left + 8] for top, left in itertools.product(range(3), repeat=2)]
    expected = {crop.tobytes() for crop in crops} | {crop[:, ::-1].tobytes() for crop in crops}
    found = [image.numpy().tobytes() for image in train.augment(torch.from_numpy(np.stack([picture] * 500)))]
    assert set(found) == expected
    assert len(expected) == 18
    assert max(found.count(image) for image in expected) < 2 * 500 / 18


@pytest.fixture
def linear(train: ModuleType, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A model with logits w * x, of the mean x of a picture, which notes what it is given; and its pictures."""
    import torch

    class PictureModel(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.arange(10.0))
            self.given: list[tuple[bool, float]] = []

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            x = pixels.mean((1, 2, 3))
            self.given += [(self.training, round(float(value), 4)) for value in x]
            return x[:, None] * self.weight

    def pictures(values: list[int], labels: list[int]) -> Any:
        images = torch.tensor(values, dtype=torch.uint8).reshape(-1, 1, 1, 1).expand(-1, 8, 8, 3)
        return train.CifarPictures(images, torch.tensor(labels))

    monkeypatch.setattr(train, "augment", lambda images: images)
    return SimpleNamespace(model=PictureModel(), pictures=pictures)


def test_loss_is_the_mean_over_pictures(train: ModuleType, linear: SimpleNamespace) -> None:
    """Also where the last batch is smaller. Untouched weights make every batch size agree."""
    import torch

    logits = np.array([[-2.0], [-1.2], [2.0]]) * np.arange(10)
    expected = np.mean(np.log(np.exp(logits).sum(1)) - logits[[0, 1, 2], [3, 0, 9]])
    for batch_size in (1, 2, 3, 9):
        still = torch.optim.SGD(linear.model.parameters(), lr=0.0)
        pictures = linear.pictures([0, 51, 255], [3, 0, 9])
        assert train.train_epoch(linear.model, still, pictures, batch_size) == pytest.approx(expected, rel=1e-5)


def test_every_batch_makes_one_step_down_its_own_gradient(train: ModuleType, linear: SimpleNamespace) -> None:
    """Softmax regression by hand, on pictures that are all the same so that no order matters."""
    import torch

    optimizer = torch.optim.SGD(linear.model.parameters(), lr=0.1)
    train.train_epoch(linear.model, optimizer, linear.pictures([255] * 5, [4] * 5), 2)
    weight = np.arange(10.0)
    for _ in range(3):
        softmax = np.exp(2 * weight) / np.exp(2 * weight).sum()
        weight -= 0.1 * 2 * (softmax - np.eye(10)[4])
    assert linear.model.weight.tolist() == pytest.approx(weight, rel=1e-5)


def test_every_epoch_trains_on_all_pictures_in_another_order(train: ModuleType, linear: SimpleNamespace) -> None:
    import torch

    torch.manual_seed(2)
    pictures = linear.pictures(list(range(20)), [0] * 20)
    for _ in range(2):
        train.train_epoch(linear.model, torch.optim.SGD(linear.model.parameters()), pictures, 6)
    first, second = linear.model.given[:20], linear.model.given[20:]
    assert sorted(first) == sorted(second) == [(True, round(value / 63.75 - 2, 4)) for value in range(20)]
    assert first != second
    assert first != sorted(first)


def test_a_picture_is_of_the_class_with_the_highest_logit(
    train: ModuleType, linear: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The highest is the last where a picture is bright, the first where it is dark; the model is not in training."""
    monkeypatch.setattr(train, "TEST_BATCH", 3)
    assert train.count_correct(linear.model, linear.pictures([0, 10, 255, 255, 255], [0, 9, 9, 9, 0])) == 3
    assert [training for training, _ in linear.model.given] == [False] * 5


@pytest.mark.parametrize(("images", "batch_size"), [("11", "10"), ("3", "1000"), ("1", "1")])
def test_any_batch_size_works(run: Run, images: str, batch_size: str) -> None:
    output = run(*TINY, "--images", images, "--batch-size", batch_size, "--epochs", "1")
    assert len(EPOCH.findall(output)) == 1


def test_shapes_are_equally_common_and_the_same_when_mirrored(train: ModuleType) -> None:
    pictures = train.draw_shapes(70, 16, np.random.default_rng(0))
    assert np.bincount(pictures.labels).tolist() == [7] * 10
    ticks = np.linspace(-1.2, 1.2, 48)
    x, y = ticks[None, :], ticks[:, None]
    masks = [shape(x, y) for shape in train.SHAPES.values()]
    assert all((shape(-x, y) == mask).all() for shape, mask in zip(train.SHAPES.values(), masks, strict=True))
    for one, other in itertools.combinations(masks, 2):
        assert (one & other).sum() < 0.9 * (one | other).sum(), "no two classes look alike"


def test_every_shape_is_brighter_than_its_surroundings(train: ModuleType) -> None:
    """In the mean of many pictures the middle, where shapes are, is bright: for solid ones at least."""
    pictures = train.draw_shapes(1000, 16, np.random.default_rng(0))
    solid = pictures.images[pictures.labels == list(train.SHAPES).index("square")].float().mean((0, 3))
    assert solid[7:9, 7:9].mean() > solid[[0, 0, -1, -1], [0, -1, 0, -1]].mean() + 30


def test_a_learning_rate_far_too_high_diverges(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="3"):
        run(*TINY, "--learning-rate", "1e30")
    printed = capsys.readouterr()
    assert [(found[1], found[3]) for found in EPOCH.finditer(printed.out)] == [("1", "nan")], "no further epoch"
    assert re.fullmatch(r"train.py: error: training diverged in epoch 1: .*--learning-rate\n", printed.err)


@pytest.mark.parametrize(
    "setting",
    [
        *("--epochs 0", "--learning-rate nan", "--gamma 0", "--batch-size 0", "--images 0"),
        *("--weight-decay -1", "--momentum -0.1", "--seed -1", "--image-size 7"),
    ],
)
def test_values_out_of_range_are_rejected(run: Run, setting: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        run(*setting.split())
    assert f"{setting.split(maxsplit=1)[0]} must be" in capsys.readouterr().err


def test_missing_gpu_is_one_line(
    train: ModuleType, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(train.torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit, match="2"):
        run("--device", "cuda")
    assert re.fullmatch(r"train.py: error: --device cuda: .*\n", capsys.readouterr().err)


def test_missing_torchvision_is_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    with pytest.raises(SystemExit, match="2"):
        run("--dataset", "cifar10")
    assert re.fullmatch(r"train.py: error: .*try: pip install torchvision\n", capsys.readouterr().err)


def write_cifar10(folder: Path, images: np.ndarray[Any, Any], labels: list[int]) -> None:
    """Five files of training images and one of test images, as CIFAR-10's authors pickled them: all rows of red first.

    `images` (6, n, 32, 32, 3); every file has the same `labels`.
    """
    batches = folder / "cifar-10-batches-py"
    batches.mkdir()
    names = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    for name, part in zip(names, images, strict=True):
        data = np.ascontiguousarray(part.transpose(0, 3, 1, 2)).reshape(len(part), 3072)
        (batches / name).write_bytes(pickle.dumps({"data": data, "labels": labels}))
    (batches / "batches.meta").write_bytes(pickle.dumps({"label_names": [str(label) for label in range(10)]}))


@pytest.fixture
def cifar10(tmp_path: Path) -> SimpleNamespace:
    images = np.random.default_rng(3).integers(0, 256, size=(6, 4, 32, 32, 3), dtype=np.uint8)
    labels = [7, 0, 2, 9]
    write_cifar10(tmp_path, images, labels)
    return SimpleNamespace(folder=str(tmp_path), train=images[:5].reshape(-1, 32, 32, 3), test=images[5], labels=labels)


@pytest.fixture
def any_checksum(monkeypatch: pytest.MonkeyPatch) -> None:
    """torchvision knows the checksums of the real files, and takes no others."""
    monkeypatch.setattr("torchvision.datasets.cifar.check_integrity", lambda path, _md5: Path(path).exists())


@needs_torchvision
@pytest.mark.usefixtures("any_checksum")
def test_cifar10_is_read_from_its_files(train: ModuleType, cifar10: SimpleNamespace) -> None:
    learnt, judged = train.load_cifar10(cifar10.folder, 18, 32)
    assert (learnt.images.numpy() == cifar10.train[:18]).all()
    assert learnt.labels.tolist() == (cifar10.labels * 5)[:18]
    assert (judged.images.numpy() == cifar10.test).all()
    assert judged.labels.tolist() == cifar10.labels


@needs_torchvision
@pytest.mark.usefixtures("any_checksum")
def test_cifar10_is_made_smaller_by_averaging(train: ModuleType, cifar10: SimpleNamespace) -> None:
    _, judged = train.load_cifar10(cifar10.folder, 1, 16)
    means = cifar10.test.reshape(4, 16, 2, 16, 2, 3).mean((2, 4))
    assert (judged.images.numpy() == np.floor(means)).all()


@needs_torchvision
@pytest.mark.usefixtures("any_checksum")
def test_cifar10_is_trained_on(run: Run, cifar10: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--dataset", "cifar10", "--data-dir", cifar10.folder, "--epochs", "1")
    output = run(*words, "--images", "20")
    assert " dataset=cifar10 images=20 " in output
    assert [found["of"] for found in EPOCH.finditer(output)] == ["4"]
    with pytest.raises(SystemExit, match="2"):
        run(*words, "--images", "21")
    assert capsys.readouterr().err == "train.py: error: --images 21: CIFAR-10 has 20 training images\n"


@needs_torchvision
@pytest.mark.parametrize("folder", ["nowhere", "other checksums"])
def test_missing_or_other_files_are_one_line(
    run: Run, cifar10: SimpleNamespace, folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    place = folder if folder == "nowhere" else cifar10.folder
    with pytest.raises(SystemExit, match="2"):
        run("--dataset", "cifar10", "--data-dir", place)
    assert re.fullmatch(r"train.py: error: no complete CIFAR-10 in .*download=True.*\n", capsys.readouterr().err)
