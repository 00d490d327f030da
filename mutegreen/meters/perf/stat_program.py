"""The program `perf` as a helper that prints lines until it is closed, and that does not outlive us."""

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

    It has a session of its own, so that Ctrl-C is not for it, and no variables but the ones here: none by which the
    processes of a trial are known, none of a locale with decimal commas. If we are killed, even by SIGKILL, its
    output has no reader any more, and the next line ends it (SIGPIPE): a signal at a parent's death
    (PR_SET_PDEATHSIG) would be dropped for a program with capabilities of its own.

    Args:
        words: The command.

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
        """The whole lines printed since the last call, waiting for the first; none if there is none in time.

        Raises:
            EOFError: It has ended; the text says why, in its own words.
        """
        deadline_s = time.monotonic() + timeout_s
        while self._poll.poll(max(0.0, deadline_s - time.monotonic()) * 1000):
            data = os.read(self._output.fileno(), _CHUNK_BYTES)
            if not data:
                raise EOFError(self._last_words())
            *whole, self._partial = (self._partial + data).split(b"\n")
            if whole:
                return [line.decode(errors="replace") for line in whole]
        return []

    def close(self) -> None:
        """End it, and all that a script in its place may have started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._output.close()
        self._process.wait()
        self._errors.close()

    def _last_words(self) -> str:
        """Its first complaint: what follows in `perf` is general advice."""
        status = self._process.wait()
        self._errors.seek(0)
        said = [line.strip() for line in self._errors.read(_CHUNK_BYTES).decode(errors="replace").splitlines()]
        complaints = [line for line in said if line and line != "Error:" and not line.startswith("print interval")]
        return complaints[0] if complaints else f"it ended with status {status}"
