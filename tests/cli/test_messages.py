"""Texts in the source code that a user may read: errors, remedies, progress, notes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.banned_phrases import banned_in
from support.paths import ROOT

SQL = ("store/schema.py", "store/migration/")
"""Statements of SQL, in which the names of columns are a contract."""

FILES = [file for file in sorted((ROOT / "mutegreen").rglob("*.py")) if not any(part in str(file) for part in SQL)]


def texts(file: Path) -> Iterator[str]:
    """Yield the texts of several words of a module, parts of f-strings too, without its docstrings."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in docstrings]
    yield from (node.value for node in constants if isinstance(node.value, str) and " " in node.value)


@pytest.mark.parametrize("package", sorted({file.relative_to(ROOT / "mutegreen").parts[0] for file in FILES}))
def test_no_text_holds_a_banned_phrase_or_a_word_that_the_glossary_replaces(package: str) -> None:
    files = [file for file in FILES if file.relative_to(ROOT / "mutegreen").parts[0] == package]
    faults = {str(file): banned_in(text) for file in files for text in texts(file) if banned_in(text)}
    assert faults == {}


def test_texts_are_found_in_f_strings_and_not_in_docstrings(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text('"""A docstring tells."""\nraise ValueError(f"{name} would mend it", "a hint told")\n')
    assert sorted(texts(file)) == [" would mend it", "a hint told"]
    assert all(banned_in(text) for text in texts(file))
