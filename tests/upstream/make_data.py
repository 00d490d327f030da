"""Writes small data, in the formats that the programs of `programs.py` read, to the places where they look for them.

`python make_data.py CLONES`: `CLONES` is the folder with the clones. Handwritten digits are scikit-learn's, 8 by 8
pixels scaled to 28 by 28; all other pictures are drawn, the text is put together from a few words. A program that
needs something else to start with, such as a prepared text, gets what its README says.
"""

from __future__ import annotations

import pickle
import random
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

DIGITS = 600
TEST_SHARE = 5
"""One digit in this many is for testing."""

CIFAR_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
WORDS = "the a old young king queen sees hears loves fears sea night storm crown and but while then"


def digits() -> tuple[tuple[Pictures, Labels], tuple[Pictures, Labels]]:
    """480 digits to train with and 120 to test with, pictures of shape (n, 28, 28)."""
    data = load_digits()
    small = (data.images[:DIGITS] * (255 / 16)).astype(np.uint8)
    large = [np.asarray(Image.fromarray(one).resize((20, 20), Image.Resampling.BICUBIC)) for one in small]
    pictures = np.pad(np.stack(large), ((0, 0), (4, 4), (4, 4)))
    test = np.arange(len(pictures)) % TEST_SHARE == 0
    labels = data.target[:DIGITS].astype(np.uint8)
    return (pictures[~test], labels[~test]), (pictures[test], labels[test])


def mnist_idx(folder: Path) -> None:
    """The four uncompressed files of MNIST that torchvision reads, below `folder`."""
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for name, (pictures, labels) in zip(("train", "t10k"), digits(), strict=True):
        shape = struct.pack(">IIII", 2051, *pictures.shape)
        (raw / f"{name}-images-idx3-ubyte").write_bytes(shape + pictures.tobytes())
        (raw / f"{name}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 2049, len(labels)) + labels.tobytes())


def mnist_npz(file: Path) -> None:
    """MNIST as `keras.datasets` keeps it."""
    (x_train, y_train), (x_test, y_test) = digits()
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez(file, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)


def cifar(folder: Path, batch: int = 100) -> None:
    """The pickles of CIFAR-10: five batches to train with and one to test with, a coloured shape for each class."""
    folder.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(0)
    for name in [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]:
        labels = [int(label) for label in noise.permutation(np.arange(batch) % 10)]
        pictures = np.stack([_shape(label, noise) for label in labels]).transpose(0, 3, 1, 2)
        content = {"batch_label": name, "labels": labels, "data": pictures.reshape(batch, 3072)}
        (folder / name).write_bytes(pickle.dumps(content, protocol=2))
    meta = {"label_names": list(CIFAR_CLASSES), "num_vis": 3072, "num_cases_per_batch": batch}
    (folder / "batches.meta").write_bytes(pickle.dumps(meta, protocol=2))


def _shape(label: int, noise: np.random.Generator) -> Pictures:
    """A picture of 32 by 32 pixels: five figures in two colours."""
    picture = Image.fromarray(noise.integers(0, 90, (32, 32, 3), dtype=np.uint8))
    x, y, size = (int(noise.integers(low, high)) for low, high in ((2, 10), (2, 10), (12, 20)))
    corners, colour = (x, y, x + size, y + size), (230, 80, 60) if label < 5 else (60, 120, 230)
    draw = ImageDraw.Draw(picture)
    figures: tuple[Callable[[], None], ...] = (
        lambda: draw.rectangle(corners, fill=colour),
        lambda: draw.ellipse(corners, fill=colour),
        lambda: draw.polygon([(x, y + size), (x + size, y + size), (x + size // 2, y)], fill=colour),
        lambda: draw.line(corners, fill=colour, width=5),
        lambda: draw.rectangle(corners, outline=colour, width=3),
    )
    figures[label % 5]()
    return np.asarray(picture)


def market(folder: Path, people: int = 4, pictures: int = 1) -> None:
    """Market-1501 as `prepare.py` of the baseline leaves it: a folder for each person, in `train` and in `val`."""
    for split in ("train", "val"):
        for person in range(people):
            place = folder / split / f"{person + 1:04d}"
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


def text(file: Path, lines: int = 4000) -> None:
    """Plain text in the manner of a play, for training on characters."""
    choice = random.Random(0)
    speakers = ("KING", "QUEEN", "FOOL")
    said = (" ".join(choice.choices(WORDS.split(), k=8)).capitalize() + "." for _ in range(lines))
    file.write_text("\n\n".join(f"{choice.choice(speakers)}:\n{line}" for line in said), encoding="utf-8")


def main(clones: Path) -> None:
    """Writes the data of all programs."""
    mnist_idx(clones / "examples" / "data")
    mnist_idx(clones / "examples" / "mnist_forward_forward" / "data")
    mnist_npz(clones / "keras-home" / "datasets" / "mnist.npz")
    cifar(clones / "pytorch_resnet_cifar10" / "data" / "cifar-10-batches-py")
    market(clones / "Market" / "pytorch")
    text(clones / "nanoGPT" / "data" / "shakespeare_char" / "input.txt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
