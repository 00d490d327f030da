"""What does a scan return? Findings: a literal, the kind of hyperparameter that it is, and how it is set."""

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
    """One hyperparameter in the source.

    Attributes:
        name: Its name in the program: the flag's destination, variable, argument or key.
        kind: The kind of hyperparameter.
        value: The literal's value; a list for milestones.
        file: The literal's file, relative to the script's folder.
        line: The literal's line, from 1.
        column: The literal's column, in characters from 0.
        form: How it is written.
        flag: The option that sets it; None: no option does.
        site: Stable name of the literal, for `mutegreen mutate` and `subject.toml`.
        source: The text of the literal's line.
        why: Why the finding is unsure; None: it is sure.
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
        """Return the JSON object that `mutegreen scan --json` writes for it."""
        keys = ("name", "kind", "value", "line", "column", "form", "flag", "site", "file")
        record = {key: getattr(self, key) for key in keys}
        return record if self.why is None else record | {"why": self.why}


@dataclass(frozen=True)
class Scan:
    """All findings in a script and in the files of its project that it uses.

    Attributes:
        script: The script's path, as the user wrote it.
        hyperparameters: The sure findings.
        unsure: Those that the user must judge, each with its reason.
    """

    script: str
    hyperparameters: tuple[Finding, ...]
    unsure: tuple[Finding, ...]
