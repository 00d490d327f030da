"""Writes small data for the five programs, in their formats and to the folders that they read.

`python make_small_data.py [NAME ...]` writes into the sub-folders of this folder, all or those named; existing data are
not changed. The handwritten digits are scikit-learn's, of 8 by 8 pixels, enlarged to 28 by 28. The pictures for the
programs of CIFAR-10 and Market-1501 are drawn here: an accuracy on them says nothing about the real data.
"""

from __future__ import annotations

import pickle
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from sklearn.datasets import load_digits

Pictures = NDArray[np.uint8]
Labels = NDArray[np.uint8]

TEST_SHARE = 5
"""One digit in this many is for testing."""

CIFAR_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def digits(count: int | None = None) -> tuple[tuple[Pictures, Labels], tuple[Pictures, Labels]]:
    """Return the first `count` digits, or all 1797, for training and for testing; pictures of shape (n, 28, 28)."""
    data = load_digits()
    small = (data.images[:count] * (255 / 16)).astype(np.uint8)
    large = [np.asarray(Image.fromarray(one).resize((20, 20), Image.Resampling.BICUBIC)) for one in small]
    pictures = np.pad(np.stack(large), ((0, 0), (4, 4), (4, 4)))
    test = np.arange(len(pictures)) % TEST_SHARE == 0
    labels = data.target[:count].astype(np.uint8)
    return (pictures[~test], labels[~test]), (pictures[test], labels[test])


def mnist(folder: Path, count: int | None = None) -> None:
    """Write the four uncompressed files of MNIST that torchvision reads, below `folder`."""
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for name, (pictures, labels) in zip(("train", "t10k"), digits(count), strict=True):
        shape = struct.pack(">IIII", 2051, *pictures.shape)
        (raw / f"{name}-images-idx3-ubyte").write_bytes(shape + pictures.tobytes())
        (raw / f"{name}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 2049, len(labels)) + labels.tobytes())


def cifar(folder: Path, batch: int = 100) -> None:
    """Write the pickles of CIFAR-10: five training batches and a test batch, with a coloured shape for each class."""
    batches = folder / "cifar-10-batches-py"
    batches.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(0)
    for name in [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]:
        labels = [int(label) for label in noise.permutation(np.arange(batch) % 10)]
        pictures = np.stack([_shape(label, noise) for label in labels]).transpose(0, 3, 1, 2)
        content = {"batch_label": name, "labels": labels, "data": pictures.reshape(batch, 3072)}
        (batches / name).write_bytes(pickle.dumps(content, protocol=2))
    meta = {"label_names": list(CIFAR_CLASSES), "num_vis": 3072, "num_cases_per_batch": batch}
    (batches / "batches.meta").write_bytes(pickle.dumps(meta, protocol=2))


def _shape(label: int, noise: np.random.Generator) -> Pictures:
    """Draw a picture of 32 by 32 pixels: one of five shapes in one of two colours."""
    picture = Image.fromarray(noise.integers(0, 90, (32, 32, 3), dtype=np.uint8))
    x, y, size = (int(noise.integers(low, high)) for low, high in ((2, 10), (2, 10), (12, 20)))
    corners, colour = (x, y, x + size, y + size), (230, 80, 60) if label < 5 else (60, 120, 230)
    draw = ImageDraw.Draw(picture)
    shapes: tuple[Callable[[], None], ...] = (
        lambda: draw.rectangle(corners, fill=colour),
        lambda: draw.ellipse(corners, fill=colour),
        lambda: draw.polygon([(x, y + size), (x + size, y + size), (x + size // 2, y)], fill=colour),
        lambda: draw.line(corners, fill=colour, width=5),
        lambda: draw.rectangle(corners, outline=colour, width=3),
    )
    shapes[label % 5]()
    return np.asarray(picture)


def market(folder: Path, people: int = 4, pictures: int = 1) -> None:
    """Write Market-1501 as the program's `prepare.py` arranges it: a folder per person, in `train` and in `val`."""
    for split in ("train", "val"):
        for person in range(people):
            place = folder / "pytorch" / split / f"{person + 1:04d}"
            place.mkdir(parents=True, exist_ok=True)
            for number in range(pictures):
                _person(person, number).save(place / f"{person + 1:04d}_c{number + 1}s1_000151_01.jpg")


def _person(person: int, number: int) -> Image.Image:
    picture = Image.new("RGB", (64, 128), (180 - 20 * number, 180, 190))
    draw = ImageDraw.Draw(picture)
    coat = [(200, 30, 30), (30, 160, 40), (40, 60, 200), (210, 190, 30)][person % 4]
    draw.ellipse((24 + number, 6, 40 + number, 26), fill=(220, 180, 150))
    draw.rectangle((18 + number, 28, 46 + number, 78), fill=coat)
    draw.rectangle((22 + number, 80, 42 + number, 122), fill=(40, 40, 60))
    return picture


PLACES: dict[str, tuple[str, Callable[[Path], None]]] = {
    "mnist": ("data", mnist),
    "mnist_forward_forward": ("data", mnist),
    "siamese_network": ("data", mnist),
    "pytorch_resnet_cifar10": ("data", cifar),
    "person_reid": ("Market", market),
}
"""For each program, the folder beside its `subject.toml`, and the function that writes it."""


def main(names: list[str]) -> int:
    """Write the data of the named programs, or of all; return 2 if a name is unknown."""
    unknown = [name for name in names if name not in PLACES]
    if unknown:
        print(f"unknown program: {', '.join(unknown)}; known: {', '.join(PLACES)}", file=sys.stderr)
        return 2
    for name in names or PLACES:
        folder, fill = PLACES[name]
        place = Path(__file__).parent / name / folder
        if place.exists():
            print(f"{place} exists and is not changed")
        else:
            fill(place)
            print(f"{place} was written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
