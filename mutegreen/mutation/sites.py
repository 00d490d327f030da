"""Names the literals of a Python source by paths that stay the same when lines move.

A site is written `file:path`, for example

    train.py:main/optimizer=SGD(lr)
             |    |         |__ argument, key or parameter whose value the literal is
             |    |____________ statement that contains it: here the target of an assignment
             |_________________ enclosing classes and functions

Several literals with the same path get the endings `#1of2`, `#2of2`, in the order of the file. If their number changes,
the old names match no literal, rather than a wrong one. Literals in the target of an assignment, as in `x[0] = 1`, have
no path.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

SEPARATOR = ":"
"""Separates file and path. No identifier contains it, so a site differs from every plain name."""

_WORD = re.compile(r"[A-Za-z_][\w.-]{0,40}")
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class _Place:
    """The position of a walk: the enclosing definitions, the statement, and the nearest argument or key."""

    scope: tuple[str, ...] = ()
    statement: str = ""
    slot: str = ""

    def path(self) -> str:
        scope = ".".join(self.scope)
        within = "=".join(part for part in (self.statement, self.slot) if part) or "expression"
        return f"{scope}/{within}" if scope else within


def parse(text: str) -> ast.Module:
    """Parse a source and suppress its warnings, for example of an invalid escape sequence.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: As `ast.parse`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def paths(tree: ast.AST) -> dict[ast.expr, str]:
    """Return the path of every literal: numbers, texts, truth values, None, and lists or tuples of only these."""
    walked = sorted(_walk(tree, _Place()), key=lambda pair: (pair[0].lineno, pair[0].col_offset))
    total = Counter(path for _, path in walked)
    seen: Counter[str] = Counter()
    named = {}
    for node, path in walked:
        seen[path] += 1
        named[node] = path if total[path] == 1 else f"{path}#{seen[path]}of{total[path]}"
    return named


def is_literal(node: ast.AST) -> bool:
    """Return whether an expression is a literal: also a signed number, and a list or tuple of literals."""
    if isinstance(node, (ast.List, ast.Tuple)):
        return bool(node.elts) and all(is_literal(item) for item in node.elts)
    return isinstance(node, ast.Constant) or _is_signed(node)


def _is_signed(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.UnaryOp)
        and isinstance(node.op, (ast.USub, ast.UAdd))
        and isinstance(node.operand, ast.Constant)
        and isinstance(node.operand.value, (int, float))
    )


def _walk(node: ast.AST, place: _Place) -> Iterator[tuple[ast.expr, str]]:
    if isinstance(node, ast.expr) and is_literal(node):
        yield node, place.path()
        if isinstance(node, (ast.List, ast.Tuple)):
            yield from _items(node, place)
    elif isinstance(node, (ast.List, ast.Tuple)):
        yield from _items(node, place)
    elif not isinstance(node, ast.JoinedStr):
        for child, inner in _children(node, place):
            yield from _walk(child, inner)


def _items(node: ast.List | ast.Tuple, place: _Place) -> Iterator[tuple[ast.expr, str]]:
    for index, item in enumerate(node.elts):
        yield from _walk(item, replace(place, slot=f"{place.slot}[{index}]"))


def _children(node: ast.AST, place: _Place) -> Iterator[tuple[ast.AST, _Place]]:
    if isinstance(node, _SCOPES):
        inner = _Place((*place.scope, node.name))
        yield from ((child, inner) for child in ast.iter_child_nodes(node))
    elif isinstance(node, ast.arguments):
        yield from _parameters(node, place)
    elif isinstance(node, ast.Call):
        yield from _arguments(node, place)
    elif isinstance(node, ast.Dict):
        yield from _entries(node, place)
    elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.For, ast.AsyncFor)):
        yield from _statement(node, place)
    elif isinstance(node, (ast.If, ast.While, ast.Return)):
        yield from _headed(node, place)
    else:
        yield from ((child, place) for child in ast.iter_child_nodes(node))


