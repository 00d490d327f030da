"""What becomes of a program's output: every line is kept, and read without colours and cursor movements."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TextIO

from mutegreen.harness.observe.outcome import OutputTail
from mutegreen.harness.observe.performance import OutputReader
from mutegreen.harness.process.command import OutputLine

ESCAPE_CODES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")
"""Colours, cursor movements and control characters: neither for patterns nor for people's terminals."""


@dataclass(frozen=True)
class OutputSink:
    """Keeps each line and hands it to those who read in it.

    Attributes:
        kept: The log: each line with its time in seconds and its stream.
        reader: Looks for figures; None: nobody does.
        tail: Keeps the last lines.
    """

    kept: TextIO
    reader: OutputReader | None = None
    tail: OutputTail = field(default_factory=OutputTail)

    def feed(self, line: OutputLine) -> None:
        """Takes the next line.

        Raises:
            OSError: It cannot be kept.
        """
        self.kept.write(f"{line.time_s:10.3f} {line.stream} {line.text}\n")
        plain = replace(line, text=ESCAPE_CODES.sub("", line.text))
        if self.reader is not None:
            self.reader.feed(plain)
        self.tail.feed(plain)
