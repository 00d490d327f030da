"""Finds defaults of parameters and fields that every call overrides: their mutants would equal the original."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mutegreen.mutation.sites import parameter_defaults
from mutegreen.scan.finding import Finding, Form
from mutegreen.scan.source.calls import bound_arguments, called_name, last_name, parameters, text_of
from mutegreen.scan.source.module import Module


@dataclass(frozen=True)
class _Parameter:
    """A parameter with a default.

    Attributes:
        called: The name of the function or class.
        names: All its parameters, in order.
        name: The parameter.
    """

    called: str
    names: tuple[str, ...]
    name: str


def reason_unused(finding: Finding, modules: Sequence[Module]) -> str | None:
    """Return why a default is never used, as far as the source shows; None: it may be used."""
    module = next((m for m in modules if m.file == finding.file), None)
    if module is None or finding.flag is not None or finding.form not in {Form.PARAMETER, Form.FIELD}:
        return None
    parameter = _parameter(module, finding) or _field(module, finding)
    if parameter is None:
        return None
    calls = [(other, call) for other in modules for call in _calls(other, parameter.called)]
    if calls and all(_passes(other, call, parameter) for other, call in calls):
        return f"every call of {parameter.called} passes another value for {parameter.name}"
    if finding.form is Form.PARAMETER and not calls and not any(_mentions(m, parameter.called) for m in modules):
        return f"nothing calls {parameter.called}"
    return None


def _parameter(module: Module, finding: Finding) -> _Parameter | None:
    """Return the parameter that has this default; decorated functions do not count, as a decorator may call them."""
    for node in module.nodes:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not node.decorator_list:
            for name, default in parameter_defaults(node.args):
                if module.place(default) == (finding.line, finding.column):
                    owner = module.enclosing_class(node)
                    called = owner.name if owner is not None and node.name == "__init__" else node.name
                    return _Parameter(called, tuple(parameters(node)[1 if owner is not None else 0 :]), name)
    return None


def _field(module: Module, finding: Finding) -> _Parameter | None:
    """Return the field of a dataclass that has this default."""
    for node in module.nodes:
        if isinstance(node, ast.ClassDef) and any("dataclass" in ast.unparse(d) for d in node.decorator_list):
            fields = [item for item in node.body if isinstance(item, ast.AnnAssign)]
            names = tuple(item.target.id for item in fields if isinstance(item.target, ast.Name))
            for item, name in zip(fields, names, strict=False):
                if item.value is not None and module.place(item.value) == (finding.line, finding.column):
                    return _Parameter(node.name, names, name)
    return None


def _calls(module: Module, name: str) -> Iterator[ast.Call]:
    return (node for node in module.nodes if isinstance(node, ast.Call) and called_name(node) == name)


def _passes(module: Module, call: ast.Call, wanted: _Parameter) -> bool:
    """Whether a call passes a parameter, also in `**settings` if that is a known dict."""
    if wanted.name in bound_arguments(call, wanted.names):
        return True
    unpacked = [word.value for word in call.keywords if word.arg is None]
    dicts = [value for node in unpacked for value in _values(module, node)]
    return bool(dicts) and all(wanted.name in _keys(value) for value in dicts)


def _values(module: Module, node: ast.expr) -> list[ast.expr]:
    if not isinstance(node, ast.Name):
        return [node]
    scopes = [module.bindings.get((scope, node.id), []) for scope in module.scopes(node)]
    return next(filter(None, scopes), [node])


def _keys(node: ast.expr) -> set[str]:
    if isinstance(node, ast.Dict):
        return {text_of(key) for key in node.keys}
    if isinstance(node, ast.Call) and called_name(node) == "dict":
        return {word.arg for word in node.keywords if word.arg}
    return set()


def _mentions(module: Module, name: str) -> bool:
    """Whether a module refers to a function without calling it."""
    nodes = (node for node in module.nodes if isinstance(node, (ast.Name, ast.Attribute)))
    strings = (node for node in module.nodes if isinstance(node, ast.Constant) and node.value == name)
    return any(last_name(node) == name for node in nodes) or any(True for _ in strings)