def _headed(node: ast.If | ast.While | ast.Return, place: _Place) -> Iterator[tuple[ast.AST, _Place]]:
    head = node.value if isinstance(node, ast.Return) else node.test
    if head is not None:
        yield head, replace(place, statement=type(node).__name__.lower(), slot="")
    if not isinstance(node, ast.Return):
        yield from ((child, place) for child in (*node.body, *node.orelse))


def _parameters(node: ast.arguments, place: _Place) -> Iterator[tuple[ast.AST, _Place]]:
    for name, default in parameter_defaults(node):
        yield default, replace(place, slot=f"def({name})")


def parameter_defaults(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    """Yield (name, default) of each parameter that has a default."""
    positional = [*arguments.posonlyargs, *arguments.args]
    first = len(positional) - len(arguments.defaults)
    yield from (
        (argument.arg, default) for argument, default in zip(positional[first:], arguments.defaults, strict=True)
    )
    for argument, maybe in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if maybe is not None:
            yield argument.arg, maybe


def _arguments(node: ast.Call, place: _Place) -> Iterator[tuple[ast.AST, _Place]]:
    yield node.func, place
    callee = _text(node.func).rpartition(".")[2]
    subject = _subject(node)
    for index, argument in enumerate(node.args):
        labels = [subject if index else "", str(index) if index != 1 or not subject else ""]
        yield argument, replace(place, slot=f"{callee}({' '.join(filter(None, labels))})")
    for keyword in node.keywords:
        words = [subject, keyword.arg or "**"]
        slot = (
            subject if subject.startswith("-") and keyword.arg == "default" else f"{callee}({' '.join(words).strip()})"
        )
        yield keyword.value, replace(place, slot=slot)


def _subject(node: ast.Call) -> str:
    """Return the option in `add_argument("-b", "--batch")`, or the name in `DEFINE_float("lr", 0.1)`; else ""."""
    words = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    flag = max((word for word in words if word.startswith("-")), key=len, default="")
    first = words[0] if words and node.args and isinstance(node.args[0], ast.Constant) else ""
    return flag or (first if _WORD.fullmatch(first) else "")


def _entries(node: ast.Dict, place: _Place) -> Iterator[tuple[ast.AST, _Place]]:
    for key, value in zip(node.keys, node.values, strict=True):
        label = "**" if key is None else _text(key)
        yield value, replace(place, slot=f"{place.slot}[{label}]")


def _statement(
    node: ast.Assign | ast.AnnAssign | ast.AugAssign | ast.For | ast.AsyncFor, place: _Place
) -> Iterator[tuple[ast.AST, _Place]]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    named = replace(place, statement=",".join(map(_text, targets)), slot="")
    if isinstance(node, (ast.For, ast.AsyncFor)):
        yield node.iter, named
        yield from ((child, place) for child in (*node.body, *node.orelse))
    elif node.value is not None:
        yield from _assigned(targets, node.value, named)


def _assigned(targets: list[ast.expr], value: ast.expr, place: _Place) -> Iterator[tuple[ast.AST, _Place]]:
    """Yield the value; for `a, b = 1, 2` each part with its own target."""
    parts = next((t.elts for t in targets if isinstance(t, (ast.Tuple, ast.List))), [])
    if isinstance(value, (ast.Tuple, ast.List)) and parts and len(parts) == len(value.elts):
        yield from ((item, replace(place, statement=_text(part))) for part, item in zip(parts, value.elts, strict=True))
    else:
        yield value, place


def _text(node: ast.expr) -> str:
    """Abbreviate an expression: `self.lr`, `group[lr]`, `SGD()`."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_text(node.value)}.{node.attr}"
    if isinstance(node, ast.Subscript):
        return f"{_text(node.value)}[{_text(node.slice)}]"
    if isinstance(node, ast.Constant):
        return " ".join(str(node.value).split())[:40]
    if isinstance(node, ast.Call):
        return f"{_text(node.func)}()"
    return ",".join(map(_text, node.elts)) if isinstance(node, (ast.Tuple, ast.List)) else "..."
