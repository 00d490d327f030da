"""Makes a regular expression that finds one value of a printed line and no other value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mutegreen.draft.metric.template import Hole, Template

VALUE = r"(?P<value>[-+.\w]+)"
_FRACTION = r"(?P<value>[\d.]+)/(?P<of>\d+)"
_SAMPLE = "0.5"
_LEADING = re.compile(r"^[\s:,;|)\]}%(\[{*.>=~\-]+")


@dataclass(frozen=True)
class MetricHole:
    """A hole of a line: the one that holds the metric.

    Attributes:
        line: The template of the line.
        index: The hole's index in the template.
    """

    line: Template
    index: int

    @property
    def hole(self) -> Hole:
        """The entry of `line` at `index`."""
        hole = self.line[self.index]
        assert isinstance(hole, Hole)
        return hole

    @property
    def before(self) -> str:
        """The text directly before the hole."""
        text = self.line[self.index - 1] if self.index else ""
        return text if isinstance(text, str) else ""

    @property
    def after(self) -> str:
        """The text directly after the hole."""
        text = self.line[self.index + 1] if self.index + 1 < len(self.line) else ""
        return text if isinstance(text, str) else ""

    @property
    def is_fraction(self) -> bool:
        """Whether it is the first number of `57/60`."""
        beyond = self.line[self.index + 2 : self.index + 3]
        return self.after.strip() == "/" and bool(beyond) and isinstance(beyond[0], Hole)


def pattern(target: MetricHole, others: Iterable[Template], tensors: bool = False) -> str:
    """Return the shortest of a few expressions that finds the target and no hole of other lines.

    Args:
        target: The hole that holds the metric.
        others: All printed lines, including its own.
        tensors: Whether a value may be printed as `tensor(0.5)`.
    """
    number = _FRACTION if target.is_fraction else VALUE
    if tensors and target.hole.raw and not target.hole.source.endswith((".item()", ")")):
        number = rf"(?:tensor\()?{number}"
    tries = list(_tries(target, number))
    other = [line for line in others if shape(line) != shape(target.line)]
    return next((one for one in tries if _finds_only(one, target, other)), tries[0])


def shape(line: Template) -> tuple[str | None, ...]:
    """Return the texts of a line, with None for its holes; lines of the same shape look the same in the output."""
    return tuple(part if isinstance(part, str) else None for part in line)


def _tries(target: MetricHole, number: str) -> Iterator[str]:
    label = _LEADING.sub("", target.before)
    if re.search(r"[^\W\d]", label):
        yield _boundary(label) + _spelled(label, target.hole) + number
        yield _line_so_far(target, ".*?") + number
    elif any(isinstance(part, str) and re.search(r"[^\W\d]", part) for part in target.line[: target.index]):
        yield _line_so_far(target, r"\S+") + number
    yield "^" + _line_so_far(target, r"\S+") + number + _to_the_end(target)


def _boundary(label: str) -> str:
    return r"\b" if re.match(r"\w", label) else ""


def _spelled(text: str, hole: Hole) -> str:
    """Return a text as an expression; white space before a number may be wider than in the source."""
    body = text.rstrip()
    gap = r"\s*" if body != text or hole.spec[:1].isdigit() else ""
    return r"\s+".join(re.escape(word).replace(r"\-", "-").replace(r"\ ", " ") for word in body.split()) + gap


def _line_so_far(target: MetricHole, hole: str) -> str:
    parts = target.line[: target.index]
    start = parts[0].lstrip() if parts and isinstance(parts[0], str) else None
    return "".join(_part(part, hole) for part in (parts if start is None else (start, *parts[1:])))


def _to_the_end(target: MetricHole) -> str:
    return "".join(_part(part, r"\S+") for part in target.line[target.index + 1 :]).rstrip() + "$"


def _part(part: str | Hole, hole: str) -> str:
    if isinstance(part, Hole):
        return hole
    return r"\s+".join(re.escape(word).replace(r"\-", "-") for word in re.split(r"\s+", part))


def _finds_only(expression: str, target: MetricHole, others: Iterable[Template]) -> bool:
    """Whether an expression finds the target in its own line, once, and nothing in the other lines."""
    text, starts = sample(target.line)
    positions = [match.start("value") for match in re.finditer(expression, text)]
    if positions != [starts[target.index]]:
        return False
    return not any(re.search(expression, sample(other)[0]) for other in others)


def sample(line: Template) -> tuple[str, dict[int, int]]:
    """Return an example of a line, and the position of each of its holes."""
    text, starts = "", {}
    for index, part in enumerate(line):
        starts[index] = len(text)
        text += _SAMPLE if isinstance(part, Hole) else part
    return text, starts
