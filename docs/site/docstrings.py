"""Turns docstrings, which are plain text, into reStructuredText: drawings, equations, code and special characters.

A docstring is written for readers of the source code. Indented lines are shown as they are; so is code between fences.
Sections of Google style (`Args:`, `Raises:` and so on) are left to napoleon.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_SECTION = re.compile(r"(Args|Attributes|Examples?|Note|Raises|Returns|Warning|Yields):$")
_INDENT = "    "
_CODE = re.compile(r"(``?[^`]+``?)")
# A bar begins a substitution, an underscore at the end of a word a link, an asterisk emphasis.
_SPECIAL = re.compile(r"\||(?<=\w)_(?!\w)|\*(?!\*)(?<!\*\*)")


def restructured(lines: Sequence[str]) -> list[str]:
    """Return the lines of a docstring as reStructuredText."""
    return [line for kind, block in _blocks(lines) for line in (_literal(block) if kind == "literal" else block)]


def _blocks(lines: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield the blocks of lines that are literal, and the other lines one by one."""
    literal: list[str] = []
    in_section = fenced = False
    for line in lines:
        if line.strip().startswith("```"):
            fenced = not fenced
            continue
        if fenced:
            literal.append(_INDENT + line)
            continue
        if line.strip() and not line.startswith(" "):
            in_section = _SECTION.match(line) is not None
        if not in_section and (line.startswith(_INDENT) or (literal and not line.strip())):
            literal.append(line)
            continue
        if literal:
            yield "literal", literal
            literal = []
        yield "text", [_escaped(line)]
    if literal:
        yield "literal", literal


def _literal(block: Sequence[str]) -> list[str]:
    return ["", "::", "", *block, ""]


def _escaped(line: str) -> str:
    """Escape what reStructuredText would read as markup; code in backticks and `**bold**` stay.

    A `::` at the end of a line, which announces literal lines, is a colon, as they are announced anyway.
    """
    parts = _CODE.split(line.replace("::", ":") if line.endswith("::") else line)
    return "".join(part if number % 2 else _SPECIAL.sub(r"\\\g<0>", part) for number, part in enumerate(parts))
