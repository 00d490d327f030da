"""Which loops train, and how often? `for epoch in range(10)`: 10 epochs; `while step < 1000`: 1000 training steps."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mutegreen.model import Kind
from mutegreen.scan.finding import Form
from mutegreen.scan.mention import Mention
from mutegreen.scan.names.meaning import EXCLUDED, Meaning
from mutegreen.scan.names.words import word_set, words
from mutegreen.scan.source.calls import called_name, last_name
from mutegreen.scan.source.module import Module

_RANGES = frozenset({"range", "trange", "xrange", "prange", "arange"})
_WRAPPERS = frozenset({"tqdm", "enumerate", "list", "reversed", "track", "progress_bar", "master_bar", "iter"})
_EPOCH_WORDS = frozenset({"epoch", "epochs", "ep", "epo", "epch"})
_STEP_WORDS = frozenset(
    {"steps", "it", "itr", "iter", "episode", "episodes", "update", "global", "batch", "t", "timestep"}
)
_PASSES = frozenset({"train", "train_epoch", "train_one_epoch"})
_BATCHES = frozenset({"batch", "len", "steps", "size", "num", "total", "shape", "range", "per"})
_REPEATED = word_set("run runs seed seeds fold folds trial trials split repeat repeats client clients round rounds")
_TRAINING = word_set(
    "backward apply_gradients train_on_batch minimize zero_grad run_step training_step train_step update_step "
    "optimizer_step apply_updates value_and_grad learn optimize_model"
)


def mentions(module: Module) -> Iterator[Mention]:
    """Yield the counts of loops that train."""
    for node in module.nodes:
        if isinstance(node, (ast.For, ast.AsyncFor)):
            yield from _for(module, node)
        elif isinstance(node, ast.While):
            yield from _while(module, node)


def _for(module: Module, loop: ast.For | ast.AsyncFor) -> Iterator[Mention]:
    call = _range(loop.iter)
    if call is None or not call.args:
        return
    first, *more = call.args
    count = more[0] if more else first
    kind = _kind(loop, _count_words(count))
    name = "epochs" if kind is Kind.EPOCHS else "steps"
    if kind is not None:
        yield Mention(module, count, name, Form.RANGE, Meaning(kind), strong=True)
    if more and not isinstance(first, ast.BinOp):
        yield Mention(module, first, "start", Form.RANGE, EXCLUDED, strong=True)


def _range(node: ast.expr) -> ast.Call | None:
    """Return the `range(...)` in `range(...)`, `tqdm(range(...))` and the like."""
    while isinstance(node, ast.Call) and called_name(node) in _WRAPPERS and node.args:
        node = node.args[0]
    return node if isinstance(node, ast.Call) and called_name(node) in _RANGES else None


def _count_words(count: ast.expr) -> set[str]:
    """Return the words of all names in the count of a loop."""
    return {word for node in ast.walk(count) for word in words(last_name(node))}


def _kind(loop: ast.For | ast.AsyncFor, counted: set[str]) -> Kind | None:
    """Return what a loop counts, by the first line that fits; `counted` has the words of its count.

    | loop | counts |
    | --- | --- |
    | its variable is an epoch | epochs |
    | it repeats runs, folds, seeds, or accumulates | nothing |
    | it does not train, or another loop in it counts epochs | nothing |
    | its variable or its count speaks of steps | training steps |
    | each turn is a pass over the data | epochs |
    | else | training steps |
    """
    target = loop.target.elts[0] if isinstance(loop.target, ast.Tuple) else loop.target
    variable = set(words(last_name(target)))
    if variable & _EPOCH_WORDS:
        return Kind.EPOCHS
    if variable & _REPEATED or counted & (_REPEATED | {"accum", "accumulate", "accumulation"}):
        return None
    if not _trains(loop) or _has_epochs(loop):
        return None
    if variable & _STEP_WORDS or counted & {"batch", "steps", "iters"}:
        return Kind.TRAIN_STEPS
    return Kind.EPOCHS if _has_inner_pass(loop) else Kind.TRAIN_STEPS


def _has_epochs(loop: ast.For | ast.AsyncFor) -> bool:
    """Whether an inner loop counts epochs: then the outer loop repeats whole trainings."""
    inner = (node for part in loop.body for node in ast.walk(part))
    return any(isinstance(n, ast.For) and set(words(last_name(n.target))) & _EPOCH_WORDS for n in inner)


def _trains(loop: ast.AST) -> bool:
    calls = (node for node in ast.walk(loop) if isinstance(node, ast.Call))
    return any(_is_training(call) for call in calls)


def _is_training(call: ast.Call) -> bool:
    """Whether a call updates the model: `loss.backward()`, `optimizer.step()`, `sess.run(train_op)`."""
    name = called_name(call)
    receiver = last_name(getattr(call.func, "value", call.func))
    if name == "step":
        return bool(set(words(receiver)) & {"optimizer", "optimizers", "trainer"})
    if name == "run":
        fetched = ast.unparse(call.args[0]) if call.args else ""
        return receiver in {"sess", "session"} and ("train" in fetched or "optim" in fetched)
    return name in _TRAINING or name in _PASSES or name == "fit"


def _has_inner_pass(loop: ast.For | ast.AsyncFor) -> bool:
    """Whether each turn is a pass over the data: an inner loop that trains, or a call such as `train_epoch()`."""
    inner = [node for part in loop.body for node in ast.walk(part)]
    loops = (node for node in inner if isinstance(node, (ast.For, ast.While)))
    calls = (called_name(node) for node in inner if isinstance(node, ast.Call))
    return any(_is_pass(node) for node in loops) or any(name in _PASSES for name in calls)


def _is_pass(loop: ast.For | ast.While) -> bool:
    """Whether a loop is a pass over the data; a loop over a range is one if its count speaks of batches."""
    if not _trains(loop):
        return False
    count = _range(loop.iter) if isinstance(loop, ast.For) else None
    if count is None:
        return True
    return bool(_BATCHES & _count_words(count))


def _while(module: Module, loop: ast.While) -> Iterator[Mention]:
    test = loop.test
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], (ast.Lt, ast.LtE))):
        return
    variable = set(words(last_name(test.left)))
    is_steps = variable & _STEP_WORDS and _trains(loop)
    kind = Kind.EPOCHS if variable & _EPOCH_WORDS else Kind.TRAIN_STEPS if is_steps else None
    if kind is not None:
        name = "epochs" if kind is Kind.EPOCHS else "steps"
        yield Mention(module, test.comparators[0], name, Form.RANGE, Meaning(kind), strong=True)
