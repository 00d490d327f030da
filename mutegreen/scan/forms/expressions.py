"""Operands whose meaning is clear: `lr * 0.1 ** (epoch // 30)`, `lr *= 0.5`, `1e-4 * l2_loss`, `w -= 0.01 * grad`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from mutegreen.model import Kind
from mutegreen.scan.finding import Form
from mutegreen.scan.mention import Mention
from mutegreen.scan.names.meaning import Meaning
from mutegreen.scan.names.vocabulary import kind_named
from mutegreen.scan.names.words import words
from mutegreen.scan.source.calls import called_name, dotted, last_name, text_of
from mutegreen.scan.source.module import Module
from mutegreen.scan.source.value import is_number

_SCHEDULING = re.compile(r"lr|learning_?rate|sched|decay|anneal", re.IGNORECASE)
_ADJUSTING = re.compile(r"_?(adjust|decay|reduce|decrease|drop|lower)_?(the_)?(lr|learning_?rate)", re.IGNORECASE)
_PER_EPOCH = frozenset({"LambdaLR", "MultiplicativeLR", "LearningRateScheduler"})
_L2 = re.compile(r"l2|weight_?decay|^reg(_?(loss|term)|ulari[sz](er|ation)s?(_?(loss|term))?)$", re.I)
_TIME = frozenset({"epoch", "epochs", "steps", "it", "itr", "t", "ep", "global", "e", "i", "x", "count"})


def mentions(module: Module) -> Iterator[Mention]:
    """The operands that are hyperparameters."""
    scales = _scales(module)
    for node in module.nodes:
        if isinstance(node, ast.AugAssign):
            yield from _updated(module, node)
        elif isinstance(node, ast.Return) and node.value is not None:
            if any(_SCHEDULING.search(name) for name in module.function_names(node)[:1]):
                yield from _schedule(module, node.value)
        elif isinstance(node, ast.Lambda) and _is_schedule(module, node):
            yield from _schedule(module, node.body)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            yield from _product(module, node)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.FloorDiv, ast.Div)):
            yield from _divided_data(module, node)
        elif isinstance(node, ast.Call) and _ADJUSTING.match(called_name(node)):
            fractions = (a for a in node.args if is_number(a) and 0 < ast.literal_eval(a) < 1)
            yield from (
                Mention(module, a, "gamma", Form.POSITIONAL, Meaning(Kind.GAMMA), strong=True) for a in fractions
            )
        elif isinstance(node, ast.If) and _changes_rate(module, node, scales):
            yield from _milestones(module, node.test)
    for target, value in module.assignments:
        if is_rate(target):
            yield from _schedule(module, value)


def is_rate(node: ast.expr) -> bool:
    """Whether an expression is a learning rate: `lr`, `self.lr`, `group["lr"]`."""
    name = text_of(node.slice) if isinstance(node, ast.Subscript) else last_name(node)
    return kind_named(name) is Kind.LEARNING_RATE


def _updated(module: Module, node: ast.AugAssign) -> Iterator[Mention]:
    if is_rate(node.target):
        if isinstance(node.op, ast.Mult):
            yield from _schedule(module, node.value, scaled=True)
        elif isinstance(node.op, ast.Div):
            yield _mention(module, node.value, Meaning(Kind.GAMMA))


def _schedule(module: Module, value: ast.expr, scaled: bool = False) -> Iterator[Mention]:
    """The factors of a learning rate that is computed; `scaled`: from its last value."""
    factors = list(_factors(value))
    powers = [power for power in map(_power, factors) if power is not None]
    for base, exponent in powers:
        yield from _decay(module, base, exponent)
    if any(isinstance(n, ast.Call) and called_name(n) == "cos" for n in ast.walk(value)):
        return
    if (
        isinstance(value, ast.BinOp)
        and isinstance(value.op, ast.Div)
        and is_rate(value.left)
        and is_number(value.right)
    ):
        yield _mention(module, value.right, Meaning(Kind.GAMMA))
    scaled = scaled or any(is_rate(factor) for factor in factors)
    for factor in factors:
        if scaled and not powers and (is_number(factor) or kind_named(last_name(factor)) is Kind.GAMMA):
            yield _mention(module, factor, Meaning(Kind.GAMMA))
        elif powers and not scaled and is_number(factor) and len(factors) > 1:
            yield _mention(module, factor, Meaning(Kind.LEARNING_RATE))


def _factors(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        yield from _factors(node.left)
        yield from _factors(node.right)
    elif isinstance(node, ast.Call) and called_name(node) in {"max", "min", "float"}:
        for argument in node.args:
            if not is_number(argument):
                yield from _factors(argument)
    else:
        yield node


def _power(node: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        return node.left, node.right
    if isinstance(node, ast.Call) and called_name(node) in {"pow", "power"} and len(node.args) == 2:
        return node.args[0], node.args[1]
    return None


def _decay(module: Module, base: ast.expr, exponent: ast.expr) -> Iterator[Mention]:
    if is_number(exponent):
        return
    if is_number(base) or isinstance(base, (ast.Name, ast.Attribute, ast.Subscript)):
        yield _mention(module, base, Meaning(Kind.GAMMA))
    for node in ast.walk(exponent):
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.FloorDiv, ast.Div)):
            yield _mention(module, node.right, Meaning(Kind.STEP_SIZE))


def _is_schedule(module: Module, node: ast.Lambda) -> bool:
    around = [a for a, _ in zip(module.ancestors(node), range(3), strict=False)]
    if any(isinstance(a, ast.Call) and called_name(a) in _PER_EPOCH for a in around):
        return True
    return any(isinstance(a, ast.Assign) and _SCHEDULING.search(last_name(a.targets[0])) for a in around)


def _product(module: Module, node: ast.BinOp) -> Iterator[Mention]:
    """Penalties (`1e-4 * l2_loss`), steps against a gradient (`w -= lr * grad`), decays (`lr * 0.9 ** epoch`)."""
    if is_rate(node.left) and _power(node.right) is not None:
        yield from _schedule(module, node)
    for factor, other in ((node.left, node.right), (node.right, node.left)):
        if _is_penalty(factor) and _is_l2(other) and not is_number(other):
            if kind_named(last_name(other)) is not Kind.WEIGHT_DECAY:
                yield _mention(module, factor, Meaning(Kind.WEIGHT_DECAY))
        elif _is_value(factor) and _is_gradient(other) and _is_subtracted(module, node):
            yield _mention(module, factor, Meaning(Kind.LEARNING_RATE))


def _is_l2(node: ast.expr) -> bool:
    """Whether an expression is a penalty on weights: `reg_loss`, `tf.add_n([tf.nn.l2_loss(w) for w in weights])`."""
    if isinstance(node, ast.Call) and any(last_name(inner) == "l2_loss" for inner in ast.walk(node)):
        return True
    return bool(_L2.search(dotted(node)))


def _divided_data(module: Module, node: ast.BinOp) -> Iterator[Mention]:
    """The batch size in a number of steps: `steps_per_epoch=len(train) // 32`."""
    sized = isinstance(node.left, ast.Call) and called_name(node.left) == "len"
    sized = sized or (isinstance(node.left, ast.Subscript) and last_name(node.left.value) == "shape")
    if sized and is_number(node.right) and ast.literal_eval(node.right) >= 2:
        named = {word for name in _given_to(module, node) for word in words(name)}
        if named & {"steps", "batch"}:
            kind = Kind.EVAL_BATCH_SIZE if "eval" in named else Kind.BATCH_SIZE
            yield _mention(module, node.right, Meaning(kind))


def _given_to(module: Module, node: ast.AST) -> Iterator[str]:
    """The keyword or the names that an expression is given to."""
    for above in module.ancestors(node):
        if isinstance(above, ast.keyword):
            yield above.arg or ""
            return
        if isinstance(above, ast.Assign):
            yield from (last_name(target) for target in above.targets)
        if isinstance(above, ast.stmt):
            return


def _is_penalty(node: ast.expr) -> bool:
    """Whether a factor may be a weight decay: a name, or a small number."""
    return ast.literal_eval(node) < 0.5 if is_number(node) else _is_value(node)


def _is_value(node: ast.expr) -> bool:
    return is_number(node) or isinstance(node, (ast.Name, ast.Attribute))


def _is_gradient(node: ast.expr) -> bool:
    name = dotted(node)
    return bool({"grad", "grads", "gradient", "gradients"} & set(words(name))) or bool(
        re.match(r"d_?[A-Zbw]\w{0,3}$", name)
    )


def _is_subtracted(module: Module, node: ast.BinOp) -> bool:
    parent = module.parents[node]
    if isinstance(parent, ast.AugAssign):
        return isinstance(parent.op, ast.Sub)
    return isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Sub) and parent.right is node


def _scales(module: Module) -> set[tuple[ast.AST, str]]:
    """The names, each with its scope, that a learning rate is multiplied or divided by."""
    rates = [value for target, value in module.assignments if is_rate(target)]
    rates += [node.value for node in module.nodes if isinstance(node, ast.AugAssign) and is_rate(node.target)]
    names = (node for value in rates for node in ast.walk(value) if isinstance(node, ast.Name))
    return {(module.scope(name), name.id) for name in names if not _is_time(name)}


def _changes_rate(module: Module, node: ast.If, scales: set[tuple[ast.AST, str]]) -> bool:
    """Whether a branch changes the learning rate, or what it is scaled by: `if epoch > 80: decay = 10`."""
    if _sets_rate(node) or _returns_rate(module, node):
        return True
    targets = [target for part in node.body if isinstance(part, ast.Assign) for target in part.targets]
    return any(isinstance(target, ast.Name) and (module.scope(target), target.id) in scales for target in targets)


def _sets_rate(node: ast.If) -> bool:
    for inner in (n for part in node.body for n in ast.walk(part)):
        if isinstance(inner, ast.Call) and _ADJUSTING.match(called_name(inner)):
            return True
        targets = inner.targets if isinstance(inner, ast.Assign) else [getattr(inner, "target", None)]
        if isinstance(inner, (ast.Assign, ast.AugAssign)) and any(t is not None and is_rate(t) for t in targets):
            return True
    return False


def _returns_rate(module: Module, node: ast.If) -> bool:
    """Whether a schedule returns another rate from here on, as keras's `LearningRateScheduler` asks for."""
    returned = node.body[0].value if isinstance(node.body[0], ast.Return) else None
    if returned is None or not any(_SCHEDULING.search(name) for name in module.function_names(node)[:1]):
        return False
    parts = list(ast.walk(returned))
    # What grows with time is a warm-up.
    is_fixed = not any(isinstance(part, ast.Name) and _is_time(part) for part in parts)
    return is_fixed and any(isinstance(part, ast.expr) and (is_number(part) or is_rate(part)) for part in parts)


def _milestones(module: Module, test: ast.expr) -> Iterator[Mention]:
    for node in ast.walk(test):
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            left, right = node.left, node.comparators[0]
            if isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mod):
                if _is_time(left.left):
                    yield _mention(module, left.right, Meaning(Kind.STEP_SIZE))
            elif _is_time(left) and not isinstance(node.ops[0], ast.NotIn) and not _is_unit(right):
                yield _mention(module, right, Meaning(Kind.MILESTONES))


def _is_unit(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value in (0, 1)


def _is_time(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return _is_time(node.left)
    return bool(set(words(last_name(node))) & _TIME)


def _mention(module: Module, node: ast.expr, meant: Meaning) -> Mention:
    assert meant.kind is not None
    return Mention(module, node, meant.kind.value, Form.EXPRESSION, meant, strong=True)
