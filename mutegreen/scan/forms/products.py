"""Which operands of arithmetic are hyperparameters? `1e-4 * l2_loss` has a weight decay, `w -= 0.01 * grad` a rate."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from mutegreen.model import Kind
from mutegreen.scan.forms import schedules
from mutegreen.scan.forms.operand_mention import is_rate, operand_mention, power
from mutegreen.scan.mention import Mention
from mutegreen.scan.names.vocabulary import kind_named
from mutegreen.scan.names.words import words
from mutegreen.scan.source.calls import called_name, dotted, last_name
from mutegreen.scan.source.module import Module
from mutegreen.scan.source.value import is_number

_L2 = re.compile(r"l2|weight_?decay|^reg(_?(loss|term)|ulari[sz](er|ation)s?(_?(loss|term))?)$", re.I)
_GRADIENTS = frozenset({"grad", "grads", "gradient", "gradients"})
_GRADIENT_SYMBOL = re.compile(r"d_?[A-Zbw]\w{0,3}$")
"""Names of derivatives, as `dW` and `db1`."""


def operands(module: Module, node: ast.BinOp) -> Iterator[Mention]:
    """Yield the hyperparameters among the operands of a product or a quotient."""
    if isinstance(node.op, ast.Mult):
        yield from _product(module, node)
    elif isinstance(node.op, (ast.FloorDiv, ast.Div)):
        yield from _batch_size(module, node)


def _product(module: Module, node: ast.BinOp) -> Iterator[Mention]:
    """Read `lr * 0.9 ** epoch`, penalties (`1e-4 * l2_loss`) and steps against a gradient (`w -= lr * grad`)."""
    if is_rate(node.left) and power(node.right) is not None:
        yield from schedules.rate_factors(module, node)
    for factor, other in ((node.left, node.right), (node.right, node.left)):
        if _may_be_penalty(factor) and _is_l2(other) and not is_number(other):
            if kind_named(last_name(other)) is not Kind.WEIGHT_DECAY:
                yield operand_mention(module, factor, Kind.WEIGHT_DECAY)
        elif _is_value(factor) and _is_gradient(other) and _is_subtracted(module, node):
            yield operand_mention(module, factor, Kind.LEARNING_RATE)


def _may_be_penalty(node: ast.expr) -> bool:
    """Whether a factor may be a weight decay: a name, or a number below 0.5."""
    return ast.literal_eval(node) < 0.5 if is_number(node) else _is_value(node)


def _is_value(node: ast.expr) -> bool:
    return is_number(node) or isinstance(node, (ast.Name, ast.Attribute))


def _is_l2(node: ast.expr) -> bool:
    """Whether an expression is a penalty on weights: `reg_loss`, `tf.add_n([tf.nn.l2_loss(w) for w in weights])`."""
    if isinstance(node, ast.Call) and any(last_name(inner) == "l2_loss" for inner in ast.walk(node)):
        return True
    return bool(_L2.search(dotted(node)))


def _is_gradient(node: ast.expr) -> bool:
    name = dotted(node)
    return bool(_GRADIENTS & set(words(name))) or bool(_GRADIENT_SYMBOL.match(name))


def _is_subtracted(module: Module, node: ast.BinOp) -> bool:
    """Whether a product is subtracted: `w -= lr * grad`, `w - lr * grad`."""
    parent = module.parents[node]
    if isinstance(parent, ast.AugAssign):
        return isinstance(parent.op, ast.Sub)
    return isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Sub) and parent.right is node


def _batch_size(module: Module, node: ast.BinOp) -> Iterator[Mention]:
    """Yield the batch size in a number of steps: `steps_per_epoch=len(train) // 32`."""
    if _is_data_size(node.left) and is_number(node.right) and ast.literal_eval(node.right) >= 2:
        name_words = {word for name in _assigned_to(module, node) for word in words(name)}
        if name_words & {"steps", "batch"}:
            kind = Kind.EVAL_BATCH_SIZE if "eval" in name_words else Kind.BATCH_SIZE
            yield operand_mention(module, node.right, kind)


def _is_data_size(node: ast.expr) -> bool:
    """Whether an expression counts examples: `len(train)`, `x_train.shape[0]`."""
    if isinstance(node, ast.Call):
        return called_name(node) == "len"
    return isinstance(node, ast.Subscript) and last_name(node.value) == "shape"


def _assigned_to(module: Module, node: ast.AST) -> Iterator[str]:
    """Yield the keyword or the variables that an expression is the value of."""
    for above in module.ancestors(node):
        if isinstance(above, ast.keyword):
            yield above.arg or ""
            return
        if isinstance(above, ast.Assign):
            yield from (last_name(target) for target in above.targets)
        if isinstance(above, ast.stmt):
            return
