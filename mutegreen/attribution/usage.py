"""Who uses what: CPU time and memory of each client's processes, and the GPUs' time and memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from mutegreen.attribution.gpu_use import GpuUse
from mutegreen.attribution.processes import Processes, ProcessTree
from mutegreen.attribution.sharing import CPU
from mutegreen.errors import MeterError
from mutegreen.meters.nvml.library import Fault
from mutegreen.model import is_gpu

ELSEWHERE = " They use no GPU, or the driver numbers processes otherwise, as in a container with numbers of its own."


@dataclass(frozen=True)
class Memory:
    """Memory in use by a client: of the host in bytes, None where it is not known, and of each GPU by domain."""

    host_bytes: int | None
    gpu_bytes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class BusyTime:
    """From `begin_s` to `end_s` a client kept a resource busy for so many seconds."""

    client: str
    resource: str
    begin_s: float
    end_s: float
    busy_s: float


@dataclass(frozen=True)
class UsageReading:
    """What was learnt of the use since the reading before.

    Attributes:
        busy: Use, some of it of a time before that reading.
        cpu_s: CPU time of each client since it began, seconds.
        memory: In use now by each client of which something was seen.
    """

    busy: tuple[BusyTime, ...] = ()
    cpu_s: Mapping[str, float] = field(default_factory=dict)
    memory: Mapping[str, Memory] = field(default_factory=dict)


class Usage:
    """Reads who uses what. One thread at a time uses it; the ledger sees to that.

    Args:
        processes: Finds the clients' processes.
        gpus: Tells what they do on the GPUs; None: nothing does.
        notes: What is not known from the start.
    """

    def __init__(self, processes: Processes, gpus: GpuUse | None = None, notes: Iterable[str] = ()) -> None:
        self._processes, self._gpus = processes, gpus
        self._notes = tuple(notes)
        self._read_s: float | None = None
        self._cpu_s: dict[str, float] = {}
        self._named: set[str] = set()
        self._recognised: set[str] = set()

    @classmethod
    def of(cls, domains: Collection[str]) -> Self:
        """Return the use of these domains on this machine: `Usage.of(recorder.domains)`."""
        gpus = [domain for domain in domains if is_gpu(domain)]
        if not gpus:
            return cls(Processes())
        try:
            return cls(Processes(), GpuUse.open(gpus))
        except (MeterError, Fault) as error:
            return cls(Processes(), None, [f"Who uses the GPUs is not known: {error}."])

    def attach(self, client: str, pid: int) -> None:
        """Take a process as the root of a client's session."""
        self._processes.attach(client, pid)

    def finish(self, client: str, cpu_s: float | None) -> None:
        """Say that a client's root has ended, having used so much CPU time with the children that it waited for."""
        self._processes.finish(client, cpu_s)

    def forget(self, client: str) -> None:
        """Look for a client's processes no longer."""
        self._processes.forget(client)
        self._cpu_s.pop(client, None)

    def read(self, now_s: float) -> UsageReading:
        """Return what was learnt since the last reading; `now_s` is the moment, on the ledger's clock."""
        trees = self._processes.scan(now_s)
        busy = (*self._cpu_busy(trees, now_s), *self._gpu_busy())
        gpu_bytes = self._gpus.memory() if self._gpus else {}
        memory = {client: _memory(tree, gpu_bytes) for client, tree in trees.items() if tree.cpu_s is not None}
        return UsageReading(busy, dict(self._cpu_s), memory)

    def free_gpu_bytes(self) -> dict[str, int]:
        """Memory that nothing uses now, of each GPU where it is known."""
        return self._gpus.free() if self._gpus else {}

    def notes(self) -> tuple[str, ...]:
        """Return what is not known, each in one sentence."""
        strange = sorted(self._named - self._recognised)
        others = [f"{domain} was kept busy by none of the processes of the trainings.{ELSEWHERE}" for domain in strange]
        return (*self._notes, *(self._gpus.notes() if self._gpus else ()), *others)

    def close(self) -> None:
        """Let go of the GPUs."""
        if self._gpus is not None:
            self._gpus.close()

    def _cpu_busy(self, trees: Mapping[str, ProcessTree], now_s: float) -> list[BusyTime]:
        before_s, before_cpu_s = self._read_s, self._cpu_s
        self._read_s = now_s
        self._cpu_s = {client: tree.cpu_s for client, tree in trees.items() if tree.cpu_s is not None}
        if before_s is None:
            return []
        grown = {client: cpu_s - before_cpu_s.get(client, 0.0) for client, cpu_s in self._cpu_s.items()}
        return [BusyTime(client, CPU, before_s, now_s, grown_s) for client, grown_s in grown.items() if grown_s > 0]

    def _gpu_busy(self) -> list[BusyTime]:
        if self._gpus is None:
            return []
        found = [(self._processes.owner(each.pid), each) for each in self._gpus.read()]
        self._named |= {each.domain for _, each in found}
        self._recognised |= {each.domain for client, each in found if client is not None}
        return [BusyTime(client, e.domain, e.begin_s, e.end_s, e.busy_s) for client, e in found if client is not None]


def _memory(tree: ProcessTree, gpu_bytes: Mapping[str, Mapping[int, int]]) -> Memory:
    used = {domain: [by_pid[pid] for pid in tree.pids if pid in by_pid] for domain, by_pid in gpu_bytes.items()}
    return Memory(tree.memory_bytes, {domain: sum(found) for domain, found in used.items() if found})
