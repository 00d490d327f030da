"""Ranks the metrics that a program prints as candidates for the performance."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mutegreen.draft.metric import metric_words
from mutegreen.draft.metric.metric_words import TEST, TRAINING, UNKNOWN, VALIDATION
from mutegreen.draft.metric.pattern import MetricHole, pattern, shape
from mutegreen.draft.metric.printed_lines import PrintedLine
from mutegreen.draft.metric.template import Hole, Template
from mutegreen.model import Goal
from mutegreen.model.metric_words import Metric, metrics_in

_OF_SPLIT = {TEST: 30, VALIDATION: 29, UNKNOWN: 14, TRAINING: 0}
"""Scores by data; they outweigh the metrics, as a metric on training data does not show how good the model is."""

_UNSURE, _BEST, _UNLABELLED, _OF_A_BATCH, _SHARED = 5, 4, 6, 2, 3
_CLEAR_WITHOUT_LABEL = 8
"""A metric of at most this weight counts only if the output names it."""

_BATCHES = re.compile(r"(?i)loader|batch|enumerate|data_?iter")
_METERS = re.compile(r"\.(val|value)\b")
"""The last value of an `AverageMeter`, where `val` does not mean validation."""

_AFTER = 24
"""Characters after a number that may contain its name: `91.2% accuracy`."""

SPLITS = {TEST: "test", VALIDATION: "validation", UNKNOWN: "unnamed", TRAINING: "training"}


@dataclass(frozen=True)
class MetricCandidate:
    """A metric that the program prints, as a candidate for the performance.

    Attributes:
        pattern: The regular expression that finds its value.
        goal: Whether a larger or a smaller value is better.
        metric: Its name, such as accuracy.
        split: The data that it is computed on: `metric_words.TEST`, `VALIDATION`, `UNKNOWN` or `TRAINING`.
        score: Its rank: the likeliest performance has the largest score.
        place: File and line that print it; empty: seen in the output, or printed by a library.
        source: That line.
        shared: Whether lines about other data look the same.
    """

    pattern: str
    goal: Goal
    metric: str
    split: int
    score: float
    place: str = ""
    source: str = ""
    shared: bool = False


def metric_candidates(lines: Sequence[PrintedLine], tensors: bool = False) -> list[MetricCandidate]:
    """Return all metrics in printed lines, the likeliest first."""
    metrics = [metric for line in lines for metric in _of_line(line, lines, tensors)]
    order = {id(metric): number for number, metric in enumerate(metrics)}
    return sorted(metrics, key=lambda metric: (-metric.score, -order[id(metric)]))


def _of_line(printed: PrintedLine, lines: Sequence[PrintedLine], tensors: bool) -> Iterator[MetricCandidate]:
    alike = [other for other in lines if shape(other.line) == shape(printed.line)]
    for index, metric, labelled in _named_holes(printed.line):
        target = MetricHole(printed.line, index)
        split = _split(printed, target)
        shared = any(_split(other, MetricHole(other.line, index)) < split for other in alike)
        if labelled or (printed.sure and metric.weight > _CLEAR_WITHOUT_LABEL):
            yield MetricCandidate(
                pattern=pattern(target, (other.line for other in lines), tensors),
                goal=metric.goal,
                metric=metric.name,
                split=split,
                score=_score(printed, target, metric, split) - _UNLABELLED * (not labelled) - _SHARED * shared,
                place=printed.place,
                source=printed.source,
                shared=shared,
            )


def _score(printed: PrintedLine, target: MetricHole, metric: Metric, split: int) -> float:
    score = _OF_SPLIT[split] + metric.weight - _UNSURE * (not printed.sure)
    score -= _OF_A_BATCH * any(_BATCHES.search(text) for text in printed.around)
    return score - _BEST * ("best" in f"{target.before} {target.hole.source}".lower())


def _named_holes(line: Template) -> Iterator[tuple[int, Metric, bool]]:
    """Yield the holes that hold a metric, each with the metric and whether the text before it names it."""
    waiting: list[Metric] = []
    for index, part in enumerate(line):
        if isinstance(part, str):
            waiting = _in_a_row(line, index) if metrics_in(part) else waiting if not _has_words(part) else []
        elif not _is_text_hole(part) and _text(line, index - 1).strip() != "/":
            metric = waiting[0] if waiting else _of_hole(line, index, part)
            if metric is not None:
                yield index, metric, bool(waiting)
            waiting = waiting[1:]


def _in_a_row(line: Template, index: int) -> list[Metric]:
    """Return the metrics of the holes that follow a text.

    `loss and accuracy: {} {}` has both, `loss falls, accuracy {}` only the last. One hole with two names is a list of
    values, and has none.
    """
    text = _text(line, index)
    named = metrics_in(text)
    if metric_words.is_no_metric(_last_words(text)):
        return []
    if len(named) == 1 or not metric_words.is_list(text):
        return named[-1:]
    places = range(index + 1, index + 2 * len(named), 2)
    if all(place < len(line) and isinstance(line[place], Hole) for place in places):
        return named if not any(_has_words(_text(line, place - 1)) for place in places[1:]) else named[-1:]
    return []


def _of_hole(line: Template, index: int, hole: Hole) -> Metric | None:
    """Return the metric in a hole without a name before it, by the hole's expression or by the text after it."""
    named = metrics_in(_METERS.sub("", hole.source))
    before = _text(line, index - 1)
    if named and not metric_words.is_no_metric(f"{before} {hole.source}") and len(_words(before)) <= 1:
        return named[-1]
    return _named_after(line, index)


def _named_after(line: Template, index: int) -> Metric | None:
    text = _text(line, index + 1).lstrip(" %").lower()[:_AFTER]
    named = metrics_in(text.partition(":")[0].partition(",")[0]) if not text.startswith(("|", ",", ";")) else []
    return named[0] if named and index + 2 >= len(line) else None


def _is_text_hole(hole: Hole) -> bool:
    return hole.spec.endswith("s") or bool(hole.words)


def _text(line: Template, index: int) -> str:
    part = line[index] if 0 <= index < len(line) else ""
    return part if isinstance(part, str) else ""


def _has_words(text: str) -> bool:
    return bool(_words(text))


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]{2,}", text)


def _last_words(text: str) -> str:
    return text.replace(",", "|").replace(";", "|").rpartition("|")[2]


def _split(printed: PrintedLine, target: MetricHole) -> int:
    """Return the data of a metric, from the first that names it: label, expression, line, functions or loops around."""
    so_far = "".join(part for part in target.line[: target.index] if isinstance(part, str))
    for text in (target.before, _METERS.sub("", target.hole.source), so_far, *printed.around):
        split = metric_words.split_in(text)
        if split is not None:
            return split
    return UNKNOWN
