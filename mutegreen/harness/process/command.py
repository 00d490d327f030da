"""Run one command in its own session: lines with time stamps, a timeout, and nothing left running afterwards.

What this process does, and what happens in the command's session:

    this process                  the session
    ---------------------------   ------------------------------------------
    Command.__init__ starts it    first process (session leader), which may
                                  start workers, daemons, ...
    wait reads lines              pipes of stdout and stderr, which any
                                  process of the session may have inherited
    wait4 returns its status      the first process ends: the training ends
    on_end                        (the energy window closes here)
    SIGTERM, 1 s later SIGKILL    everything that is left ends
    wait reads the last lines     the pipes are empty
    Command.__exit__              ends what is left, after any exception, too
"""

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
"""Time between SIGTERM and SIGKILL, seconds: Ctrl-C must end everything within two seconds."""

KILL_LIMIT_S = 10.0
"""Time after SIGKILL within which a process must have ended, seconds; a process that has not hangs in the kernel."""

MAX_LINE_BYTES = 65536
"""A longer line is split, so that output without line ends cannot fill the memory."""

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
        cpu_s: CPU time of the command and of the descendants that it waited for, seconds.
        peak_rss_bytes: Largest resident memory of any single process.
        timed_out: Whether it was ended because it exceeded its timeout.
    """

    status: int
    duration_s: float
    cpu_s: float
    peak_rss_bytes: int
    timed_out: bool


class Stopped(Exception):  # noqa: N818 - an order, not an error
    """Another thread requested the end of a command (an interrupt, or an error elsewhere); its result is discarded."""


def become_subreaper() -> None:
    """Make orphans of a trial children of this process, so that they can be found (on Linux only)."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def unbuffered_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with further variables, so that a Python program does not buffer its output.

    The time stamps of its lines are then those of its epochs.
    """
    return {**os.environ, "PYTHONUNBUFFERED": "1", **variables}


# Guarantees:
#   - When the context is left, no process of the command is alive: neither in its session, nor one that left the
#     session (a daemon) and still carries the mark. The exception is a process that survives SIGKILL for
#     `KILL_LIMIT_S` because it hangs in the kernel; if it is the first process, MuteGreenError is raised.
#   - The status, the CPU time and the peak memory are those of the first process, read once, at its end.
#   - `on_end` is called exactly once in a `wait` that returns, before anything else of the command is ended.
#   - The end of the first process ends the command even if the pipes stay open (a daemon inherited them): `wait` wakes
#     by a pidfd where there is one, elsewhere within `_POLL_S`.
# Relies on:
#   - `start_new_session`: the child calls `setsid` before `exec`, so its session id is its process id, and Ctrl-C in
#     the terminal does not reach it.
#   - `wait4` on the first process is called here only. Popen's own `wait` and `poll` would reap it without its resource
#     usage, so the return code is set by hand.
#   - A process id is not used again while its process is not reaped; orphans are reaped by this process because it is a
#     subreaper (`become_subreaper`), on Linux only.
#   - Descendants keep the mark in their environment. One that starts a new session with a cleared environment is not
#     found.
# Rejected:
#   - `killpg`: it misses daemons with a new session. cgroups: they need rights that users do not have.
#   - Waiting for the end of the pipes instead of the process: a daemon keeps them open.
class Command:
    """A running command. `wait` supervises it; leaving the context ends everything that is left of it."""

    def __init__(
        self,
        words: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        mark: str,
        cpus: Collection[int] = (),
        stop: threading.Event | None = None,
    ) -> None:
        """Start the command.

        Args:
            words: Program and arguments.
            folder: Working folder.
            environment: The whole environment.
            mark: Identifies its processes: value of `MARK` in their environment.
            cpus: The CPUs that it may use; empty: all.
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
        """Ids of all observed processes of the command, including the first."""
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
        """Pass on lines until the first process has ended or the timeout has passed; then end everything that is left.

        An exception (an interrupt, a full disk in `on_line`) leaves at once; leaving the context ends the command.

        Args:
            on_line: Takes each line.
            timeout_s: Longest time since the start, seconds; None: no limit.
            on_end: Called at the end of the first process, before anything else is ended, with the CPU time of this
                process and of the descendants that it waited for, seconds; None: the timeout has passed.

        Raises:
            Stopped: `stop` was set.
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
        """Return whether the first process has ended; the first time, keep its status and resource usage."""
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
        """End everything that is left of the command, and wait until it has ended.

        Raises:
            MuteGreenError: The first process cannot be ended.
        """
        terminate_all(self._members)
        self._end_threads()
        self._reap_orphans()

    def _end_threads(self) -> None:
        """End the threads of a first process whose main thread has ended: it looks dead, but cannot be reaped yet.

        Raises:
            MuteGreenError: They cannot be ended.
        """
        deadline_s = time.monotonic() + KILL_LIMIT_S
        while not self._reap():
            if time.monotonic() >= deadline_s:
                raise MuteGreenError(
                    f"process {self.pid} of trial {self._mark} cannot be ended",
                    "it hangs in the kernel (a driver, a file system): end it, then resume the audit",
                )
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            time.sleep(0.01)

    def _members(self) -> list[psutil.Process]:
        """Return the living processes of the command: in its session, or with its mark."""
        self._reap()
        self._reap_orphans()
        members = {p.pid: p for p in psutil.Process().children(recursive=True) if _belongs(p, self.pid, self._mark)}
        self._seen.update(members)
        return [p for p in members.values() if _is_alive(p)]

    def _reap_orphans(self) -> None:
        """Reap orphans of the command, which are children of this process now."""
        for pid in self._seen - {self.pid}:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def terminate_all(members: Callable[[], list[psutil.Process]]) -> int:
    """End processes by SIGTERM, after `TERMINATE_GRACE_S` by SIGKILL, until `members` returns none.

    The signal is sent again in each round, as a process may have started others in between.

    Args:
        members: Returns the living processes.

    Returns:
        How many there were at first.
    """
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
    """Return all processes of the machine whose mark has a prefix: those that a killed harness left running."""
    marked = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARK, "").startswith(prefix) and _is_alive(process):
                marked.append(process)
    return marked


def _pin(pid: int, cpus: Collection[int]) -> None:
    """Restrict a process to CPUs right after its start; its later threads and children inherit this.

    Where the system does not allow it, the process uses all CPUs.
    """
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
    """Both output pipes, split into lines at new lines and at carriage returns (progress bars)."""

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
        """Wait at most `timeout_s` seconds for output or for the end of the first process; yield the lines."""
        for key, _ in self._selector.select(timeout_s):
            if key.data is not None:
                yield from self._take(key.fileobj, key.data)  # type: ignore[arg-type]

    def rest(self) -> Iterator[OutputLine]:
        """Yield what is left in the pipes after the end of all processes, and last lines without a line end."""
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
    """Return a descriptor that wakes `select` when the process ends; None: the system has none."""
    with contextlib.suppress(OSError, AttributeError):
        return os.pidfd_open(pid)
    return None
