"""Which arguments of calls are hyperparameters? `SGD(p, 0.1, momentum=0.9)`: positional `lr`, keyword `momentum`.

The parameters of library functions are known from their signatures, those of the project from its definitions.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mutegreen.model import Kind
from mutegreen.scan import library
from mutegreen.scan.finding import Form
from mutegreen.scan.forms import betas
from mutegreen.scan.forms.names import meaning_of_node
from mutegreen.scan.library import Argument
from mutegreen.scan.mention import Mention
from mutegreen.scan.names.meaning import EXCLUDED, UNKNOWN, Meaning
from mutegreen.scan.names.words import word_set
from mutegreen.scan.role import is_evaluation
from mutegreen.scan.source import receivers
from mutegreen.scan.source.calls import bound_arguments, called_name, parameters
from mutegreen.scan.source.module import Module
from mutegreen.scan.source.project import Project

_DECLARING = frozenset({"add_argument", "add_arg", "add_option", "option", "Option", "set_defaults", "field", "Field"})
_REPORTING = word_set(
    "print format log info debug warning add_scalar add_scalars add_hparams plot figure title imshow legend "
    "scatter hist bar savefig subplots text annotate update_title set_title axhline fill_between set_postfix "
    "map filter"
)
_SHAPES = {Kind.HIDDEN, Kind.DEPTH}
"""Kinds that arguments of a library's layers do not have: there they are the architecture of the model."""
_OF_EVALUATION = {Kind.BATCH_SIZE, Kind.EPOCHS}
"""Kinds that mean something else in a call that evaluates: an epoch of evaluation is not training."""
_MAPPINGS = word_set("dict ordereddict easydict edict attrdict configdict munch box dotdict")
_RECORDS = frozenset({"namespace", "simplenamespace"})


def mentions(module: Module, project: Project) -> Iterator[Mention]:
    """Yield the arguments of all calls."""
    for node in module.nodes:
        if isinstance(node, ast.Call) and not _is_ignored(node):
            own = _definition(module, project, node)
            arguments = library.arguments(module, node) if own is None else _own_arguments(node, own)
            for argument in arguments:
                if argument.parameter == "default" and not argument.known:
                    continue
                yield from _argument(module, node, argument)


def _is_ignored(call: ast.Call) -> bool:
    """Whether another form reads a call, or the call only prints, logs or plots."""
    name = called_name(call)
    return name in _DECLARING or name in _REPORTING or name.startswith("DEFINE_")


def _definition(module: Module, project: Project, call: ast.Call) -> list[str] | None:
    """Return the parameters of a function or class of the project; None: the project does not define it."""
    target = project.target(module, call.func)
    if target is None:
        return _method(module, project, call)
    definition = target[0].definitions.get(target[1])
    if isinstance(definition, ast.ClassDef):
        return _constructor(definition)
    return None if definition is None else parameters(definition)


def _method(module: Module, project: Project, call: ast.Call) -> list[str] | None:
    """Return the parameters of a method: of the object's class if known, else of the only method of that name."""
    if not isinstance(call.func, ast.Attribute) or module.qualified(call.func) is not None:
        return None
    name = call.func.attr
    owners = receivers.receiver_classes(module, project, call)[:1]
    owners = owners or [owner for owner in module.definitions.values() if isinstance(owner, ast.ClassDef)]
    methods = [
        item for owner in owners for item in owner.body if isinstance(item, ast.FunctionDef) and item.name == name
    ]
    return parameters(methods[0])[1:] if len(methods) == 1 else None


def _constructor(owner: ast.ClassDef) -> list[str] | None:
    """Return the parameters of a class: those of `__init__`, or its annotated fields if there is no `__init__`."""
    for item in owner.body:
        if isinstance(item, ast.FunctionDef) and item.name == "__init__":
            return parameters(item)[1:]
    fields = [i.target.id for i in owner.body if isinstance(i, ast.AnnAssign) and isinstance(i.target, ast.Name)]
    return fields or None


def _own_arguments(call: ast.Call, names: list[str]) -> list[Argument]:
    by_name = {word.arg for word in call.keywords}
    return [Argument(name, value, name in by_name) for name, value in bound_arguments(call, names).items()]


def _argument(module: Module, call: ast.Call, argument: Argument) -> Iterator[Mention]:
    """Yield the mention of an argument; of a pair of betas, two."""
    form = Form.KEYWORD if argument.keyword else Form.POSITIONAL
    name = called_name(call)
    if name.lower() in _MAPPINGS:
        form = Form.MAPPING
    elif name.lower() in _RECORDS:
        form = Form.FIELD
    if betas.is_pair(argument.parameter, argument.value):
        yield from betas.mentions(module, argument.value, form)
        return
    meaning = _argument_meaning(argument)
    if meaning.kind in _OF_EVALUATION and is_evaluation(module, call):
        meaning = EXCLUDED if meaning.kind is Kind.EPOCHS else Meaning(Kind.EVAL_BATCH_SIZE)
    yield Mention(module, argument.value, argument.parameter, form, meaning, strong=argument.known)


def _argument_meaning(argument: Argument) -> Meaning:
    if argument.known:
        return EXCLUDED if argument.kind is None else Meaning(argument.kind)
    by_name = meaning_of_node(argument.parameter, argument.value)
    return UNKNOWN if argument.of_library and by_name.kind in _SHAPES else by_name
