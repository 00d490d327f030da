"""`TextFile` gives back every byte that it read, and finds characters as `ast` counts them; or it refuses the file."""

from __future__ import annotations

import codecs
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mutegreen.errors import MutationError
from mutegreen.mutation.text import TextFile

ENCODINGS = ("utf-8", "latin-1", "cp1252", "koi8-r", "shift_jis", "utf-7", "unicode_escape", "undefined", "hex", "none")
LINE_ENDS = ("\n", "\r\n", "\r")
pieces = st.one_of(
    st.sampled_from(LINE_ENDS),
    st.sampled_from(
        ["", "x = 1", "\x0c", "\x0b", "\x1c", "\x85", "\u2028", "漢字 🐍", "é", "# coding: latin-1", "\\x41"]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
)
texts = st.lists(pieces, max_size=12).map("".join)


def read(raw: bytes, *, python: bool) -> TextFile:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file")
        path.write_bytes(raw)
        return TextFile.read(path, python)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A file that declares its encoding, rightly or wrongly, or does not declare it."""
    encoding = draw(st.sampled_from(ENCODINGS))
    head = draw(st.sampled_from([f"# coding: {encoding}", f"#!/bin/python\n# -*- coding: {encoding} -*-", ""]))
    body = draw(st.one_of(st.binary(max_size=20), texts.map(str.encode)))
    return draw(st.sampled_from([b"", codecs.BOM_UTF8])) + head.encode() + draw(st.sampled_from([b"\n", b"\r"])) + body


@given(files(), st.booleans())
@example(b"# coding: unicode_escape\nx = '\\x41'\n", True)
@example(b"# coding: utf-7\nx = '+AOk-+AOk-'\n", True)
@example(b"# coding: undefined\nx = 1\n", True)
def test_a_file_is_given_back_byte_for_byte_or_refused(raw: bytes, python: bool) -> None:
    try:
        found = read(raw, python=python).encode()
    except MutationError:
        found = raw
    assert found == raw


@given(texts, texts, texts, st.sampled_from(["utf-8", "latin-1", "cp1252"]), st.booleans())
def test_a_splice_changes_nothing_before_and_after_it(
    before: str, old: str, after: str, encoding: str, marked: bool
) -> None:
    head = f"# coding: {encoding}\n"
    before, old, after = (text.encode(encoding, "ignore").decode(encoding) for text in (head + before, old, after))
    bom = codecs.BOM_UTF8 if marked and encoding == "utf-8" else b""
    file = read(bom + (before + old + after).encode(encoding), python=True)
    assert file.bom == bom
    changed = file.splice(len(before), len(before) + len(old), "new")
    assert changed.encode() == bom + before.encode(encoding) + b"new" + after.encode(encoding)


@given(texts)
def test_every_character_is_found_by_its_line_and_its_column_in_bytes(text: str) -> None:
    file = TextFile(text, "utf-8")
    assert "".join(file.lines) == text
    line, start = 1, 0
    for at, character in enumerate(text):
        assert file.offset(line, len(text[start:at].encode())) == at
        if character == "\n" or (character == "\r" and text[at + 1 : at + 2] != "\n"):
            line, start = line + 1, at + 1


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MutationError, match="cannot be read: No such file"):
        TextFile.read(tmp_path / "gone.py")
