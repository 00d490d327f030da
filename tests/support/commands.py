"""Run the command line for tests: in this process if possible, otherwise as a separate process."""

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
"""Commands that start processes, handle signals or measure. Another test may have loaded a simulated driver into this
process, and a driver cannot be unloaded."""

READ_AT_START = ("LD_", "PYTHON", "PATH")
"""Prefixes of variables that take effect only at the start of a process."""

Ended = subprocess.CompletedProcess[str]
"""How a command ended: `returncode`, `stdout` and `stderr`."""


@dataclass(frozen=True)
class Run:
    """Run `mutegreen` in a folder, which then holds the store.

    A start of Python with numpy and pandas costs ten times what most commands cost, so a command that only reads is
    called in this process. Its arguments, environment, working folder, streams, messages and exit status are those of
    a process; warnings are errors, as everywhere in the tests. `tests/cli/test_processes.py` runs each command once
    as a process.

    Args:
        folder: The working folder.
    """

    folder: Path

    def __call__(self, *words: object, **variables: str) -> Ended:
        """Run a command in this process, unless it trains or measures, or a variable must be set at the start."""
        trains = words[0] in APART and not {"--dry-run", "--help"} & set(words)
        if trains or any(name.startswith(READ_AT_START) for name in variables):
            return self.process(*words, **variables)
        return self.inside(*words, **variables)

    def process(self, *words: object, **variables: str) -> Ended:
        """Run a command as a separate process."""
        line, env = command(*words), environment(**variables)
        return subprocess.run(line, cwd=self.folder, env=env, capture_output=True, text=True, timeout=PROCESS_S)

    def inside(self, *words: object, stdin: str = "", **variables: str) -> Ended:
        """Run a command in this process. An exception that is not an error of MuteGreen reaches the test."""
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
    """Return the output, with the line ends of `subprocess`."""
    stream.flush()
    stream.seek(0)
    stream.reconfigure(newline=None)
    return stream.read()
