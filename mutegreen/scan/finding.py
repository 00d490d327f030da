"""What a scan finds: a literal, what it means, and how it is set."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from mutegreen.model import Kind, Value


class Form(StrEnum):
    """How a hyperparameter is written in the source."""

    ARGPARSE = "argparse"
    FLAG = "flag"
    CONSTANT = "constant"
    KEYWORD = "keyword"
    POSITIONAL = "positional"
    PARAMETER = "parameter"
    MAPPING = "mapping"
    FIELD = "field"
    RANGE = "range"
    EXPRESSION = "expression"


@dataclass(frozen=True)
class Finding:
    """One hyperparameter.

    Attributes:
        name: As the program calls it: the flag's destination, variable, argument, key.
        kind: What it means.
        value: The literal's value; a list for milestones.
        file: File that the literal stands in, relative to the script's folder.
        line: Of the literal, from 1.
        column: Of the literal, in characters from 0.
        form: How it is written.
        flag: The option that sets it; None: no option does.
        site: Stable name of the literal, for `mutegreen mutate` and `subject.toml`.
        source: The line that it stands in.
        why: What makes it unsure; None: it is sure.
    """

    name: str
    kind: Kind
    value: Value | list[Value] | None
    file: str
    line: int
    column: int
    form: Form
    flag: str | None
    site: str
    source: str = field(compare=False, default="")
    why: str | None = None

    def record(self) -> dict[str, object]:
        """The JSON object of the `scan` command."""
        keys = ("name", "kind", "value", "line", "column", "form", "flag", "site", "file")
        found = {key: getattr(self, key) for key in keys}
        return found if self.why is None else found | {"why": self.why}


@dataclass(frozen=True)
class Scan:
    """All that was found in a script and in what it uses of its project."""

    script: str
    hyperparameters: tuple[Finding, ...]
    unsure: tuple[Finding, ...]
