"""A hyperparameter as a draft suggests it: with its site, its operator, and whether it should be mutated."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mutegreen import catalog
from mutegreen.model import Hyperparameter, Kind, Value

_FAMILIAR = 40


@dataclass(frozen=True)
class Entry:
    """A suggested hyperparameter.

    Attributes:
        hyperparameter: What goes into the file.
        place: File and line of its literal.
        source: That line.
        why_not: Why it is only a comment for the user to judge; None: it is mutated.
        settable: Whether it would work without the comment mark.
    """

    hyperparameter: Hyperparameter
    place: str
    source: str = ""
    why_not: str | None = None
    settable: bool = True

    @property
    def operator(self) -> str | None:
        """The operator for it."""
        found = catalog.operator_for(self.hyperparameter)
        return found.name if found is not None else None

    @property
    def only_lacks_operator(self) -> bool:
        """Whether nothing speaks against it but that no operator is made for its kind."""
        return self.operator is None and self.why_not == unsuited(self.hyperparameter)


def unsuited(hyperparameter: Hyperparameter) -> str | None:
    """Why no operator makes mutants of a hyperparameter; None: one does."""
    operator = catalog.operator_for(hyperparameter)
    default = hyperparameter.default
    if operator is None:
        return f"no operator is made for the kind {hyperparameter.kind}"
    by_hand = "`mutegreen run --values NAME=A,B` gives it values"
    try:
        found = operator.values(default, 1, random.Random(0))
    except ValueError as error:
        return f"operator {operator.name} {error}; {by_hand}"
    return None if found else f"operator {operator.name} finds no other value from {default}; {by_hand}"


def named(entries: Sequence[Entry]) -> list[Entry]:
    """The entries with names of their own: the kind where it is the only one of those before it, else the program's.

    Those to mutate come first, so that they have the plain names.
    """
    taken: set[str] = set()
    found = []
    rivals = Counter(entry.hyperparameter.kind for entry in entries if entry.why_not is None)
    for entry in entries:
        kind, own = entry.hyperparameter.kind, entry.hyperparameter.name
        is_plain = kind is not Kind.OTHER and rivals[kind] <= 1 and str(kind) not in taken
        name = _free(str(kind) if is_plain else _usable(own, kind), taken)
        taken.add(name)
        found.append(replace(entry, hyperparameter=replace(entry.hyperparameter, name=name)))
    return found


def _usable(own: str, kind: Kind) -> str:
    name = "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "_" for c in own).strip("_-")
    good = name[:1].isalpha() and 1 < len(name) <= _FAMILIAR and name not in {"original", "identity"}
    return name if good else str(kind)


def _free(name: str, taken: set[str]) -> str:
    return next(n for n in (name, *(f"{name}_{number}" for number in range(2, 10_000))) if n not in taken)


def as_number(value: Value) -> Value:
    """A number that a parser is given as a text (`default="0.1"`), as a number."""
    if not isinstance(value, str):
        return value
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value
