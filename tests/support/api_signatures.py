"""Write `mutegreen/scan/signatures.json`: the hyperparameters in the calls of the training libraries.

`python tests/support/api_signatures.py --write` reads the signatures of the installed libraries, and keeps the entries
of the others. A name is the one that a script's imports resolve to, as `torch.optim.SGD`. Its parameters are in the
order of their positions; those after a `*` are keyword-only.

Two parts are maintained by hand, each with its source: REMOVED, calls that scripts still make and current libraries
no longer have; and EARLIER, former signatures of calls that still exist, under the key `_earlier`.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import json
import os
import pkgutil
import re
import subprocess
import sys
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

TABLE = Path(__file__).resolve().parents[2] / "mutegreen" / "scan" / "signatures.json"

NOT_IMPORTABLE = 3
"""Exit status of a process whose library is installed and cannot be imported."""

KERAS = "{keras,tensorflow.keras}"
KERAS_MODEL = KERAS + ".{Model,Sequential,models.Model,models.Sequential}"
TORCH_LOSSES = r"\w+_loss|cross_entropy|binary_cross_entropy\w*|kl_div"

PUBLIC = {
    "torch": "manual_seed",
    "torch.cuda": r"manual_seed\w*",
    "torch.optim": r"(?!Optimizer)[A-Z]\w+",
    "torch.optim.lr_scheduler": r"[A-Z]\w*(LR|Scheduler|Plateau|Restarts)",
    "torch.optim.swa_utils": r"AveragedModel|SWALR|get_ema_\w+",
    "torch.utils.data": "DataLoader|BatchSampler|DistributedSampler",
    "torch.utils.data.distributed": "DistributedSampler",
    "torch.nn": (
        r"\w*Dropout\w*|(LSTM|GRU|RNN)|Transformer(\w+Layer)?|MultiheadAttention|\w+Loss\w*"
        r"|\w*(Batch|Instance|Layer|Group|RMS)Norm\w*"
    ),
    "torch.nn.functional": rf"\w*dropout\w*|(batch|instance|layer|group)_norm|{TORCH_LOSSES}",
    "{torch.nn.utils,torch.nn.utils.clip_grad}": r"clip_grad_\w+",
    "torch_geometric.loader": (
        r"\w*DataLoader|DataListLoader|\w*(Node|Neighbor|HGT|Cluster)(Loader|Sampler)|(GraphSAINT|ShaDow)\w+"
    ),
    "torch_geometric.nn": r"GAT(v2)?Conv|TransformerConv|MLP|GCN|GraphSAGE|GIN|GAT|PNA|EdgeCNN",
    "torch_geometric.utils": r"dropout_\w+",
    "timm.data": "Mixup|create_loader",
    "timm.layers": "DropPath",
    "timm.loss": r"\w+(CrossEntropy|BCE\w*)",
    "timm.optim": r"(?!Optim)[A-Z]\w+|create_optimizer_v2",
    "timm.scheduler": r"[A-Z]\w+Scheduler",
    "timm.utils": r"ModelEma\w*|dispatch_clip_grad",
    "{lightning,lightning.pytorch,pytorch_lightning}": "Trainer|seed_everything",
    "{lightning.pytorch,pytorch_lightning}.callbacks": (
        "EarlyStopping|GradientAccumulationScheduler|StochasticWeightAveraging|WeightAveraging"
    ),
    "{transformers,transformers.optimization}": (
        r"(Seq2Seq)?TrainingArguments|get_\w*(scheduler?|warmup)(_lr_rate)?|Adafactor|set_seed|EarlyStoppingCallback"
    ),
    "sklearn.ensemble": r"\w*GradientBoosting\w+",
    "sklearn.linear_model": r"SGD\w+|Perceptron|PassiveAggressive\w+",
    "sklearn.neural_network": r"MLP\w+",
    "lightgbm": "train|early_stopping|LGBM(Classifier|Regressor)",
    "xgboost": "train|XGB(Model|Classifier|Regressor)",
    "optax": (
        r"ada\w+|amsgrad|fromage|lamb|lars|lbfgs|lion|n?adamw?|noisy_sgd|novograd|optimistic_\w+|radam|rmsprop|rprop"
        r"|(sign_)?sgd|signum|sm3|yogi|clip|clip_by_\w+|adaptive_grad_clip|add_decayed_weights|trace|ema|scale"
        r"|scale_by_(?!\w*[Ss]tate)[a-z_]+|MultiSteps|smooth_labels"
    ),
    "{optax,optax.schedules}": r"\w+_schedule|exponential_decay",
    "optax.contrib": (
        "acprop|ademamix|adopt|cocob|dadapt_adamw|dog|dowg|dpsgd|galore|madgrad|momo|momo_adam|muon|prodigy"
        "|reduce_on_plateau|sam|schedule_free(_adamw|_sgd)?|simplified_ademamix|sophia"
    ),
    "flax.{linen,nnx}": r"Dropout|BatchNorm|LayerNorm|GroupNorm|MultiHead\w*Attention|SelfAttention",
    "jax.example_libraries.optimizers": (
        r"adagrad|adam|adamax|clip_grads|exponential_decay|inverse_time_decay|momentum|nesterov|piecewise_constant"
        r"|polynomial_decay|rmsprop(_momentum)?|sgd|sm3"
    ),
    KERAS_MODEL: "compile|fit|evaluate|predict|train_on_batch",
    KERAS + ".callbacks": "EarlyStopping|LearningRateScheduler|ReduceLROnPlateau|SwapEMAWeights",
    KERAS + ".layers": r"\w*Dropout\w*|(Conv)?LSTM\w*|GRU\w*|SimpleRNN\w*|\w*Attention|\w+Normalization",
    KERAS + ".losses": r"(?!Loss|Reduction)[A-Z]\w*[a-z]\w*|\w*crossentropy",
    KERAS + ".optimizers": r"(?!Optimizer)[A-Z]\w+",
    KERAS + ".optimizers.schedules": r"(?!LearningRateSchedule)[A-Z]\w+",
    KERAS + ".regularizers": "L1|L2|L1L2|l1|l2|l1_l2",
    KERAS + ".utils": r"set_random_seed|\w+_dataset_from_\w+",
    "tensorflow": "clip_by_(global_norm|norm|value)",
    "tensorflow.data.Dataset": "batch|padded_batch|repeat|shuffle",
    "tensorflow.nn": "dropout|batch_normalization",
    "tensorflow.random": "set_seed",
    "tensorflow.compat.v1": "set_random_seed",
    "tensorflow.compat.v1.losses": r"(sigmoid|softmax)_cross_entropy|huber_loss",
    "tensorflow.compat.v1.nn": "dropout",
    "tensorflow.compat.v1.train": r"\w+Optimizer|\w+_decay|\w+_restarts|piecewise_constant|\w*batch|\w+MovingAverage",
}
"""A regular expression for each module or class: the public names that matter to a training."""

KEYWORDS_OF = {
    r"torch_geometric\.loader\.\w+": "torch.utils.data.DataLoader",
    r"xgboost\.XGB(Classifier|Regressor)": "xgboost.XGBModel",
}
"""Calls that pass their `**kwargs` on, with the call that receives them."""

FORMER_PLACES = {
    "jax.example_libraries.optimizers.": "jax.experimental.optimizers.",
    "tensorflow.compat.v1.": "tensorflow.",
    "torch_geometric.loader.": "torch_geometric.data.",
}
"""The names of the same calls in earlier versions. The calls of TensorFlow 1 are now in `tf.compat.v1`."""

TF1_NORM = (
    "axis momentum epsilon center scale beta_initializer gamma_initializer moving_mean_initializer"
    " moving_variance_initializer beta_regularizer gamma_regularizer beta_constraint gamma_constraint"
)

REMOVED = {
    "https://www.tensorflow.org/versions/r1.15/api_docs/python/tf": {
        "tensorflow.{,compat.v1.}layers.dropout": "inputs rate noise_shape seed training name",
        "tensorflow.{,compat.v1.}layers.Dropout": "rate noise_shape seed name",
        "tensorflow.{,compat.v1.}layers.batch_normalization": f"inputs {TF1_NORM} training",
        "tensorflow.{,compat.v1.}layers.BatchNormalization": TF1_NORM,
        "tensorflow.{nn.rnn_cell.,compat.v1.nn.rnn_cell.,contrib.rnn.,nn.RNNCell}DropoutWrapper": (
            "cell input_keep_prob output_keep_prob state_keep_prob variational_recurrent input_size dtype seed"
        ),
        "tensorflow.{,compat.v1.}estimator.inputs.{numpy,pandas}_input_fn": (
            "x y batch_size num_epochs shuffle queue_capacity num_threads"
        ),
        "tensorflow.{,compat.v1.}estimator.TrainSpec": "input_fn max_steps hooks",
        "tensorflow.{,compat.v1.}estimator.Estimator.train": "input_fn hooks steps max_steps saving_listeners",
        "tensorflow.{,compat.v1.}estimator.Estimator.evaluate": "input_fn steps hooks checkpoint_path name",
        "tensorflow.contrib.{layers,slim}.dropout": (
            "inputs keep_prob noise_shape is_training outputs_collections scope seed"
        ),
        "tensorflow.contrib.{layers,slim}.batch_norm": "inputs decay center scale epsilon activation_fn",
        "tensorflow.contrib.{layers,slim}.l2_regularizer": "scale scope",
        "tensorflow.contrib.layers.optimize_loss": (
            "loss global_step learning_rate optimizer gradient_noise_scale gradient_multipliers clip_gradients"
            " learning_rate_decay_fn update_ops variables name summaries"
        ),
        "tensorflow.contrib.opt.AdaMaxOptimizer": "learning_rate beta1 beta2 epsilon use_locking name",
        "tensorflow.contrib.opt.AdamWOptimizer": "weight_decay learning_rate beta1 beta2 epsilon use_locking name",
        "tensorflow.contrib.opt.LARSOptimizer": "learning_rate momentum weight_decay eeta epsilon name",
        "tensorflow.contrib.opt.MomentumWOptimizer": "weight_decay learning_rate momentum use_locking name",
        "tensorflow.contrib.rnn.LayerNormBasicLSTMCell": (
            "num_units forget_bias input_size activation layer_norm norm_gain norm_shift dropout_keep_prob"
        ),
        "tensorflow.contrib.cudnn_rnn.Cudnn{LSTM,GRU}": "num_layers num_units input_mode direction dropout seed",
    },
    "https://pypi.org/project/Keras/2.2.4/ keras/engine/training.py, keras/optimizers.py": {
        KERAS_MODEL + ".fit_generator": (
            "generator steps_per_epoch epochs verbose callbacks validation_data validation_steps class_weight"
            " max_queue_size workers use_multiprocessing shuffle initial_epoch"
        ),
        "keras.optimizers.sgd": "lr momentum decay nesterov",
        "keras.optimizers.{rmsprop,adadelta}": "lr rho epsilon decay",
        "keras.optimizers.adagrad": "lr epsilon decay",
        "keras.optimizers.{adam,adamax}": "lr beta_1 beta_2 epsilon decay",
        "keras.optimizers.nadam": "lr beta_1 beta_2 epsilon schedule_decay",
    },
    "https://pypi.org/project/keras/2.15.0/ keras/src/optimizers/legacy": {
        KERAS + ".optimizers.legacy.SGD": "learning_rate momentum nesterov name",
        KERAS + ".optimizers.legacy.Adam": "learning_rate beta_1 beta_2 epsilon amsgrad name",
        KERAS + ".optimizers.legacy.{Adamax,Nadam}": "learning_rate beta_1 beta_2 epsilon name",
        KERAS + ".optimizers.legacy.RMSprop": "learning_rate rho momentum epsilon centered name",
        KERAS + ".optimizers.legacy.Adadelta": "learning_rate rho epsilon name",
        KERAS + ".optimizers.legacy.Adagrad": "learning_rate initial_accumulator_value epsilon name",
    },
    "https://pypi.org/project/tensorflow-addons/0.20.0/ tensorflow_addons/optimizers": {
        "tensorflow_addons.optimizers.AdamW": "weight_decay learning_rate beta_1 beta_2 epsilon amsgrad name",
        "tensorflow_addons.optimizers.SGDW": "weight_decay learning_rate momentum nesterov name",
        "tensorflow_addons.optimizers.LAMB": "learning_rate beta_1 beta_2 epsilon weight_decay",
        "tensorflow_addons.optimizers.LazyAdam": "learning_rate beta_1 beta_2 epsilon amsgrad name",
        "tensorflow_addons.optimizers.RectifiedAdam": "learning_rate beta_1 beta_2 epsilon weight_decay amsgrad",
    },
    "https://pypi.org/project/transformers/4.46.3/ transformers/optimization.py, optimization_tf.py": {
        "transformers.{,optimization.}AdamW": "params lr betas eps weight_decay correct_bias no_deprecation_warning",
        "transformers.create_optimizer": (
            "init_lr num_train_steps num_warmup_steps min_lr_ratio adam_beta1 adam_beta2 adam_epsilon adam_clipnorm"
            " adam_global_clipnorm weight_decay_rate power include_in_weight_decay"
        ),
        "transformers.AdamWeightDecay": "learning_rate beta_1 beta_2 epsilon amsgrad weight_decay_rate",
    },
    "https://pypi.org/project/pytorch-transformers/1.2.0/ pytorch_transformers/optimization.py": {
        "pytorch_transformers.{,optimization.}AdamW": "params lr betas eps weight_decay correct_bias",
        "pytorch_transformers.{,optimization.}WarmupLinearSchedule": "optimizer warmup_steps t_total last_epoch",
        "pytorch_transformers.{,optimization.}WarmupConstantSchedule": "optimizer warmup_steps last_epoch",
        "pytorch_transformers.{,optimization.}WarmupCosineSchedule": "optimizer warmup_steps t_total cycles last_epoch",
    },
    "https://pypi.org/project/pytorch-pretrained-bert/0.6.2/ pytorch_pretrained_bert/optimization.py": {
        "pytorch_pretrained_bert.{,optimization.}BertAdam": (
            "params lr warmup t_total schedule b1 b2 e weight_decay max_grad_norm"
        ),
    },
    "https://pypi.org/project/torchtext/0.6.0/ torchtext/data/iterator.py": {
        "torchtext.{,legacy.}data.{Iterator,BucketIterator}": (
            "dataset batch_size sort_key device batch_size_fn train repeat shuffle sort sort_within_batch"
        ),
        "torchtext.{,legacy.}data.{Iterator,BucketIterator}.splits": "datasets batch_sizes",
        "torchtext.{,legacy.}data.BPTTIterator": "dataset batch_size bptt_len",
    },
    "https://pypi.org/project/flax/0.3.3/ flax/optim": {
        "flax.optim.Adam": "learning_rate beta1 beta2 eps weight_decay",
        "flax.optim.GradientDescent": "learning_rate",
        "flax.optim.LAMB": "learning_rate beta1 beta2 weight_decay eps",
        "flax.optim.LARS": "learning_rate beta weight_decay trust_coefficient eps nesterov",
        "flax.optim.Momentum": "learning_rate beta weight_decay nesterov",
        "flax.optim.RMSProp": "learning_rate beta2 eps centered",
    },
}
"""By source, calls that current libraries lack. Parameters after the last hyperparameter may be missing."""

EARLIER = {
    "https://pypi.org/project/Keras/2.2.4/ keras/optimizers.py": {
        KERAS + ".optimizers.SGD": "lr momentum decay nesterov",
        KERAS + ".optimizers.{RMSprop,Adadelta}": "lr rho epsilon decay",
        KERAS + ".optimizers.Adagrad": "lr epsilon decay",
        KERAS + ".optimizers.Adam": "lr beta_1 beta_2 epsilon decay amsgrad",
        KERAS + ".optimizers.Adamax": "lr beta_1 beta_2 epsilon decay",
        KERAS + ".optimizers.Nadam": "lr beta_1 beta_2 epsilon schedule_decay",
    },
    "https://pypi.org/project/Keras/1.2.2/ keras/engine/training.py, keras/layers": {
        "keras.{Model,Sequential,models.Model,models.Sequential}.fit": (
            "x y batch_size nb_epoch verbose callbacks validation_split validation_data shuffle"
        ),
        "keras.{Model,Sequential,models.Model,models.Sequential}.fit_generator": (
            "generator samples_per_epoch nb_epoch verbose callbacks validation_data nb_val_samples"
        ),
        "keras.layers.{Dropout,GaussianDropout,SpatialDropout1D,SpatialDropout2D}": "p",
        "keras.layers.BatchNormalization": "epsilon mode axis momentum",
        "keras.layers.GRU": (
            "output_dim init inner_init activation inner_activation W_regularizer U_regularizer b_regularizer"
            " dropout_W dropout_U"
        ),
        "keras.layers.LSTM": (
            "output_dim init inner_init forget_bias_init activation inner_activation W_regularizer U_regularizer"
            " b_regularizer dropout_W dropout_U"
        ),
    },
    "https://pypi.org/project/transformers/4.46.3/ transformers/training_args.py (keywords only)": {
        "transformers.{,Seq2Seq}TrainingArguments": "* per_gpu_train_batch_size warmup_ratio adafactor",
    },
    "https://scikit-learn.org/1.6/modules/generated/sklearn.neural_network.MLPRegressor.html": {
        "sklearn.neural_network.MLPRegressor": (
            "hidden_layer_sizes activation * solver alpha batch_size learning_rate learning_rate_init power_t max_iter"
        ),
    },
}
"""By source, former signatures of calls that still exist, shortened as above."""


def spelled(name: str) -> list[str]:
    """Expand the braces of a name, as a shell does: `a.{b,c}` is `a.b` and `a.c`."""
    head, brace, rest = name.partition("{")
    if not brace:
        return [name]
    choices, _, tail = rest.partition("}")
    return [head + choice + end for choice in choices.split(",") for end in spelled(tail)]


def by_hand(sources: dict[str, dict[str, str]]) -> Iterator[tuple[str, list[str]]]:
    for calls in sources.values():
        for name, parameters in calls.items():
            yield from ((spelling, parameters.split()) for spelling in spelled(name))


PATTERNS = [(module, pattern) for braces, pattern in PUBLIC.items() for module in spelled(braces)]
LIBRARIES = sorted({module.split(".")[0] for module, _ in PATTERNS})


def ordered(signature: inspect.Signature, bound: bool) -> list[str]:
    """Return the names by position, then `*` and the keyword-only names."""
    kinds = {name: parameter.kind for name, parameter in list(signature.parameters.items())[bound:]}
    placed = [name for name, kind in kinds.items() if kind <= inspect.Parameter.POSITIONAL_OR_KEYWORD]
    by_keyword = [name for name, kind in kinds.items() if kind is inspect.Parameter.KEYWORD_ONLY]
    return [*placed, "*", *by_keyword] if by_keyword else placed


def parameters_of(call: Callable[..., Any], method: bool = False) -> list[str]:
    """Return the parameters of a function, a method or a class, without `self`."""
    function = call.__init__ if inspect.isclass(call) else call
    signature = inspect.signature(function)
    if any(parameter.kind is inspect.Parameter.VAR_POSITIONAL for parameter in signature.parameters.values()):
        # torch's LSTM takes *args, and says what they are in its overloads.
        signature = inspect.signature((typing.get_overloads(function) or [function])[0])
    return ordered(signature, bound=method or inspect.isclass(call))


def handed_on(name: str, own: list[str]) -> list[str]:
    """Return the parameters of a call, with the keywords that it passes on to another call."""
    others = [
        parameters_of(pkgutil.resolve_name(KEYWORDS_OF[call])) for call in KEYWORDS_OF if re.fullmatch(call, name)
    ]
    further = [keyword for parameters in others for keyword in parameters if keyword not in {*own, "*"}]
    return [*own, *([] if "*" in own or not further else ["*"]), *further]


def calls_in(module: str, pattern: str) -> Iterator[tuple[str, list[str]]]:
    """Return the calls of one module or class that match the pattern, with their parameters."""
    owner = pkgutil.resolve_name(module)
    for name in filter(re.compile(pattern).fullmatch, dir(owner)):
        call = getattr(owner, name)
        if callable(call):
            path = f"{module}.{name}"
            yield path, handed_on(path, parameters_of(call, method=inspect.isclass(owner)))


def read(library: str) -> dict[str, Any]:
    """Read the version and the calls of one library in this process."""
    version = importlib.import_module(library).__version__.split("+")[0]
    patterns = [(module, pattern) for module, pattern in PATTERNS if module.split(".")[0] == library]
    calls = dict(call for module, pattern in patterns for call in calls_in(module, pattern))
    return {"version": version, "calls": {name: parameters for name, parameters in calls.items() if parameters}}


@functools.cache
def observe(library: str) -> dict[str, Any]:
    """Read one library in a separate process: torch and tensorflow together may end a process.

    Raises:
        ImportError: The library is not installed, or cannot be imported.
    """
    if importlib.util.find_spec(library) is None:
        raise ImportError(f"{library} is not installed")
    backends = [name for name in ("tensorflow", "jax", "torch") if importlib.util.find_spec(name)]
    variables = {"KERAS_BACKEND": (*backends, "numpy")[0], "TF_CPP_MIN_LOG_LEVEL": "3", **os.environ}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", __file__, library], env=variables, capture_output=True, text=True, timeout=240
    )
    if done.returncode == NOT_IMPORTABLE:
        raise ImportError(done.stderr.splitlines()[-1])
    if done.returncode:
        raise RuntimeError(f"reading {library} failed: {done.stderr}")
    seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return seen


def load() -> dict[str, Any]:
    return json.loads(TABLE.read_text(encoding="utf-8")) if TABLE.exists() else {"_versions": {}, "_earlier": {}}


def of_library(table: dict[str, Any], library: str) -> dict[str, Any]:
    return {name: parameters for name, parameters in table.items() if name.split(".")[0] == library}


def formerly(calls: dict[str, list[str]]) -> Iterator[tuple[str, list[str]]]:
    """Return the calls under their names in earlier versions of the libraries."""
    for name, parameters in calls.items():
        for place, former in FORMER_PLACES.items():
            if name.startswith(place):
                yield former + name.removeprefix(place), parameters


def completed(versions: dict[str, str], calls: dict[str, list[str]]) -> dict[str, Any]:
    """Return the table of the calls that were read, with former names, calls and signatures added."""
    earlier: dict[str, list[list[str]]] = {}
    former = dict(formerly(calls))
    for name, parameters in [*former.items(), *by_hand(EARLIER)]:
        if calls.get(name, former.get(name)) != parameters:
            earlier.setdefault(name, []).append(parameters)
    everything = {**former, **dict(by_hand(REMOVED)), **calls}
    return {"_versions": dict(sorted(versions.items())), "_earlier": dict(sorted(earlier.items()))} | dict(
        sorted(everything.items())
    )


def regenerated(old: dict[str, Any]) -> dict[str, Any]:
    """Return a new table; a library that cannot be read here keeps its entries of `old`."""
    versions, calls = {}, {}
    for library in LIBRARIES:
        try:
            seen = observe(library)
        except ImportError as error:
            print(f"kept as it was: {error}", file=sys.stderr)
            seen = {"version": old["_versions"].get(library), "calls": of_library(old, library)}
        versions[library] = seen["version"]
        calls.update(seen["calls"])
    return completed(versions, calls)


def one_line_each(entries: dict[str, Any]) -> str:
    return "{\n" + ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in entries.items()) + "\n}"


def rendered(table: dict[str, Any]) -> str:
    """Return the table as JSON with one line for each call."""
    earlier = one_line_each(table["_earlier"])
    return one_line_each({**table, "_earlier": None}).replace('"_earlier": null', f'"_earlier": {earlier}') + "\n"


def print_reading(library: str) -> None:
    try:
        importlib.import_module(library)
    except ImportError as error:
        print(f"{library} does not import: {error}", file=sys.stderr)
        sys.exit(NOT_IMPORTABLE)
    print(json.dumps(read(library)))


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        TABLE.write_text(rendered(regenerated(load())), encoding="utf-8")
    elif len(sys.argv) == 2 and sys.argv[1] in LIBRARIES:
        print_reading(sys.argv[1])
    else:
        sys.exit("usage: python tests/support/api_signatures.py --write")
