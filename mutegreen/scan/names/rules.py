"""The rules by which names tell the seven first kinds: each sees the words of a name and its value."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from mutegreen.model import Kind
from mutegreen.scan.names.meaning import EXCLUDED, Meaning, if_plausible, is_number, plausible
from mutegreen.scan.names.words import word_set

Parts = tuple[str, ...]
Words = frozenset[str]
Rule = Callable[[Parts, Words, object], Meaning | None]


_REPORTED = word_set(
    "log print display report save checkpoint ckpt snapshot eval plot vis dump record summary sample test"
)
_OFTEN = word_set("interval freq every per steps epochs epoch period rate step")
_NO_COUNT = word_set(
    "log print display report save saving checkpoint ckpt snapshot interval freq every per plot vis "
    "visualize show dump write record summary wandb tensorboard patience sample samples sampling stop "
    "stopping early cycle ratio swap backup keep generate image images gif monitor reset eval between"
)
_RESUMED = word_set("start begin resume last cur current best load restart prev previous latest restore pretrained")
_PERIODS = word_set("steps step epoch epochs every interval period freq milestones iter after patience at")
_FACTORS = word_set("decay gamma factor reduce reduction shrink anneal annealing drop")
_RATIOS = word_set("mult multiplier scale scaling power ratio coef patience f threshold weight")
_SHAPES = word_set("noise pct std cycle limit mul k size")
_OTHER_RATES = word_set("min final end floor stop lowest warmup minimal clip")
_LOOKED_AT = word_set("num log print save vis display sample samples visualize")
_EXAMPLES = word_set("ims imgs images samples videos examples")
_OF_DEVICES = word_set("device gpu rank replica core worker cpu step node tpu")
_AVERAGES = word_set(
    "bn norm batchnorm batch ema teacher target moco byol avg average moving polyak swa running key tau"
)
_REGULAR = word_set("reg regular regularizer regularization regularisation")
_PENALTY = _REGULAR | word_set("penalty coef weight factor rate scale strength alpha")
_DROPPED = word_set(
    "rate prob ratio in input attn attention att feat feature ffn hidden emb embed proj head mlp res out"
)
_NOT_RATES = word_set("weight ema moving average epsilon eps exploration explore rms momentum loss std")


def _epochs(parts: Parts, has: Words, value: object) -> Meaning | None:
    if not has & {"epoch", "epochs"}:
        return None
    if has & {"warmup", "burn", "burnin"}:
        return Meaning(Kind.WARMUP) if is_number(value) else EXCLUDED
    if parts[-2:] == ("per", "epoch") and has & {"steps", "updates", "batch", "episodes"} and "eval" not in has:
        return Meaning(Kind.TRAIN_STEPS) if is_number(value, 1, whole=True) else EXCLUDED
    if has & {"decay", "milestones", "lr", "drop", "anneal", "schedule", "step", "steps"} and "per" not in has:
        return _period(value, Meaning(Kind.STEP_SIZE, "epochs that belong to a schedule"))
    if has & _NO_COUNT or has & _RESUMED or {"init", "epoch"} <= has or not plausible(Kind.EPOCHS, value):
        return EXCLUDED
    if parts == ("epoch",) and is_number(value, 0, 1):
        return Meaning(Kind.EPOCHS, "may be a counter of epochs")
    if parts == ("epoch", "size"):
        return Meaning(Kind.EPOCHS, "may count the samples of an epoch")
    return Meaning(Kind.EPOCHS)


def _learning_rate(parts: Parts, has: Words, value: object) -> Meaning | None:
    if "lr" not in has:
        return None
    if has & _SHAPES:
        return Meaning(Kind.OTHER) if is_number(value) else EXCLUDED
    if has & _PERIODS or ("drop" in has and is_number(value, 2, whole=True)):
        return _period(value, Meaning(Kind.GAMMA, "a factor or a period") if has & _FACTORS else EXCLUDED)
    if has & _FACTORS:
        return _decay(value)
    if has & (_RATIOS | _OTHER_RATES):
        return Meaning(Kind.OTHER) if is_number(value) else EXCLUDED
    return if_plausible(Kind.LEARNING_RATE, value)


def _period(value: object, otherwise: Meaning) -> Meaning:
    if isinstance(value, (list, tuple)):
        return Meaning(Kind.MILESTONES)
    return Meaning(Kind.STEP_SIZE) if is_number(value, 1, whole=True) else otherwise


def _decay(value: object) -> Meaning:
    if isinstance(value, (list, tuple)):
        return Meaning(Kind.MILESTONES)
    if is_number(value, 0.01, 1):
        return Meaning(Kind.GAMMA)
    if is_number(value, 5, whole=True):
        return Meaning(Kind.STEP_SIZE, "a period, or a divisor of the learning rate")
    return Meaning(Kind.GAMMA, "a factor outside 0.01 to 1") if is_number(value) else EXCLUDED


def _batch_size(parts: Parts, has: Words, value: object) -> Meaning | None:
    pairs = set(pairwise(parts))
    sized = bool(pairs & {("batch", "size"), ("size", "batch"), ("mb", "size")}) or _is_share(parts)
    if not sized and not (parts[-1:] == ("batch",) and has <= {"batch", "mini", "train", "eval", "micro"}):
        return None
    if not _is_share(parts) and (has & _LOOKED_AT or ("per" in has and not has & _OF_DEVICES)):
        return EXCLUDED
    return if_plausible(Kind.EVAL_BATCH_SIZE if "eval" in has and "train" not in has else Kind.BATCH_SIZE, value)


def _is_share(parts: Parts) -> bool:
    """Whether a name counts the examples of a batch: `imgs_per_batch`, `samples_per_gpu`."""
    return len(parts) == 3 and parts[0] in _EXAMPLES and parts[1] == "per" and parts[2] in _OF_DEVICES | {"batch"}


def _weight_decay(parts: Parts, has: Words, value: object) -> Meaning | None:
    l2 = ("l", "2") in pairwise(parts)
    penalty = len(parts) > 1 and has <= _PENALTY and bool(has & _REGULAR) and is_number(value, 0, 0.5)
    if not ({"weight", "decay"} <= has or penalty or (l2 and (len(parts) == 2 or has & _PENALTY))):
        return None
    if has & {"end", "final", "min"} and is_number(value):
        return Meaning(Kind.OTHER)
    return if_plausible(Kind.WEIGHT_DECAY, value)


def _dropout(parts: Parts, has: Words, value: object) -> Meaning | None:
    if has & {"path", "connect", "block", "depth"} and has & {"drop", "dropout"}:
        return Meaning(Kind.OTHER) if is_number(value) else EXCLUDED
    if {"keep", "prob"} <= has or parts == ("keep", "rate"):
        return if_plausible(Kind.DROPOUT, value)
    rate = is_number(value, 0, 0.9999)
    if parts == ("drop",) and rate:
        return Meaning(Kind.DROPOUT, "may be a dropout, or a factor of the learning rate")
    if "dropout" in has or ("drop" in has and has & _DROPPED):
        return Meaning(Kind.DROPOUT) if rate else EXCLUDED
    return None


def _momentum(parts: Parts, has: Words, value: object) -> Meaning | None:
    if "momentum" not in has:
        return None
    if has & (_AVERAGES | {"buffer", "buf"}) or not plausible(Kind.MOMENTUM, value):
        return EXCLUDED
    if has & {"max", "min", "warmup", "final", "end", "start", "decay"}:
        return Meaning(Kind.OTHER)
    if is_number(value, 0.9905, 1):
        return Meaning(Kind.MOMENTUM, "so close to 1 it may be of a moving average")
    return Meaning(Kind.MOMENTUM)


def _gamma(parts: Parts, has: Words, value: object) -> Meaning | None:
    if has & _NOT_RATES:
        return EXCLUDED if has & {"gamma", "decay"} and not has & {"weight", "std"} else None
    if "gamma" in has and has & {"decay", "sched", "scheduler", "schedule", "step"}:
        return if_plausible(Kind.GAMMA, value)
    if parts == ("gamma",) and is_number(value, 1e-6, 1):
        return Meaning(Kind.GAMMA, "a gamma that no schedule is seen to use")
    if parts in {("decay", "rate"), ("decay", "factor"), ("decay",)}:
        return Meaning(Kind.GAMMA, "a decay that no schedule is seen to use") if is_number(value, 1e-9, 1) else EXCLUDED
    return None


def _reporting(parts: Parts, has: Words, value: object) -> Meaning | None:
    return EXCLUDED if has & _REPORTED and has & _OFTEN else None


def _train_steps(parts: Parts, has: Words, value: object) -> Meaning | None:
    if not has & {"steps", "timesteps", "episodes"} or not has & {"max", "num", "total", "train"}:
        return None
    if has & {
        "warmup",
        "accumulation",
        "accum",
        "decay",
        "rollout",
        "env",
        "eval",
        "diffusion",
        "noise",
        "denoising",
        "time",
    }:
        return None
    return Meaning(Kind.TRAIN_STEPS) if is_number(value, 1, whole=True) else EXCLUDED


RULES: tuple[Rule, ...] = (
    _epochs,
    _learning_rate,
    _batch_size,
    _weight_decay,
    _dropout,
    _momentum,
    _gamma,
    _reporting,
    _train_steps,
)
"""In the order in which they are asked; the first that knows a name tells its meaning."""
