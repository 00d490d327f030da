"""Is a value a pair of betas? `betas=(0.9, 0.999)` has two hyperparameters, beta1 and beta2."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mutegreen.model import Kind
from mutegreen.scan.finding import Form
from mutegreen.scan.mention import Mention
from mutegreen.scan.names.meaning import Meaning
from mutegreen.scan.names.words import words
from mutegreen.scan.source.module import Module


def is_pair(name: str, value: ast.expr) -> bool:
    """Return whether a value is a pair of betas."""
    return words(name)[-1:] == ("betas",) and isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == 2


def mentions(module: Module, value: ast.expr, form: Form, flag: str | None = None) -> Iterator[Mention]:
    """Yield the two numbers of a pair."""
    assert isinstance(value, (ast.Tuple, ast.List))
    for kind, item in zip((Kind.BETA1, Kind.BETA2), value.elts, strict=True):
        yield Mention(module, item, kind.value, form, Meaning(kind), strong=True, flag=flag)
