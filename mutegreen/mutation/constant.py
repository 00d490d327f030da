"""Finds the module constant of a literal: a name whose value can still be read when the program ends."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mutegreen.model import SourceSite
from mutegreen.mutation import sites
from mutegreen.mutation.source import locate
from mutegreen.mutation.text import TextFile

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


@dataclass(frozen=True)
class Constant:
    """A name of a module.

    Args:
        name: The name.
        rebound: Whether the source may assign another value to it later.
    """

    name: str
    rebound: bool


def constant(folder: Path, site: SourceSite) -> Constant | None:
    """Return the module constant whose literal is at a site; None if the literal belongs to something else.

    Raises:
        MutationError: The file is not Python source, or the site does not exist or is ambiguous.
    """
    file = TextFile.read(folder / site.file, python=True)
    literal = locate(file, site)
    tree = sites.parse(file.text)
    for name, value in _assigned(tree):
        if file.offset(value.lineno, value.col_offset) == literal.start:
            return Constant(name, _bindings(tree, name) > 1)
    return None


def _assigned(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Yield names and values of assignments that run when the module is loaded."""
    for node in _outside_definitions(tree):
        if isinstance(node, ast.Assign):
            yield from ((target.id, node.value) for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            yield node.target.id, node.value


def _outside_definitions(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, _SCOPES):
            yield from _outside_definitions(child)


def _bindings(tree: ast.Module, name: str) -> int:
    """Return how often the source assigns a value to the module's name."""
    own = sum(isinstance(n, ast.Name) and n.id == name and _is_store(n) for n in _outside_definitions(tree))
    return own + sum(isinstance(node, ast.Global) and name in node.names for node in ast.walk(tree))


def _is_store(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)
