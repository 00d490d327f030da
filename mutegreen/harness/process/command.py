"""One command in a session of its own: lines with time stamps, a timeout, and nothing left running afterwards."""

from __future__ import annotations

import contextlib
import ctypes
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from mutegreen.attribution.processes import MARK
from mutegreen.errors import MuteGreenError

TERMINATE_GRACE_S = 1.0
"""Time between SIGTERM and SIGKILL: Ctrl-C is to end everything within two seconds."""

KILL_LIMIT_S = 10.0
"""Time after SIGKILL within which a process must be gone; one that is not hangs in the kernel."""

MAX_LINE_BYTES = 65536
"""A longer line is cut in pieces, so that output without line ends cannot fill the memory."""

_POLL_S = 0.2
_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class OutputLine:
    """A line of output: seconds since the start, `out` or `err`, and the text without its line end."""

    time_s: float
    stream: str
    text: str


@dataclass(frozen=True)
class CommandResult:
    """How a command ended.

    Attributes:
        status: Exit status; negative: the signal that ended it.
        duration_s: Wall time from start to the end of the command itself, seconds.
        cpu_s: CPU time of the command and of the descendants it waited for, seconds.
        peak_rss_bytes: Largest resident memory of any single process.
        timed_out: Whether it was ended for having passed its timeout.
    """

    status: int
    duration_s: float
    cpu_s: float
    peak_rss_bytes: int
    timed_out: bool


class Stopped(Exception):  # noqa: N818 - an order, not an error
    """A command was told by another thread to end: an interrupt, or a fault elsewhere. No result of it counts."""


def become_subreaper() -> None:
    """Makes orphans of a trial children of this process, so that they can be found (Linux; elsewhere nothing)."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def unbuffered_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with further variables, for a Python program whose output is to come at once.

    The time stamps of its lines are then those of its epochs.
    """
    return {**os.environ, "PYTHONUNBUFFERED": "1", **variables}


