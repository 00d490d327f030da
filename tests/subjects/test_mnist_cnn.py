"""The subject mnist_cnn: the network and the training of the example; a growing learning rate ruins it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from support.digit_subjects import EPOCH, DigitProgram, accuracies, loaded, needs_torch
from support.subject_scripts import audited, runs_apart

pytestmark = [*needs_torch, pytest.mark.xdist_group("mnist_cnn")]


@pytest.fixture(scope="module")
def train() -> Iterator[ModuleType]:
    import torch

    threads = torch.get_num_threads()
    yield loaded("mnist_cnn")
    torch.set_num_threads(threads)


@pytest.fixture
def program(train: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> DigitProgram:
    return DigitProgram(train, monkeypatch, capsys)


@runs_apart
@pytest.mark.slow
def test_smoke_preset_learns_epochs_cost_and_a_growing_learning_rate_ruins_it(tmp_path: Path) -> None:
    """Five trainings of up to 24 epochs, as other programs on the machine add to the energy of a training too.

    Loading torch takes as long as six epochs. CPU seconds are the training's own, on one thread, whatever else runs;
    the energy is that of the device. So energy is compared where the work is four times as much.
    """
    done = audited(tmp_path, "mnist_cnn", "gamma=1.94", "epochs=1,24")
    assert set(done.rows) == {"original", "gamma=1.94", "epochs=1", "epochs=24"}
    assert done.performance() > 0.9
    assert done.performance("epochs=24") > 0.9
    assert done.performance("epochs=1") < done.performance()
    assert done.performance("gamma=1.94") < 0.4
    epochs = {mutant: len(EPOCH.findall(output)) for mutant, output in done.outputs.items()}
    assert epochs == {"original": 8, "gamma=1.94": 8, "epochs=1": 1, "epochs=24": 24}
    cpu_s, package_j = ({name: row[cost] for name, row in done.rows.items()} for cost in ("cpu_s", "package_j"))
    assert 0 < cpu_s["epochs=1"] < cpu_s["original"] < cpu_s["epochs=24"]
    assert 0 < package_j["epochs=1"] < package_j["epochs=24"]


def test_a_learning_rate_far_too_low_hurts(program: DigitProgram) -> None:
    few = ("--train-images", "128", "--batch-size", "16", "--epochs", "4")
    usual, low = (accuracies(program.run(*few, "--learning-rate", rate))[-1] for rate in ("1", "0.01"))
    assert low < usual - 0.15


def test_network_has_the_weights_of_the_example(train: ModuleType) -> None:
    weights = [tuple(parameter.shape) for parameter in train.ConvNet(0.25, 0.5).parameters() if parameter.dim() > 1]
    assert weights == [(32, 1, 3, 3), (64, 32, 3, 3), (128, 9216), (10, 128)]
    assert sum(parameter.numel() for parameter in train.ConvNet(0.25, 0.5).parameters()) == 1_199_882


def test_network_computes_what_the_example_does(train: ModuleType) -> None:
    import torch
    from torch.nn import functional

    network = train.ConvNet(0.25, 0.5).eval()
    conv1, bias1, conv2, bias2, *linear = network.parameters()
    images = torch.rand(3, 1, 28, 28)
    x = functional.relu(functional.conv2d(images, conv1, bias1))
    x = functional.max_pool2d(functional.relu(functional.conv2d(x, conv2, bias2)), 2).flatten(1)
    x = functional.linear(functional.relu(functional.linear(x, *linear[:2])), *linear[2:])
    assert torch.allclose(network(images), x, atol=1e-6)


def test_each_dropout_drops_its_share(train: ModuleType) -> None:
    import torch

    torch.manual_seed(1)
    network = train.ConvNet(0.3, 0.7)
    before_the_last = network.classifier[:-1]
    for part, inputs, rate in (
        (network.features, torch.rand(4, 1, 28, 28), 0.3),
        (before_the_last, torch.rand(200, 9216), 0.7),
    ):
        active = part.eval()(inputs) > 0
        dropped = part.train()(inputs)[active] == 0
        assert dropped.float().mean().item() == pytest.approx(rate, abs=0.02)


def test_dropout_is_for_training_only(train: ModuleType) -> None:
    import torch

    modes: list[bool] = []

    class ModeRecorder(torch.nn.Linear):
        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            modes.append(self.training)
            return super().forward(inputs)

    model, digits = ModeRecorder(4, 10), train.CnnDigits(torch.rand(3, 4), torch.tensor([0, 1, 2]))
    for _ in range(2):
        train.train_epoch(model, torch.optim.SGD(model.parameters(), lr=0.1), digits, 3)
        train.count_correct(model, digits)
    assert modes == [True, False, True, False]


def recorded(program: DigitProgram, *arguments: str) -> list[SimpleNamespace]:
    """The learning rate and the batches of images of each epoch, by a model that learns nothing."""
    import torch

    epochs: list[SimpleNamespace] = []
    train_epoch = program.module.train_epoch

    class BatchRecorder(torch.nn.Module):
        def forward(self, images: Any) -> Any:
            epochs[-1].batches.append([hash(image.numpy().tobytes()) for image in images])
            return torch.zeros(len(images), 10, requires_grad=True)

    def note(_model: object, optimizer: Any, *rest: Any) -> float:
        epochs.append(SimpleNamespace(rate=optimizer.param_groups[0]["lr"], batches=[]))
        return float(train_epoch(BatchRecorder(), optimizer, *rest))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(program.module, "train_epoch", note)
        patch.setattr(program.module, "count_correct", lambda *_: 0)
        program.run(*arguments)
    return epochs


def test_hyperparameters_reach_the_training(program: DigitProgram) -> None:
    options = ("--epochs", "3", "--learning-rate", "2", "--gamma", "0.5", "--batch-size", "7", "--train-images", "30")
    epochs = recorded(program, *options)
    assert [epoch.rate for epoch in epochs] == [2, 1, 0.5]
    assert [[len(batch) for batch in epoch.batches] for epoch in epochs] == [[7, 7, 7, 7, 2]] * 3


def test_dropout_reaches_the_network(program: DigitProgram) -> None:
    made: list[Any] = []
    network = program.module.ConvNet

    def note(*rates: float) -> Any:
        made.append(rates)
        return network(*rates)

    program.patch.setattr(program.module, "ConvNet", note)
    program.patch.setattr(program.module, "train_epoch", lambda _model, optimizer, *_: optimizer.step() or 0.0)
    program.patch.setattr(program.module, "count_correct", lambda *_: 0)
    program.run("--dropout-conv", "0.1", "--dropout-linear", "0")
    assert made == [(0.1, 0.0)]


def test_images_come_once_an_epoch_in_an_order_that_the_seed_decides(program: DigitProgram) -> None:
    few = ("--train-images", "30", "--epochs", "2", "--batch-size", "8")
    orders = [
        list(itertools.chain(*epoch.batches)) for seed in "12" for epoch in recorded(program, *few, "--seed", seed)
    ]
    assert len({tuple(order) for order in orders}) == 4
    assert len({tuple(sorted(order)) for order in orders}) == 1
    assert len(set(orders[0])) == 30


def test_loss_is_the_mean_over_images(train: ModuleType) -> None:
    """Also where the last batch is smaller. Untouched weights of a linear model make every batch size agree."""
    import torch

    draw = np.random.default_rng(5)
    images, labels = draw.normal(size=(7, 4)), np.array([0, 3, 9, 9, 1, 2, 5])
    model = torch.nn.Linear(4, 10).double()
    logits = images @ model.weight.detach().numpy().T + model.bias.detach().numpy()
    expected = np.mean(np.log(np.exp(logits).sum(1)) - logits[np.arange(7), labels])
    digits = train.CnnDigits(torch.tensor(images), torch.tensor(labels))
    for batch_size in (1, 3, 7, 99):
        still = torch.optim.SGD(model.parameters(), lr=0.0)
        assert train.train_epoch(model, still, digits, batch_size) == pytest.approx(expected, rel=1e-6)


def test_right_answers_are_counted_over_all_batches(train: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(train, "TEST_BATCH", 3)
    answers, labels = torch.tensor([1, 2, 3, 4, 5, 6, 7]), torch.tensor([1, 2, 0, 4, 0, 0, 7])
    digits = train.CnnDigits(torch.nn.functional.one_hot(answers, 10).float(), labels)
    assert train.count_correct(torch.nn.Identity(), digits) == 4


@pytest.mark.parametrize("setting", ["--gamma 0", "--batch-size 0", "--dropout-conv 1", "--dropout-linear -0.1"])
def test_values_out_of_range_are_rejected(program: DigitProgram, setting: str) -> None:
    assert program.refused(*setting.split()).startswith(f"train.py: error: {setting.split(maxsplit=1)[0]} must be ")
