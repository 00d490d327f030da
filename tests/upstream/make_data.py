"""Writes small data, in the formats that the programs of `programs.py` read, to the places where they look for them.

`python make_data.py CLONES`: `CLONES` is the folder with the clones. Handwritten digits are scikit-learn's; all other
pictures are drawn, the text is put together from a few words. A program that needs something else to start with, such
as a prepared text, gets what its README says.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "upstream"))
from make_small_data import cifar, digits, market, mnist

DIGITS = 600
WORDS = "the a old young king queen sees hears loves fears sea night storm crown and but while then"


def mnist_npz(file: Path) -> None:
    """MNIST as `keras.datasets` keeps it."""
    (x_train, y_train), (x_test, y_test) = digits(DIGITS)
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez(file, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)


def text(file: Path, lines: int = 4000) -> None:
    """Plain text in the manner of a play, for training on characters."""
    choice = random.Random(0)
    speakers = ("KING", "QUEEN", "FOOL")
    said = (" ".join(choice.choices(WORDS.split(), k=8)).capitalize() + "." for _ in range(lines))
    file.write_text("\n\n".join(f"{choice.choice(speakers)}:\n{line}" for line in said), encoding="utf-8")


def main(clones: Path) -> None:
    """Writes the data of all programs."""
    mnist(clones / "examples" / "data", DIGITS)
    mnist(clones / "examples" / "mnist_forward_forward" / "data", DIGITS)
    mnist_npz(clones / "keras-home" / "datasets" / "mnist.npz")
    cifar(clones / "pytorch_resnet_cifar10" / "data")
    market(clones / "Market")
    text(clones / "nanoGPT" / "data" / "shakespeare_char" / "input.txt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
