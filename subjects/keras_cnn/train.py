"""Train a small convolutional network in Keras to read handwritten digits.

The network and its training are those of the example "Simple MNIST convnet" in the documentation of Keras.

    python train.py                                                     # the digits that come with scikit-learn
    python train.py --dataset mnist --epochs 15 --batch-size 128        # MNIST, as Keras stores it

Every epoch prints one line. Nothing is written to disk.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras

IMAGE_SIDE = 28
TEST_BATCH = 1_000
DIGITS_FILE = "datasets/data/digits.csv.gz"
EXIT_USAGE, EXIT_DIVERGED = 2, 3


def main() -> None:
    """Train, and print the accuracy on the test images after every epoch."""
    args = parse_arguments()
    train, test = load_mnist(args.data_dir) if args.dataset == "mnist" else load_digits()
    prepare_keras(args.device)
    import keras  # imported here, as it reads the environment that has just been set

    keras.utils.set_random_seed(args.seed)  # the first weights, the order of the images, dropout
    model = build(args.filters, args.dropout)
    model.compile(
        optimizer=keras.optimizers.Adam(args.learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    settings = vars(args) | {"backend": keras.backend.backend()}
    print("settings:", *(f"{name}={value}" for name, value in settings.items()), flush=True)
    model.fit(
        *train,
        epochs=args.epochs,
        batch_size=args.batch_size,
        validation_data=test,
        validation_batch_size=TEST_BATCH,
        callbacks=[reporter(args.epochs, len(test.labels))],
        verbose=0,
    )


def prepare_keras(device: str) -> None:
    """Choose backend and device of Keras; end the program with one line if that is not possible."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # its warnings are for developers of TensorFlow
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # with 1 it warns at every start that results may vary
    if device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    try:
        import keras
    except (ImportError, ValueError) as error:  # ValueError: unknown KERAS_BACKEND
        fail(f"Keras cannot be imported ({error}); try: pip install 'mutegreen[tensorflow]'")
    keras.config.set_image_data_format("channels_last")  # independent of the user's ~/.keras/keras.json
    if device == "cuda" and not keras.distribution.list_devices("gpu"):
        fail(f"--device cuda: {keras.backend.backend()} finds no GPU here; try: --device cpu")


def reporter(epochs: int, count: int) -> keras.callbacks.Callback:
    """Return a callback that prints a line after each epoch, tested on `count` images, and ends a diverged training."""
    import keras

    def report(epoch: int, logs: dict[str, float]) -> None:
        loss, correct = logs["loss"], round(logs["val_accuracy"] * count)
        place = f"epoch {epoch + 1:>{len(str(epochs))}}/{epochs}"
        print(f"{place}  train loss {loss:.4f}  test accuracy {correct / count:.4f} ({correct}/{count})", flush=True)
        if not math.isfinite(loss):  # no later epoch can repair that
            message = f"training diverged in epoch {epoch + 1}: the loss is {loss}; try a lower --learning-rate"
            fail(message, EXIT_DIVERGED)

    return keras.callbacks.LambdaCallback(on_epoch_end=report)


def fail(message: str, status: int = EXIT_USAGE) -> NoReturn:
    """End the program with one line on stderr."""
    print(f"train.py: error: {message}", file=sys.stderr)
    sys.exit(status)


class KerasDigits(NamedTuple):
    """Images (n, 28, 28, 1) with values from 0 to 1, and the digit that each shows (n,)."""

    images: NDArray[np.float32]
    labels: NDArray[np.int64]


def load_digits() -> tuple[KerasDigits, KerasDigits]:
    """Return scikit-learn's 1797 digits for training and for testing; every fifth image of a digit is for testing."""
    images, labels = read_digits()
    order = np.argsort(labels, kind="stable")
    digits = as_input(enlarge(images[order]), white=16), labels[order]
    test = np.arange(len(labels)) % 5 == 4
    return KerasDigits(*(part[~test] for part in digits)), KerasDigits(*(part[test] for part in digits))


def read_digits() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return images (1797, 8, 8) with values from 0 to 16, and their labels.

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
    return pixels.reshape(-1, 8, 8), labels


def enlarge(images: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return images (n, 8, 8) as (n, 28, 28): each pixel three times in both directions, in a black frame."""
    large = images.repeat(3, axis=1).repeat(3, axis=2)
    frame = (IMAGE_SIDE - large.shape[1]) // 2
    return np.pad(large, ((0, 0), (frame, frame), (frame, frame)))


def load_mnist(folder: str) -> tuple[KerasDigits, KerasDigits]:
    """Return the training and the test images of MNIST, from `folder`/mnist.npz.

    It is the file that `keras.datasets.mnist.load_data()` stores. A training does not call that function, because it
    downloads the file if it is missing, and also if its folder is not writable.
    """
    file = Path(folder, "mnist.npz")
    try:
        with np.load(file) as arrays:
            return (
                KerasDigits(as_input(arrays["x_train"], white=255), arrays["y_train"].astype(np.int64)),
                KerasDigits(as_input(arrays["x_test"], white=255), arrays["y_test"].astype(np.int64)),
            )
    except FileNotFoundError:
        download = "import keras; keras.datasets.mnist.load_data()"
        fail(f'no {file}; Keras stores it in ~/.keras/datasets and downloads it once with: python -c "{download}"')
    except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
        fail(f"{file} is not Keras' mnist.npz: {error}")


def as_input(images: NDArray[np.integer], white: int) -> NDArray[np.float32]:
    """Return images (n, 28, 28) with values from 0 to `white` as (n, 28, 28, 1) with values from 0 to 1."""
    return images[..., np.newaxis].astype(np.float32) / np.float32(white)


def build(filters: int, dropout: float) -> keras.Model:
    """Return two convolutions and a linear layer: images (n, 28, 28, 1) to logits (n, 10)."""
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((IMAGE_SIDE, IMAGE_SIDE, 1)),
            layers.Conv2D(filters, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(2 * filters, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(dropout),
            layers.Dense(10),
        ]
    )


def parse_arguments() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(
        description="Train a small convolutional network in Keras to read handwritten digits.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--epochs", type=int, default=30, help="how often all training images are seen")
    parser.add_argument("--learning-rate", type=float, default=0.001, help="of Adam")
    parser.add_argument("--batch-size", type=int, default=32, help="images in a training step")
    parser.add_argument("--dropout", type=float, default=0.5, help="share of the features dropped while training")
    parser.add_argument("--seed", type=int, default=1, help="of the first weights, order and dropout; below 2**32")
    filters = "of the first convolution; the second has twice as many"
    parser.add_argument("--filters", type=int, default=32, help=filters)
    parser.add_argument("--dataset", choices=["digits", "mnist"], default="digits", help="which digits")
    folder = Path(os.environ.get("KERAS_HOME", "~/.keras"), "datasets").expanduser()
    parser.add_argument("--data-dir", default=str(folder), metavar="DIR", help="the folder with mnist.npz")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto", help="auto: cuda if there is one")
    args = parser.parse_args()
    check(parser, args)
    return args


def check(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """End the program if a number is out of range."""
    for name in ("epochs", "learning_rate", "batch_size", "filters"):
        if not 0 < getattr(args, name) < math.inf:
            parser.error(f"--{name.replace('_', '-')} must be a number above 0, not {getattr(args, name)}")
    if not 0 <= args.dropout < 1:
        parser.error(f"--dropout must be 0 or more and below 1, not {args.dropout}")
    if not 0 <= args.seed < 2**32:
        parser.error(f"--seed must be 0 or more and below 2**32, not {args.seed}")


if __name__ == "__main__":
    main()
