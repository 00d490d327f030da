"""Calls: what is called, and which argument is which parameter."""

from __future__ import annotations

import ast
from collections.abc import Sequence


def called_name(call: ast.Call) -> str:
    """The last part of what is called: `SGD` of `torch.optim.SGD(...)`, of `partial(SGD, ...)` too."""
    name = last_name(call.func)
    if name == "partial" and call.args:
        return last_name(call.args[0])
    return name


def last_name(node: ast.AST) -> str:
    """The last part of a dotted name; empty for anything else."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def dotted(node: ast.expr) -> str:
    """A dotted name as it is written; calls and subscripts in it are left out."""
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr}" if base else node.attr
    if isinstance(node, (ast.Call, ast.Subscript)):
        return dotted(node.func if isinstance(node, ast.Call) else node.value)
    return node.id if isinstance(node, ast.Name) else ""


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> list[str]:
    """The names of a function's parameters, positional ones first."""
    arguments = function.args
    return [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


def bound_arguments(call: ast.Call, names: Sequence[str]) -> dict[str, ast.expr]:
    """What a call passes, by parameter; positional arguments by the names given, as far as they are known."""
    first = 1 if last_name(call.func) == "partial" else 0
    found = {word.arg: word.value for word in call.keywords if word.arg}
    for name, value in zip(names, call.args[first:], strict=False):
        if isinstance(value, ast.Starred):
            break
        found.setdefault(name, value)
    return found


def text_of(node: ast.expr | None) -> str:
    """The text of a string literal, joined ones and the fixed parts of formatted ones too; else empty."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Mod)):
        return text_of(node.left) + (text_of(node.right) if isinstance(node.op, ast.Add) else "")
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) for part in node.values if isinstance(part, ast.Constant))
    return ""
