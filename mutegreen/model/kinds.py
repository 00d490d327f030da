"""The closed sets: kinds of hyperparameters, outcomes, qualities, flags, verdicts."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum


class Kind(StrEnum):
    """What a hyperparameter means; operators are chosen by it."""

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
    """Something that a reader of a measurement must know."""

    COUNTER_RESET = "counter_reset"
    COUNTER_WRAPPED = "counter_wrapped"
    SHORT_WINDOW = "short_window"
    SAMPLER_GAP = "sampler_gap"
    DEVICE_LOST = "device_lost"
    CROSSCHECK_FAILED = "crosscheck_failed"
    WHOLE_DEVICE = "whole_device"
    """The figure is of the whole device, though the training may use only a part of it (a MIG instance)."""
    OTHER_LOAD = "other_load"
    """Other programs, or helpers that the training did not wait for, kept the machine busy at the same time."""


class Goal(StrEnum):
    """Which direction of the performance is better."""

    MAXIMIZE = "maximize"
    MINIMIZE = "minimize"


class Verdict(StrEnum):
    """A mutant against the original, for one metric."""

    WIN = "win"
    TIE = "tie"
    LOSS = "loss"
    UNDECIDED = "undecided"


DECIDED = (Verdict.WIN, Verdict.TIE, Verdict.LOSS)
"""The verdicts that mutants are counted by, in the order of rows and columns of such counts."""


class Seeding(StrEnum):
    """What decides the chance in the trainings of an audit: first weights, order of the data, dropout."""

    OWN = "own"
    """Each repetition has its own seed, which all mutants share: repetitions show what chance does."""
    SAME = "same"
    """All trainings have one seed: repetitions show only what the seed does not decide."""
    NONE = "none"
    """The program takes no seed: every training is left to chance."""

    @classmethod
    def of(cls, seeds: Collection[int | None]) -> Seeding:
        """From the seed of each repetition."""
        if None in seeds:
            return cls.NONE
        return cls.SAME if len(set(seeds)) < len(seeds) else cls.OWN


class Compat(StrEnum):
    """A shim, put into a training from outside, for what the machine or the program lacks."""

    CUDA = "cuda"
    """`.cuda()` does nothing where there is no GPU."""
    CHECKSUMS = "checksums"
    """Files of data sets are taken whatever their checksums."""
    WEIGHTS = "weights"
    """Networks start from random weights instead of downloaded ones."""
    SEED = "seed"
    """The program's random numbers begin at the training's seed, `SEED_VARIABLE`."""
