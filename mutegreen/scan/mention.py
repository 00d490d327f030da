"""A place where a value gets a name or a use: what the forms find, before it is decided what counts."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from mutegreen.scan.finding import Form
from mutegreen.scan.names.meaning import Meaning
from mutegreen.scan.source.module import Module


@dataclass(frozen=True, eq=False)
class Mention:
    """A value, the name that it is given to, and what that tells of it.

    Attributes:
        module: The source file.
        node: The value: a literal, or an expression that leads to literals elsewhere.
        name: What the value is given to: flag, variable, parameter, key.
        form: The form of a literal that stands here.
        meaning: What name or use tell.
        strong: Whether a use tells it (an argument of a library), and not only a name.
        flag: The option that sets the value.
    """

    module: Module
    node: ast.expr
    name: str
    form: Form
    meaning: Meaning
    strong: bool = False
    flag: str | None = None
