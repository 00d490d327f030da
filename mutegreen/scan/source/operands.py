"""Which operands may carry the value of an expression? In `max(1, batch // 2)`: `batch`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mutegreen.mutation.sites import is_literal

ARITHMETIC = (ast.Mult, ast.Div, ast.FloorDiv, ast.Add, ast.Sub)
"""The operators that are followed backwards."""


def carrying_branches(node: ast.IfExp) -> list[ast.expr]:
    """Return the branches that carry the value; a 0 or None only switches it off, as in `p if training else 0.0`."""
    both = [node.body, node.orelse]
    if all(is_literal(branch) for branch in both):
        return both
    return [branch for branch in both if not (isinstance(branch, ast.Constant) and branch.value in (0, None))]


def carrying_arguments(call: ast.Call, name: str) -> list[ast.expr]:
    """Return the arguments that carry the value of a cast or `max`; in `max(1, batch // 2)` the literal is a bound."""
    numbers = [argument for argument in call.args if is_literal(argument)]
    if name in {"max", "min"} and 0 < len(numbers) < len(call.args):
        return [argument for argument in call.args if argument not in numbers]
    return call.args


def is_unit(node: ast.expr) -> bool:
    """Return whether an expression is a literal 0 or 1: as an operand it is an offset or has no effect."""
    return isinstance(node, ast.Constant) and node.value in (0, 1)


def flat_operands(node: ast.expr) -> Iterator[ast.expr]:
    """Yield the operands of nested sums and products, without divisors."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ARITHMETIC):
        yield from flat_operands(node.left)
        if not isinstance(node.op, (ast.Div, ast.FloorDiv)):
            yield from flat_operands(node.right)
    else:
        yield node


def operand_name(node: ast.expr) -> str:
    """Return the name that says what an operand is: the last part of a dotted name, a key, or the name of the table."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value)
    if isinstance(node, ast.Subscript):
        return operand_name(node.value)
    return operand_name(node.args[0]) if isinstance(node, ast.Call) and node.args else ""