class Command:
    """A running command. `wait` supervises it; leaving the context ends whatever is left of it."""

    def __init__(
        self,
        words: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        mark: str,
        cpus: Collection[int] = (),
        stop: threading.Event | None = None,
    ) -> None:
        """Starts it.

        Args:
            words: Program and arguments.
            folder: Working folder.
            environment: The whole environment.
            mark: What its processes are known by.
            cpus: The CPUs that it may use; none named: all.
            stop: Ends `wait` once it is set.

        Raises:
            OSError: The program cannot be started.
        """
        self._mark = mark
        self._stop = stop or threading.Event()
        self.started_s = time.monotonic()
        self._process = subprocess.Popen(
            words,
            cwd=folder,
            env={**environment, MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self.pid = self._process.pid
        if cpus:
            _pin(self.pid, cpus)
        self._seen: set[int] = set()
        self._ended: tuple[int, float, float, int] | None = None
        self._streams = _Streams(self._process, self.started_s)

    @property
    def seen(self) -> frozenset[int]:
        """Numbers of all processes of the command that were seen, its own among them."""
        return frozenset({self.pid, *self._seen})

    def __enter__(self) -> Command:
        return self

    def __exit__(self, *exception: object) -> None:
        self._end_group()
        self._streams.close()

    def wait(
        self,
        on_line: Callable[[OutputLine], None],
        timeout_s: float | None = None,
        on_end: Callable[[float | None], object] = lambda cpu_s: None,
    ) -> CommandResult:
        """Hands on lines until the command has ended, then ends the rest of its group.

        `on_end` is called the moment the command itself has ended, before anything is cleaned up, with the CPU time
        of the command and of the descendants that it waited for, seconds; None: it still runs, past its timeout.
        An exception (an interrupt, a full disk in `on_line`) leaves at once; leaving the context ends the group.

        Raises:
            Stopped: It was told to stop.
        """
        deadline_s = None if timeout_s is None else self.started_s + timeout_s
        timed_out = False
        while not self._reap():
            if self._stop.is_set():
                raise Stopped
            if deadline_s is not None and time.monotonic() >= deadline_s:
                timed_out = True
                break
            for line in self._streams.read(_poll_timeout_s(deadline_s)):
                on_line(line)
        on_end(self._ended[2] if self._ended else None)
        self._end_group()
        for line in self._streams.rest():
            on_line(line)
        assert self._ended is not None
        status, ended_s, cpu_s, peak_rss_bytes = self._ended
        return CommandResult(status, ended_s - self.started_s, cpu_s, peak_rss_bytes, timed_out)

    def _reap(self) -> bool:
        """Whether the command itself has ended; keeps its status and usage the first time it has."""
        if self._ended is None:
            pid, status, usage = os.wait4(self.pid, os.WNOHANG)
            if pid == 0:
                return False
            # The kernel counts ru_maxrss in kilobytes, macOS in bytes.
            unit = 1 if sys.platform == "darwin" else 1024
            code = os.waitstatus_to_exitcode(status)
            self._process.returncode = code
            self._ended = (code, time.monotonic(), usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit)
        return True

    def _end_group(self) -> None:
        """Ends all that is left of the command, and waits until it has gone.

        Raises:
            MuteGreenError: Something of it cannot be ended.
        """
        terminate_all(self._members)
        self._end_threads()
        self._reap_orphans()

    def _end_threads(self) -> None:
        """Ends threads that go on without the first one, which then looks dead but cannot be reaped yet.

        Raises:
            MuteGreenError: They cannot be ended.
        """
        deadline_s = time.monotonic() + KILL_LIMIT_S
        while not self._reap():
            if time.monotonic() >= deadline_s:
                raise MuteGreenError(
                    f"process {self.pid} of trial {self._mark} cannot be ended",
                    "it hangs in the kernel (a driver, a file system): end it by hand, then resume the audit",
                )
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            time.sleep(0.01)

    def _members(self) -> list[psutil.Process]:
        """Living processes of the command's session, and those that left it but carry its mark."""
        self._reap()
        self._reap_orphans()
        found = {p.pid: p for p in psutil.Process().children(recursive=True) if _belongs(p, self.pid, self._mark)}
        self._seen.update(found)
        return [p for p in found.values() if _is_alive(p)]

    def _reap_orphans(self) -> None:
        """Reaps processes of the command that lost their parent and became children of this process."""
        for pid in self._seen - {self.pid}:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def terminate_all(members: Callable[[], list[psutil.Process]]) -> int:
    """Ends processes, politely and then not, until `members` finds none; returns how many there were at first."""
    count = len(left := members())
    for number, limit_s in ((signal.SIGTERM, TERMINATE_GRACE_S), (signal.SIGKILL, KILL_LIMIT_S)):
        deadline_s = time.monotonic() + limit_s
        while left and time.monotonic() < deadline_s:
            for process in left:
                with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                    process.send_signal(number)
            time.sleep(0.01)
            left = members()
    return count


def find_marked(prefix: str) -> list[psutil.Process]:
    """All processes of this machine whose mark starts with a prefix: what a killed harness left running."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARK, "").startswith(prefix) and _is_alive(process):
                found.append(process)
    return found


def _pin(pid: int, cpus: Collection[int]) -> None:
    """Before the program has begun, so that all its threads inherit it; where that cannot be, it uses all CPUs."""
    with contextlib.suppress(OSError, AttributeError):
        os.sched_setaffinity(pid, cpus)


def _belongs(process: psutil.Process, session: int, mark: str) -> bool:
    try:
        if os.getsid(process.pid) == session:
            return True
        return process.environ().get(MARK) == mark
    except (psutil.Error, OSError):
        return False


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() not in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
    except (psutil.Error, OSError):
        return False


def _poll_timeout_s(deadline_s: float | None) -> float:
    return _POLL_S if deadline_s is None else min(_POLL_S, max(0.0, deadline_s - time.monotonic()))


class _Streams:
    """Both output pipes, cut into lines at new lines and at carriage returns (progress bars)."""

    def __init__(self, process: subprocess.Popen[bytes], started_s: float) -> None:
        self._started_s = started_s
        self._selector = selectors.DefaultSelector()
        self._partial: dict[str, bytes] = {"out": b"", "err": b""}
        self._pidfd = _open_pidfd(process.pid)
        for name, pipe in (("out", process.stdout), ("err", process.stderr)):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, selectors.EVENT_READ, name)
        if self._pidfd is not None:
            self._selector.register(self._pidfd, selectors.EVENT_READ, None)

    def read(self, timeout_s: float) -> Iterator[OutputLine]:
        """Waits for output or for the command's end, no longer than a time; what came, in lines."""
        for key, _ in self._selector.select(timeout_s):
            if key.data is not None:
                yield from self._take(key.fileobj, key.data)  # type: ignore[arg-type]

    def rest(self) -> Iterator[OutputLine]:
        """What is still in the pipes once everybody has gone, and the last lines without an end."""
        for key in list(self._selector.get_map().values()):
            if key.data is not None:
                yield from self._take(key.fileobj, key.data)  # type: ignore[arg-type]
        for name, partial in self._partial.items():
            if partial:
                yield self._line(name, partial)
                self._partial[name] = b""

    def close(self) -> None:
        for key in list(self._selector.get_map().values()):
            if key.data is not None:
                key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None

    def _take(self, pipe: IO[bytes], name: str) -> Iterator[OutputLine]:
        while True:
            try:
                data = os.read(pipe.fileno(), MAX_LINE_BYTES)
            except BlockingIOError:
                return
            if not data:
                self._selector.unregister(pipe)
                pipe.close()
                return
            yield from self._lines(name, data)

    def _lines(self, name: str, data: bytes) -> Iterator[OutputLine]:
        *whole, partial = (self._partial[name] + data).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        if len(partial) >= MAX_LINE_BYTES:
            whole, partial = [*whole, partial], b""
        self._partial[name] = partial
        for text in whole:
            yield self._line(name, text)

    def _line(self, name: str, text: bytes) -> OutputLine:
        return OutputLine(time.monotonic() - self._started_s, name, text.decode("utf-8", errors="replace"))


def _open_pidfd(pid: int) -> int | None:
    """A descriptor that wakes `select` when the process ends; None where the system has none."""
    with contextlib.suppress(OSError, AttributeError):
        return os.pidfd_open(pid)
    return None
