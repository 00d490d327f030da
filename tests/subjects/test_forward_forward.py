"""The subject forward_forward: every layer learns separately, and reading a digit tries all labels."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from support.digit_subjects import EPOCH, DigitProgram, loaded, needs_torch
from support.subject_scripts import audited, runs_apart

pytestmark = [*needs_torch, pytest.mark.xdist_group("forward_forward")]


@pytest.fixture(scope="module")
def train() -> Iterator[ModuleType]:
    import torch

    threads = torch.get_num_threads()
    yield loaded("forward_forward")
    torch.set_num_threads(threads)


@pytest.fixture
def program(train: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> DigitProgram:
    return DigitProgram(train, monkeypatch, capsys)


@pytest.fixture
def digits(train: ModuleType) -> Any:
    return train.spread(train.load_digits()[0], 60)


@runs_apart
@pytest.mark.slow
def test_smoke_preset_learns_unless_its_values_are_bad(tmp_path: Path) -> None:
    done = audited(tmp_path, "forward_forward", "learning_rate=0.003", "threshold=8")
    assert done.performance() > 0.7
    assert done.performance("threshold=8") < done.performance()
    assert done.performance("learning_rate=0.003") < 0.2


def test_network_has_the_weights_of_the_study(train: ModuleType) -> None:
    sizes = [784, 500, 500]
    expected = sum(inputs * outputs + outputs for inputs, outputs in pairwise(sizes))
    assert sum(parameter.numel() for parameter in train.ForwardForward(2, 500).parameters()) == expected == 643_000


def test_true_inputs_come_first_and_false_ones_carry_another_label(train: ModuleType, digits: Any) -> None:
    import torch

    torch.manual_seed(1)
    many = train.FlatDigits(digits.images.repeat(20, 1), digits.labels.repeat(20))
    true, false = train.true_and_false(many).chunk(2)
    for inputs in (true, false):
        assert (inputs[:, 10:] == many.images[:, 10:]).all()
        assert ((inputs[:, :10] == train.WHITE).sum(1) == 1).all()
        assert ((inputs[:, :10] == 0).sum(1) == 9).all()
    assert (true[:, :10].argmax(1) == many.labels).all()
    away = (false[:, :10].argmax(1) - many.labels) % 10
    assert np.bincount(away, minlength=10)[1:] / len(away) == pytest.approx(np.full(9, 1 / 9), abs=0.03)
    assert (away != 0).all()


def test_white_is_the_brightest_pixel(train: ModuleType) -> None:
    import torch

    assert train.prepare(torch.ones(1, 8, 8), torch.tensor([3])).images.max().item() == pytest.approx(train.WHITE)


def test_a_layer_sees_only_the_direction_of_its_input(train: ModuleType) -> None:
    import torch

    layer, inputs = train.Layer(30, 20), torch.randn(5, 30)
    unit = inputs / (inputs**2).sum(1, keepdim=True).sqrt()
    expected = (unit @ layer.weight.T + layer.bias).clamp(min=0)
    assert torch.allclose(layer(inputs), expected, atol=1e-4)
    assert torch.allclose(layer(1000 * inputs), expected, atol=1e-6)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_goodness_of_labels_is_that_of_the_images_with_each_label(train: ModuleType, digits: Any, layers: int) -> None:
    """The shortcut through the first layer against the long way, one label after another."""
    import torch

    model = train.ForwardForward(layers, 40)
    expected = []
    for label in range(10):
        activities, total = train.with_label(digits.images, torch.full((60,), label)), torch.zeros(60)
        for layer in model.layers:
            activities = layer(activities)
            total += (activities**2).sum(1) / 40
        expected.append(total)
    assert torch.allclose(model.label_goodness(digits.images), torch.stack(expected, 1), rtol=1e-4, atol=1e-7)


def test_loss_of_a_layer_by_hand(train: ModuleType) -> None:
    import torch

    true, false, threshold = np.array([[1.0, 3.0], [0.0, 0.0]]), np.array([[2.0, 2.0], [0.0, 1.0]]), 2.5
    logits = np.array([threshold - 5, threshold - 0, 4 - threshold, 0.5 - threshold])
    loss = train.layer_loss(torch.tensor(np.concatenate([true, false])), threshold)
    assert loss.item() == pytest.approx(np.log1p(np.exp(logits)).mean())


def test_a_very_active_layer_keeps_a_finite_loss(train: ModuleType) -> None:
    """exp(1e6) is none: there the example prints inf, then nan."""
    import torch

    activities = torch.tensor([[0.0], [1000.0]])
    assert train.layer_loss(activities, 2).item() == pytest.approx((np.log1p(np.exp(2)) + 1e6 - 2) / 2)


def test_layers_learn_separately(train: ModuleType, digits: Any) -> None:
    """Each is compared with a training of only that layer with its own optimizer, as in the example."""
    import torch

    torch.manual_seed(3)
    model = train.ForwardForward(2, 30)
    separate = train.ForwardForward(2, 30)
    separate.load_state_dict(model.state_dict())
    inputs = train.true_and_false(digits)
    together = torch.optim.Adam(model.parameters(), lr=0.03)
    apart = [torch.optim.Adam(layer.parameters(), lr=0.03) for layer in separate.layers]
    for _ in range(5):
        printed = train.train_epoch(model, together, inputs, 2.0)
        seen, losses = inputs, []
        for layer, optimizer in zip(separate.layers, apart, strict=True):
            activities = layer(seen)
            losses.append(train.layer_loss(activities, 2.0))
            seen = activities.detach()
            layer.zero_grad()
            losses[-1].backward()
            optimizer.step()
        assert printed == pytest.approx(np.mean([loss.item() for loss in losses]))
    for ours, theirs in zip(model.parameters(), separate.parameters(), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5)


def test_hyperparameters_reach_the_training(program: DigitProgram) -> None:
    seen: list[Any] = []

    def note(model: Any, optimizer: Any, inputs: Any, threshold: float) -> float:
        sizes = [layer.weight.shape[0] for layer in model.layers]
        seen.append((sizes, optimizer.param_groups[0]["lr"], len(inputs), threshold))
        return 0.0

    program.patch.setattr(program.module, "train_epoch", note)
    program.run(
        *("--epochs", "2", "--learning-rate", "0.5", "--threshold", "7"),
        *("--layers", "3", "--hidden", "11", "--train-images", "40"),
    )
    assert seen == [([11, 11, 11], 0.5, 80, 7.0)] * 2


def test_report_every_n_epochs_and_after_the_last(program: DigitProgram) -> None:
    program.patch.setattr(program.module, "train_epoch", lambda *_: 0.0)
    output = program.run("--epochs", "7", "--report-every", "3", "--train-images", "10")
    assert [found["epoch"] for found in EPOCH.finditer(output)] == ["3", "6", "7"]


def test_right_answers_are_counted_over_all_batches(train: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    class GoodnessModel:
        def label_goodness(self, images: Any) -> Any:
            return torch.nn.functional.one_hot(images, 10)

    monkeypatch.setattr(train, "TEST_BATCH", 3)
    digits = train.FlatDigits(torch.tensor([1, 2, 3, 4, 5, 6, 7]), torch.tensor([1, 2, 0, 4, 0, 0, 7]))
    assert train.count_correct(GoodnessModel(), digits) == 4


@pytest.mark.parametrize("setting", ["--threshold 0", "--layers 0", "--hidden 0", "--report-every 0"])
def test_values_out_of_range_are_rejected(program: DigitProgram, setting: str) -> None:
    assert program.refused(*setting.split()).startswith(f"train.py: error: {setting.split(maxsplit=1)[0]} must be ")
