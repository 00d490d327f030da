"""Reads and writes a text file in which every byte outside a changed span stays the same.

Encodings:
    - UTF-8, or for Python source the encoding that its first two lines declare (PEP 263), Latin-1 for example.
    - A byte-order mark of UTF-8 is kept. Line ends (LF, CR LF, CR, also mixed) are kept: no newline is translated.
    - A file whose text does not encode to the same bytes is refused. In UTF-7, unicode_escape and the like, one text
      has several spellings, so bytes outside the span could change.
    - A new character that the encoding does not have is an error (`encode`).
"""

from __future__ import annotations

import codecs
import re
import tokenize
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from pathlib import Path

from mutegreen.errors import MutationError

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")


@dataclass(frozen=True)
class TextFile:
    """Decoded text that encodes to the same bytes as the file."""

    text: str
    encoding: str
    bom: bytes = b""

    @classmethod
    def read(cls, path: Path, python: bool = False) -> TextFile:
        """Read a file as UTF-8, or a Python source in the encoding that it declares.

        Raises:
            MutationError: The file cannot be read or decoded, or its text does not encode to the same bytes.
        """
        try:
            raw = path.read_bytes()
            lines = iter(raw.splitlines(keepends=True))
            encoding = tokenize.detect_encoding(lines.__next__)[0] if python else "utf-8"
            bom = codecs.BOM_UTF8 if raw.startswith(codecs.BOM_UTF8) else b""
            encoding = "utf-8" if encoding == "utf-8-sig" else encoding
            file = cls(raw[len(bom) :].decode(encoding), encoding, bom)
            same = file.encode() == raw
        except OSError as error:
            raise MutationError(f"{path}: cannot be read: {error.strerror}") from error
        except (UnicodeError, SyntaxError, LookupError) as error:
            raise MutationError(f"{path}: cannot be decoded: {error}") from error
        if not same:
            raise MutationError(f"{path}: cannot be decoded: {encoding} would not encode it to the same bytes")
        return file

    def write(self, path: Path) -> None:
        """Write the file."""
        path.write_bytes(self.encode())

    def encode(self) -> bytes:
        """Return the bytes of the file.

        Raises:
            UnicodeEncodeError: The file's encoding does not have a new character.
        """
        return self.bom + self.text.encode(self.encoding)

    def splice(self, start: int, end: int, replacement: str) -> TextFile:
        """Return the file with the characters from `start` to before `end` replaced."""
        return replace(self, text=self.text[:start] + replacement + self.text[end:])

    @cached_property
    def lines(self) -> list[str]:
        """The lines with their ends, as Python counts them: a form feed does not end a line."""
        return _LINE.findall(self.text)

    @cached_property
    def _starts(self) -> list[int]:
        return list(accumulate(map(len, self.lines), initial=0))

    def column(self, line: int, utf8_column: int) -> int:
        """Convert a column in UTF-8 bytes, as `ast` counts, to one in characters, both from 0; lines are from 1."""
        return len(self.lines[line - 1].encode()[:utf8_column].decode())

    def offset(self, line: int, utf8_column: int) -> int:
        """Return the offset of a character from its line (from 1) and its column in UTF-8 bytes (from 0)."""
        return self._starts[line - 1] + self.column(line, utf8_column)
