"""A child process that receives requests as lines and answers each with a line of JSON."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

FOLDER = Path(__file__).resolve().parent
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Child:
    """A running script of this folder; it has answered once when the constructor returns.

    Args:
        script: Its file name.
        words: Its arguments.
        environ: Its environment.

    Raises:
        RuntimeError: It ended; the text is the last line of its output.
    """

    def __init__(self, script: str, *words: str, environ: Mapping[str, str]) -> None:
        root = os.pathsep.join([str(FOLDER.parents[1]), environ.get("PYTHONPATH", "")])
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed in __exit__; a pipe would fill up
        self._process = subprocess.Popen(
            [sys.executable, str(FOLDER / script), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env={**environ, **ONE_THREAD, "PYTHONPATH": root},
            start_new_session=True,
        )
        self.first = self.answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.resume()
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()
        self._errors.close()

    def send(self, line: str) -> None:
        """Send a request; `answer` returns the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        """Wait for the answer and return it."""
        assert self._process.stdout is not None
        if line := self._process.stdout.readline():
            return json.loads(line)
        self._process.wait()
        self._errors.seek(0)
        printed = self._errors.read().strip().splitlines()
        raise RuntimeError(printed[-1] if printed else "it ended without output")

    def ask(self, line: str) -> Any:
        """Send a request, wait for the answer and return it."""
        self.send(line)
        return self.answer()

    def pause(self) -> None:
        """Pause it and its own children."""
        os.killpg(self._process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Undo `pause`."""
        os.killpg(self._process.pid, signal.SIGCONT)
