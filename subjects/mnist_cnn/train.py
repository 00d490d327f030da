"""Train a small convolutional network that reads handwritten digits.

Two convolutions, two linear layers, dropout after each pair; trained by Adadelta with a learning rate that falls after
every epoch. There are ten digits, so guessing has an accuracy of 10 %.

    python train.py                                       # the digits that come with scikit-learn
    python train.py --dataset mnist --data-dir DIR        # MNIST; use a GPU

Every epoch prints one line. Nothing is written to disk.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from importlib.util import find_spec
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
DATASETS = ("digits", "mnist")
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

    torch.manual_seed(args.seed)  # the only source of randomness: first weights, order of the images, dropout
    model = ConvNet(args.dropout_conv, args.dropout_linear).to(device)
    optimizer = torch.optim.Adadelta(model.parameters(), lr=args.learning_rate)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=args.gamma)
    print("settings:", *(f"{name}={value}" for name, value in vars(args).items()), flush=True)
    for epoch in range(1, args.epochs + 1):
        loss = train_epoch(model, optimizer, train, args.batch_size)
        scheduler.step()
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


class CnnDigits(NamedTuple):
    """Normalised images (n, 1, 28, 28) and the digit that each shows (n,), sorted by digit."""

    images: Tensor
    labels: Tensor

    def to(self, device: torch.device) -> CnnDigits:
        """Return these digits on another device."""
        return CnnDigits(*(part.to(device) for part in self))


def load_digits() -> tuple[CnnDigits, CnnDigits]:
    """Return scikit-learn's 1797 digits for training and for testing; every fifth image of a digit is for testing."""
    digits = prepare(*read_digits())
    test = torch.arange(len(digits.labels)) % 5 == 4
    return CnnDigits(digits.images[~test], digits.labels[~test]), CnnDigits(digits.images[test], digits.labels[test])


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


def load_mnist(folder: str) -> tuple[CnnDigits, CnnDigits]:
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


def prepare(images: Tensor, labels: Tensor) -> CnnDigits:
    """Return images (n, side, side) from 0 to 1, resized to 28 x 28, normalised, and in the order of their labels."""
    order = labels.argsort(stable=True)
    side = (IMAGE_SIDE, IMAGE_SIDE)
    resized = F.interpolate(images[order].unsqueeze(1), size=side, mode="bilinear")
    return CnnDigits((resized - PIXEL_MEAN) / PIXEL_STD, labels[order])


def spread(digits: CnnDigits, count: int | None) -> CnnDigits:
    """Return `count` digits, evenly spread over the data and so over the ten classes; None: all."""
    available = len(digits.labels)
    if count is None:
        return digits
    if count > available:
        fail(f"--train-images {count}: this data set has {available} training images")
    chosen = torch.arange(count) * available // count
    return CnnDigits(digits.images[chosen], digits.labels[chosen])


class ConvNet(nn.Module):
    """The network of PyTorch's MNIST example: 1,199,882 weights, most of them in the first linear layer."""

    def __init__(self, dropout_conv: float, dropout_linear: float) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 32, 3),  # from 28 x 28 to 26 x 26
            nn.ReLU(),
            nn.Conv2d(32, 64, 3),  # 24 x 24
            nn.ReLU(),
            nn.MaxPool2d(2),  # 12 x 12
            nn.Dropout(dropout_conv),
            nn.Flatten(),
        )
        self.classifier = nn.Sequential(
            nn.Linear(64 * 12 * 12, 128),
            nn.ReLU(),
            nn.Dropout(dropout_linear),
            nn.Linear(128, CLASSES),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits (n, 10) of images (n, 1, 28, 28)."""
        logits: Tensor = self.classifier(self.features(images))
        return logits


def train_epoch(model: nn.Module, optimizer: torch.optim.Optimizer, digits: CnnDigits, batch_size: int) -> float:
    """Train one epoch, on the images in a new random order; return the mean loss of an image."""
    model.train()
    device = digits.images.device
    total = torch.zeros((), device=device)  # summed there: reading every loss would keep a GPU waiting
    for batch in torch.randperm(len(digits.labels)).to(device).split(batch_size):
        loss = F.cross_entropy(model(digits.images[batch]), digits.labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.detach() * len(batch)
    return total.item() / len(digits.labels)


@torch.no_grad()
def count_correct(model: nn.Module, digits: CnnDigits) -> int:
    """Return the number of images whose digit has the highest logit."""
    model.eval()
    batches = zip(digits.images.split(TEST_BATCH), digits.labels.split(TEST_BATCH), strict=True)
    return sum(int((model(images).argmax(1) == labels).sum()) for images, labels in batches)


def parse_arguments() -> argparse.Namespace:
    """Return the options; the defaults from --epochs to --dropout-linear are those of the study."""
    parser = argparse.ArgumentParser(
        description="Train a small convolutional network that reads handwritten digits.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--epochs", type=int, default=14, help="how often all training images are seen")
    parser.add_argument("--learning-rate", type=float, default=1.0, help="of Adadelta, in the first epoch")
    parser.add_argument("--gamma", type=float, default=0.7, help="factor of the learning rate after each epoch")
    parser.add_argument("--batch-size", type=int, default=64, help="images in a training step")
    parser.add_argument("--dropout-conv", type=float, default=0.25, help="share dropped after the convolutions")
    parser.add_argument("--dropout-linear", type=float, default=0.5, help="share dropped before the last layer")
    parser.add_argument("--seed", type=int, default=1, help="of first weights, order of the images and dropout")
    parser.add_argument("--dataset", choices=DATASETS, default="digits", help="which digits")
    parser.add_argument("--train-images", type=int, metavar="N", help="train on so many only; None: all")
    folder = os.environ.get("MNIST_DIR", "data")
    parser.add_argument("--data-dir", default=folder, metavar="DIR", help="the folder with MNIST/raw; or set MNIST_DIR")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto", help="auto: cuda if there is one")
    args = parser.parse_args()
    for name in ("epochs", "learning_rate", "gamma", "batch_size", "train_images"):
        value = getattr(args, name)
        if value is not None and not 0 < value < math.inf:
            parser.error(f"--{name.replace('_', '-')} must be a number above 0, not {value}")
    for name in ("dropout_conv", "dropout_linear"):
        if not 0 <= getattr(args, name) < 1:
            parser.error(f"--{name.replace('_', '-')} must be 0 or more and below 1, not {getattr(args, name)}")
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
