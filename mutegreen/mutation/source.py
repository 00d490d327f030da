"""Literals in Python source, found by the name that they are the value of, and replaced in place."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mutegreen.errors import MutationError
from mutegreen.model import SourceSite, Value
from mutegreen.mutation import sites
from mutegreen.mutation.text import TextFile


@dataclass(frozen=True)
class SourceLiteral:
    """A literal's value and where it stands: line from 1, character offsets into the text."""

    name: str
    value: Value
    line: int
    start: int
    end: int

    @property
    def span(self) -> tuple[int, int]:
        """Where it starts, and where it has ended."""
        return self.start, self.end


def read(folder: Path, site: SourceSite) -> Value:
    """The value of the literal at a site.

    Raises:
        MutationError: The file is no Python source, or the site is gone, ambiguous or no literal.
    """
    return locate(TextFile.read(folder / site.file, python=True), site).value


def write(folder: Path, site: SourceSite, value: Value) -> None:
    """Replaces the literal at a site; every other byte of the file stays.

    Raises:
        MutationError: As for `read`, or the value cannot stand there.
    """
    mutate(TextFile.read(folder / site.file, python=True), site, value).write(folder / site.file)


def mutate(file: TextFile, site: SourceSite, value: object) -> TextFile:
    """The source with another value at a site, and nothing else changed.

    Args:
        file: The source.
        site: Where; its file is only for messages.
        value: A value, or a list of values where the literal is one.

    Raises:
        MutationError: As for `read`, or the value cannot stand there.
    """
    literal = locate(file, site)
    spelled = repr(value)
    for text in (spelled, f"({spelled})"):
        changed = file.splice(literal.start, literal.end, text)
        if _differs_only_in(file, changed, literal, value) and not _touches_a_word(changed, literal.start, len(text)):
            return changed
    raise MutationError(
        f"{site.file}, line {literal.line}: {spelled} cannot be placed here: {file.lines[literal.line - 1].strip()}"
    )


def _differs_only_in(file: TextFile, changed: TextFile, literal: SourceLiteral, value: object) -> bool:
    """Whether the changed source means the same but for the literal, which is now the value."""
    try:
        changed.encode()
        before, after = sites.parse(file.text), sites.parse(changed.text)
        expected = sites.parse(repr(value)).body[0]
    except (SyntaxError, ValueError):
        return False
    assert isinstance(expected, ast.Expr)
    swapped = _Swap(file, literal, expected.value).visit(before)
    return sites.is_literal(expected.value) and ast.dump(swapped) == ast.dump(after)


def _touches_a_word(file: TextFile, start: int, length: int) -> bool:
    """Whether the new spelling would grow together with a neighbour, as in `0.5if`."""
    around = file.text[max(start - 1, 0) : start], file.text[start + length : start + length + 1]
    inside = file.text[start], file.text[start + length - 1]
    return any(a.isalnum() and b.isalnum() for a, b in zip(around, inside, strict=True))


class _Swap(ast.NodeTransformer):
    def __init__(self, file: TextFile, literal: SourceLiteral, value: ast.expr) -> None:
        self._file, self._literal, self._value = file, literal, value

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.expr) and sites.is_literal(node) and _span(self._file, node) == self._literal.span:
            # `Load` and `Store` are parts of a node as well: those of a list are its own.
            return self._value
        return super().generic_visit(node)


def locate(file: TextFile, site: SourceSite) -> SourceLiteral:
    """The literal at a site: by its site path, as `mutegreen scan` names it, or by a plain name.

    Raises:
        MutationError: The file is no Python source, or the site is gone, ambiguous or no literal.
    """
    try:
        tree = sites.parse(file.text)
        if sites.SEPARATOR in site.name:
            return _at_path(file, tree, site)
        named = [_literal(file, name, node) for name, node in _named_values(tree) if name == site.name]
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise MutationError(f"{site.file}: not Python source: {error}") from error
    found = [literal for literal in named if literal is not None]
    if site.line is not None:
        found = [literal for literal in found if literal.line == site.line]
    return _only(found, site)


def _at_path(file: TextFile, tree: ast.Module, site: SourceSite) -> SourceLiteral:
    path = site.name.partition(sites.SEPARATOR)[2]
    stem = path.partition("#")[0]
    alike = []
    for node, found in sites.paths(tree).items():
        if found == path:
            return _literal_at(file, site.name, node)
        if found.partition("#")[0] == stem:
            alike.append(_literal_at(file, site.name, node))
    if alike:
        lines = "; ".join(f"line {one.line}: {file.lines[one.line - 1].strip()}" for one in alike)
        raise MutationError(
            f"{site.file}: {path} is ambiguous, it now means {len(alike)} literals: {lines}", _SCAN_AGAIN
        )
    raise MutationError(f"{site.file}: site {path} not found{_nearest(file, tree, stem)}", _SCAN_AGAIN)


_SCAN_AGAIN = "`mutegreen scan SCRIPT --sites` lists the current sites"


def _nearest(file: TextFile, tree: ast.Module, stem: str) -> str:
    """The line that has what is most alike."""
    by_stem = {found.partition("#")[0]: node for node, found in sites.paths(tree).items()}
    alike = difflib.get_close_matches(stem, by_stem, n=1, cutoff=0.7)
    if not alike:
        return ""
    line = by_stem[alike[0]].lineno
    return f"; nearest is {alike[0]} in line {line}: {file.lines[line - 1].strip()}"


def _only(found: list[SourceLiteral], site: SourceSite) -> SourceLiteral:
    if not found:
        raise MutationError(
            f"{site.file}: no literal is assigned to {site.name}" + (f" in line {site.line}" if site.line else ""),
            "name a variable, keyword argument, parameter or mapping key whose value is a number or a text",
        )
    if len(found) > 1:
        lines = ", ".join(str(literal.line) for literal in found)
        raise MutationError(
            f"{site.file}: {site.name} is assigned a literal {len(found)} times, in lines {lines}",
            "add line = ... to choose one",
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
            yield from sites.parameter_defaults(node)
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


def _literal(file: TextFile, name: str, node: ast.expr) -> SourceLiteral | None:
    return None if literal_value(node) is None else _literal_at(file, name, node)


def _literal_at(file: TextFile, name: str, node: ast.expr) -> SourceLiteral:
    value = literal_value(node)
    start, end = _span(file, node)
    return SourceLiteral(name, ast.literal_eval(node) if value is None else value, node.lineno, start, end)


def _span(file: TextFile, node: ast.expr) -> tuple[int, int]:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return file.offset(node.lineno, node.col_offset), file.offset(node.end_lineno, node.end_col_offset)


def literal_value(node: ast.expr) -> Value | None:
    """The value of a number, text, truth value or signed number; None for any other expression."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float, str)):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        operand = node.operand
        if isinstance(operand, ast.Constant) and isinstance(operand.value, (int, float)):
            return -operand.value if isinstance(node.op, ast.USub) else operand.value
    return None
