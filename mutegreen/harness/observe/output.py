"""Write every line of a program's output to a log, and pass it on without colours and cursor movements."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TextIO

from mutegreen.harness.observe.outcome import OutputTail
from mutegreen.harness.observe.performance import OutputReader
from mutegreen.harness.process.command import OutputLine

ESCAPE_CODES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")
"""Colours, cursor movements and control characters: no pattern should meet them, no terminal should repeat them."""


@dataclass(frozen=True)
class OutputSink:
    """Writes each line to a log and passes it to the readers.

    Attributes:
        log: Receives each line with its time in seconds and its stream.
        reader: Searches for values of performance; None: nothing does.
        tail: Keeps the last lines.
    """

    log: TextIO
    reader: OutputReader | None = None
    tail: OutputTail = field(default_factory=OutputTail)

    def feed(self, line: OutputLine) -> None:
        """Process the next line.

        Raises:
            OSError: It cannot be written.
        """
        self.log.write(f"{line.time_s:10.3f} {line.stream} {line.text}\n")
        plain = replace(line, text=ESCAPE_CODES.sub("", line.text))
        if self.reader is not None:
            self.reader.feed(plain)
        self.tail.feed(plain)
