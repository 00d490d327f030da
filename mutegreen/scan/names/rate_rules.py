"""Which names are rates, factors or probabilities? `lr=0.1`: learning rate; `min_lr=0`: of another kind."""

from __future__ import annotations

from itertools import pairwise

from mutegreen.model import Kind
from mutegreen.scan.names.meaning import EXCLUDED, Meaning, if_number, if_plausible, is_number, plausible
from mutegreen.scan.names.periods import decay, period
from mutegreen.scan.names.words import word_set

_PERIODS = word_set("steps step epoch epochs every interval period freq milestones iter after patience at")
_FACTORS = word_set("decay gamma factor reduce reduction shrink anneal annealing drop")
_RATIOS = word_set("mult multiplier scale scaling power ratio coef patience f threshold weight")
_SHAPES = word_set("noise pct std cycle limit mul k size")
_OTHER_RATES = word_set("min final end floor stop lowest warmup minimal clip")
_AVERAGES = word_set(
    "bn norm batchnorm batch ema teacher target moco byol avg average moving polyak swa running key tau buffer buf"
)
_OTHER_MOMENTA = word_set("max min warmup final end start decay")
_REGULAR = word_set("reg regular regularizer regularization regularisation")
_PENALTY = _REGULAR | word_set("penalty coef weight factor rate scale strength alpha")
_STOCHASTIC_DEPTH = word_set("path connect block depth")
_DROPPED = word_set(
    "rate prob ratio in input attn attention att feat feature ffn hidden emb embed proj head mlp res out"
)
_SCHEDULES = word_set("decay sched scheduler schedule step")
_NOT_RATES = word_set("weight ema moving average epsilon eps exploration explore rms momentum loss std")


def learning_rate(parts: tuple[str, ...], has: frozenset[str], value: object) -> Meaning | None:
    """Return what a name with the word `lr` means: the first line that fits.

    | name | meaning |
    | --- | --- |
    | `lr_noise`, `lr_cycle` | other |
    | `lr_step`, `lr_drop = 30` | a period, see `period`; with a factor's word, gamma where it is none |
    | `lr_decay` | a factor, see `decay` |
    | `lr_mult`, `min_lr` | other |
    | `lr`, `base_lr` | learning rate |
    """
    if "lr" not in has:
        return None
    if has & _SHAPES:
        return if_number(Kind.OTHER, value)
    if has & _PERIODS or ("drop" in has and is_number(value, 2, whole=True)):
        return period(value, Meaning(Kind.GAMMA, "a factor or a period") if has & _FACTORS else EXCLUDED)
    if has & _FACTORS:
        return decay(value)
    if has & (_RATIOS | _OTHER_RATES):
        return if_number(Kind.OTHER, value)
    return if_plausible(Kind.LEARNING_RATE, value)


def weight_decay(parts: tuple[str, ...], has: frozenset[str], value: object) -> Meaning | None:
    """Return the kind of `weight_decay`, `l2_reg`, `reg_strength` up to 0.5; `weight_decay_end` is of another kind."""
    is_l2 = ("l", "2") in pairwise(parts) and (len(parts) == 2 or bool(has & _PENALTY))
    is_penalty = len(parts) > 1 and has <= _PENALTY and bool(has & _REGULAR) and is_number(value, 0, 0.5)
    if not ({"weight", "decay"} <= has or is_penalty or is_l2):
        return None
    if has & {"end", "final", "min"} and is_number(value):
        return Meaning(Kind.OTHER)
    return if_plausible(Kind.WEIGHT_DECAY, value)


def dropout(parts: tuple[str, ...], has: frozenset[str], value: object) -> Meaning | None:
    """Return what a name with `dropout`, `drop` or `keep_prob` means: the first line that fits.

    | name | meaning |
    | --- | --- |
    | `drop_path` | other |
    | `keep_prob` | dropout |
    | `drop`, below 1 | dropout, unsure |
    | `attn_drop`, `dropout_rate` | dropout |
    """
    if has & _STOCHASTIC_DEPTH and has & {"drop", "dropout"}:
        return if_number(Kind.OTHER, value)
    if {"keep", "prob"} <= has or parts == ("keep", "rate"):
        return if_plausible(Kind.DROPOUT, value)
    if parts == ("drop",) and is_number(value, 0, 0.9999):
        return Meaning(Kind.DROPOUT, "may be a dropout, or a factor of the learning rate")
    if "dropout" in has or ("drop" in has and has & _DROPPED):
        return if_number(Kind.DROPOUT, value, 0, 0.9999)
    return None


def momentum(parts: tuple[str, ...], has: frozenset[str], value: object) -> Meaning | None:
    """Return the kind of `momentum`, not of `bn_momentum`; `momentum_decay` is of another kind, 0.999 is unsure."""
    if "momentum" not in has:
        return None
    if has & _AVERAGES or not plausible(Kind.MOMENTUM, value):
        return EXCLUDED
    if has & _OTHER_MOMENTA:
        return Meaning(Kind.OTHER)
    if is_number(value, 0.9905, 1):
        return Meaning(Kind.MOMENTUM, "so close to 1 that it may belong to a moving average")
    return Meaning(Kind.MOMENTUM)


def gamma(parts: tuple[str, ...], has: frozenset[str], value: object) -> Meaning | None:
    """Return what a name with `gamma` or `decay` means: the first line that fits.

    | name | meaning |
    | --- | --- |
    | `ema_decay` | excluded; `weight_decay` and `loss_weight` are left to other rules |
    | `gamma_decay` | gamma |
    | `gamma` up to 1 | gamma, unsure: reinforcement learning has another one |
    | `decay`, `decay_rate` up to 1 | gamma, unsure |
    """
    if has & _NOT_RATES:
        return EXCLUDED if has & {"gamma", "decay"} and not has & {"weight", "std"} else None
    if "gamma" in has and has & _SCHEDULES:
        return if_plausible(Kind.GAMMA, value)
    if parts == ("gamma",) and is_number(value, 1e-6, 1):
        return Meaning(Kind.GAMMA, "a gamma that no schedule is seen to use")
    if parts in {("decay", "rate"), ("decay", "factor"), ("decay",)}:
        unsure = Meaning(Kind.GAMMA, "a decay that no schedule is seen to use")
        return unsure if is_number(value, 1e-9, 1) else EXCLUDED
    return None
