"""What does a name mean, and which values can a kind have? `dropout=0.5`: possible; `dropout=30`: impossible."""

from __future__ import annotations

from dataclasses import dataclass

from mutegreen.model import Kind


@dataclass(frozen=True)
class Meaning:
    """What a name or a use means.

    Attributes:
        kind: The kind of hyperparameter; None: no training hyperparameter.
        why: Why the kind is unsure; None: it is sure.
    """

    kind: Kind | None
    why: str | None = None

    @property
    def sure(self) -> bool:
        """Whether the name alone decides the kind."""
        return self.kind is not None and self.why is None


UNKNOWN = Meaning(None)
"""A name without a known meaning; a use may have one."""

EXCLUDED = Meaning(None, "known to be none")
"""A name that is known to be no training hyperparameter, whatever it is used for."""

_LIMITS: dict[Kind, tuple[float, float, bool]] = {
    Kind.EPOCHS: (1, 1e9, False),
    Kind.LEARNING_RATE: (1e-12, 1e3, False),
    Kind.GAMMA: (1e-6, 1e3, False),
    Kind.BATCH_SIZE: (1, 1e7, True),
    Kind.EVAL_BATCH_SIZE: (1, 1e7, True),
    Kind.MOMENTUM: (0, 1, False),
    Kind.WEIGHT_DECAY: (0, 10, False),
    Kind.DROPOUT: (0, 1, False),
    Kind.HIDDEN: (1, 1e9, True),
    Kind.DEPTH: (1, 1e6, True),
    Kind.STEP_SIZE: (1, 1e12, False),
    Kind.TRAIN_STEPS: (1, 1e12, True),
}
"""Smallest and largest value, and whether it is a whole number."""


def is_number(value: object, low: float = 0.0, high: float = float("inf"), whole: bool = False) -> bool:
    """Return whether a value, or a text that a parser converts, is a number from `low` to `high`; `"01"` is a code."""
    if isinstance(value, bool) or (isinstance(value, str) and value[:1] == "0" and value[1:2].isdigit()):
        return False
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return False
    return low <= number <= high and (not whole or number.is_integer())


def plausible(kind: Kind, value: object) -> bool:
    """Return whether a hyperparameter of a kind can have this value."""
    limits = _LIMITS.get(kind)
    return limits is None or is_number(value, *limits)


def if_plausible(kind: Kind, value: object) -> Meaning:
    """Return the kind, if the value is possible for it; else the name is excluded."""
    return Meaning(kind) if plausible(kind, value) else EXCLUDED


def if_number(kind: Kind, value: object, low: float = 0.0, high: float = float("inf"), whole: bool = False) -> Meaning:
    """Return the kind, if the value is a number from `low` to `high`; else the name is excluded."""
    return Meaning(kind) if is_number(value, low, high, whole) else EXCLUDED
