"""Turns an expression into a template of what it prints: fixed texts, and holes where values go."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from mutegreen.scan.source.calls import bound_arguments, called_name, parameters, text_of
from mutegreen.scan.source.module import Module

_PERCENT = re.compile(
    r"%(?:\((?P<key>[^)]*)\))?(?P<spec>[#0 +\-]*(?:\d+|\*)?(?:\.(?:\d+|\*))?)[hlL]?(?P<type>[a-zA-Z%])"
)
_PASSED_THROUGH = frozenset({"str", "round", "colored", "style", "float", "cprint", "bold", "green", "blue", "red"})
_ESCAPES = re.compile("\x1b\\[[0-9;]*m")
_DEEPEST = 12


@dataclass(frozen=True)
class Hole:
    """A place in a printed line where a value goes.

    Attributes:
        source: The source of its expression.
        spec: Its format, such as `.4f`; empty: none.
        raw: Whether `str` formats the value, which prints a tensor as `tensor(0.5)`.
        words: The texts that it may be, if known: the `phase` in `for phase in ["train", "val"]`.
    """

    source: str
    spec: str = ""
    raw: bool = False
    words: tuple[str, ...] = ()


Template = tuple[str | Hole, ...]


def template(module: Module, node: ast.expr, depth: int = 0) -> Template:
    """Return what an expression prints; a single hole if nothing is known about it."""
    return tuple(joined(_parts(module, node, depth)))


def joined_by(separator: str, templates: Sequence[Template]) -> Template:
    """Return several templates as one, joined as `print` joins its arguments."""
    parts: list[str | Hole] = []
    for number, one in enumerate(templates):
        parts += [separator, *one] if number else one
    return tuple(joined(parts))


def lines(whole: Template) -> list[Template]:
    """Return the lines of a template, without escape codes."""
    parts_of_lines: list[list[str | Hole]] = [[]]
    for part in whole:
        if isinstance(part, Hole):
            parts_of_lines[-1].append(part)
            continue
        first, *more = re.split(r"[\r\n]", _ESCAPES.sub("", part))
        parts_of_lines[-1].append(first)
        parts_of_lines += [[text] for text in more]
    return [tuple(part for part in line if part != "") for line in parts_of_lines if any(line)]


def has_holes(whole: Template) -> bool:
    """Return whether a template has both a text and a value."""
    return any(isinstance(part, Hole) for part in whole) and any(isinstance(part, str) for part in whole)


def joined(parts: Iterable[str | Hole]) -> Iterator[str | Hole]:
    """Yield the parts with neighbouring texts joined."""
    text = ""
    for part in parts:
        if isinstance(part, str):
            text += part
            continue
        if text:
            yield text
        text = ""
        yield part
    if text:
        yield text


def _parts(module: Module, node: ast.expr, depth: int) -> Sequence[str | Hole]:
    if depth > _DEEPEST:
        return [_hole(module, node)]
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.JoinedStr):
        return [part for value in node.values for part in _formatted(module, value, depth)]
    if isinstance(node, ast.BinOp):
        return _operation(module, node, depth)
    if isinstance(node, ast.Dict):
        return _dict(module, node, "'")
    if isinstance(node, ast.Call):
        return _call(module, node, depth)
    if isinstance(node, ast.Name) and (text := _bound(module, node)) is not None:
        return template(module, text, depth + 1)
    return [_hole(module, node)]


def _formatted(module: Module, node: ast.expr, depth: int) -> Sequence[str | Hole]:
    if isinstance(node, ast.FormattedValue):
        spec = (
            "".join(str(p) for p in template(module, node.format_spec) if isinstance(p, str))
            if node.format_spec
            else ""
        )
        if isinstance(node.value, ast.Constant) and not spec:
            return [str(node.value.value)]
        return [replace(_hole(module, node.value), spec=spec, raw=False)]
    return _parts(module, node, depth + 1)


def _operation(module: Module, node: ast.BinOp, depth: int) -> Sequence[str | Hole]:
    left = _parts(module, node.left, depth + 1)
    if isinstance(node.op, ast.Add):
        right = _parts(module, node.right, depth + 1)
        return [*left, *right] if any(isinstance(part, str) for part in (*left, *right)) else [_hole(module, node)]
    if isinstance(node.op, ast.Mod) and all(isinstance(part, str) for part in left):
        return _percent(module, "".join(map(str, left)), node.right)
    return [_hole(module, node)]


def _percent(module: Module, text: str, right: ast.expr) -> Sequence[str | Hole]:
    values = iter(right.elts if isinstance(right, ast.Tuple) else [right])
    return percent(module, text, values)


def percent(module: Module, text: str, values: Iterator[ast.expr]) -> Sequence[str | Hole]:
    """Return what `text % values` prints; logging formats its arguments in the same way."""
    parts: list[str | Hole] = []
    end = 0
    for match in _PERCENT.finditer(text):
        parts.append(text[end : match.start()])
        end = match.end()
        if match["type"] == "%":
            parts.append("%")
            continue
        value = None if match["key"] else next(values, None)
        hole = _hole(module, value) if value is not None else Hole(match["key"] or "")
        spec = match["spec"] + match["type"]
        parts.append(replace(hole, spec="" if spec == "s" else spec, raw=spec == "s"))
    return [*parts, text[end:]]


def _call(module: Module, node: ast.Call, depth: int) -> Sequence[str | Hole]:
    function = node.func
    if isinstance(function, ast.Attribute) and function.attr == "format":
        text = _parts(module, function.value, depth + 1)
        if all(isinstance(part, str) for part in text):
            return _format(module, "".join(map(str, text)), node)
    if isinstance(function, ast.Attribute) and function.attr == "join" and len(node.args) == 1:
        return _join(module, function.value, node.args[0], depth)
    name = called_name(node)
    if name == "dumps" and node.args and isinstance(node.args[0], ast.Dict):
        return _dict(module, node.args[0], '"')
    if name == "dict" and node.keywords and not node.args:
        return _pairs(module, [(word.arg or "", word.value) for word in node.keywords], "'")
    if name in _PASSED_THROUGH and node.args:
        return _parts(module, node.args[0], depth + 1)
    return [_hole(module, node)]


def _join(module: Module, separator: ast.expr, items: ast.expr, depth: int) -> Sequence[str | Hole]:
    if isinstance(separator, ast.Constant) and isinstance(items, (ast.List, ast.Tuple)):
        return joined_by(str(separator.value), [template(module, item, depth + 1) for item in items.elts])
    return [Hole("")]


def _format(module: Module, text: str, call: ast.Call) -> Sequence[str | Hole]:
    named = {word.arg: word.value for word in call.keywords if word.arg}
    parts: list[str | Hole] = []
    number = 0
    try:
        for literal, name, spec, _ in string.Formatter().parse(text):
            parts.append(literal)
            if name is not None:
                parts.append(_field(module, name, spec or "", number, call.args, named))
                number += 1
    except ValueError:
        return [Hole("")]
    return parts


def _field(
    module: Module, name: str, spec: str, number: int, args: Sequence[ast.expr], named: dict[str, ast.expr]
) -> Hole:
    """Return the hole of `{}`, `{1}`, `{top1.avg:.3f}`."""
    base = re.split(r"[.\[]", name)[0]
    index = int(base) if base.isdigit() else number
    if base and not base.isdigit():
        value = named.get(base) if base == name else None
        hole = _hole(module, value) if value is not None else Hole(name)
        source = name if hole.source == name else f"{name} {hole.source}"
        return replace(hole, source=source, spec=spec, raw=False)
    if index < len(args) and not any(isinstance(a, ast.Starred) for a in args[: index + 1]):
        return replace(_hole(module, args[index]), spec=spec, raw=False)
    return Hole("", spec)


def _dict(module: Module, node: ast.Dict, quote: str) -> Sequence[str | Hole]:
    pairs = [
        (str(key.value), value)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant)
    ]
    return _pairs(module, pairs, quote)


def _pairs(module: Module, pairs: Sequence[tuple[str, ast.expr]], quote: str) -> Sequence[str | Hole]:
    parts: list[str | Hole] = ["{"]
    for number, (key, value) in enumerate(pairs):
        parts += [", " if number else "", f"{quote}{key}{quote}: ", _hole(module, value)]
    return [*parts, "}"]


def _hole(module: Module, node: ast.expr) -> Hole:
    return Hole(ast.unparse(node), raw=True, words=_words_of(module, node))


def _words_of(module: Module, node: ast.expr) -> tuple[str, ...]:
    """Return the texts that a name may have: those that a loop iterates over, or that calls pass to a parameter."""
    if not isinstance(node, ast.Name):
        return ()
    for above in module.ancestors(node):
        if isinstance(above, ast.For) and isinstance(above.target, ast.Name) and above.target.id == node.id:
            items = above.iter.elts if isinstance(above.iter, (ast.List, ast.Tuple)) else []
            return tuple(filter(None, map(text_of, items)))
        if isinstance(above, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.id in parameters(above):
            return _passed_texts(module, above, node.id)
    return ()


def _passed_texts(module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> tuple[str, ...]:
    calls = [n for n in module.nodes if isinstance(n, ast.Call) and called_name(n) == function.name]
    texts = [text_of(bound_arguments(call, parameters(function)).get(name)) for call in calls]
    return tuple(dict.fromkeys(texts)) if all(texts) else ()


def _bound(module: Module, node: ast.Name) -> ast.expr | None:
    """Return the text that a name was last assigned in its scope before its use."""
    values = [v for v in module.bindings.get((module.scope(node), node.id), []) if v.lineno <= node.lineno]
    texts = [value for value in values if _is_text(value)]
    return texts[-1] if texts and len(texts) == len(values) else None


def _is_text(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and node.func.attr == "format" and _is_text(node.func.value)
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.BinOp) and _is_text(node.left))
