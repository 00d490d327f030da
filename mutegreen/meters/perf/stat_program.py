"""Runs the program `perf`, which prints lines until it is closed.

Guarantees:
    - Ctrl-C does not reach it: it is in a session of its own.
    - No variable of a trial or of a locale reaches it: its environment has PATH and LC_ALL=C only. Otherwise the
      ledger could take it for a process of a trial, or its numbers could have decimal commas.
    - It does not outlive this process, not even after SIGKILL: its output then has no reader, and the next line that
      it prints ends it (SIGPIPE).
    - `close` kills it together with the processes that a script in its place may have started.

Relies on:
    - `perf` printing at least one line per interval, and not ignoring SIGPIPE.

Rejected:
    - PR_SET_PDEATHSIG, a signal at the parent's death: the kernel drops it for programs with file capabilities.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence

_CHUNK_BYTES = 65536


class PerfProgram:
    """A running `perf`.

    Args:
        words: The command and its arguments.

    Raises:
        OSError: It cannot be started.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it
        self._partial = b""
        try:
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
                start_new_session=True,
            )
        except OSError:
            self._errors.close()
            raise
        assert self._process.stdout is not None
        self._output = self._process.stdout
        self._poll = select.poll()
        self._poll.register(self._output, select.POLLIN)

    def lines(self, timeout_s: float) -> list[str]:
        """Wait for output and return the complete lines printed since the last call.

        Args:
            timeout_s: How long to wait for a line, seconds.

        Returns:
            The lines; none if none was printed in time.

        Raises:
            EOFError: The program has ended; the text is its own error message.
        """
        deadline_s = time.monotonic() + timeout_s
        while self._poll.poll(max(0.0, deadline_s - time.monotonic()) * 1000):
            data = os.read(self._output.fileno(), _CHUNK_BYTES)
            if not data:
                raise EOFError(self._error_message())
            *complete, self._partial = (self._partial + data).split(b"\n")
            if complete:
                return [line.decode(errors="replace") for line in complete]
        return []

    def close(self) -> None:
        """Kill the program and all processes of its group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._output.close()
        self._process.wait()
        self._errors.close()

    def _error_message(self) -> str:
        """Return the first line of its error output; the lines after it are general advice in `perf`."""
        status = self._process.wait()
        self._errors.seek(0)
        printed = [line.strip() for line in self._errors.read(_CHUNK_BYTES).decode(errors="replace").splitlines()]
        errors = [line for line in printed if line and line != "Error:" and not line.startswith("print interval")]
        return errors[0] if errors else f"it ended with status {status}"
