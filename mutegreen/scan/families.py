"""Which parameters of library functions are hyperparameters? `torch.optim.SGD`: `lr`, `momentum`, `weight_decay`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mutegreen.model import Kind

_Kinds = dict[str, Kind | None]

_OPTIMIZER: _Kinds = {
    "lr": Kind.LEARNING_RATE,
    "learning_rate": Kind.LEARNING_RATE,
    "step_size": Kind.LEARNING_RATE,
    "momentum": Kind.MOMENTUM,
    "mass": Kind.MOMENTUM,
    "beta": Kind.MOMENTUM,
    "weight_decay": Kind.WEIGHT_DECAY,
    "beta1": Kind.BETA1,
    "b1": Kind.BETA1,
    "beta_1": Kind.BETA1,
    "beta2": Kind.BETA2,
    "b2": Kind.BETA2,
    "beta_2": Kind.BETA2,
    "eps": Kind.EPSILON,
    "epsilon": Kind.EPSILON,
    "clipnorm": Kind.CLIP,
    "clipvalue": Kind.CLIP,
    "global_clipnorm": Kind.CLIP,
    "max_norm": Kind.CLIP,
    "max_delta": Kind.CLIP,
    "rho": Kind.OTHER,
    "alpha": Kind.OTHER,
    "nesterov": Kind.OTHER,
    "decay": None,
    "lr_decay": None,
    "ema_momentum": None,
}
_SCHEDULE: _Kinds = {
    "gamma": Kind.GAMMA,
    "factor": Kind.GAMMA,
    "decay_rate": Kind.GAMMA,
    "step_size": Kind.STEP_SIZE,
    "decay_steps": Kind.STEP_SIZE,
    "transition_steps": Kind.STEP_SIZE,
    "decay_t": Kind.STEP_SIZE,
    "milestones": Kind.MILESTONES,
    "boundaries": Kind.MILESTONES,
    "base_lr": Kind.LEARNING_RATE,
    "max_lr": Kind.LEARNING_RATE,
    "learning_rate": Kind.LEARNING_RATE,
    "initial_learning_rate": Kind.LEARNING_RATE,
    "init_value": Kind.LEARNING_RATE,
    "peak_value": Kind.LEARNING_RATE,
    "epochs": Kind.EPOCHS,
    "num_warmup_steps": Kind.WARMUP,
    "warmup_steps": Kind.WARMUP,
    "num_training_steps": Kind.TRAIN_STEPS,
    "total_steps": Kind.TRAIN_STEPS,
    "patience": Kind.OTHER,
    "min_lr": Kind.OTHER,
    "eta_min": Kind.OTHER,
    "T_max": Kind.OTHER,
    "T_0": Kind.OTHER,
    "power": Kind.OTHER,
    "end_learning_rate": Kind.OTHER,
    "end_value": Kind.OTHER,
    "base_momentum": Kind.OTHER,
    "max_momentum": Kind.OTHER,
}
DROPOUT: _Kinds = dict.fromkeys(
    (
        "p",
        "rate",
        "keep_prob",
        "input_keep_prob",
        "output_keep_prob",
        "state_keep_prob",
        "dropout_rate",
        "drop_prob",
        "ratio",
        "dropout",
        "dropout_prob",
        "dropout_p",
    ),
    Kind.DROPOUT,
)
_EXCLUDED: _Kinds = dict.fromkeys(
    ("momentum", "decay", "eps", "epsilon", "gamma", "decay_rate", "alpha", "beta", "avg_fn", "num_updates", "p", "lr"),
    None,
)
_SEED: _Kinds = dict.fromkeys(("seed", "key", "a", "x", "key_or_seed", "default"), Kind.SEED)


@dataclass(frozen=True)
class Family:
    """Functions whose parameters have the same meaning.

    Attributes:
        pattern: Matches the full names of the functions.
        kinds: The kind of each parameter; None: it is no hyperparameter.
        leading: The first parameters of functions whose signature is not in `signatures.json`.
    """

    pattern: re.Pattern[str]
    kinds: _Kinds
    leading: tuple[str, ...] = ()


def _family(pattern: str, kinds: _Kinds, *leading: str) -> Family:
    return Family(re.compile(pattern), kinds, leading)


FAMILIES = (
    _family(r".*(Batch_?Norm|batch_?norm|GroupNorm|InstanceNorm|LayerNorm|RMSNorm|layer_norm)\w*$", _EXCLUDED),
    _family(
        r".*(ModelEma\w*|\bEMA|ExponentialMovingAverage|Polyak\w*|incremental_update|optax\.ema)$",
        _EXCLUDED | {"step_size": None},
    ),
    _family(r".*(Focal\w*|RBF\w*|SVC|SVR|SVM\w*|[Pp]enalized\w*)$", _EXCLUDED),
    _family(
        r".*\b(\w*Dropout\w*|F\.\w*dropout)$|.*\.(nn|layers|slim|functional|keras\.backend)\.\w*dropout\w*$", DROPOUT
    ),
    _family(
        r".*(clip_grad_norm_?|clip_grad_value_?|clip_by_global_norm|clip_by_norm)$",
        {"max_norm": Kind.CLIP, "clip_value": Kind.CLIP, "clip_norm": Kind.CLIP},
        "parameters",
        "max_norm",
    ),
    _family(
        r".*(regularizers?\.(l2|L2|l1_l2|L1L2)|l2_regularizer|\bl2|\bl1_l2)$",
        {"l2": Kind.WEIGHT_DECAY, "l": Kind.WEIGHT_DECAY, "scale": Kind.WEIGHT_DECAY, "l1": Kind.OTHER},
        "l2",
    ),
    _family(r".*\.next_batch$", {"batch_size": Kind.BATCH_SIZE}, "batch_size"),
    _family(
        r".*\.(fit_one_cycle|fit_flat_cos|fine_tune)$|learn(er)?\.fit$",
        {"n_epoch": Kind.EPOCHS, "cyc_len": Kind.EPOCHS, "epochs": Kind.EPOCHS},
        "n_epoch",
        "lr",
    ),
    _family(r"chainer\..*WeightDecay$|.*\.L2Decay$", {"rate": Kind.WEIGHT_DECAY}, "rate"),
    _family(r"chainer\..*ExponentialShift$", {"rate": Kind.GAMMA}, "attr", "rate"),
    _family(r"chainer\.optimizers\.\w+$", _OPTIMIZER | {"alpha": Kind.LEARNING_RATE}, "lr"),
    _family(
        r".*(DataLoader|SerialIterator|MultiprocessIterator)$|paddle\.batch$",
        {"batch_size": Kind.BATCH_SIZE},
        "dataset",
        "batch_size",
    ),
    _family(r"optax\.(add_decayed_weights)$", {"weight_decay": Kind.WEIGHT_DECAY}, "weight_decay"),
    _family(r"optax\.trace$", {"decay": Kind.MOMENTUM}, "decay"),
    _family(r"optax\.(scale)$", {}),
    _family(r"optax\.\w*(schedule|exponential_decay)\w*$", _SCHEDULE),
    _family(
        r".*(lr_scheduler|schedules|timm\.scheduler)\.\w+$|tensorflow\.(compat\.v1\.)?train\.\w*(decay|piecewise)\w*$"
        r"|.*\bReduceLROnPlateau$|transformers\.(optimization\.)?get_\w*schedule\w*$|jax\.\w+\.optimizers\.\w*decay$",
        _SCHEDULE,
    ),
    _family(
        r"(torch\.optim|(\w+\.)?keras\.optimizers|optax|flax\.(optim|nnx)|jax\.(example_libraries|experimental)\.optimizers"
        r"|timm\.optim|tensorflow_addons\.optimizers|apex\.optimizers|bitsandbytes\.optim|torch_optimizer|tf_keras\.optimizers"
        r"|paddle\.optimizer|chainer\.optimizers)\.[\w.]+$|tensorflow\.(compat\.v1\.)?(train|contrib\.opt)\.\w*Optimizer$"
        r"|(transformers|pytorch_\w+|lion_pytorch|adabelief_pytorch|adabound)\.[\w.]*(Ada\w+|BertAdam|Lion)$",
        _OPTIMIZER,
    ),
    _family(
        r".*\b(manual_seed|manual_seed_all|random\.seed|set_seed|set_random_seed|seed_everything|PRNGKey|seed_all"
        r"|random\.RandomState|random\.default_rng|enable_reproducibility|jax\.random\.key|PRNGSequence|nnx\.Rngs)$",
        _SEED,
        "seed",
    ),
)
"""In order: a function belongs to the first family whose pattern matches its full name."""
