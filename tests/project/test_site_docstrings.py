"""Docstrings as reStructuredText: drawings stay as they are, and no character of plain text becomes markup."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from typing import Any

import pytest

from support.paths import ROOT

restructured: Callable[[list[str]], list[str]] = runpy.run_path(str(ROOT / "docs/site/docstrings.py"))["restructured"]


def lines(text: str) -> list[str]:
    return restructured(text.splitlines())


def test_indented_lines_are_literal() -> None:
    drawing = "Draw it.\n\n    |---| trial_\n      * idle\n\nAnd go on."
    assert lines(drawing) == ["Draw it.", "", "", "::", "", "    |---| trial_", "      * idle", "", "", "And go on."]


def test_literal_lines_are_announced_once() -> None:
    assert lines("Draw it::\n\n    |--|") == ["Draw it:", "", "", "::", "", "    |--|", ""]


def test_sections_are_left_to_napoleon() -> None:
    section = "Add.\n\nArgs:\n    x: A number, shape (n,)\n    y: Another.\n\nRaises:\n    ValueError: It is none."
    assert lines(section) == section.splitlines()


def test_code_between_fences_is_literal() -> None:
    assert lines("Such as:\n```python\nx = 1\n```\nDone.") == ["Such as:", "", "::", "", "    x = 1", "", "Done."]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("|delta| of d_ and 2*x", r"\|delta\| of d\_ and 2\*x"),
        ("code `|a| b_ *c` stays", "code `|a| b_ *c` stays"),
        ("**Guarantees.** All of them.", "**Guarantees.** All of them."),
        ("snake_case stays", "snake_case stays"),
    ],
)
def test_markup_is_escaped(text: str, expected: str) -> None:
    assert lines(text) == [expected]


def test_it_parses_without_a_message() -> None:
    core: Any = pytest.importorskip("docutils.core")
    text = "Draw |x| and d_.\n\n    |--|\n      a_\n\nThen `code_` and **bold**, 2*3*4.\n"
    core.publish_string("\n".join(lines(text)), settings_overrides={"halt_level": 2, "report_level": 2})
