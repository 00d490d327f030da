"""Reads figures out of what a trial run printed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mutegreen.draft.metric.candidates import Figure
from mutegreen.draft.metric.printed import Printed
from mutegreen.draft.metric.template import Hole, Template
from mutegreen.harness.observe.performance import OutputReader
from mutegreen.harness.process.command import OutputLine
from mutegreen.model import Performance

_NUMBER = re.compile(r"(?<![\w.@#-])[-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?|\.\d+|nan|inf)(?![\w@])", re.IGNORECASE)
_LONGEST = 1000


def seen_lines(output: Iterable[str]) -> list[Printed]:
    """The shapes of the lines that hold numbers, each once, in the order of their last appearance."""
    shapes: dict[tuple[str | None, ...], Template] = {}
    for text in output:
        line = _template(text[:_LONGEST])
        if len(line) > 1:
            key = tuple(part if isinstance(part, str) else None for part in line)
            shapes.pop(key, None)
            shapes[key] = line
    return [Printed(line) for line in shapes.values()]


def _template(text: str) -> Template:
    parts: list[str | Hole] = []
    end = 0
    for match in _NUMBER.finditer(text):
        parts += [text[end : match.start()], Hole("")]
        end = match.end()
    return tuple(part for part in (*parts, text[end:]) if part != "")


def readings(figure: Figure, output: Sequence[str]) -> list[float]:
    """What an audit would read with a figure's pattern from this output."""
    reader = OutputReader(Performance(pattern=figure.pattern))
    for text in output:
        reader.feed(OutputLine(0.0, "out", text))
    return [epoch.performance for epoch in reader.epochs]


def confirmed(figures: Iterable[Figure], output: Sequence[str]) -> tuple[Figure, list[float]] | None:
    """The first figure whose pattern finds numbers in the output, and these numbers."""
    for figure in figures:
        found = readings(figure, output)
        if found:
            return figure, found
    return None
