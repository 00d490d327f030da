"""Does a call evaluate instead of train? `test_loader = DataLoader(data, batch_size=100)` does, by its names."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mutegreen.scan.names.words import words
from mutegreen.scan.source.calls import called_name, dotted, last_name
from mutegreen.scan.source.module import Module

_EVALUATING = frozenset(
    {"evaluate", "predict", "evaluate_generator", "predict_generator", "predict_classes", "predict_proba"}
)
_HOOKS = frozenset({"val_dataloader", "test_dataloader", "predict_dataloader"})
"""Methods that return evaluation data to Lightning."""
_EVAL_WORDS = frozenset({"eval", "query", "gallery", "holdout"})


def is_evaluation(module: Module, call: ast.Call) -> bool:
    """Return whether a call makes or uses data for evaluation only.

    The first of these names decides that has the word train, or a word of evaluation: the function that is called, the
    data that it gets, the variable or key that gets its result, the function around it.
    """
    hook = next(iter(module.function_names(call)), "")
    if called_name(call) in _EVALUATING or hook in _HOOKS:
        return True
    return next((answer for answer in map(_is_evaluation_name, _names(module, call)) if answer is not None), False)


def _is_evaluation_name(name: str) -> bool | None:
    """Whether a name speaks of evaluation; None: neither of it nor of training."""
    parts = set(words(name))
    if "train" in parts:
        return False
    return True if parts & _EVAL_WORDS else None


def _names(module: Module, call: ast.Call) -> Iterator[str]:
    yield called_name(call)
    for argument in [*call.args[:1], *(word.value for word in call.keywords if word.arg in _DATA)]:
        yield from _data_names(argument)
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
    if receiver is not None:
        yield dotted(receiver)
        yield from (text for text in _texts(receiver))
    yield from (text for word in call.keywords if word.arg in {"subset", "split"} for text in _texts(word.value))
    yield from _around(module, call)


_DATA = frozenset({"dataset", "data", "subset", "split", "directory", "generator", "x"})


def _data_names(node: ast.expr) -> Iterator[str]:
    yield last_name(node)
    if isinstance(node, ast.Subscript):
        yield from _texts(node.slice)
        yield last_name(node.value)
    elif isinstance(node, ast.Call):
        if any(word.arg == "train" and isinstance(word.value, ast.Constant) for word in node.keywords):
            is_train = next(
                w.value.value for w in node.keywords if w.arg == "train" and isinstance(w.value, ast.Constant)
            )
            yield "train" if is_train else "eval"
        yield called_name(node)
        yield from (last_name(argument) for argument in node.args)
        yield from (text for word in node.keywords for text in _texts(word.value))


def _texts(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and len(inner.value) < 80:
            yield inner.value


def _around(module: Module, call: ast.Call) -> Iterator[str]:
    inner: ast.AST = call
    for node in module.ancestors(call):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            yield last_name(node.targets[0])
            if isinstance(node.targets[0], ast.Subscript):
                yield from _texts(node.targets[0].slice)
        elif isinstance(node, ast.Dict) and inner in node.values:
            key = node.keys[node.values.index(inner)]
            yield from _texts(key) if key is not None else ()
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name
            return
        inner = node
