"""Seed the random numbers of programs that set no seed, with the training's seed MUTEGREEN_SEED.

Each generator is seeded as soon as its module has been imported. If the program seeds it later, that seed holds.
"""

import os

SEED = int(os.environ["MUTEGREEN_SEED"])

NUMPY_SEEDS = 2**32
"""numpy accepts seeds below this."""


def _random(random, report):
    random.seed(SEED)
    report("random seeded")


def _numpy(numpy_random, report):
    numpy_random.seed(SEED % NUMPY_SEEDS)
    report("numpy seeded")


def _torch(torch, report):
    torch.manual_seed(SEED)
    report("torch seeded")


def _tensorflow(tensorflow, report):
    tensorflow.random.set_seed(SEED)
    report("tensorflow seeded")


# Keras 3 draws the seeds of its layers from `random`, and shuffles with numpy's and TensorFlow's generators.
CHANGES = {"random": _random, "numpy.random": _numpy, "torch": _torch, "tensorflow": _tensorflow}
