"""Read sources with hyperparameters marked by hand: `lr=⟦learning_rate: 0.1⟧` marks the literal 0.1 and its kind."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from mutegreen.scan.finding import Scan
from mutegreen.scan.scanner import scan

_MARK = re.compile(r"⟦(\w+): (.+?)⟧")


@dataclass(frozen=True)
class Expected:
    kind: str
    value: object
    line: int
    column: int


def unmarked(text: str) -> tuple[str, list[Expected]]:
    """Return the source without its marks, and the marked literals."""
    expected = []
    source = ""
    end = 0
    for match in _MARK.finditer(text):
        source += text[end : match.start()]
        line, column = source.count("\n") + 1, len(source) - (source.rfind("\n") + 1)
        value = ast.literal_eval(match[2])
        expected.append(Expected(match[1], list(value) if isinstance(value, tuple) else value, line, column))
        source += match[2]
        end = match.end()
    return source + text[end:], expected


def found(result: Scan, file: str) -> list[Expected]:
    """Return the findings of a scan in one file, in the order of the file."""
    return [Expected(f.kind.value, f.value, f.line, f.column) for f in result.hyperparameters if f.file == file]


def scanned(folder: Path, source: str, name: str = "train.py") -> Scan:
    """Scan a source."""
    script = folder / name
    script.write_text(source, encoding="utf-8", newline="")
    return scan(script)
