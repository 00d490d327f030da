"""Read performance and loss from a training's output, line by line, or from the file that it writes."""

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
"""Matches printed losses: `loss: 0.31`, `Average loss: nan`, `{'loss': 1e-3}`, `val_loss=inf`."""


SEARCHED_CHARACTERS = 4096
"""Only the first characters of a line are searched for losses and error messages, as a line may hold megabytes."""

_NO_VALUE = (ValueError, KeyError, IndexError, TypeError)
"""Exceptions that a document without a number at a key raises."""


@dataclass
class OutputReader:
    """Reads the output: all values of performance, the last loss, the value of each evidence pattern.

    Args:
        performance: How performance and loss are read.
        evidence: Regular expressions over the output, by hyperparameter.

    Attributes:
        epochs: All values of performance, each with its time.
        extra_metrics: The last value of each extra metric that was found, by name.
        last_loss: The last loss.
        seen: The last match of each evidence pattern, by hyperparameter.
    """

    performance: Performance
    evidence: dict[str, str] = field(default_factory=dict)
    epochs: list[Epoch] = field(default_factory=list)
    extra_metrics: dict[str, float] = field(default_factory=dict)
    last_loss: float | None = None
    seen: dict[str, str] = field(default_factory=dict)
    unreadable: str | None = None
    """The last match of the performance pattern if it is not a number: the pattern matches too much."""

    def __post_init__(self) -> None:
        self._pattern = re.compile(self.performance.pattern) if self.performance.pattern else None
        self._loss = re.compile(self.performance.loss) if self.performance.loss else LOSS
        self._also = {each.name: re.compile(each.pattern) for each in self.performance.also if each.pattern}
        self._evidence = {name: re.compile(pattern) for name, pattern in self.evidence.items()}

    def feed(self, line: OutputLine) -> None:
        """Process the next line."""
        if self._pattern is not None:
            for match in self._pattern.finditer(line.text):
                self._take(match, line.time_s)
        for name, pattern in self._also.items():
            for match in pattern.finditer(line.text):
                self._keep(name, _value(match))
        for match in self._loss.finditer(line.text, 0, SEARCHED_CHARACTERS):
            if (loss := _number(_captured(match))) is not None:
                self.last_loss = loss
        for name, pattern in self._evidence.items():
            if match := pattern.search(line.text):  # type: ignore[assignment]
                self.seen[name] = _captured(match)

    def _take(self, match: re.Match[str], time_s: float) -> None:
        value = _value(match)
        if value is None:
            self.unreadable = match[0]
        else:
            self.unreadable = None
            self.epochs.append(Epoch(value, time_s))

    def _keep(self, name: str, value: float | None) -> None:
        """Keep a value of an extra metric; one that cannot be read removes the earlier one, which is out of date."""
        self.extra_metrics.pop(name, None)
        if value is not None:
            self.extra_metrics[name] = value

    def read_file(self, workdir: Path) -> str | None:
        """Read the file of results, if the subject has one.

        Returns:
            What is wrong with the file; None: nothing, or there is no file.
        """
        if self.performance.file is None or self.performance.key is None:
            return None
        try:
            document = json.loads((workdir / self.performance.file).read_text(encoding="utf-8"))
            self.epochs = [Epoch(value, None) for value in _values_at(document, self.performance.key)]
        except OSError as error:
            return f"{self.performance.file} cannot be read: {error.strerror}"
        except _NO_VALUE as error:
            return f"{self.performance.file} has no number at {self.performance.key}: {type(error).__name__} {error}"
        self._read_extra_metrics(document)
        return None if self.epochs else f"{self.performance.file} has an empty list at {self.performance.key}"

    def _read_extra_metrics(self, document: Any) -> None:
        for each in self.performance.also:
            if each.key is not None:
                with contextlib.suppress(*_NO_VALUE):
                    self.extra_metrics[each.name] = _values_at(document, each.key)[-1]

    @property
    def result(self) -> float | None:
        """The last value of performance; None: there is none."""
        return self.epochs[-1].performance if self.epochs else None

    @property
    def diverged(self) -> bool:
        """Whether the last loss or the result is not a finite number."""
        return any(v is not None and not math.isfinite(v) for v in (self.last_loss, self.result))


def _values_at(document: Any, key: str) -> list[float]:
    """Return the number, or the list of numbers, at a dotted key.

    Raises:
        ValueError, KeyError, IndexError or TypeError: There is none.
    """
    for part in key.split("."):
        document = document[int(part)] if isinstance(document, list) else document[part]
    return [float(value) for value in (document if isinstance(document, list) else [document])]


def _value(match: re.Match[str]) -> float | None:
    groups = match.groupdict()
    value = _number(groups.get("value") or _captured(match))
    whole = _number(groups["of"]) if groups.get("of") else 1.0
    if value is None or whole is None:
        return None
    return value / whole if whole else math.nan


def _captured(match: re.Match[str]) -> str:
    """Return the text of the first group that matched: for `acc (.+)|accuracy (.+)` it may be the second group."""
    return next((text for text in match.groups() if text is not None), "")


def _number(text: str) -> float | None:
    """Return the number in a text, which may be nan or inf; None: the text is no number."""
    try:
        return float(text.rstrip("%,.;"))
    except ValueError:
        return None
