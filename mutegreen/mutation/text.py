"""A text file whose every byte outside the changed span stays: encoding, byte-order mark and line ends."""

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
    """Decoded text that encodes back to the same bytes."""

    text: str
    encoding: str
    bom: bytes = b""

    @classmethod
    def read(cls, path: Path, python: bool = False) -> TextFile:
        """Reads a file as UTF-8, or as a Python source says of itself.

        Raises:
            MutationError: The file cannot be read or decoded, or its bytes are not what its text encodes to.
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
            # In UTF-7, unicode_escape and their like one text has several spellings, and only one of them is written.
            raise MutationError(f"{path}: cannot be decoded: {encoding} would not give back the same bytes")
        return file

    def write(self, path: Path) -> None:
        """Writes the bytes back."""
        path.write_bytes(self.encode())

    def encode(self) -> bytes:
        """The bytes of the file.

        Raises:
            UnicodeEncodeError: A character that was put in has no place in the file's encoding.
        """
        return self.bom + self.text.encode(self.encoding)

    def splice(self, start: int, end: int, replacement: str) -> TextFile:
        """The same text with the characters from `start` up to `end` replaced."""
        return replace(self, text=self.text[:start] + replacement + self.text[end:])

    @cached_property
    def lines(self) -> list[str]:
        """The lines with their ends, as Python counts them: a form feed ends none."""
        return _LINE.findall(self.text)

    @cached_property
    def _starts(self) -> list[int]:
        return list(accumulate(map(len, self.lines), initial=0))

    def column(self, line: int, utf8_column: int) -> int:
        """Column in characters (from 0) from one in UTF-8 bytes, as `ast` counts them; lines from 1."""
        return len(self.lines[line - 1].encode()[:utf8_column].decode())

    def offset(self, line: int, utf8_column: int) -> int:
        """Index of a character from its line (from 1) and its column in UTF-8 bytes."""
        return self._starts[line - 1] + self.column(line, utf8_column)
