"""Train a network that reads handwritten digits by Hinton's forward-forward algorithm, without backpropagation.

Each layer learns separately: its activity shall be high for images that carry their own label, and low for images that
carry a wrong one (G. Hinton, The Forward-Forward Algorithm, arXiv 2212.13345). To read a digit, all ten labels are
tried, and the one with the highest activity wins. Guessing has an accuracy of 10 %.

    python train.py                                                         # the digits that come with scikit-learn
    python train.py --dataset mnist --data-dir DIR --report-every 100       # MNIST; use a GPU

Every epoch prints one line. Nothing is written to disk.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - the name it has everywhere

CLASSES = 10
IMAGE_SIDE = 28
PIXEL_MEAN, PIXEL_STD = 0.1307, 0.3081  # of MNIST's training images
WHITE = (1 - PIXEL_MEAN) / PIXEL_STD
DATASETS = ("digits", "mnist")
EPSILON = 1e-4  # avoids a division by 0
TEST_BATCH = 1_000
DIGITS_FILE = "datasets/data/digits.csv.gz"
EXIT_USAGE, EXIT_DIVERGED = 2, 3


def main() -> None:
    """Train, and print the accuracy on the test images after every epoch."""
    args = parse_arguments()
    device = choose_device(args.device)
    train, test = load_mnist(args.data_dir) if args.dataset == "mnist" else load_digits()
    train = spread(train, args.train_images).to(device)
    test = test.to(device)
    args.train_images = len(train.labels)  # the number behind "all"

    torch.manual_seed(args.seed)  # the only source of randomness: the first weights and the wrong labels
    model = ForwardForward(args.layers, args.hidden).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=args.learning_rate)
    inputs = true_and_false(train)
    print("settings:", *(f"{name}={value}" for name, value in vars(args).items()), flush=True)
    for epoch in range(1, args.epochs + 1):
        loss = train_epoch(model, optimizer, inputs, args.threshold)
        if epoch % args.report_every == 0 or epoch == args.epochs or not math.isfinite(loss):
            report(epoch, args.epochs, loss, count_correct(model, test), len(test.labels))


def report(epoch: int, epochs: int, loss: float, correct: int, count: int) -> None:
    """Print the epoch's line; end the training if its loss is not finite, as no later epoch can repair that."""
    accuracy = f"{correct / count:.4f} ({correct}/{count})"
    print(f"epoch {epoch:>{len(str(epochs))}}/{epochs}  train loss {loss:.4f}  test accuracy {accuracy}", flush=True)
    if not math.isfinite(loss):
        fail(f"training diverged in epoch {epoch}: the loss is {loss}; try a lower --learning-rate", EXIT_DIVERGED)


def fail(message: str, status: int = EXIT_USAGE) -> NoReturn:
    """End the program with one line on stderr."""
    print(f"train.py: error: {message}", file=sys.stderr)
    sys.exit(status)


class FlatDigits(NamedTuple):
    """Normalised images (n, 784) and the digit that each shows (n,), sorted by digit."""

    images: Tensor
    labels: Tensor

    def to(self, device: torch.device) -> FlatDigits:
        """Return these digits on another device."""
        return FlatDigits(*(part.to(device) for part in self))


def load_digits() -> tuple[FlatDigits, FlatDigits]:
    """Return scikit-learn's 1797 digits for training and for testing; every fifth image of a digit is for testing."""
    digits = prepare(*read_digits())
    test = torch.arange(len(digits.labels)) % 5 == 4
    return FlatDigits(digits.images[~test], digits.labels[~test]), FlatDigits(digits.images[test], digits.labels[test])


def read_digits() -> tuple[Tensor, Tensor]:
    """Return images (1797, 8, 8) with values from 0 to 1, and their labels.

    The file is read without importing scikit-learn, as the import takes longer than a short training.
    """
    package = find_spec("sklearn")
    if package is None or package.origin is None:
        fail("the digits come with scikit-learn, which is not installed; try: pip install scikit-learn")
    file = Path(package.origin).parent / DIGITS_FILE
    pixels: NDArray[np.float64]
    if file.exists():
        table = np.loadtxt(file, delimiter=",")
        pixels, labels = table[:, :-1], table[:, -1]
    else:  # another release may have it elsewhere
        from sklearn.datasets import load_digits

        pixels, labels = load_digits(return_X_y=True)
    return torch.tensor(pixels).float().reshape(-1, 8, 8) / 16, torch.tensor(labels).long()


