"""What is the value of a literal? `-0.5`: -0.5; `int(1e6)`: the literal is 1e6."""

from __future__ import annotations

import ast
from typing import Any

from mutegreen.mutation.sites import is_literal
from mutegreen.scan.names.words import word_set
from mutegreen.scan.source.calls import last_name


def literal_value(node: ast.expr) -> Any:
    """Return the value of a literal: a number, a text, a truth value, None, or a list of these."""
    if isinstance(node, (ast.List, ast.Tuple)):
        return [literal_value(item) for item in node.elts]
    value = ast.literal_eval(node)
    return value if isinstance(value, (bool, int, float, str)) else None


CASTS = word_set("float int float32 float64 int32 int64 constant tensor array Variable asarray convert_to_tensor")


def unwrapped(node: ast.expr) -> ast.expr:
    """Return the literal in a cast (`int(1e6)`) or a declaration (`field(default=0.1)`); else the expression itself."""
    if not isinstance(node, ast.Call):
        return node
    defaults = [word.value for word in node.keywords if word.arg == "default"]
    name = last_name(node.func)
    inner = defaults or (node.args[:1] if name in CASTS or name == "Field" else [])
    return unwrapped(inner[0]) if inner and is_literal(unwrapped(inner[0])) else node


def is_number(node: ast.expr) -> bool:
    """Return whether an expression is a number, with or without a sign."""
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, (ast.USub, ast.UAdd)) and is_number(node.operand)
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)
