"""Which names count epochs, steps or examples of a batch? `n_epochs=10` counts epochs, `log_epochs=10` does not."""

from __future__ import annotations

from itertools import pairwise

from mutegreen.model import Kind
from mutegreen.scan.names.meaning import EXCLUDED, Meaning, if_number, if_plausible, is_number, plausible
from mutegreen.scan.names.periods import period
from mutegreen.scan.names.words import word_set

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
_WARMUP = word_set("warmup burn burnin")
_SCHEDULE = word_set("decay milestones lr drop anneal schedule step steps")
_PER_EPOCH = word_set("steps updates batch episodes")
_LOOKED_AT = word_set("num log print save vis display sample samples visualize")
_EXAMPLES = word_set("ims imgs images samples videos examples")
_OF_DEVICES = word_set("device gpu rank replica core worker cpu step node tpu")
_STEPS = word_set("steps timesteps episodes")
_ALL = word_set("max num total train")
_OTHER_STEPS = word_set("warmup accumulation accum decay rollout env eval diffusion noise denoising time")


def epochs(parts: tuple[str, ...], has: frozenset[str], value: object) -> Meaning | None:
    """Return what a name with the word epoch means: the first line that fits.

    | name | meaning |
    | --- | --- |
    | `warmup_epochs` | warm-up |
    | `steps_per_epoch` | training steps |
    | `lr_decay_epochs` | a period, see `period` |
    | `log_epochs`, `start_epoch`, a value that is no number of epochs | excluded |
    | `epoch = 0.5`, `epoch_size` | epochs, unsure |
    | `num_epochs` | epochs |
    """
    if not has & {"epoch", "epochs"}:
        return None
    if has & _WARMUP:
        return if_number(Kind.WARMUP, value)
    if parts[-2:] == ("per", "epoch") and has & _PER_EPOCH and "eval" not in has:
        return if_number(Kind.TRAIN_STEPS, value, 1, whole=True)
    if has & _SCHEDULE and "per" not in has:
        return period(value, Meaning(Kind.STEP_SIZE, "epochs that belong to a schedule"))
    if has & _NO_COUNT or has & _RESUMED or {"init", "epoch"} <= has or not plausible(Kind.EPOCHS, value):
        return EXCLUDED
    if parts == ("epoch",) and is_number(value, 0, 1):
        return Meaning(Kind.EPOCHS, "may be a counter of epochs")
    if parts == ("epoch", "size"):
        return Meaning(Kind.EPOCHS, "may count the samples of an epoch")
    return Meaning(Kind.EPOCHS)


def batch_size(parts: tuple[str, ...], has: frozenset[str], value: object) -> Meaning | None:
    """Return the kind of `batch_size`, `train_batch`, `imgs_per_gpu`; `eval` without `train` is that of evaluation."""
    pairs = set(pairwise(parts))
    counts_examples = _counts_examples(parts)
    is_sized = counts_examples or bool(pairs & {("batch", "size"), ("size", "batch"), ("mb", "size")})
    if not is_sized and not (parts[-1:] == ("batch",) and has <= {"batch", "mini", "train", "eval", "micro"}):
        return None
    if not counts_examples and (has & _LOOKED_AT or ("per" in has and not has & _OF_DEVICES)):
        return EXCLUDED
    return if_plausible(Kind.EVAL_BATCH_SIZE if "eval" in has and "train" not in has else Kind.BATCH_SIZE, value)


def _counts_examples(parts: tuple[str, ...]) -> bool:
    """Whether a name counts the examples of a batch: `imgs_per_batch`, `samples_per_gpu`."""
    return len(parts) == 3 and parts[0] in _EXAMPLES and parts[1] == "per" and parts[2] in _OF_DEVICES | {"batch"}


def reporting(parts: tuple[str, ...], has: frozenset[str], value: object) -> Meaning | None:
    """Exclude `log_interval`, `save_every`: the interval of a report is no hyperparameter."""
    return EXCLUDED if has & _REPORTED and has & _OFTEN else None


def train_steps(parts: tuple[str, ...], has: frozenset[str], value: object) -> Meaning | None:
    """Return the kind of `max_steps`, `num_episodes`; not of `warmup_steps` or `num_diffusion_steps`."""
    if not has & _STEPS or not has & _ALL or has & _OTHER_STEPS:
        return None
    return if_number(Kind.TRAIN_STEPS, value, 1, whole=True)
