"""Train a Siamese network that decides whether two handwritten digits are the same digit.

One trunk (a ResNet-18) turns each image into a vector of features. A small head decides by the difference of the two
vectors: "same" or "different". Half of all pairs are the same, so guessing has an accuracy of 50 %.

    python train.py                                                     # the digits that come with scikit-learn
    python train.py --dataset mnist --data-dir DIR --pairs 60000        # MNIST; use a GPU

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

IMAGE_SIDE = 28
TEST_PAIRS = {"digits": 2_000, "mnist": 10_000}
TEST_PAIRS_SEED = 0  # not --seed: all trainings are tested on the same pairs
TEST_BATCH = 1_000
DIGITS_FILE = "datasets/data/digits.csv.gz"
EXIT_USAGE, EXIT_DIVERGED = 2, 3


def main() -> None:
    """Train, and print the accuracy on the test pairs after every epoch."""
    args = parse_arguments()
    device = choose_device(args.device)
    train, test = load_mnist(args.data_dir) if args.dataset == "mnist" else load_digits()
    test_pairs = draw_pairs(test.labels, TEST_PAIRS[args.dataset], np.random.default_rng(TEST_PAIRS_SEED))
    train_images, test_images, test_pairs = train.images.to(device), test.images.to(device), test_pairs.to(device)

    # The two sources of randomness: the first weights, and the pairs of every epoch.
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)

    model = SiameseNetwork(args.trunk).to(device)
    optimizer = torch.optim.Adadelta(model.parameters(), lr=args.learning_rate)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=args.gamma)
    print("settings:", *(f"{name}={value}" for name, value in vars(args).items()), flush=True)
    for epoch in range(1, args.epochs + 1):
        pairs = draw_pairs(train.labels, args.pairs, rng).to(device)
        loss = train_epoch(model, optimizer, train_images, pairs, args.batch_size)
        scheduler.step()
        report(epoch, args.epochs, loss, count_correct(model, test_images, test_pairs), len(test_pairs.same))


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


class PairDigits(NamedTuple):
    """Images (n, 1, 28, 28) and the digit that each shows (n,), sorted by digit."""

    images: Tensor
    labels: NDArray[np.int64]


class Pairs(NamedTuple):
    """Indices of the left and the right image of each pair, and 1.0 where both show the same digit, else 0.0."""

    left: Tensor
    right: Tensor
    same: Tensor

    def to(self, device: torch.device) -> Pairs:
        """Return these pairs on another device."""
        return Pairs(*(part.to(device) for part in self))


def load_digits() -> tuple[PairDigits, PairDigits]:
    """Return scikit-learn's 1797 digits for training and for testing; every fifth image of a digit is for testing."""
    digits = sort_by_digit(*read_digits())
    test = np.arange(len(digits.labels)) % 5 == 4
    return PairDigits(digits.images[~test], digits.labels[~test]), PairDigits(digits.images[test], digits.labels[test])


def read_digits() -> tuple[Tensor, NDArray[np.int64]]:
    """Return images (1797, 8, 8) with values from 0 to 1, and their labels.

    The file is read without importing scikit-learn, as the import takes longer than a short training.
    """
    package = find_spec("sklearn")
    if package is None or package.origin is None:
        fail("the digits come with scikit-learn, which is not installed; try: pip install scikit-learn")
    file = Path(package.origin).parent / DIGITS_FILE
    if file.exists():
        table = np.loadtxt(file, delimiter=",", dtype=np.int64)
        pixels, labels = table[:, :-1], table[:, -1]
    else:  # another release may have it elsewhere
        from sklearn.datasets import load_digits

        pixels, labels = load_digits(return_X_y=True)
    return torch.tensor(pixels).float().reshape(-1, 8, 8) / 16, labels


def load_mnist(folder: str) -> tuple[PairDigits, PairDigits]:
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
    return (
        sort_by_digit(train.data / 255, train.targets.numpy()),
        sort_by_digit(test.data / 255, test.targets.numpy()),
    )


def sort_by_digit(images: Tensor, labels: NDArray[np.int64]) -> PairDigits:
    """Return images (n, side, side) resized to 28 x 28, in the order of the digits that they show."""
    order = np.argsort(labels, kind="stable")
    side = (IMAGE_SIDE, IMAGE_SIDE)
    return PairDigits(F.interpolate(images[order].unsqueeze(1), size=side, mode="bilinear"), labels[order])


def draw_pairs(labels: NDArray[np.int64], count: int, rng: np.random.Generator) -> Pairs:
    """Draw random pairs, every other one of the same digit; the two images of a pair always differ.

    As `labels` are sorted, the images of a digit are contiguous. The right image is a random number of places after the
    left one: modulo the images of the digit for the same digit, or after their end for another digit.
    """
    sizes = np.bincount(labels)
    if np.count_nonzero(sizes) < 2 or 1 in sizes:
        fail("pairs need at least two digits, and two images of each; this data set has fewer")
    left = rng.integers(len(labels), size=count)
    size = sizes[labels[left]]
    start = (np.cumsum(sizes) - sizes)[labels[left]]
    stay = start + (left - start + rng.integers(1, size)) % size
    leave = (start + size + rng.integers(0, len(labels) - size)) % len(labels)
    same = np.arange(count) % 2 == 0
    right = np.where(same, stay, leave)
    return Pairs(torch.from_numpy(left), torch.from_numpy(right), torch.from_numpy(same).float())


