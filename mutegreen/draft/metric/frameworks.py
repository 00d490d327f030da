"""Finds the metrics that libraries print: keras' `fit`, Lightning's `self.log`, Hugging Face's Trainer."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace

from mutegreen.draft.metric import metric_words
from mutegreen.draft.metric.candidates import MetricCandidate
from mutegreen.draft.metric.metric_words import TEST, TRAINING, UNKNOWN, VALIDATION
from mutegreen.draft.metric.pattern import VALUE
from mutegreen.model import Goal
from mutegreen.model.metric_words import metrics_in
from mutegreen.scan.source.calls import called_name, text_of
from mutegreen.scan.source.module import Module

_KERAS = frozenset({"keras", "tensorflow", "tf_keras", "tensorflow_addons"})
_LIGHTNING = frozenset({"pytorch_lightning", "lightning", "lightning_fabric"})
_SCORES = {TEST: 28, VALIDATION: 27, UNKNOWN: 10, TRAINING: -2}


def library_metrics(module: Module, file: str) -> list[MetricCandidate]:
    """Return the metrics that libraries print for a module, the likeliest first.

    Args:
        module: The source file.
        file: Its path in messages.
    """
    metrics: list[MetricCandidate] = []
    if module.roots & _KERAS:
        metrics += _keras(module)
    if module.roots & _LIGHTNING:
        metrics += _lightning(module)
    if "transformers" in module.roots:
        metrics += _transformers(module)
    if "sklearn" in module.roots:
        metrics += _report(module)
    if "display_summary" in module.text.text:
        metrics += _meters(module)
    placed = [replace(metric, place=f"{file}:{metric.place}") for metric in metrics]
    return sorted(placed, key=lambda metric: -metric.score)


def _keras(module: Module) -> Iterator[MetricCandidate]:
    """`fit` prints `loss: 0.3 - accuracy: 0.9 - val_loss: 0.4 - val_accuracy: 0.8`, in this or another order."""
    for call in _calls(module, "fit", "fit_generator"):
        options = {word.arg: word.value for word in call.keywords if word.arg}
        verbose = options.get("verbose")
        if isinstance(verbose, ast.Constant) and verbose.value == 0:
            continue
        validated = any(not _is_none(options.get(name)) for name in ("validation_data", "validation_split"))
        for name in (*_compiled_metrics(module), "loss"):
            label = rf"\bval_{_spelled(name)}" if validated else rf"(?<!\w){_spelled(name)}"
            yield _candidate(name, VALIDATION if validated else TRAINING, rf"{label}:\s*{VALUE}", module, call)


def _spelled(name: str) -> str:
    """Return the name as keras prints it: old versions print `acc` where the program says `accuracy`."""
    return "acc(?:uracy)?" if name in {"acc", "accuracy"} else re.escape(name)


def _compiled_metrics(module: Module) -> list[str]:
    names = []
    for call in _calls(module, "compile"):
        for word in call.keywords:
            if word.arg == "metrics" and isinstance(word.value, (ast.List, ast.Tuple)):
                names += [name for item in word.value.elts if (name := _metric_name(item))]
    return list(dict.fromkeys(names))


def _metric_name(node: ast.expr) -> str:
    """`"accuracy"`, or `keras.metrics.SparseCategoricalAccuracy(name=...)`, which prints its name in snake case."""
    if isinstance(node, ast.Call):
        named = next((text_of(word.value) for word in node.keywords if word.arg == "name"), "")
        return named or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", called_name(node)).lower()
    return text_of(node)


def _lightning(module: Module) -> Iterator[MetricCandidate]:
    """`self.log` values appear in the table of `test` and `validate`, and with `prog_bar=True` in the progress bar."""
    tested = {split for name, split in (("test", TEST), ("validate", VALIDATION)) if list(_calls(module, name))}
    for call in _calls(module, "log", "log_dict"):
        shown = any(word.arg == "prog_bar" and not _is_false(word.value) for word in call.keywords)
        for name in _logged_names(call):
            split = _split(module, call, name)
            if split in tested or shown:
                label = rf"\b{re.escape(name)}"
                yield _candidate(name, split, rf"{label}[^\w-]+{VALUE}", module, call)


def _logged_names(call: ast.Call) -> list[str]:
    first = call.args[0] if call.args else None
    if isinstance(first, ast.Dict):
        return [text for key in first.keys if (text := text_of(key))]
    return [text_of(first)] if text_of(first) else []


def _split(module: Module, call: ast.Call, name: str) -> int:
    for text in (name, *module.function_names(call)):
        split = metric_words.split_in(text)
        if split is not None:
            return split
    return UNKNOWN


def _transformers(module: Module) -> Iterator[MetricCandidate]:
    """Yield the metrics of the Trainer.

    It prints `{'eval_loss': 0.3, 'eval_accuracy': 0.9, ...}` when it evaluates, at the end `train_loss`.
    """
    calls = [call for name in ("Trainer", "Seq2SeqTrainer", "SFTTrainer") for call in _calls(module, name)]
    for call in calls:
        for name in (*_computed_metrics(module), "loss"):
            pattern = rf"'eval_{re.escape(name)}\w*':\s*'?{VALUE}"
            if _evaluates(module):
                yield _candidate(name, VALIDATION, pattern, module, call)
        yield _candidate("loss", TRAINING, rf"'train_loss':\s*'?{VALUE}", module, call)


def _evaluates(module: Module) -> bool:
    names = {"evaluation_strategy", "eval_strategy", "do_eval"}
    words = (word for call in module.nodes if isinstance(call, ast.Call) for word in call.keywords)
    chosen = any(word.arg in names and text_of(word.value) != "no" for word in words)
    return chosen or any(True for _ in _calls(module, "evaluate"))


def _computed_metrics(module: Module) -> list[str]:
    """Return the keys that `compute_metrics` returns, and the metrics that `evaluate.load("accuracy")` computes."""
    names = [
        text_of(key)
        for node in module.nodes
        if isinstance(node, ast.Dict) and "compute_metrics" in module.function_names(node)
        for key in node.keys
    ]
    loads = [text_of(call.args[0]) for call in _calls(module, "load", "load_metric") if call.args]
    return [name for name in dict.fromkeys([*names, *loads]) if name and metrics_in(name)]


def _report(module: Module) -> Iterator[MetricCandidate]:
    """scikit-learn's `classification_report` has a line `accuracy   0.97   450`."""
    for call in _calls(module, "classification_report"):
        if isinstance(module.parents.get(call), ast.Call):
            yield _candidate("accuracy", UNKNOWN, rf"^\s*accuracy\s+{VALUE}", module, call)


def _meters(module: Module) -> Iterator[MetricCandidate]:
    """Yield the meters of PyTorch's ImageNet example, which many programs copy: ` *   Acc@1 71.2 Acc@5 90.1`."""
    for call in _calls(module, "AverageMeter"):
        name = text_of(call.args[0]) if call.args else ""
        named = metrics_in(name)
        if named and not name.startswith("Loss"):
            yield _candidate(name, VALIDATION, rf"^\s*\*.*\b{re.escape(name)}\s+{VALUE}", module, call)


def _candidate(name: str, split: int, pattern: str, module: Module, call: ast.Call) -> MetricCandidate:
    named = metrics_in(name)
    metric = named[-1] if named else None
    return MetricCandidate(
        pattern=pattern,
        goal=metric.goal if metric else Goal.MAXIMIZE,
        metric=metric.name if metric else name,
        split=split,
        score=_SCORES[split] + (metric.weight if metric else 0),
        place=str(call.lineno),
        source=module.text.lines[call.lineno - 1].strip(),
    )


def _calls(module: Module, *names: str) -> Iterator[ast.Call]:
    return (node for node in module.nodes if isinstance(node, ast.Call) and called_name(node) in names)


def _is_none(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value is None)


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and not node.value
