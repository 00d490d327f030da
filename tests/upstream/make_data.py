"""Writes small data for the programs of `programs.py`, in their formats and to the folders that they read.

`python make_data.py CLONES`: `CLONES` is the folder with the clones. Handwritten digits are scikit-learn's; all other
pictures are drawn, and the text consists of a few random words. The README names the further preparations, such as that
of the text for nanoGPT.
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
    """Write MNIST as `keras.datasets` stores it."""
    (x_train, y_train), (x_test, y_test) = digits(DIGITS)
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez(file, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)


def text(file: Path, lines: int = 4000) -> None:
    """Write plain text in the form of a play, for training on characters."""
    choice = random.Random(0)
    speakers = ("KING", "QUEEN", "FOOL")
    sentences = (" ".join(choice.choices(WORDS.split(), k=8)).capitalize() + "." for _ in range(lines))
    file.write_text("\n\n".join(f"{choice.choice(speakers)}:\n{line}" for line in sentences), encoding="utf-8")


def main(clones: Path) -> None:
    """Write the data of all programs."""
    mnist(clones / "examples" / "data", DIGITS)
    mnist(clones / "examples" / "mnist_forward_forward" / "data", DIGITS)
    mnist_npz(clones / "keras-home" / "datasets" / "mnist.npz")
    cifar(clones / "pytorch_resnet_cifar10" / "data")
    market(clones / "Market")
    text(clones / "nanoGPT" / "data" / "shakespeare_char" / "input.txt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
