"""What an audit is going to train."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mutegreen.model.names import IDENTITY, JOINT, ORIGINAL, Value


@dataclass(frozen=True)
class Change:
    """One hyperparameter at another value than the original's; `operator` gave the value."""

    hyperparameter: str
    value: Value
    default: Value
    operator: str


@dataclass(frozen=True)
class Mutant:
    """The subject with one hyperparameter changed, or with several at once: a mutant of higher order.

    `id` is `original`, `identity` or `<hyperparameter>=<value>`, once for each change; it is unique within an audit.
    """

    id: str
    changes: tuple[Change, ...] = ()

    @classmethod
    def of(cls, *changes: Change) -> Mutant:
        """Return the mutant that makes these changes, named after them."""
        return cls(JOINT.join(f"{change.hyperparameter}={change.value}" for change in changes), changes)

    @property
    def is_original(self) -> bool:
        """Whether this is the unchanged program, against which mutants are compared."""
        return self.id == ORIGINAL

    @property
    def order(self) -> int:
        """How many hyperparameters are changed at once; 0 for the original and for `identity`."""
        return len(self.changes)

    @property
    def operator(self) -> str:
        """The operator, those of several changes joined; empty for the original."""
        return JOINT.join(change.operator for change in self.changes) or ("" if self.is_original else IDENTITY)

    @property
    def hyperparameter(self) -> str | None:
        """What is changed, the names of several joined; None for the original."""
        return JOINT.join(change.hyperparameter for change in self.changes) or (None if self.is_original else IDENTITY)

    @property
    def value(self) -> Value | None:
        """The new value, those of several changes joined to a text; None where nothing is changed."""
        return _joint([change.value for change in self.changes])

    @property
    def default(self) -> Value | None:
        """The original's value, as `value`."""
        return _joint([change.default for change in self.changes])


def _joint(values: Sequence[Value]) -> Value | None:
    if len(values) == 1:
        return values[0]
    return JOINT.join(map(str, values)) if values else None


@dataclass(frozen=True)
class Trial:
    """One planned training.

    Args:
        number: Its place in the audit's order, from 1.
        mutant: Id of the mutant.
        block: Block, from 0; a block holds one repetition of the original and of every mutant.
        position: Place within the block, from 0.
        repetition: Repetition of this mutant, from 0 (equal to the block).
        seed: Seed of the repetition, the same for all mutants of a block; None: the subject takes no seed.
    """

    number: int
    mutant: str
    block: int
    position: int
    repetition: int
    seed: int | None
