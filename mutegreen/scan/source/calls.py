"""Which function does a call name, and which argument is which parameter? `optim.SGD(p, 0.1)`: `SGD`, `lr` is 0.1."""

from __future__ import annotations

import ast
from collections.abc import Sequence


def called_name(call: ast.Call) -> str:
    """Return the last part of the called name: `SGD` for `torch.optim.SGD(...)` and for `partial(SGD, ...)`."""
    name = last_name(call.func)
    if name == "partial" and call.args:
        return last_name(call.args[0])
    return name


def last_name(node: ast.AST) -> str:
    """Return the last part of a dotted name; empty for any other expression."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def dotted(node: ast.expr) -> str:
    """Return a dotted name as it is written, without the calls and subscripts in it."""
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr}" if base else node.attr
    if isinstance(node, (ast.Call, ast.Subscript)):
        return dotted(node.func if isinstance(node, ast.Call) else node.value)
    return node.id if isinstance(node, ast.Name) else ""


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> list[str]:
    """Return the names of a function's parameters, positional ones first."""
    arguments = function.args
    return [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


def bound_arguments(call: ast.Call, names: Sequence[str]) -> dict[str, ast.expr]:
    """Return the arguments of a call by parameter; `names` has the positional parameters, as far as they are known."""
    first = 1 if last_name(call.func) == "partial" else 0
    arguments = {word.arg: word.value for word in call.keywords if word.arg}
    for name, value in zip(names, call.args[first:], strict=False):
        if isinstance(value, ast.Starred):
            break
        arguments.setdefault(name, value)
    return arguments


def text_of(node: ast.expr | None) -> str:
    """Return the text of a string literal, of joined literals, or the fixed parts of an f-string; else empty."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Mod)):
        return text_of(node.left) + (text_of(node.right) if isinstance(node.op, ast.Add) else "")
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) for part in node.values if isinstance(part, ast.Constant))
    return ""
