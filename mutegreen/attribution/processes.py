"""Which processes are whose, and their CPU time and memory: one look over /proc for all clients.

/proc is read by hand, and not through psutil, as one file then gives parent, session, start and times of the same
moment, at a third of the cost.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from mutegreen.attribution.cpu_total import CpuTotal, ProcessSample
from mutegreen.meters.estimate.cpu_time import TICKS_PER_S

MARK = "MUTEGREEN_TRIAL"
"""Environment variable by which processes of a trial are known, also those that left its session."""

SETTLING_S = 2.0
"""A new process is looked at for so long before it is taken for a stranger: it may be about to change its session
or its program."""

LINGER_S = 3.0
"""For so long an ended process is still known, seconds, since GPUs report late."""

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class ProcessTree:
    """The processes of a client.

    Attributes:
        pids: Those that live.
        cpu_s: Their CPU time and that of those that ended, seconds; None: none was ever seen.
        memory_bytes: Anonymous memory of each, and the largest memory of files and shared memory, which they have
            in common, once. The proportional size (`smaps_rollup`) would be truer where a fork shares memory, but to
            read it takes 10 to 30 ms for a torch process, in which the kernel holds on to its memory map.
    """

    pids: frozenset[int]
    cpu_s: float | None
    memory_bytes: int | None


@dataclass
class _Client:
    root: int = 0
    mark: str | None = None
    sessions: set[int] = field(default_factory=set)
    total: CpuTotal = field(default_factory=CpuTotal)
    cpu_s: float | None = None
    finished_s: float | None = None
    """CPU time of the root at its end."""


@dataclass
class _Member:
    client: str
    started: int | None
    """In ticks; None: it had ended before it was looked at."""
    ended_s: float | None = None


class Processes:
    """Finds the processes of each client, and what they use.

    A process belongs to a client if it is the root, is of the root's session, descends from one that belongs, or
    carries the root's mark; and from then on for as long as it lives.

    Args:
        proc: The folder of the processes.
    """

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = str(proc)
        self._clients: dict[str, _Client] = {}
        self._members: dict[int, _Member] = {}
        self._strangers: dict[int, float] = {}

    def attach(self, client: str, pid: int) -> None:
        """Take a process as the root of a client's session; there may be several, one after the other."""
        own = self._clients.setdefault(client, _Client())
        own.root, own.mark, own.finished_s = pid, self._mark(pid) or own.mark, None
        own.sessions.add(pid)
        seen = self._look(pid)
        self._members[pid] = _Member(client, seen.started if seen else None)
        self._strangers.pop(pid, None)

    def finish(self, client: str, cpu_s: float | None) -> None:
        """Say that a client's root has ended and what CPU time it then had with the children that it waited for."""
        if client in self._clients:
            self._clients[client].finished_s = cpu_s

    def forget(self, client: str) -> None:
        """Look for a client's processes no longer."""
        self._clients.pop(client, None)
        self._members = {pid: member for pid, member in self._members.items() if member.client != client}
        if not self._clients:
            # Nobody looks who ends from now on, and their numbers are given out again.
            self._strangers.clear()

    def owner(self, pid: int) -> str | None:
        """Return the client of a process that lives, or ended a moment ago."""
        return self._members[pid].client if pid in self._members else None

    def scan(self, now_s: float) -> dict[str, ProcessTree]:
        """Look at all processes; `now_s` is the moment on any clock.

        Raises:
            OSError: There is no /proc here.
        """
        if not self._clients:
            return {}
        found = self._find(now_s)
        self._bury(found, now_s)
        return {client: self._tree(client, found) for client in self._clients}

    def _find(self, now_s: float) -> dict[int, ProcessSample]:
        """Return the living processes of all clients, by number. Parents come first, as numbers grow."""
        pids = sorted(int(name) for name in os.listdir(self._proc) if name.isdecimal())
        self._strangers = {pid: self._strangers[pid] for pid in pids if pid in self._strangers}
        found: dict[int, ProcessSample] = {}
        for pid in pids:
            is_new = now_s - self._strangers.get(pid, now_s) <= SETTLING_S
            seen = self._look(pid) if is_new else None
            if seen is not None and (self._is_known(seen) or self._claim(seen, now_s)):
                found[pid] = seen
        return found

    def _is_known(self, seen: ProcessSample) -> bool:
        """Return whether it is a member, and not another process that was given the number of one."""
        member = self._members.get(seen.pid)
        return member is not None and member.ended_s is None and member.started == seen.started

    def _claim(self, seen: ProcessSample, now_s: float) -> bool:
        """Return whether a new process belongs to a client, which then has it."""
        for client, own in self._clients.items():
            if seen.session in own.sessions or self._is_child(seen, client) or self._is_marked(seen.pid, own.mark):
                self._members[seen.pid] = _Member(client, seen.started)
                self._strangers.pop(seen.pid, None)
                return True
        self._members.pop(seen.pid, None)
        self._strangers.setdefault(seen.pid, now_s)
        return False

    def _is_child(self, seen: ProcessSample, client: str) -> bool:
        parent = self._members.get(seen.parent)
        return parent is not None and parent.client == client and parent.ended_s is None

    def _is_marked(self, pid: int, mark: str | None) -> bool:
        return mark is not None and self._mark(pid) == mark

    def _bury(self, found: dict[int, ProcessSample], now_s: float) -> None:
        """Note who has ended, and forget those who ended a while ago."""
        for pid in self._members.keys() - found.keys():
            member = self._members[pid]
            member.ended_s = now_s if member.ended_s is None else member.ended_s
            if now_s - member.ended_s > LINGER_S:
                del self._members[pid]

    def _tree(self, client: str, found: dict[int, ProcessSample]) -> ProcessTree:
        own = self._clients[client]
        now = {pid: seen for pid, seen in found.items() if self._members[pid].client == client}
        counted = now | _ghost(own) if own.root not in now else now
        if counted:
            own.cpu_s = own.total.take(counted)
        elif own.cpu_s is not None:
            own.cpu_s = own.total.take({})
        return ProcessTree(frozenset(now), own.cpu_s, self._memory_bytes(now))

    def _memory_bytes(self, pids: Iterable[int]) -> int | None:
        sizes = [size for pid in pids if (size := self._size(pid)) is not None]
        return sum(anonymous for anonymous, _ in sizes) + max(shared for _, shared in sizes) if sizes else None

    def _size(self, pid: int) -> tuple[int, int] | None:
        """Bytes of anonymous memory, and of files and shared memory, that a process has in memory."""
        with suppress(OSError, ValueError), open(f"{self._proc}/{pid}/statm", "rb") as file:
            _, resident, shared = map(int, file.read().split()[:3])
            return (resident - shared) * PAGE_BYTES, shared * PAGE_BYTES
        return None

    def _look(self, pid: int) -> ProcessSample | None:
        """Return the process as its `stat` has it (proc_pid_stat(5)); None: it is gone."""
        with suppress(OSError, ValueError, IndexError), open(f"{self._proc}/{pid}/stat", "rb") as file:
            # The second column, the program's name, may hold spaces and brackets.
            columns = file.read().rpartition(b") ")[2].split()
            user, system, waited_user, waited_system = (int(column) / TICKS_PER_S for column in columns[11:15])
            parent, session, started = int(columns[1]), int(columns[3]), int(columns[19])
            return ProcessSample(pid, parent, session, started, user + system, waited_user + waited_system)
        return None

    def _mark(self, pid: int) -> str | None:
        with suppress(OSError), open(f"{self._proc}/{pid}/environ", "rb") as file:
            for line in file.read().split(b"\0"):
                if line.startswith(MARK.encode() + b"="):
                    return line.partition(b"=")[2].decode(errors="replace")
        return None


def _ghost(client: _Client) -> dict[int, ProcessSample]:
    """Return the root as it was at its very end, where that is known: it has the time of all whom it waited for."""
    if client.finished_s is None:
        return {}
    known = client.total.last_s(client.root)
    if known is None:
        return {client.root: ProcessSample(client.root, 0, client.root, 0, client.finished_s, 0.0)}
    last, total_s = known
    grown_s = max(0.0, client.finished_s - total_s)
    return {client.root: replace(last, waited_s=total_s - last.own_s + grown_s)}
