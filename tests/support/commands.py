"""The command line as tests use it: in this process where that is enough, as a process of its own where it must be."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from mutegreen.cli.main import _status
from support.limits import PROCESS_S
from support.tiny import command, environment

APART = frozenset({"run", "study", "measure", "doctor", "calibrate"})
"""Commands that look after processes of their own, hear signals or measure: another test may have loaded a simulated
driver into this process, where it stays."""

READ_AT_START = ("LD_", "PYTHON", "PATH")
"""Beginnings of the names of variables that a process obeys only if it has them when it starts."""

Ended = subprocess.CompletedProcess[str]
"""How a command ended: `returncode`, `stdout` and `stderr`."""


@dataclass(frozen=True)
class Run:
    """Runs `mutegreen` in a folder, where its store then lies.

    A start of Python with numpy and pandas costs ten times what most commands cost, so a command that only reads is
    called in this process. Its arguments, environment, working folder, streams, messages and exit status are those of
    a process; warnings are errors, as everywhere in the tests. `tests/cli/test_processes.py` runs each command once
    as a process.

    Args:
        folder: The working folder.
    """

    folder: Path

    def __call__(self, *words: object, **variables: str) -> Ended:
        """Runs a command: in this process, unless it trains or measures or a variable must be there from the start."""
        trains = words[0] in APART and not {"--dry-run", "--help"} & set(words)
        if trains or any(name.startswith(READ_AT_START) for name in variables):
            return self.process(*words, **variables)
        return self.inside(*words, **variables)

    def process(self, *words: object, **variables: str) -> Ended:
        """Runs a command as a process of its own."""
        line, own = command(*words), environment(**variables)
        return subprocess.run(line, cwd=self.folder, env=own, capture_output=True, text=True, timeout=PROCESS_S)

    def inside(self, *words: object, stdin: str = "", **variables: str) -> Ended:
        """Runs a command in this process. An exception that is no message of MuteGreen reaches the test."""
        streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2)]
        with (
            contextlib.chdir(self.folder),
            mock.patch.dict(os.environ, environment(**variables), clear=True),
            mock.patch.multiple(sys, argv=["mutegreen", *map(str, words)], stdin=io.StringIO(stdin)),
            contextlib.redirect_stdout(streams[0]),
            contextlib.redirect_stderr(streams[1]),
        ):
            status = _exit_status()
        return subprocess.CompletedProcess(command(*words), status, *map(_text, streams))


def _exit_status() -> int:
    try:
        return _status()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)


def _text(stream: io.TextIOWrapper) -> str:
    """What was written, with ends of lines as `subprocess` gives them."""
    stream.flush()
    stream.seek(0)
    stream.reconfigure(newline=None)
    return stream.read()
