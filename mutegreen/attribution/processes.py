"""Find the processes of all clients in one scan of /proc, with their CPU time and memory.

/proc is read directly and not through psutil: one file gives the parent, session, start and times of the same moment,
at a third of the cost.
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
"""Environment variable that identifies the processes of a trial, including those that left its session."""

SETTLING_S = 2.0
"""Time for which a new process is checked again before it counts as foreign, seconds: it may still change its session
or its program."""

LINGER_S = 3.0
"""Time for which an ended process is remembered, seconds, because GPUs report late."""

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class ProcessTree:
    """The processes of a client.

    Attributes:
        pids: The living processes.
        cpu_s: CPU time of the living and the ended processes, seconds; None: none was ever observed.
        memory_bytes: Sum of the anonymous memory of each process, plus the largest memory of files and shared memory of
            any (which they have in common). The proportional size (`smaps_rollup`) would be more exact if a fork shares
            memory. Rejected: reading it takes 10 to 30 ms for a torch process, and the kernel locks its memory map
            during that time.
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
    """CPU time of the root at its end, seconds."""


@dataclass
class _Member:
    client: str
    started: int | None
    """In ticks; None: it had ended before it was sampled."""
    ended_s: float | None = None


class Processes:
    """Finds the processes of each client, and what they use.

    A process belongs to a client if it is the root, is in the root's session, is a child of a process that belongs, or
    carries the root's mark. Once it belongs, it belongs until its end.

    Args:
        proc: The folder of the process file system.
    """

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = str(proc)
        self._clients: dict[str, _Client] = {}
        self._members: dict[int, _Member] = {}
        self._foreign: dict[int, float] = {}

    def attach(self, client: str, pid: int) -> None:
        """Attach a process as the root of a client's session; a client may have several roots, one after the other."""
        tracked = self._clients.setdefault(client, _Client())
        tracked.root, tracked.mark, tracked.finished_s = pid, self._mark(pid) or tracked.mark, None
        tracked.sessions.add(pid)
        sample = self._sample(pid)
        self._members[pid] = _Member(client, sample.started if sample else None)
        self._foreign.pop(pid, None)

    def finish(self, client: str, cpu_s: float | None) -> None:
        """Note that a client's root has ended, with its final CPU time.

        Args:
            client: The client.
            cpu_s: CPU time of the root and of the children that it waited for, seconds; None: not known.
        """
        if client in self._clients:
            self._clients[client].finished_s = cpu_s

    def forget(self, client: str) -> None:
        """Stop tracking a client's processes."""
        self._clients.pop(client, None)
        self._members = {pid: member for pid, member in self._members.items() if member.client != client}
        if not self._clients:
            # No scan will notice when foreign processes end, and their ids are used again.
            self._foreign.clear()

    def owner(self, pid: int) -> str | None:
        """Return the client of a process that is alive, or ended at most `LINGER_S` ago; None: it has none."""
        return self._members[pid].client if pid in self._members else None

    def scan(self, now_s: float) -> dict[str, ProcessTree]:
        """Scan all processes.

        Args:
            now_s: The moment, on any clock that does not go back.

        Returns:
            The processes of each client.

        Raises:
            OSError: The machine has no /proc.
        """
        if not self._clients:
            return {}
        samples = self._find(now_s)
        self._forget_ended(samples, now_s)
        return {client: self._tree(client, samples) for client in self._clients}

    def _find(self, now_s: float) -> dict[int, ProcessSample]:
        """Return the living processes of all clients, by id. Parents mostly come first, as ids grow."""
        pids = sorted(int(name) for name in os.listdir(self._proc) if name.isdecimal())
        self._foreign = {pid: self._foreign[pid] for pid in pids if pid in self._foreign}
        samples: dict[int, ProcessSample] = {}
        for pid in pids:
            is_new = now_s - self._foreign.get(pid, now_s) <= SETTLING_S
            sample = self._sample(pid) if is_new else None
            if sample is not None and (self._is_known(sample) or self._claim(sample, now_s)):
                samples[pid] = sample
        return samples

    def _is_known(self, sample: ProcessSample) -> bool:
        """Return whether it is a member, and not another process with the id of an ended one."""
        member = self._members.get(sample.pid)
        return member is not None and member.ended_s is None and member.started == sample.started

    def _claim(self, sample: ProcessSample, now_s: float) -> bool:
        """Assign a new process to the client that it belongs to; return whether there is one."""
        for client, tracked in self._clients.items():
            if (
                sample.session in tracked.sessions
                or self._is_child(sample, client)
                or self._is_marked(sample.pid, tracked.mark)
            ):
                self._members[sample.pid] = _Member(client, sample.started)
                self._foreign.pop(sample.pid, None)
                return True
        self._members.pop(sample.pid, None)
        self._foreign.setdefault(sample.pid, now_s)
        return False

    def _is_child(self, sample: ProcessSample, client: str) -> bool:
        parent = self._members.get(sample.parent)
        return parent is not None and parent.client == client and parent.ended_s is None

    def _is_marked(self, pid: int, mark: str | None) -> bool:
        return mark is not None and self._mark(pid) == mark

    def _forget_ended(self, samples: dict[int, ProcessSample], now_s: float) -> None:
        """Note which members have ended, and remove those that ended more than `LINGER_S` ago."""
        for pid in self._members.keys() - samples.keys():
            member = self._members[pid]
            member.ended_s = now_s if member.ended_s is None else member.ended_s
            if now_s - member.ended_s > LINGER_S:
                del self._members[pid]

    def _tree(self, client: str, samples: dict[int, ProcessSample]) -> ProcessTree:
        tracked = self._clients[client]
        now = {pid: sample for pid, sample in samples.items() if self._members[pid].client == client}
        counted = now | _root_at_end(tracked) if tracked.root not in now else now
        if counted:
            tracked.cpu_s = tracked.total.take(counted)
        elif tracked.cpu_s is not None:
            tracked.cpu_s = tracked.total.take({})
        return ProcessTree(frozenset(now), tracked.cpu_s, self._memory_bytes(now))

    def _memory_bytes(self, pids: Iterable[int]) -> int | None:
        sizes = [size for pid in pids if (size := self._size(pid)) is not None]
        return sum(anonymous for anonymous, _ in sizes) + max(shared for _, shared in sizes) if sizes else None

    def _size(self, pid: int) -> tuple[int, int] | None:
        """Return the resident bytes of anonymous memory, and of files and shared memory; None: the process is gone."""
        with suppress(OSError, ValueError), open(f"{self._proc}/{pid}/statm", "rb") as file:
            _, resident, shared = map(int, file.read().split()[:3])
            return (resident - shared) * PAGE_BYTES, shared * PAGE_BYTES
        return None

    def _sample(self, pid: int) -> ProcessSample | None:
        """Return a sample from the process's `stat` file (proc_pid_stat(5)); None: the process is gone."""
        with suppress(OSError, ValueError, IndexError), open(f"{self._proc}/{pid}/stat", "rb") as file:
            # The second column, the name of the program, may contain spaces and brackets.
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


def _root_at_end(client: _Client) -> dict[int, ProcessSample]:
    """Return the root as a last sample with its final CPU time, which includes the children that it waited for."""
    if client.finished_s is None:
        return {}
    known = client.total.last_s(client.root)
    if known is None:
        return {client.root: ProcessSample(client.root, 0, client.root, 0, client.finished_s, 0.0)}
    last, total_s = known
    grown_s = max(0.0, client.finished_s - total_s)
    return {client.root: replace(last, waited_s=total_s - last.own_s + grown_s)}
