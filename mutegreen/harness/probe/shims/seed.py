"""Random numbers begin at the training's seed, MUTEGREEN_SEED, in programs that set none.

Each generator is set as soon as its module has been imported; a program that seeds it later has the last word.
"""

import os

SEED = int(os.environ["MUTEGREEN_SEED"])

NUMPY_SEEDS = 2**32
"""numpy takes seeds below this."""


def _random(random, tell):
    random.seed(SEED)
    tell("random seeded")


def _numpy(numpy_random, tell):
    numpy_random.seed(SEED % NUMPY_SEEDS)
    tell("numpy seeded")


def _torch(torch, tell):
    torch.manual_seed(SEED)
    tell("torch seeded")


def _tensorflow(tensorflow, tell):
    tensorflow.random.set_seed(SEED)
    tell("tensorflow seeded")


# Keras 3 draws the seeds of its layers from `random`, and shuffles with numpy's and TensorFlow's generators.
CHANGES = {"random": _random, "numpy.random": _numpy, "torch": _torch, "tensorflow": _tensorflow}
