"""Which numbers shape a learning rate that the script computes? `lr = 0.1 * 0.5 ** (epoch // 30)`: three of them.

What the factors of the new rate are depends on whether the old rate and a power are among them:

| old rate | power | example | a number among the other factors is |
| --- | --- | --- | --- |
| yes | no | `lr = lr * 0.5`, `lr *= 0.5` | gamma |
| no | yes | `lr = 0.1 * 0.95 ** epoch` | the learning rate |
| yes | yes | `lr = lr * 2 * 0.95 ** epoch` | of no known kind |
| no | no | `lr = 0.1 * scale` | of no known kind |

The base of a power is gamma, a divisor in its exponent is the step size.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import TypeGuard

from mutegreen.model import Kind
from mutegreen.scan.finding import Form
from mutegreen.scan.forms.operand_mention import is_rate, operand_mention, power
from mutegreen.scan.mention import Mention
from mutegreen.scan.names.meaning import Meaning
from mutegreen.scan.names.vocabulary import kind_named
from mutegreen.scan.names.words import words
from mutegreen.scan.source.calls import called_name, last_name
from mutegreen.scan.source.module import Module
from mutegreen.scan.source.operands import is_unit
from mutegreen.scan.source.value import is_number

_SCHEDULING = re.compile(r"lr|learning_?rate|sched|decay|anneal", re.IGNORECASE)
_ADJUSTING = re.compile(r"_?(adjust|decay|reduce|decrease|drop|lower)_?(the_)?(lr|learning_?rate)", re.IGNORECASE)
_LAMBDA_SCHEDULERS = frozenset({"LambdaLR", "MultiplicativeLR", "LearningRateScheduler"})
_TIME = frozenset({"epoch", "epochs", "steps", "it", "itr", "t", "ep", "global", "e", "i", "x", "count"})
_LAMBDA_DEPTH = 3
"""How many nodes above a lambda may name it as a schedule."""

_FACTOR_KIND = {(True, False): Kind.GAMMA, (False, True): Kind.LEARNING_RATE}
"""What a number among the factors is, by (old rate is a factor, a power is a factor): the table above."""


def updated_rate(module: Module, node: ast.AugAssign) -> Iterator[Mention]:
    """Yield the factor or the divisor of the old rate: `lr *= 0.5`, `lr /= 10`."""
    if is_rate(node.target):
        if isinstance(node.op, ast.Mult):
            yield from rate_factors(module, node.value, of_old_rate=True)
        elif isinstance(node.op, ast.Div):
            yield operand_mention(module, node.value, Kind.GAMMA)


def assigned_rates(module: Module) -> Iterator[Mention]:
    """Yield the factors of all rates that are assigned: `lr = 0.1 * 0.95 ** epoch`."""
    for target, value in module.assignments:
        if is_rate(target):
            yield from rate_factors(module, value)


def returned_rate(module: Module, node: ast.Return) -> Iterator[Mention]:
    """Yield the factors of a rate that a function returns; the function's name must say that it is a schedule."""
    if node.value is not None and _in_schedule(module, node):
        yield from rate_factors(module, node.value)


def lambda_rate(module: Module, node: ast.Lambda) -> Iterator[Mention]:
    """Yield the factors of a rate that a lambda returns: `LambdaLR(optimizer, lambda epoch: 0.95 ** epoch)`."""
    if _is_schedule(module, node):
        yield from rate_factors(module, node.body)


def adjusting_call(module: Module, node: ast.Call) -> Iterator[Mention]:
    """Yield the fractions that a call such as `adjust_learning_rate(optimizer, 0.1)` passes."""
    if _ADJUSTING.match(called_name(node)):
        for argument in node.args:
            if is_number(argument) and 0 < ast.literal_eval(argument) < 1:
                yield Mention(module, argument, "gamma", Form.POSITIONAL, Meaning(Kind.GAMMA), strong=True)


def milestones(module: Module, node: ast.If) -> Iterator[Mention]:
    """Yield the epochs in a condition for a new rate: `if epoch > 80: lr = 0.01`, `if epoch % 30 == 0: ...`."""
    if _changes_rate(module, node):
        for compared in ast.walk(node.test):
            if isinstance(compared, ast.Compare) and len(compared.ops) == 1:
                yield from _compared_epoch(module, compared)


def _compared_epoch(module: Module, node: ast.Compare) -> Iterator[Mention]:
    left, right = node.left, node.comparators[0]
    if isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mod):
        if _is_time(left.left):
            yield operand_mention(module, left.right, Kind.STEP_SIZE)
    elif _is_time(left) and not isinstance(node.ops[0], ast.NotIn) and not is_unit(right):
        yield operand_mention(module, right, Kind.MILESTONES)


