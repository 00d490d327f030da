"""Define the parts of a plan: changes, mutants and trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mutegreen.model.names import IDENTITY, JOINT, ORIGINAL, Value


@dataclass(frozen=True)
class Change:
    """A value of one hyperparameter that differs from the original's; `operator` computed it."""

    hyperparameter: str
    value: Value
    default: Value
    operator: str


@dataclass(frozen=True)
class Mutant:
    """The subject with one changed value, or with several (a mutant of higher order).

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
        """Whether this is the original, with which mutants are compared."""
        return self.id == ORIGINAL

    @property
    def order(self) -> int:
        """Number of changed hyperparameters; 0 for the original and for `identity`."""
        return len(self.changes)

    @property
    def operator(self) -> str:
        """The operator; for several changes, the operators joined; empty for the original."""
        return JOINT.join(change.operator for change in self.changes) or ("" if self.is_original else IDENTITY)

    @property
    def hyperparameter(self) -> str | None:
        """The changed hyperparameter; for several changes, the names joined; None for the original."""
        return JOINT.join(change.hyperparameter for change in self.changes) or (None if self.is_original else IDENTITY)

    @property
    def value(self) -> Value | None:
        """The new value; for several changes, the values joined as text; None without a change."""
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
        number: Position in the audit, from 1.
        mutant: Id of the mutant.
        block: Block, from 0; a block holds one repetition of the original and of every mutant.
        position: Position in the block, from 0.
        repetition: Repetition of this mutant, from 0 (equal to the block).
        seed: Seed of the repetition, the same for all mutants of a block; None: the subject takes no seed.
    """

    number: int
    mutant: str
    block: int
    position: int
    repetition: int
    seed: int | None
