"""Words around metrics of performance: for the data that they are of, and for what is no metric."""

from __future__ import annotations

import re

from mutegreen.model.metric_words import METRICS, words_of

_NOT_METRICS = re.compile(
    r"(?i)learning.?rate|mixed.?precision|starting|initial|\blr\b|time|elapsed|seconds|\beta\b|memory|grad\w*[ _]?norm"
)

TEST, VALIDATION, UNKNOWN, TRAINING = 4, 3, 1, 0
"""The data of a metric; a larger number says more about the quality of the model."""

_SPLITS = (
    (re.compile(r"(?i)(?<![a-z])(?:test(?:ing|set|s)?|te|eval(?:uat\w*)?)(?![a-z])"), TEST),
    (re.compile(r"(?i)(?<![a-z])(?:val(?:id(?:at\w*|s?)?)?|dev|held.?out|infer\w*|predict\w*)(?![a-z])"), VALIDATION),
    (re.compile(r"(?i)(?<![a-z])(?:train(?:ing|ed)?|tr|mini.?batch|running|fit)(?![a-z])"), TRAINING),
)


def is_list(text: str) -> bool:
    """Return whether a text lists metrics: `loss, accuracy`, `loss and accuracy`."""
    rest = text.replace("_", " ")
    for pattern, _ in METRICS:
        rest = pattern.sub("\0", rest)
    return re.search(r"\0[\s,/&|]*(?:and\s+)?(?:(?:test|val\w*|train\w*)\s+)?\0", rest) is not None


def is_no_metric(text: str) -> bool:
    """Return whether a text names a time, a rate or another number that is no metric."""
    return _NOT_METRICS.search(text) is not None


def split_in(text: str) -> int | None:
    """Return the data that a text names; the last one counts; None: it names none."""
    plain = words_of(text)
    matches = [(match.start(), split) for pattern, split in _SPLITS for match in pattern.finditer(plain)]
    return max(matches)[1] if matches else None