def load_mnist(folder: str) -> tuple[FlatDigits, FlatDigits]:
    """Return the training and the test images of MNIST, from `folder`/MNIST/raw."""
    try:
        from torchvision.datasets import MNIST  # imported here: takes 2 s, and the bundled digits do not need it
    except (ImportError, RuntimeError) as error:  # RuntimeError: it was built for another torch
        fail(f"MNIST is read with torchvision, which cannot be imported ({error}); try: pip install torchvision")
    try:
        train, test = (MNIST(folder, train=part, download=False) for part in (True, False))
    except RuntimeError:
        download = f"from torchvision.datasets import MNIST; MNIST({folder!r}, download=True)"
        fail(f'no MNIST in {Path(folder, "MNIST", "raw")}; get it once with: python -c "{download}"')
    return prepare(train.data / 255, train.targets), prepare(test.data / 255, test.targets)


def prepare(images: Tensor, labels: Tensor) -> FlatDigits:
    """Return images (n, side, side) from 0 to 1 as rows of 784 pixels, normalised, in the order of their labels."""
    order = labels.argsort(stable=True)
    side = (IMAGE_SIDE, IMAGE_SIDE)
    resized = F.interpolate(images[order].unsqueeze(1), size=side, mode="bilinear")
    return FlatDigits((resized.flatten(1) - PIXEL_MEAN) / PIXEL_STD, labels[order])


def spread(digits: FlatDigits, count: int | None) -> FlatDigits:
    """Return `count` digits, evenly spread over the data and so over the ten classes; None: all."""
    available = len(digits.labels)
    if count is None:
        return digits
    if count > available:
        fail(f"--train-images {count}: this data set has {available} training images")
    chosen = torch.arange(count) * available // count
    return FlatDigits(digits.images[chosen], digits.labels[chosen])


def true_and_false(digits: FlatDigits) -> Tensor:
    """Return the training inputs (2n, 784): all images with their own labels, then all with a wrong one."""
    wrong = (digits.labels + torch.randint(1, CLASSES, digits.labels.shape).to(digits.labels.device)) % CLASSES
    return torch.cat([with_label(digits.images, digits.labels), with_label(digits.images, wrong)])


def with_label(images: Tensor, labels: Tensor) -> Tensor:
    """Return copies of the images (n, 784) whose first ten pixels encode the label: one of them is white."""
    marked = without_label(images)
    marked[torch.arange(len(marked)), labels] = WHITE
    return marked


def without_label(images: Tensor) -> Tensor:
    """Return copies of the images (n, 784) whose first ten pixels, a part of the margin, are 0."""
    blank = images.clone()
    blank[:, :CLASSES] = 0
    return blank


