"""Values that are given to names: constants, fields, keys of mappings, parameters' defaults."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mutegreen.model import Kind
from mutegreen.mutation.sites import is_literal, parameter_defaults
from mutegreen.scan.calls import called_name, last_name, text_of
from mutegreen.scan.finding import Form
from mutegreen.scan.meaning import NOTHING, UNKNOWN, Meaning
from mutegreen.scan.mention import Mention
from mutegreen.scan.module import Module
from mutegreen.scan.value import literal_value, peeled
from mutegreen.scan.vocabulary import excluded, kind_named, meaning
from mutegreen.scan.words import words

_PARSED = frozenset({"HfArgumentParser", "tyro", "simple_parsing", "ArgumentParser", "add_arguments", "cli", "parse"})


def mentions(module: Module) -> Iterator[Mention]:
    """All values that get a name."""
    for target, value in module.assignments:
        yield from _assigned(module, target, peeled(value))
    for node in module.nodes:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield from _defaults(module, node)
        elif isinstance(node, ast.Dict):
            yield from _entries(module, node)
        elif isinstance(node, ast.Call) and called_name(node) in {"get", "getattr", "setdefault", "pop"}:
            yield from _looked_up(module, node)


def named(name: str, value: ast.expr, context: str = "") -> Meaning:
    """What a name tells of its value; one that is no literal counts where the name is sure by itself."""
    if is_literal(value):
        found = meaning(name, literal_value(value))
    elif excluded(name):
        return NOTHING
    else:
        kind = kind_named(name)
        found = UNKNOWN if kind is None else Meaning(kind)
    return found


def _assigned(module: Module, target: ast.expr, value: ast.expr) -> Iterator[Mention]:
    if isinstance(target, ast.Name):
        in_class = isinstance(module.scope(target), ast.ClassDef)
        if target.id in module.counters and not in_class and _is_zero(value):
            return
        form = Form.FIELD if in_class else Form.CONSTANT
        flag = _field_flag(module, target) if in_class else None
        yield Mention(module, value, target.id, form, named(target.id, value), flag=flag)
    elif isinstance(target, ast.Attribute):
        yield Mention(module, value, target.attr, Form.FIELD, named(target.attr, value))
    elif isinstance(target, ast.Subscript):
        key = text_of(target.slice) or last_name(target.slice)
        yield Mention(module, value, key, Form.MAPPING, named(key, value))


def _is_zero(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value in (0, 1)


def _field_flag(module: Module, target: ast.Name) -> str | None:
    """The option that a parser makes of a dataclass's field."""
    owner = module.scope(target)
    assert isinstance(owner, ast.ClassDef)
    parsers = (n for n in module.nodes if isinstance(n, ast.Call) and (_PARSED & {called_name(n)}))
    given = {name.id for call in parsers for a in ast.walk(call) for name in [a] if isinstance(name, ast.Name)}
    if owner.name not in given:
        return None
    return "--" + (target.id.replace("_", "-") if "tyro" in module.roots else target.id)


def _defaults(module: Module, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Iterator[Mention]:
    flag = not isinstance(node, ast.Lambda) and _is_fired(module, node.name)
    for name, default in parameter_defaults(node.args):
        yield Mention(module, default, name, Form.PARAMETER, named(name, default), flag=f"--{name}" if flag else None)


def _is_fired(module: Module, name: str) -> bool:
    calls = (node for node in module.nodes if isinstance(node, ast.Call) and called_name(node) == "Fire")
    return any(isinstance(a, ast.Name) and a.id == name for call in calls for a in call.args)


def _entries(module: Module, node: ast.Dict) -> Iterator[Mention]:
    for key, value in zip(node.keys, node.values, strict=True):
        name = text_of(key) or (last_name(key) if key is not None else "")
        if name and not (text_of(key) == "" and _is_neutral(value)):
            yield Mention(module, value, name, Form.MAPPING, _of_role(module, node, named(name, value)))


def _is_neutral(value: ast.expr) -> bool:
    """Whether a value that is fed to a placeholder switches it off, as in `{keep_prob: 1.0}` for evaluation."""
    return isinstance(value, ast.Constant) and value.value in (0, 1)


def _of_role(module: Module, node: ast.Dict, found: Meaning) -> Meaning:
    """A batch size among the settings of evaluation is evaluation's."""
    parent = module.parents.get(node)
    targets = parent.targets if isinstance(parent, ast.Assign) else []
    owned = {word for target in targets for word in words(last_name(target))}
    evaluates = found.kind is Kind.BATCH_SIZE and "eval" in owned and "train" not in owned
    return Meaning(Kind.EVAL_BATCH_SIZE) if evaluates else found


def _looked_up(module: Module, call: ast.Call) -> Iterator[Mention]:
    keys = [text_of(argument) for argument in call.args]
    index = 1 if called_name(call) == "getattr" else 0
    if len(call.args) == index + 2 and keys[index]:
        form = Form.FIELD if index else Form.MAPPING
        yield Mention(module, call.args[-1], keys[index], form, named(keys[index], call.args[-1]))