class SiameseNetwork(nn.Module):
    """One trunk for both images of a pair, and a head that classifies the difference of their features."""

    def __init__(self, trunk: str) -> None:
        super().__init__()
        build, features = TRUNKS[trunk]
        self.trunk = build()
        self.head = nn.Sequential(nn.Linear(features, 256), nn.ReLU(), nn.Linear(256, 1))

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        """Return the logits (n,) of pairs of images (n, 1, 28, 28); above 0: "same".

        Both sides go through the trunk as one batch. So even a last batch of one pair has two images, which is what
        batch normalisation needs.
        """
        left, right = self.trunk(torch.cat([left, right])).chunk(2)
        return self.compare(left, right)

    def compare(self, left: Tensor, right: Tensor) -> Tensor:
        """Return the logits (n,) of features (n, features); they are the same with left and right exchanged."""
        logits: Tensor = self.head((left - right).abs())
        return logits.squeeze(1)


class SiameseResidualBlock(nn.Module):
    """Two convolutions that learn what to add to their input (He et al., arXiv 1512.03385, figure 5 left)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = nn.Sequential()  # empty: the identity
        if inputs != outputs:  # the sum needs equal shapes
            self.shortcut.append(nn.Conv2d(inputs, outputs, 1, stride, bias=False))
            self.shortcut.append(nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, inputs, h, w) to (n, outputs, h / stride, w / stride)."""
        return F.relu(self.residual(x) + self.shortcut(x))


def resnet18() -> nn.Sequential:
    """Return ResNet-18 for images of one channel, without its classifier: (n, 1, 28, 28) to (n, 512)."""
    trunk = nn.Sequential(
        nn.Conv2d(1, 64, 7, stride=2, padding=3, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2, padding=1),
    )
    for inputs, outputs, stride in ((64, 64, 1), (64, 128, 2), (128, 256, 2), (256, 512, 2)):
        trunk.append(SiameseResidualBlock(inputs, outputs, stride))
        trunk.append(SiameseResidualBlock(outputs, outputs, 1))
    for layer in trunk.modules():
        if isinstance(layer, nn.Conv2d):  # first weights that keep the scale of gradients through many layers
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    return trunk.append(nn.AdaptiveAvgPool2d(1)).append(nn.Flatten())


def small_trunk() -> nn.Sequential:
    """Return three convolutions, for trainings of seconds: (n, 1, 28, 28) to (n, 64)."""
    trunk = nn.Sequential()
    for inputs, outputs in ((1, 16), (16, 32), (32, 64)):  # sides 28, 14, 7, 4
        trunk.append(nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False))
        trunk.append(nn.BatchNorm2d(outputs)).append(nn.ReLU())
    return trunk.append(nn.Flatten()).append(nn.Linear(64 * 4 * 4, 64))


TRUNKS = {"resnet18": (resnet18, 512), "small": (small_trunk, 64)}


def train_epoch(
    model: SiameseNetwork, optimizer: torch.optim.Optimizer, images: Tensor, pairs: Pairs, batch_size: int
) -> float:
    """Train one epoch on these pairs; return the mean loss of a pair."""
    model.train()
    total = torch.zeros((), device=images.device)  # summed there: reading every loss would keep a GPU waiting
    for left, right, same in zip(*(part.split(batch_size) for part in pairs), strict=True):
        loss = F.binary_cross_entropy_with_logits(model(images[left], images[right]), same)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.detach() * len(same)
    return total.item() / len(pairs.same)


@torch.no_grad()
def count_correct(model: SiameseNetwork, images: Tensor, pairs: Pairs) -> int:
    """Return the number of correct decisions. Each image passes the trunk once, in however many pairs it is."""
    model.eval()
    features = torch.cat([model.trunk(batch) for batch in images.split(TEST_BATCH)])
    judged_same = model.compare(features[pairs.left], features[pairs.right]) > 0
    return int((judged_same == pairs.same.bool()).sum())


def parse_arguments() -> argparse.Namespace:
    """Return the options; the defaults from --epochs to --batch-size are those of the study."""
    parser = argparse.ArgumentParser(
        description="Train a Siamese network that decides whether two handwritten digits are the same.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--epochs", type=int, default=14, help="how often --pairs are drawn and trained on")
    parser.add_argument("--learning-rate", type=float, default=1.0, help="of Adadelta, in the first epoch")
    parser.add_argument("--gamma", type=float, default=0.7, help="factor of the learning rate after each epoch")
    parser.add_argument("--batch-size", type=int, default=64, help="pairs in a training step")
    parser.add_argument("--seed", type=int, default=1, help="of the first weights and the training pairs")
    parser.add_argument("--trunk", choices=list(TRUNKS), default="resnet18", help="what turns images into features")
    parser.add_argument("--pairs", type=int, default=512, help="training pairs drawn for each epoch")
    parser.add_argument("--dataset", choices=list(TEST_PAIRS), default="digits", help="which digits")
    folder = os.environ.get("MNIST_DIR", "data")
    parser.add_argument("--data-dir", default=folder, metavar="DIR", help="the folder with MNIST/raw; or set MNIST_DIR")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto", help="auto: cuda if there is one")
    args = parser.parse_args()
    for name in ("epochs", "learning_rate", "gamma", "batch_size", "pairs"):
        if not 0 < getattr(args, name) < math.inf:
            parser.error(f"--{name.replace('_', '-')} must be a number above 0, not {getattr(args, name)}")
    if args.seed < 0:
        parser.error(f"--seed must be 0 or more, not {args.seed}")
    return args


def choose_device(name: str) -> torch.device:
    """Return the device of that name; "auto" is the GPU if torch can use one, else the CPU."""
    cuda = torch.cuda.is_available()
    if name == "cuda" and not cuda:
        fail("--device cuda: torch finds no GPU here; try: --device cpu")
    return torch.device("cuda" if cuda and name != "cpu" else "cpu")


if __name__ == "__main__":
    main()
