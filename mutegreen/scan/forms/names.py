"""Which named values are hyperparameters? `LR = 0.1` is a constant, `cfg.lr = 0.1` a field, `{"lr": 0.1}` a mapping."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from mutegreen.model import Kind
from mutegreen.mutation.sites import is_literal, parameter_defaults
from mutegreen.scan.finding import Form
from mutegreen.scan.forms import betas
from mutegreen.scan.mention import Mention
from mutegreen.scan.names.meaning import EXCLUDED, UNKNOWN, Meaning
from mutegreen.scan.names.vocabulary import excluded, kind_named, meaning
from mutegreen.scan.names.words import words
from mutegreen.scan.source.calls import called_name, dotted, last_name, text_of
from mutegreen.scan.source.module import Module
from mutegreen.scan.source.operands import is_unit
from mutegreen.scan.source.value import literal_value, unwrapped

_PARSERS = frozenset({"HfArgumentParser", "tyro", "simple_parsing", "ArgumentParser", "add_arguments", "cli", "parse"})

_SCHEDULES = frozenset({"solver", "sched", "scheduler", "schedule", "lr"})
_SCHEDULED = frozenset({Kind.GAMMA, Kind.MILESTONES, Kind.STEP_SIZE})
_FIRE = frozenset({"Fire"})


def mentions(module: Module) -> Iterator[Mention]:
    """Yield all values that get a name: constants, fields, keys of mappings, defaults of parameters."""
    for target, value in module.assignments:
        yield from _assigned(module, target, unwrapped(value))
    for node in module.nodes:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield from _defaults(module, node)
        elif isinstance(node, ast.Dict):
            yield from _entries(module, node)
        elif isinstance(node, ast.Call) and called_name(node) in {"get", "getattr", "setdefault", "pop"}:
            yield from _looked_up(module, node)


def meaning_of_node(name: str, value: ast.expr) -> Meaning:
    """Return what a name means for its value; if the value is no literal, the name alone must be sure."""
    if words(name) == ("epoch",) and is_unit(value):
        return UNKNOWN
    if is_literal(value):
        return meaning(name, literal_value(value))
    if excluded(name):
        return EXCLUDED
    if isinstance(value, (ast.List, ast.Tuple, ast.ListComp)) and meaning(name, [10, 20]).kind is Kind.MILESTONES:
        return Meaning(Kind.MILESTONES)
    kind = kind_named(name)
    return UNKNOWN if kind is None else Meaning(kind)


def _assigned(module: Module, target: ast.expr, value: ast.expr) -> Iterator[Mention]:
    if isinstance(target, ast.Name):
        in_class = isinstance(module.scope(target), ast.ClassDef)
        if target.id in module.counters and not in_class and is_unit(value):
            return
        form = Form.FIELD if in_class else Form.CONSTANT
        flag = _flag(target.id, _class_name(module, target), module, _PARSERS) if in_class else None
        yield from _mention(module, target.id, value, form, flag)
    elif isinstance(target, ast.Attribute):
        yield from _setting(module, target, value)
    elif isinstance(target, ast.Subscript):
        yield from _mention(module, text_of(target.slice) or last_name(target.slice), value, Form.MAPPING)


def _setting(module: Module, target: ast.Attribute, value: ast.expr) -> Iterator[Mention]:
    """Yield the mention of an attribute; its object decides if the name is ambiguous: `cfg.SOLVER.STEPS = (30, 40)`."""
    above = set(words(dotted(target.value)))
    own = meaning_of_node(target.attr, value)
    if own.kind is Kind.BATCH_SIZE and "eval" in above and "train" not in above:
        yield Mention(module, value, target.attr, Form.FIELD, Meaning(Kind.EVAL_BATCH_SIZE))
    elif above & _SCHEDULES and not own.sure and meaning(f"lr_{target.attr}", _value(value)).kind in _SCHEDULED:
        yield Mention(module, value, target.attr, Form.FIELD, meaning(f"lr_{target.attr}", _value(value)))
    else:
        yield from _mention(module, target.attr, value, Form.FIELD)


def _value(node: ast.expr) -> object:
    return literal_value(node) if is_literal(node) else None


def _mention(module: Module, name: str, value: ast.expr, form: Form, flag: str | None = None) -> Iterator[Mention]:
    if betas.is_pair(name, value):
        yield from betas.mentions(module, value, form, flag)
    else:
        yield Mention(module, value, name, form, meaning_of_node(name, value), flag=flag)


def _class_name(module: Module, node: ast.expr) -> str:
    scope = module.scope(node)
    return scope.name if isinstance(scope, ast.ClassDef) else ""


def _flag(name: str, owner: str, module: Module, makers: frozenset[str]) -> str | None:
    """Return the option that a parser makes from a field of a dataclass or a parameter of a function."""
    if owner not in _passed_to(module, makers):
        return None
    return "--" + (name.replace("_", "-") if "tyro" in module.roots else name)


@lru_cache(maxsize=256)
def _passed_to(module: Module, makers: frozenset[str]) -> frozenset[str]:
    """Return the names that are passed to functions that make a parser of them, such as `Fire(main)`."""
    calls = (node for node in module.nodes if isinstance(node, ast.Call) and called_name(node) in makers)
    return frozenset(n.id for call in calls for n in ast.walk(call) if isinstance(n, ast.Name))


def _defaults(module: Module, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Iterator[Mention]:
    owner = "" if isinstance(node, ast.Lambda) else node.name
    for name, default in parameter_defaults(node.args):
        flag, value = _flag(name, owner, module, _FIRE), unwrapped(default)
        if words(owner)[:1] == ("eval",) and meaning_of_node(name, value).kind is Kind.BATCH_SIZE:
            yield Mention(module, value, name, Form.PARAMETER, Meaning(Kind.EVAL_BATCH_SIZE), flag=flag)
        else:
            yield from _mention(module, name, value, Form.PARAMETER, flag)


def _entries(module: Module, node: ast.Dict) -> Iterator[Mention]:
    for key, value in zip(node.keys, map(unwrapped, node.values), strict=True):
        name = text_of(key) or (last_name(key) if key is not None else "")
        # `{keep_prob: 1.0}` feeds a placeholder, which switches dropout off for evaluation.
        if betas.is_pair(name, value):
            yield from betas.mentions(module, value, Form.MAPPING)
        elif name and not (text_of(key) == "" and is_unit(value)):
            yield Mention(module, value, name, Form.MAPPING, _of_role(module, node, meaning_of_node(name, value)))


def _of_role(module: Module, node: ast.Dict, own: Meaning) -> Meaning:
    """Return the meaning of an entry in a dict; the batch size in `eval_config = {...}` is that of evaluation."""
    parent = module.parents.get(node)
    targets = parent.targets if isinstance(parent, ast.Assign) else []
    owned = {word for target in targets for word in words(last_name(target))}
    evaluates = own.kind is Kind.BATCH_SIZE and "eval" in owned and "train" not in owned
    return Meaning(Kind.EVAL_BATCH_SIZE) if evaluates else own


def _looked_up(module: Module, call: ast.Call) -> Iterator[Mention]:
    """Yield the default of a look-up: `config.get("lr", 0.1)`, `getattr(args, "lr", 0.1)`."""
    keys = [text_of(argument) for argument in call.args]
    index = 1 if called_name(call) == "getattr" else 0
    if len(call.args) == index + 2 and keys[index]:
        form = Form.FIELD if index else Form.MAPPING
        yield Mention(module, call.args[-1], keys[index], form, meaning_of_node(keys[index], call.args[-1]))
