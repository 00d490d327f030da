"""Train ResNet-20 to classify small colour pictures: ten kinds of shapes, or the ten classes of CIFAR-10.

The network, its optimizer and the augmentation are those of He et al. for CIFAR-10 (arXiv 1512.03385, section 4.2).
All ten classes are equally common, so guessing has an accuracy of 10 %.

    python train.py                                                     # coloured shapes, drawn by this program
    python train.py --dataset cifar10 --data-dir DIR --images 50000 --image-size 32         # CIFAR-10; use a GPU

Every epoch prints one line. Nothing is written to disk.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - the name it has everywhere

Floats = NDArray[np.float64]

CLASSES = 10
TEST_SHAPES = 500
TEST_SEED = 0  # not --seed: all trainings are tested on the same pictures
TEST_BATCH = 500
SMALLEST_SIDE = 8  # the network reduces it to a quarter, and batch normalisation needs more than one pixel
EXIT_USAGE, EXIT_DIVERGED = 2, 3
DATASETS = {"shapes": "shapes (generated)", "cifar10": "cifar10"}


def main() -> None:
    """Train, and print the accuracy on the test pictures after every epoch."""
    args = parse_arguments()
    milestones = milestone_epochs(args.milestones, args.epochs)
    device = choose_device(args.device)
    train, test = (part.to(device) for part in load(args))

    torch.manual_seed(args.seed)  # the first weights, the order and the augmentation of the pictures
    model = ResNet20().to(device)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=args.learning_rate, momentum=args.momentum, weight_decay=args.weight_decay
    )
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones, gamma=args.gamma)
    settings = vars(args) | {"dataset": DATASETS[args.dataset]}
    print("settings:", *(f"{name}={value}" for name, value in settings.items()), flush=True)
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


class CifarPictures(NamedTuple):
    """Images (n, side, side, 3) of bytes, in the layout of CIFAR-10, and the class of each (n,)."""

    images: Tensor
    labels: Tensor

    def to(self, device: torch.device) -> CifarPictures:
        """Return these pictures on another device."""
        return CifarPictures(self.images.to(device), self.labels.to(device))


def load(args: argparse.Namespace) -> tuple[CifarPictures, CifarPictures]:
    """Return the training and the test pictures."""
    if args.dataset == "cifar10":
        return load_cifar10(args.data_dir, args.images, args.image_size)
    return (
        draw_shapes(args.images, args.image_size, np.random.default_rng([1, args.seed])),
        draw_shapes(TEST_SHAPES, args.image_size, np.random.default_rng(TEST_SEED)),
    )


def load_cifar10(folder: str, count: int, side: int) -> tuple[CifarPictures, CifarPictures]:
    """Return the first `count` training images and all test images in `folder`/cifar-10-batches-py, resized."""
    try:
        from torchvision.datasets import CIFAR10  # imported here: takes 2 s, and the shapes do not need it
    except (ImportError, RuntimeError) as error:  # RuntimeError: it was built for another torch
        fail(f"CIFAR-10 is read with torchvision, which cannot be imported ({error}); try: pip install torchvision")
    try:
        train, test = (CIFAR10(folder, train=part, download=False) for part in (True, False))
    except RuntimeError:
        download = f"from torchvision.datasets import CIFAR10; CIFAR10({folder!r}, download=True)"
        fail(f'no complete CIFAR-10 in {Path(folder, "cifar-10-batches-py")}; get it once with: python -c "{download}"')
    if count > len(train):
        fail(f"--images {count}: CIFAR-10 has {len(train)} training images")
    return (
        CifarPictures(resize(train.data[:count], side), torch.tensor(train.targets[:count])),
        CifarPictures(resize(test.data, side), torch.tensor(test.targets)),
    )


def resize(images: NDArray[np.uint8], side: int) -> Tensor:
    """Return images (n, any, any, 3) as (n, side, side, 3); each new pixel is the mean of its area."""
    pixels = torch.from_numpy(images)
    if pixels.shape[1] == side:
        return pixels
    return F.interpolate(pixels.permute(0, 3, 1, 2).float(), size=(side, side), mode="area").permute(0, 2, 3, 1).byte()


SHAPES: dict[str, Callable[[Floats, Floats], NDArray[np.bool_]]] = {  # in a square from -1 to 1, where y is downwards
    "disc": lambda x, y: x**2 + y**2 < 1,
    "ring": lambda x, y: abs(x**2 + y**2 - 0.65) < 0.35,
    "square": lambda x, y: np.maximum(abs(x), abs(y)) < 0.85,
    "frame": lambda x, y: abs(np.maximum(abs(x), abs(y)) - 0.7) < 0.2,
    "diamond": lambda x, y: abs(x) + abs(y) < 1,
    "triangle": lambda x, y: (abs(x) < (y + 1) / 2) & (y < 0.9),
    "triangle on its tip": lambda x, y: (abs(x) < (1 - y) / 2) & (y > -0.9),
    "plus": lambda x, y: (np.minimum(abs(x), abs(y)) < 0.25) & (np.maximum(abs(x), abs(y)) < 1),
    "cross": lambda x, y: (abs(abs(x) - abs(y)) < 0.3) & (np.maximum(abs(x), abs(y)) < 1),
    "two bars": lambda x, y: (abs(abs(y) - 0.6) < 0.3) & (abs(x) < 1),
}


def draw_shapes(count: int, side: int, rng: np.random.Generator) -> CifarPictures:
    """Draw noisy pictures of one bright shape each, all ten in turn; size, place and both colours are random."""
    labels = np.arange(count) % len(SHAPES)
    size = rng.uniform(0.45, 0.85, count)
    ticks = (np.arange(side) + 0.5) * 2 / side - 1
    x, y = ((ticks - rng.uniform(size - 1, 1 - size)[:, None]) / size[:, None] for _ in "xy")
    inside = np.empty((count, side, side), dtype=bool)
    for label, shape in enumerate(SHAPES.values()):
        these = labels == label
        inside[these] = shape(x[these, None, :], y[these, :, None])
    background = rng.uniform(0, 0.5, (count, 1, 1, 3))
    foreground = background + rng.uniform(0.2, 0.5, background.shape)
    images = np.where(inside[..., None], foreground, background) + rng.normal(0, 0.1, (count, side, side, 3))
    return CifarPictures(torch.from_numpy((images.clip(0, 1) * 255).astype(np.uint8)), torch.from_numpy(labels))


class CifarResidualBlock(nn.Module):
    """Two convolutions that learn what to add to their input (He et al., figure 2), with a shortcut without weights."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.added = outputs - inputs
        self.stride = 2 if self.added else 1
        self.residual = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, self.stride, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, inputs, h, w) to (n, outputs, h, w); with more outputs than inputs, h and w are halved."""
        return F.relu(self.residual(x) + self.shortcut(x))

    def shortcut(self, x: Tensor) -> Tensor:
        """Return the input; if shapes change, every other pixel of it, and zeros as new channels (option A)."""
        if not self.added:
            return x
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.added // 2, self.added // 2))


class ResNet20(nn.Sequential):
    """20 layers with weights, 269 722 weights: from pixels (n, 3, side, side) to logits (n, 10)."""

    def __init__(self) -> None:
        super().__init__(nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        for inputs, outputs in ((16, 16), (16, 32), (32, 64)):
            self.append(CifarResidualBlock(inputs, outputs))
            self.append(CifarResidualBlock(outputs, outputs))
            self.append(CifarResidualBlock(outputs, outputs))
        self.append(nn.AdaptiveAvgPool2d(1)).append(nn.Flatten()).append(nn.Linear(64, CLASSES))
        for layer in self.modules():
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                nn.init.kaiming_normal_(layer.weight)


def train_epoch(model: nn.Module, optimizer: torch.optim.Optimizer, train: CifarPictures, batch_size: int) -> float:
    """Train one epoch on the shuffled, augmented pictures; return the mean loss of a picture."""
    model.train()
    device = train.labels.device
    total = torch.zeros((), device=device)  # summed there: reading every loss would keep a GPU waiting
    for batch in torch.randperm(len(train.labels), device=device).split(batch_size):
        loss = F.cross_entropy(model(as_input(augment(train.images[batch]))), train.labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.detach() * len(batch)
    return total.item() / len(train.labels)


def augment(images: Tensor) -> Tensor:
    """Shift each image at random by up to an eighth of its side, with black at the edges, and mirror half of them.

    It equals a random crop from an image padded by 4 of 32 pixels; rows and columns are selected in one step.
    """
    count, side, *_ = images.shape
    padding = side // 8
    padded = F.pad(images, (0, 0, padding, padding, padding, padding))
    start = torch.randint(2 * padding + 1, (2, count, 1), device=images.device)
    rows, columns = start + torch.arange(side, device=images.device)
    mirrored = torch.rand(count, 1, device=images.device) < 0.5
    columns = torch.where(mirrored, columns.flip(1), columns)
    image = torch.arange(count, device=images.device)
    return padded[image[:, None, None], rows[:, :, None], columns[:, None, :]]


def as_input(images: Tensor) -> Tensor:
    """Return bytes (n, side, side, 3) as pixels (n, 3, side, side) with values from -2 to 2."""
    return images.permute(0, 3, 1, 2).float() / 63.75 - 2


@torch.no_grad()
def count_correct(model: nn.Module, test: CifarPictures) -> int:
    """Return the number of pictures whose class has the highest logit."""
    model.eval()
    logits = torch.cat([model(as_input(batch)) for batch in test.images.split(TEST_BATCH)])
    return int((logits.argmax(1) == test.labels).sum())


def milestone_epochs(text: str, epochs: int) -> list[int]:
    """Return the epochs after which the rate decreases, from "0.5,0.75" (shares of all epochs) or "100,150"."""
    try:
        numbers = [float(word) for word in text.split(",")]
    except ValueError:
        numbers = [math.nan]
    if not all(0 < number < 1 or number % 1 == 0 < number for number in numbers):
        fail(f"--milestones must be shares below 1 or whole epochs, with commas between them, not {text!r}")
    return [max(1, round(number * epochs)) if number < 1 else int(number) for number in numbers]


def parse_arguments() -> argparse.Namespace:
    """Return the options; the defaults from --epochs to --batch-size are those of the study."""
    parser = argparse.ArgumentParser(
        description="Train ResNet-20 to classify ten kinds of shapes, or the ten classes of CIFAR-10.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--epochs", type=int, default=200, help="how often all training pictures are seen")
    parser.add_argument("--learning-rate", type=float, default=0.2, help="of SGD, until the first milestone")
    parser.add_argument("--weight-decay", type=float, default=1e-4, help="of SGD")
    parser.add_argument("--momentum", type=float, default=0.9, help="of SGD")
    parser.add_argument("--gamma", type=float, default=0.1, help="factor of the learning rate at each milestone")
    milestones = "after which epochs the learning rate decreases: shares of --epochs, or epochs such as 100,150"
    parser.add_argument("--milestones", default="0.5,0.75", help=milestones)
    parser.add_argument("--batch-size", type=int, default=128, help="pictures in a training step")
    parser.add_argument("--seed", type=int, default=1, help="of weights, order, augmentation, and training shapes")
    parser.add_argument("--dataset", choices=list(DATASETS), default="shapes", help="shapes are generated")
    parser.add_argument("--images", type=int, default=512, help="training pictures: of CIFAR-10, the first so many")
    parser.add_argument("--image-size", type=int, default=16, help="side of the pictures in pixels; CIFAR-10 has 32")
    folder = os.environ.get("CIFAR_DIR", "data")
    data_dir = "the folder with cifar-10-batches-py; or set CIFAR_DIR"
    parser.add_argument("--data-dir", default=folder, metavar="DIR", help=data_dir)
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto", help="auto: cuda if there is one")
    args = parser.parse_args()
    check(parser, args)
    return args


def check(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """End the program if a number is out of range."""
    for name in ("epochs", "learning_rate", "gamma", "batch_size", "images"):
        if not 0 < getattr(args, name) < math.inf:
            parser.error(f"--{name.replace('_', '-')} must be a number above 0, not {getattr(args, name)}")
    for name, least in {"weight_decay": 0, "momentum": 0, "seed": 0, "image_size": SMALLEST_SIDE}.items():
        if not least <= getattr(args, name) < math.inf:
            parser.error(f"--{name.replace('_', '-')} must be {least} or more, not {getattr(args, name)}")


def choose_device(name: str) -> torch.device:
    """Return the device of that name; "auto" is the GPU if torch can use one, else the CPU."""
    cuda = torch.cuda.is_available()
    if name == "cuda" and not cuda:
        fail("--device cuda: torch finds no GPU here; try: --device cpu")
    return torch.device("cuda" if cuda and name != "cpu" else "cpu")


if __name__ == "__main__":
    main()
