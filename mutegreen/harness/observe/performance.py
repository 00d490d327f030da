"""Performance and loss, read from a training's output line by line, or from the file that it wrote."""

from __future__ import annotations

import contextlib
import json
import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mutegreen.harness.process.command import OutputLine
from mutegreen.model import Epoch, Performance

LOSS = re.compile(r"(?i)loss\w*['\"]?\s*[:=]?\s*(?:tensor\()?([-+]?(?:(?:nan|inf(?:inity)?)\b|\d[\d.]*(?:e[-+]?\d+)?))")
"""How trainings print a loss: `loss: 0.31`, `Average loss: nan`, `{'loss': 1e-3}`, `val_loss=inf`."""


SEARCHED_CHARACTERS = 4096
"""Of a line this much is searched for losses and complaints: megabytes without a line end hold neither."""

_NO_FIGURE = (ValueError, KeyError, IndexError, TypeError)
"""What a document without a number at a key raises."""


@dataclass
class OutputReader:
    """Follows the output: all figures of performance, the last loss, the value of each evidence pattern.

    `figures` holds the last of each further figure of performance that was found, by name.
    """

    performance: Performance
    evidence: dict[str, str] = field(default_factory=dict)
    epochs: list[Epoch] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    last_loss: float | None = None
    seen: dict[str, str] = field(default_factory=dict)
    unreadable: str | None = None
    """The last match of the performance pattern, if that is no number: a pattern that matches too much."""

    def __post_init__(self) -> None:
        self._pattern = re.compile(self.performance.pattern) if self.performance.pattern else None
        self._loss = re.compile(self.performance.loss) if self.performance.loss else LOSS
        self._also = {each.name: re.compile(each.pattern) for each in self.performance.also if each.pattern}
        self._evidence = {name: re.compile(pattern) for name, pattern in self.evidence.items()}

    def feed(self, line: OutputLine) -> None:
        """Takes the next line."""
        if self._pattern is not None:
            for match in self._pattern.finditer(line.text):
                self._take(match, line.time_s)
        for name, pattern in self._also.items():
            for match in pattern.finditer(line.text):
                self._keep(name, _figure(match))
        for match in self._loss.finditer(line.text, 0, SEARCHED_CHARACTERS):
            if (loss := _number(_captured(match))) is not None:
                self.last_loss = loss
        for name, pattern in self._evidence.items():
            if match := pattern.search(line.text):  # type: ignore[assignment]
                self.seen[name] = _captured(match)

    def _take(self, match: re.Match[str], time_s: float) -> None:
        figure = _figure(match)
        if figure is None:
            self.unreadable = match[0]
        else:
            self.unreadable = None
            self.epochs.append(Epoch(figure, time_s))

    def _keep(self, name: str, figure: float | None) -> None:
        """Takes a further figure; after one that cannot be read, an earlier one would be out of date."""
        self.figures.pop(name, None)
        if figure is not None:
            self.figures[name] = figure

    def read_file(self, workdir: Path) -> str | None:
        """Reads the file of results, if the subject has one; what is wrong with it, or None."""
        if self.performance.file is None or self.performance.key is None:
            return None
        try:
            document = json.loads((workdir / self.performance.file).read_text(encoding="utf-8"))
            self.epochs = [Epoch(figure, None) for figure in _figures_at(document, self.performance.key)]
        except OSError as error:
            return f"{self.performance.file} cannot be read: {error.strerror}"
        except _NO_FIGURE as error:
            return f"{self.performance.file} has no number at {self.performance.key}: {type(error).__name__} {error}"
        self._read_further(document)
        return None if self.epochs else f"{self.performance.file} has an empty list at {self.performance.key}"

    def _read_further(self, document: Any) -> None:
        for each in self.performance.also:
            if each.key is not None:
                with contextlib.suppress(*_NO_FIGURE):
                    self.figures[each.name] = _figures_at(document, each.key)[-1]

    @property
    def result(self) -> float | None:
        """The last figure of performance; None if there was none."""
        return self.epochs[-1].performance if self.epochs else None

    @property
    def diverged(self) -> bool:
        """Whether the last loss or the result is not a finite number."""
        return any(v is not None and not math.isfinite(v) for v in (self.last_loss, self.result))


def _figures_at(document: Any, key: str) -> list[float]:
    """The figure, or the list of them, at a dotted key; one of `_NO_FIGURE` where there is none."""
    for part in key.split("."):
        document = document[int(part)] if isinstance(document, list) else document[part]
    return [float(figure) for figure in (document if isinstance(document, list) else [document])]


def _figure(match: re.Match[str]) -> float | None:
    groups = match.groupdict()
    figure = _number(groups.get("value") or _captured(match))
    whole = _number(groups["of"]) if groups.get("of") else 1.0
    if figure is None or whole is None:
        return None
    return figure / whole if whole else math.nan


def _captured(match: re.Match[str]) -> str:
    """What the first group that took part in a match holds: of `acc (.+)|accuracy (.+)` it may be the second."""
    return next((text for text in match.groups() if text is not None), "")


def _number(text: str) -> float | None:
    """The number that a text spells, which may be nan or inf; None if it spells none."""
    try:
        return float(text.rstrip("%,.;"))
    except ValueError:
        return None
