"""Finds metrics in the output of a test run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mutegreen.draft.metric.candidates import MetricCandidate
from mutegreen.draft.metric.printed_lines import PrintedLine
from mutegreen.draft.metric.template import Hole, Template
from mutegreen.harness.observe.performance import OutputReader
from mutegreen.harness.process.command import OutputLine
from mutegreen.model import Performance

_NUMBER = re.compile(r"(?<![\w.@#-])[-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?|\.\d+|nan|inf)(?![\w@])", re.IGNORECASE)
_LONGEST = 1000


def line_templates(output: Iterable[str]) -> list[PrintedLine]:
    """Return the templates of the lines with numbers, each once, in the order of their last appearance."""
    shapes: dict[tuple[str | None, ...], Template] = {}
    for text in output:
        line = _template(text[:_LONGEST])
        if len(line) > 1:
            key = tuple(part if isinstance(part, str) else None for part in line)
            shapes.pop(key, None)
            shapes[key] = line
    return [PrintedLine(line) for line in shapes.values()]


def _template(text: str) -> Template:
    parts: list[str | Hole] = []
    end = 0
    for match in _NUMBER.finditer(text):
        parts += [text[end : match.start()], Hole("")]
        end = match.end()
    return tuple(part for part in (*parts, text[end:]) if part != "")


def read_values(metric: MetricCandidate, output: Sequence[str]) -> list[float]:
    """Return the values that an audit would read from this output with a metric's pattern."""
    reader = OutputReader(Performance(pattern=metric.pattern))
    for text in output:
        reader.feed(OutputLine(0.0, "out", text))
    return [epoch.performance for epoch in reader.epochs]


def first_matching(
    metrics: Iterable[MetricCandidate], output: Sequence[str]
) -> tuple[MetricCandidate, list[float]] | None:
    """Return the first metric whose pattern finds values in the output, and these values."""
    for metric in metrics:
        values = read_values(metric, output)
        if values:
            return metric, values
    return None
