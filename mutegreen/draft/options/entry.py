"""A suggested hyperparameter: its site, its operator, and whether it is mutated."""

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
        hyperparameter: The hyperparameter for the file.
        place: File and line of its literal.
        source: That line.
        why_not: Why it becomes a comment; None: it is mutated.
        settable: Whether it works if the user removes the comment mark.
    """

    hyperparameter: Hyperparameter
    place: str
    source: str = ""
    why_not: str | None = None
    settable: bool = True

    @property
    def operator(self) -> str | None:
        """The name of the operator that mutates it; None: there is none."""
        operator = catalog.operator_for(self.hyperparameter)
        return operator.name if operator is not None else None

    @property
    def only_lacks_operator(self) -> bool:
        """Whether the only reason not to mutate it is that no operator exists for its kind."""
        return self.operator is None and self.why_not == unsuited(self.hyperparameter)


def unsuited(hyperparameter: Hyperparameter) -> str | None:
    """Return why no operator can mutate a hyperparameter; None: one can."""
    operator = catalog.operator_for(hyperparameter)
    default = hyperparameter.default
    if operator is None:
        return f"no operator mutates the kind {hyperparameter.kind}"
    by_hand = "set values with `mutegreen run --values NAME=A,B`"
    try:
        values = operator.values(default, 1, random.Random(0))
    except ValueError as error:
        return f"operator {operator.name} {error}; {by_hand}"
    return None if values else f"operator {operator.name} finds no other value than {default}; {by_hand}"


def named(entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries with unique names: the kind if it is unique among those to mutate, else the program's name.

    Entries to mutate come first and get the plain names.
    """
    taken: set[str] = set()
    renamed = []
    rivals = Counter(entry.hyperparameter.kind for entry in entries if entry.why_not is None)
    for entry in entries:
        kind, own = entry.hyperparameter.kind, entry.hyperparameter.name
        is_plain = kind is not Kind.OTHER and rivals[kind] <= 1 and str(kind) not in taken
        name = _free(str(kind) if is_plain else _usable(own, kind), taken)
        taken.add(name)
        renamed.append(replace(entry, hyperparameter=replace(entry.hyperparameter, name=name)))
    return renamed


def _usable(own: str, kind: Kind) -> str:
    name = "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "_" for c in own).strip("_-")
    good = name[:1].isalpha() and 1 < len(name) <= _FAMILIAR and name not in {"original", "identity"}
    return name if good else str(kind)


def _free(name: str, taken: set[str]) -> str:
    return next(n for n in (name, *(f"{name}_{number}" for number in range(2, 10_000))) if n not in taken)


def as_number(value: Value) -> Value:
    """Return a number that the source has as a text (`default="0.1"`) as a number."""
    if not isinstance(value, str):
        return value
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value