def rate_factors(module: Module, value: ast.expr, of_old_rate: bool = False) -> Iterator[Mention]:
    """Yield the hyperparameters in an expression whose value is a learning rate.

    Args:
        module: Its source file.
        value: The expression.
        of_old_rate: Whether the old rate is a factor that the expression does not show, as in `lr *= 0.5`.
    """
    factors = list(_factors(value))
    powers = [parts for parts in map(power, factors) if parts is not None]
    for base, exponent in powers:
        yield from _decay(module, base, exponent)
    if any(isinstance(node, ast.Call) and called_name(node) == "cos" for node in ast.walk(value)):
        return
    if _is_divided_rate(value):
        yield operand_mention(module, value.right, Kind.GAMMA)
    of_old_rate = of_old_rate or any(is_rate(factor) for factor in factors)
    kind = _FACTOR_KIND.get((of_old_rate, bool(powers)))
    for factor in factors:
        if kind is not None and (is_number(factor) or kind_named(last_name(factor)) is kind):
            yield operand_mention(module, factor, kind)


def _is_divided_rate(node: ast.expr) -> TypeGuard[ast.BinOp]:
    """Whether an expression is `lr / 10`."""
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)):
        return False
    return is_rate(node.left) and is_number(node.right)


def _factors(node: ast.expr) -> Iterator[ast.expr]:
    """Yield the factors of a product; `max(a * b, 1e-6)` has those of `a * b`."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        yield from _factors(node.left)
        yield from _factors(node.right)
    elif isinstance(node, ast.Call) and called_name(node) in {"max", "min", "float"}:
        for argument in node.args:
            if not is_number(argument):
                yield from _factors(argument)
    else:
        yield node


def _decay(module: Module, base: ast.expr, exponent: ast.expr) -> Iterator[Mention]:
    """Gamma and step size of `gamma ** (epoch // step_size)`."""
    if is_number(exponent):
        return
    if is_number(base) or isinstance(base, (ast.Name, ast.Attribute, ast.Subscript)):
        yield operand_mention(module, base, Kind.GAMMA)
    for node in ast.walk(exponent):
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.FloorDiv, ast.Div)):
            yield operand_mention(module, node.right, Kind.STEP_SIZE)


def _in_schedule(module: Module, node: ast.AST) -> bool:
    """Whether the function around a node is a schedule by its name."""
    return any(_SCHEDULING.search(name) for name in module.function_names(node)[:1])


def _is_schedule(module: Module, node: ast.Lambda) -> bool:
    """Whether a lambda is passed to a scheduler, or assigned to a name that says schedule."""
    above = list(islice(module.ancestors(node), _LAMBDA_DEPTH))
    if any(isinstance(a, ast.Call) and called_name(a) in _LAMBDA_SCHEDULERS for a in above):
        return True
    return any(isinstance(a, ast.Assign) and _SCHEDULING.search(last_name(a.targets[0])) for a in above)


def _changes_rate(module: Module, node: ast.If) -> bool:
    """Whether a branch changes the learning rate, or a factor of it: `if epoch > 80: decay = 10`."""
    if _sets_rate(node) or _returns_rate(module, node):
        return True
    targets = [target for part in node.body if isinstance(part, ast.Assign) for target in part.targets]
    names = [(module.scope(target), target.id) for target in targets if isinstance(target, ast.Name)]
    return any(name in _rate_scales(module) for name in names)


@lru_cache(maxsize=256)
def _rate_scales(module: Module) -> frozenset[tuple[ast.AST, str]]:
    """Return the names, each with its scope, in the expressions that a learning rate is computed from."""
    rates = [value for target, value in module.assignments if is_rate(target)]
    rates += [node.value for node in module.nodes if isinstance(node, ast.AugAssign) and is_rate(node.target)]
    names = (node for value in rates for node in ast.walk(value) if isinstance(node, ast.Name))
    return frozenset((module.scope(name), name.id) for name in names if not _is_time(name))


def _sets_rate(node: ast.If) -> bool:
    """Whether a branch assigns the learning rate, or calls a function that adjusts it."""
    for inner in (n for part in node.body for n in ast.walk(part)):
        if isinstance(inner, ast.Call) and _ADJUSTING.match(called_name(inner)):
            return True
        if isinstance(inner, ast.Assign) and any(map(is_rate, inner.targets)):
            return True
        if isinstance(inner, ast.AugAssign) and is_rate(inner.target):
            return True
    return False


def _returns_rate(module: Module, node: ast.If) -> bool:
    """Whether a schedule returns another rate under a condition, as keras's `LearningRateScheduler` requires."""
    returned = node.body[0].value if isinstance(node.body[0], ast.Return) else None
    if returned is None or not _in_schedule(module, node):
        return False
    parts = list(ast.walk(returned))
    # A rate that grows with time is a warm-up.
    is_fixed = not any(isinstance(part, ast.Name) and _is_time(part) for part in parts)
    return is_fixed and any(isinstance(part, ast.expr) and (is_number(part) or is_rate(part)) for part in parts)


def _is_time(node: ast.expr) -> bool:
    """Whether an expression counts epochs or steps: `epoch`, `epoch + 1`."""
    if isinstance(node, ast.BinOp):
        return _is_time(node.left)
    return bool(set(words(last_name(node))) & _TIME)
