"""Where does a value get a name or a use? `lr = 0.1` mentions 0.1 as `lr`; `decision` decides what it is."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from mutegreen.scan.finding import Form
from mutegreen.scan.names.meaning import Meaning
from mutegreen.scan.source.module import Module


@dataclass(frozen=True, eq=False)
class Mention:
    """A value with the name that it is given to, and what the name or the use means.

    Attributes:
        module: The source file.
        node: The value: a literal, or an expression that leads to literals elsewhere.
        name: Flag, variable, parameter or key that gets the value.
        form: The form, if the value is a literal.
        meaning: The meaning by name or use.
        strong: Whether a use gives the meaning (an argument of a library), and not only a name.
        flag: The option that sets the value.
    """

    module: Module
    node: ast.expr
    name: str
    form: Form
    meaning: Meaning
    strong: bool = False
    flag: str | None = None
