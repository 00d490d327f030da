"""Literals in Python source, found by the name that they are the value of, and replaced in place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mutegreen.errors import MutationError
from mutegreen.model import SourceSite, Value
from mutegreen.mutation.text import TextFile


@dataclass(frozen=True)
class Literal:
    """A literal's value and where it stands: line from 1, character offsets into the text."""

    name: str
    value: Value
    line: int
    start: int
    end: int


def read(folder: Path, site: SourceSite) -> Value:
    """The value of the literal at a site.

    Raises:
        MutationError: The file is no Python source, or the site is gone, ambiguous or no literal.
    """
    return _locate(TextFile.read(folder / site.file, python=True), site).value


def write(folder: Path, site: SourceSite, value: Value) -> None:
    """Replaces the literal at a site; every other byte of the file stays.

    Raises:
        MutationError: As for `read`.
    """
    file = TextFile.read(folder / site.file, python=True)
    literal = _locate(file, site)
    mutated = file.splice(literal.start, literal.end, repr(value))
    ast.parse(mutated.text)
    mutated.write(folder / site.file)


def _locate(file: TextFile, site: SourceSite) -> Literal:
    try:
        tree = ast.parse(file.text)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise MutationError(f"{site.file}: not Python source: {error}") from error
    named = [_literal(file, name, node) for name, node in _named_values(tree) if name == site.name]
    found = [literal for literal in named if literal is not None]
    if site.line is not None:
        found = [literal for literal in found if literal.line == site.line]
    return _only(found, site)


def _only(found: list[Literal], site: SourceSite) -> Literal:
    if not found:
        raise MutationError(
            f"{site.file}: no literal is given to {site.name}" + (f" in line {site.line}" if site.line else ""),
            "name a variable, keyword argument, parameter or mapping key whose value is a number or a text",
        )
    if len(found) > 1:
        lines = ", ".join(str(literal.line) for literal in found)
        raise MutationError(
            f"{site.file}: {site.name} is given a literal {len(found)} times, in lines {lines}",
            "say which one with line = ...",
        )
    return found[0]


def _named_values(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """All (name, value) pairs: assignments, keyword arguments, parameters' defaults and mapping items."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from _assigned(target, node.value)
        elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
            yield from _assigned(node.target, node.value)
        elif isinstance(node, ast.keyword) and node.arg is not None:
            yield node.arg, node.value
        elif isinstance(node, ast.arguments):
            yield from _defaults(node)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value, value


def _assigned(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Attribute):
        yield target.attr, value
    elif isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        yield str(target.slice.value), value
    elif isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List)):
        for inner, part in zip(target.elts, value.elts, strict=False):
            yield from _assigned(inner, part)


def _defaults(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    positional = [*arguments.posonlyargs, *arguments.args]
    for argument, default in zip(reversed(positional), reversed(arguments.defaults), strict=False):
        yield argument.arg, default
    for argument, maybe in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if maybe is not None:
            yield argument.arg, maybe


def _literal(file: TextFile, name: str, node: ast.expr) -> Literal | None:
    value = literal_value(node)
    if value is None:
        return None
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return Literal(
        name=name,
        value=value,
        line=node.lineno,
        start=file.offset(node.lineno, node.col_offset),
        end=file.offset(node.end_lineno, node.end_col_offset),
    )


def literal_value(node: ast.expr) -> Value | None:
    """The value of a number, text, truth value or signed number; None for any other expression."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float, str)):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        operand = node.operand
        if isinstance(operand, ast.Constant) and isinstance(operand.value, (int, float)):
            return -operand.value if isinstance(node.op, ast.USub) else operand.value
    return None
