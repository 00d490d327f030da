"""Finds literals in Python source by name or site path, and replaces them in place.

What exactly differs after a replacement, and how it is checked:

    bytes     only those of the literal; encoding, byte-order mark and line ends stay (`mutation.text`)
    tokens    the new text does not join the text next to it, as in `0.5if`; if the plain text changes the meaning of
              the code around it, it is written in brackets
    meaning   the syntax tree of the changed file equals that of the file with the literal's node replaced

If no spelling fulfils all three, the replacement is refused.
"""

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
    """A literal and its position.

    Attributes:
        name: The name or path of its site.
        value: Its value.
        line: Its line, from 1.
        start: Offset of its first character in the text.
        end: Offset of the character after its last.
    """

    name: str
    value: Value
    line: int
    start: int
    end: int

    @property
    def span(self) -> tuple[int, int]:
        """Its start and its end."""
        return self.start, self.end


def read(folder: Path, site: SourceSite) -> Value:
    """Return the value of the literal at a site.

    Raises:
        MutationError: The file is not Python source, or the site does not exist, is ambiguous or not a literal.
    """
    return locate(TextFile.read(folder / site.file, python=True), site).value


def write(folder: Path, site: SourceSite, value: Value) -> None:
    """Replace the literal at a site in the file; every other byte stays.

    Raises:
        MutationError: As for `read`, or the value cannot be written there.
    """
    mutate(TextFile.read(folder / site.file, python=True), site, value).write(folder / site.file)


def mutate(file: TextFile, site: SourceSite, value: object) -> TextFile:
    """Return the source with another value at a site, and nothing else changed.

    Args:
        file: The source.
        site: The site; its file is used only in messages.
        value: A value, or a list of values if the literal is a list.

    Raises:
        MutationError: As for `read`, or the value cannot be written there.
    """
    literal = locate(file, site)
    spelled = repr(value)
    for text in (spelled, f"({spelled})"):
        changed = file.splice(literal.start, literal.end, text)
        if _differs_only_in(file, changed, literal, value) and not _joins_a_word(changed, literal.start, len(text)):
            return changed
    raise MutationError(
        f"{site.file}, line {literal.line}: {spelled} cannot be placed here: {file.lines[literal.line - 1].strip()}"
    )


def _differs_only_in(file: TextFile, changed: TextFile, literal: SourceLiteral, value: object) -> bool:
    """Return whether the changed source means the same except for the literal, which is now the value."""
    try:
        changed.encode()
        before, after = sites.parse(file.text), sites.parse(changed.text)
        expected = sites.parse(repr(value)).body[0]
    except (SyntaxError, ValueError):
        return False
    assert isinstance(expected, ast.Expr)
    replaced = _Replace(file, literal, expected.value).visit(before)
    return sites.is_literal(expected.value) and ast.dump(replaced) == ast.dump(after)


def _joins_a_word(file: TextFile, start: int, length: int) -> bool:
    """Return whether the new text would join the text next to it to one word, as in `0.5if`."""
    around = file.text[max(start - 1, 0) : start], file.text[start + length : start + length + 1]
    inside = file.text[start], file.text[start + length - 1]
    return any(a.isalnum() and b.isalnum() for a, b in zip(around, inside, strict=True))


class _Replace(ast.NodeTransformer):
    def __init__(self, file: TextFile, literal: SourceLiteral, value: ast.expr) -> None:
        self._file, self._literal, self._value = file, literal, value

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.expr) and sites.is_literal(node) and _span(self._file, node) == self._literal.span:
            # The contexts `Load` and `Store` are nodes, too; the new node keeps its own.
            return self._value
        return super().generic_visit(node)


def locate(file: TextFile, site: SourceSite) -> SourceLiteral:
    """Find the literal at a site, which is a path as `mutegreen scan` prints it, or a plain name.

    Raises:
        MutationError: The file is not Python source, or the site does not exist, is ambiguous or not a literal.
    """
    try:
        tree = sites.parse(file.text)
        if sites.SEPARATOR in site.name:
            return _at_path(file, tree, site)
        named = [_literal(file, name, node) for name, node in _named_values(tree) if name == site.name]
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise MutationError(f"{site.file}: not Python source: {error}") from error
    literals = [literal for literal in named if literal is not None]
    if site.line is not None:
        literals = [literal for literal in literals if literal.line == site.line]
    return _only(literals, site)


def _at_path(file: TextFile, tree: ast.Module, site: SourceSite) -> SourceLiteral:
    path = site.name.partition(sites.SEPARATOR)[2]
    stem = path.partition("#")[0]
    candidates = []
    for node, known in sites.paths(tree).items():
        if known == path:
            return _literal_at(file, site.name, node)
        if known.partition("#")[0] == stem:
            candidates.append(_literal_at(file, site.name, node))
    if candidates:
        lines = "; ".join(f"line {one.line}: {file.lines[one.line - 1].strip()}" for one in candidates)
        raise MutationError(
            f"{site.file}: {path} is ambiguous, it now means {len(candidates)} literals: {lines}", _SCAN_AGAIN
        )
    raise MutationError(f"{site.file}: site {path} not found{_nearest(file, tree, stem)}", _SCAN_AGAIN)


_SCAN_AGAIN = "`mutegreen scan SCRIPT --sites` lists the current sites"


def _nearest(file: TextFile, tree: ast.Module, stem: str) -> str:
    """Return the most similar path with its line, for a message; empty if none is similar."""
    by_stem = {path.partition("#")[0]: node for node, path in sites.paths(tree).items()}
    similar = difflib.get_close_matches(stem, by_stem, n=1, cutoff=0.7)
    if not similar:
        return ""
    line = by_stem[similar[0]].lineno
    return f"; nearest is {similar[0]} in line {line}: {file.lines[line - 1].strip()}"


def _only(literals: list[SourceLiteral], site: SourceSite) -> SourceLiteral:
    if not literals:
        raise MutationError(
            f"{site.file}: no literal is assigned to {site.name}" + (f" in line {site.line}" if site.line else ""),
            "name a variable, keyword argument, parameter or mapping key whose value is a number or a text",
        )
    if len(literals) > 1:
        lines = ", ".join(str(literal.line) for literal in literals)
        raise MutationError(
            f"{site.file}: {site.name} is assigned a literal {len(literals)} times, in lines {lines}",
            "add line = ... to choose one",
        )
    return literals[0]


def _named_values(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield all (name, value) pairs: assignments, keyword arguments, defaults of parameters, and items of mappings."""
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
    """Return the value of a number, text, truth value or signed number; None for any other expression."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float, str)):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        operand = node.operand
        if isinstance(operand, ast.Constant) and isinstance(operand.value, (int, float)):
            return -operand.value if isinstance(node.op, ast.USub) else operand.value
    return None
