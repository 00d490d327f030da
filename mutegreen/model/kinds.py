"""Define the enumerations: kinds of hyperparameters, outcomes, qualities, flags, verdicts."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum


class Kind(StrEnum):
    """The meaning of a hyperparameter, by which its operator is chosen."""

    EPOCHS = "epochs"
    LEARNING_RATE = "learning_rate"
    GAMMA = "gamma"
    BATCH_SIZE = "batch_size"
    MOMENTUM = "momentum"
    WEIGHT_DECAY = "weight_decay"
    DROPOUT = "dropout"
    TRAIN_STEPS = "train_steps"
    STEP_SIZE = "step_size"
    MILESTONES = "milestones"
    WARMUP = "warmup"
    OPTIMIZER = "optimizer"
    BETA1 = "beta1"
    BETA2 = "beta2"
    EPSILON = "epsilon"
    CLIP = "clip"
    LABEL_SMOOTHING = "label_smoothing"
    THRESHOLD = "threshold"
    TEMPERATURE = "temperature"
    HIDDEN = "hidden"
    DEPTH = "depth"
    SEED = "seed"
    EVAL_BATCH_SIZE = "eval_batch_size"
    THREADS = "threads"
    OTHER = "other"


class Outcome(StrEnum):
    """How a trial ended."""

    OK = "ok"
    FAILED = "failed"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    DIVERGED = "diverged"
    INTERRUPTED = "interrupted"
    NOT_APPLIED = "not_applied"


class Quality(StrEnum):
    """How an energy value was obtained, best first. A sum has the quality of its worst part."""

    COUNTER = "counter"
    INTEGRATED = "integrated"
    ATTRIBUTED = "attributed"
    ESTIMATED = "estimated"

    @staticmethod
    def worst(qualities: Iterable[Quality]) -> Quality | None:
        """Return the quality of a sum over values of these qualities; None without any value."""
        order = list(Quality)
        return max(qualities, key=order.index, default=None)


class Flag(StrEnum):
    """A warning about a measured value."""

    COUNTER_RESET = "counter_reset"
    COUNTER_WRAPPED = "counter_wrapped"
    SHORT_WINDOW = "short_window"
    SAMPLER_GAP = "sampler_gap"
    DEVICE_LOST = "device_lost"
    CROSSCHECK_FAILED = "crosscheck_failed"
    WHOLE_DEVICE = "whole_device"
    """The value is that of the whole device, but the training may use only a part of it (a MIG instance)."""
    OTHER_LOAD = "other_load"
    """Other programs, or helper processes that the training did not wait for, kept the machine busy."""


class Goal(StrEnum):
    """Which direction of the performance is better."""

    MAXIMIZE = "maximize"
    MINIMIZE = "minimize"


class Verdict(StrEnum):
    """The result of the comparison of a mutant with the original, in one metric."""

    WIN = "win"
    TIE = "tie"
    LOSS = "loss"
    UNDECIDED = "undecided"


DECIDED = (Verdict.WIN, Verdict.TIE, Verdict.LOSS)
"""The verdicts that are counted, in the order of the rows and columns of such counts."""


class Seeding(StrEnum):
    """How the randomness of an audit's trainings is seeded: initial weights, order of the data, dropout."""

    OWN = "own"
    """Each repetition has its own seed, which all arms share: repetitions vary with the seed."""
    SAME = "same"
    """All trainings have one seed: repetitions vary only by what the seed does not determine."""
    NONE = "none"
    """The program takes no seed: every training varies by chance."""

    @classmethod
    def of(cls, seeds: Collection[int | None]) -> Seeding:
        """Return the seeding that follows from the seed of each repetition."""
        if None in seeds:
            return cls.NONE
        return cls.SAME if len(set(seeds)) < len(seeds) else cls.OWN


class Compat(StrEnum):
    """A shim: it replaces, from outside, what the machine or the program lacks."""

    CUDA = "cuda"
    """`.cuda()` does nothing where there is no GPU."""
    CHECKSUMS = "checksums"
    """Files of data sets are accepted with any checksum."""
    WEIGHTS = "weights"
    """Networks start from random weights instead of downloaded ones."""
    SEED = "seed"
    """The program's generators of random numbers are seeded with `SEED_VARIABLE`, the training's seed."""
