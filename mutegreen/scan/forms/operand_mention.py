"""Makes the mentions of operands: an operand has no name, so its mention is named after its kind."""

from __future__ import annotations

import ast

from mutegreen.model import Kind
from mutegreen.scan.finding import Form
from mutegreen.scan.mention import Mention
from mutegreen.scan.names.meaning import Meaning
from mutegreen.scan.names.vocabulary import kind_named
from mutegreen.scan.source.calls import called_name, last_name, text_of
from mutegreen.scan.source.module import Module


def operand_mention(module: Module, node: ast.expr, kind: Kind) -> Mention:
    """Return the mention of an operand of an expression."""
    return Mention(module, node, kind.value, Form.EXPRESSION, Meaning(kind), strong=True)


def is_rate(node: ast.expr) -> bool:
    """Return whether an expression is a learning rate: `lr`, `self.lr`, `group["lr"]`."""
    name = text_of(node.slice) if isinstance(node, ast.Subscript) else last_name(node)
    return kind_named(name) is Kind.LEARNING_RATE


def power(node: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    """Return base and exponent of `a ** b`, `pow(a, b)`, `np.power(a, b)`; None for any other expression."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        return node.left, node.right
    if isinstance(node, ast.Call) and called_name(node) in {"pow", "power"} and len(node.args) == 2:
        return node.args[0], node.args[1]
    return None
