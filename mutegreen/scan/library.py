"""What do the arguments of a library call mean? `torch.nn.Dropout(0.5)`: 0.5 is `p`, a dropout."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from mutegreen.model import Kind
from mutegreen.scan import signatures
from mutegreen.scan.families import DROPOUT, FAMILIES, Family
from mutegreen.scan.names.words import word_set
from mutegreen.scan.source.calls import bound_arguments, dotted, last_name
from mutegreen.scan.source.module import Module

LIBRARIES = word_set(
    "torch torchvision tensorflow keras optax flax jax haiku timm transformers pytorch_lightning lightning "
    "torch_optimizer tensorflow_addons tf_keras apex bitsandbytes torch_geometric dgl paddle mindspore mxnet "
    "chainer numpy sklearn tensorflow_datasets torchtext accelerate deepspeed fastai xgboost lightgbm trax "
    "objax tflearn tensorlayer"
)
_METHODS = {
    "fit": "keras.Model.fit",
    "fit_generator": "keras.Model.fit_generator",
    "batch": "tensorflow.data.Dataset.batch",
    "padded_batch": "tensorflow.data.Dataset.batch",
}
_TENSORFLOW = frozenset({"tensorflow", "keras", "tf_keras", "tensorflow_datasets"})


@dataclass(frozen=True)
class Argument:
    """One argument of a call.

    Attributes:
        parameter: Its parameter's name; empty: not known.
        value: The expression that is passed.
        keyword: Whether it is passed by name.
        known: Whether the function's family says what the parameter means.
        kind: That meaning; None: no hyperparameter.
        of_library: Whether the function belongs to a library.
    """

    parameter: str
    value: ast.expr
    keyword: bool
    known: bool = False
    kind: Kind | None = None
    of_library: bool = False


def qualified(module: Module, call: ast.Call) -> str:
    """Return the full name of what is called; as it is written where no import resolves it."""
    target = call.args[0] if last_name(call.func) == "partial" and call.args else call.func
    imported = module.qualified(target)
    if imported is not None:
        return _renamed(imported)
    written = dotted(target)
    libraries = [star for star in module.stars if star.partition(".")[0] in LIBRARIES]
    if isinstance(target, ast.Name) and libraries and target.id not in module.definitions:
        known = (f"{star}.{target.id}" for star in libraries)
        return next((name for name in known if signatures.positional(name)), written)
    method = _METHODS.get(written.rpartition(".")[2])
    if method is not None and isinstance(target, ast.Attribute) and module.roots & _TENSORFLOW:
        return method
    return written


def _renamed(name: str) -> str:
    for old, new in (
        ("tensorflow.python.keras", "tensorflow.keras"),
        ("tf_keras", "tensorflow.keras"),
        ("keras.api", "keras"),
        ("tensorflow.compat.v2", "tensorflow"),
    ):
        if name.startswith(old):
            return new + name[len(old) :]
    return name


def arguments(module: Module, call: ast.Call) -> list[Argument]:
    """Return the arguments of a library call, each with its parameter's name and meaning."""
    name = qualified(module, call)
    family = next((family for family in FAMILIES if family.pattern.match(name)), None)
    kinds = family.kinds if family is not None else {}
    by_name = {word.arg for word in call.keywords if word.arg}
    order = signatures.positional(name, tuple(by_name)) or _guessed(name, family)
    of_library = name.partition(".")[0] in LIBRARIES
    return [
        Argument(parameter, value, parameter in by_name, parameter in kinds, kinds.get(parameter), of_library)
        for parameter, value in bound_arguments(call, order).items()
    ]


def _guessed(name: str, family: Family | None) -> tuple[str, ...]:
    """Return the first parameters by convention, for libraries whose signatures are not in the table."""
    if family is None:
        return ()
    if family.kinds is DROPOUT:
        return ("p",) if name.rpartition(".")[2][:1].isupper() else ("input", "p")
    return family.leading