class Layer(nn.Linear):
    """A linear layer with ReLU whose input is normalised to length 1.

    The layer before was trained on the length. If this layer got the length, it would have nothing left to learn.
    """

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the activities (..., outputs) of inputs (..., inputs)."""
        return F.relu(super().forward(inputs / (inputs.norm(dim=-1, keepdim=True) + EPSILON)))


def goodness(activities: Tensor) -> Tensor:
    """Return the activity of a layer: the mean of the squares (...) of its outputs (..., outputs)."""
    return activities.square().mean(-1)


class ForwardForward(nn.Module):
    """Layers that are trained separately; by default 784-500-500 as in the study, 643,000 weights."""

    def __init__(self, layers: int, hidden: int) -> None:
        super().__init__()
        sizes = [IMAGE_SIDE**2, *[hidden] * layers]
        self.layers = nn.ModuleList(Layer(inputs, outputs) for inputs, outputs in pairwise(sizes))

    def label_goodness(self, images: Tensor) -> Tensor:
        """Return the goodness (n, 10) of images (n, 784) with each label, summed over the layers.

        An image with its ten labels is ten inputs, which differ in two pixels only. So their common part is multiplied
        with the first weights once, not ten times.
        """
        first, *others = self.layers
        blank = without_label(images)
        shared = F.linear(blank, first.weight).unsqueeze(1)  # (n, 1, hidden)
        of_labels = WHITE * first.weight[:, :CLASSES].T  # (10, hidden)
        lengths = (blank.square().sum(1) + WHITE**2).sqrt() + EPSILON
        activities = F.relu((shared + of_labels) / lengths[:, None, None] + first.bias)  # (n, 10, hidden)
        total = goodness(activities)
        for layer in others:
            activities = layer(activities)
            total += goodness(activities)
        return total


def train_epoch(model: ForwardForward, optimizer: torch.optim.Optimizer, inputs: Tensor, threshold: float) -> float:
    """Train every layer by one step on all inputs; return the mean loss of a layer.

    No gradient passes from a layer to the one before, so a step on the sum is a step of each layer on its own loss.
    """
    losses = []
    for layer in model.layers:
        activities = layer(inputs)
        losses.append(layer_loss(activities, threshold))
        inputs = activities.detach()
    total = torch.stack(losses).sum()
    optimizer.zero_grad()
    total.backward()
    optimizer.step()
    return total.item() / len(losses)


def layer_loss(activities: Tensor, threshold: float) -> Tensor:
    """Return a loss that is small if the first half, the true inputs, is above the threshold, and the rest below."""
    true, false = goodness(activities).chunk(2)
    return F.softplus(torch.cat([threshold - true, false - threshold])).mean()


@torch.no_grad()
def count_correct(model: ForwardForward, digits: FlatDigits) -> int:
    """Return the number of images whose own label has the highest goodness."""
    batches = zip(digits.images.split(TEST_BATCH), digits.labels.split(TEST_BATCH), strict=True)
    return sum(int((model.label_goodness(images).argmax(1) == labels).sum()) for images, labels in batches)


def parse_arguments() -> argparse.Namespace:
    """Return the options; the defaults from --epochs to --hidden are those of the study."""
    parser = argparse.ArgumentParser(
        description="Train a network that reads handwritten digits by the forward-forward algorithm.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--epochs", type=int, default=1000, help="steps of each layer; all images are in each step")
    parser.add_argument("--learning-rate", type=float, default=0.03, help="of Adam")
    parser.add_argument("--threshold", type=float, default=2.0, help="goodness that separates true from false inputs")
    parser.add_argument("--layers", type=int, default=2, help="number of layers")
    parser.add_argument("--hidden", type=int, default=500, help="units in a layer")
    parser.add_argument("--seed", type=int, default=1, help="of the first weights and the wrong labels")
    parser.add_argument("--report-every", type=int, default=1, metavar="N", help="epochs from one test to the next")
    parser.add_argument("--dataset", choices=DATASETS, default="digits", help="which digits")
    parser.add_argument("--train-images", type=int, metavar="N", help="train on so many only; None: all")
    folder = os.environ.get("MNIST_DIR", "data")
    parser.add_argument("--data-dir", default=folder, metavar="DIR", help="the folder with MNIST/raw; or set MNIST_DIR")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto", help="auto: cuda if there is one")
    args = parser.parse_args()
    for name in ("epochs", "learning_rate", "threshold", "layers", "hidden", "report_every", "train_images"):
        value = getattr(args, name)
        if value is not None and not 0 < value < math.inf:
            parser.error(f"--{name.replace('_', '-')} must be a number above 0, not {value}")
    if not 0 <= args.seed < 2**63:
        parser.error(f"--seed must be 0 or more and below 2**63, not {args.seed}")
    return args


def choose_device(name: str) -> torch.device:
    """Return the device of that name; "auto" is the GPU if torch can use one, else the CPU."""
    cuda = torch.cuda.is_available()
    if name == "cuda" and not cuda:
        fail("--device cuda: torch finds no GPU here; try: --device cpu")
    return torch.device("cuda" if cuda and name != "cpu" else "cpu")


if __name__ == "__main__":
    main()
