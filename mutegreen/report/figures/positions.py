"""Position the values of a hyperparameter on an axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mutegreen.model import JOINT
from mutegreen.report.figures.scales import is_spread
from mutegreen.report.figures.style import shorten
from mutegreen.report.units import value_label, value_labels

_DIGITS = 3
_MAX_CHARACTERS = 22
_FEW_LABELS, _SHORT_LABEL = 4, 6
"""Number of labels, and characters of a label, that fit horizontally on an axis; more are rotated."""


@dataclass(frozen=True)
class Positions:
    """Positions of values, and their labels.

    Attributes:
        at: The position of each value.
        labels: The labels of positions 0, 1, 2 and so on; None: the values are numbers, and positions are values.
    """

    at: dict[float | str | None, float]
    labels: tuple[str, ...] | None

    @property
    def is_logarithmic(self) -> bool:
        """Whether the values are numbers over several orders of magnitude."""
        return self.labels is None and is_spread(list(self.at.values()))

    @property
    def upright_characters(self) -> int:
        """Length of the longest label if labels are rotated; 0 if they are horizontal."""
        longest = max(map(len, self.labels or ("",)))
        upright = len(self.labels or ()) > _FEW_LABELS or longest > _SHORT_LABEL
        return longest if upright else 0

    @classmethod
    def of(cls, several: Sequence[float | str | None]) -> Positions:
        """Return numbers at their values, anything else at 0, 1, 2 and so on in the given order."""
        unique = list(dict.fromkeys(several))
        if all(isinstance(value, float) for value in unique):
            return cls({value: value for value in unique if isinstance(value, float)}, None)
        labels = value_labels_of(unique)
        return cls({value: float(place) for place, value in enumerate(unique)}, tuple(labels))


def value_labels_of(several: Sequence[float | str | None]) -> list[str]:
    """Return short labels of values, different for different ones; values of several hyperparameters have a comma."""
    shown = [_words(value) if isinstance(value, str) else value for value in several]
    different = len(set(shown)) == len(set(several))
    return value_labels(shown if different else several)


def _words(text: str) -> str:
    return shorten(", ".join(_part(part) for part in text.split(JOINT)), _MAX_CHARACTERS)


def _part(text: str) -> str:
    try:
        return value_label(float(text), _DIGITS)
    except ValueError:
        return text.strip()
