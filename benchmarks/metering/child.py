"""A process that is asked by a line and answers by a line of JSON."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

FOLDER = Path(__file__).resolve().parent
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Child:
    """One of this folder's scripts, running; it has answered once when this is made.

    Args:
        script: Its file name.
        words: Its arguments.
        environ: Its environment.
        cpus: The CPUs it may use; none: all.

    Raises:
        RuntimeError: It ended; the text is the last line of what it said.
    """

    def __init__(self, script: str, *words: str, environ: Mapping[str, str], cpus: Iterable[int] = ()) -> None:
        root = os.pathsep.join([str(FOLDER.parents[1]), environ.get("PYTHONPATH", "")])
        self._process = subprocess.Popen(
            [sys.executable, str(FOLDER / script), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**environ, **ONE_THREAD, "PYTHONPATH": root},
            start_new_session=True,
        )
        if cpus:
            os.sched_setaffinity(self._process.pid, cpus)
        self.first = self.answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.go_on()
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()

    def tell(self, line: str) -> None:
        """Ask; `answer` has the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        """The answer to what was asked."""
        assert self._process.stdout is not None
        if line := self._process.stdout.readline():
            return json.loads(line)
        said = self._process.communicate()[1].strip().splitlines()
        raise RuntimeError(said[-1] if said else "it ended without a word")

    def ask(self, line: str) -> Any:
        """Ask and wait for the answer."""
        self.tell(line)
        return self.answer()

    def pause(self) -> None:
        """Stop it and its own children, wherever they are."""
        os.killpg(self._process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Undo `pause`."""
        os.killpg(self._process.pid, signal.SIGCONT)
