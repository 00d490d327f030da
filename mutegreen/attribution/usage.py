"""Read which client uses what: CPU time and memory of its processes, and time and memory of GPUs."""

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

ELSEWHERE = " Either they use no GPU, or the driver has other process ids, as in a container with its own ids."


@dataclass(frozen=True)
class Memory:
    """Memory of a client in bytes: of the host (None: not known), and of each GPU by domain."""

    host_bytes: int | None
    gpu_bytes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class BusyTime:
    """From `begin_s` to `end_s`, a client kept a resource busy for `busy_s` seconds."""

    client: str
    resource: str
    begin_s: float
    end_s: float
    busy_s: float


@dataclass(frozen=True)
class UsageReading:
    """The use since the previous reading.

    Attributes:
        busy: Use; some of it may be older than the previous reading, as drivers report late.
        cpu_s: CPU time of each client since it entered, seconds.
        memory: Memory of each client that was observed.
    """

    busy: tuple[BusyTime, ...] = ()
    cpu_s: Mapping[str, float] = field(default_factory=dict)
    memory: Mapping[str, Memory] = field(default_factory=dict)


class Usage:
    """Reads which client uses what. The ledger's lock ensures that one thread at a time uses it.

    Args:
        processes: Finds the clients' processes.
        gpus: Reads what processes do on the GPUs; None: that is not known.
        notes: What is not known from the start, in one sentence each.
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
            return cls(Processes(), None, [f"The use of the GPUs is not known: {error}."])

    def attach(self, client: str, pid: int) -> None:
        """Attach a process as the root of a client's session."""
        self._processes.attach(client, pid)

    def finish(self, client: str, cpu_s: float | None) -> None:
        """Note that a client's root has ended; `cpu_s` includes the children that it waited for, seconds."""
        self._processes.finish(client, cpu_s)

    def forget(self, client: str) -> None:
        """Stop tracking a client's processes."""
        self._processes.forget(client)
        self._cpu_s.pop(client, None)

    def read(self, now_s: float) -> UsageReading:
        """Return the use since the last reading; `now_s` is the moment, on the ledger's clock."""
        trees = self._processes.scan(now_s)
        busy = (*self._cpu_busy(trees, now_s), *self._gpu_busy())
        gpu_bytes = self._gpus.memory() if self._gpus else {}
        memory = {client: _memory(tree, gpu_bytes) for client, tree in trees.items() if tree.cpu_s is not None}
        return UsageReading(busy, dict(self._cpu_s), memory)

    def free_gpu_bytes(self) -> dict[str, int]:
        """Return the free memory of each GPU where it is known, in bytes."""
        return self._gpus.free() if self._gpus else {}

    def notes(self) -> tuple[str, ...]:
        """Return what is not known, in one sentence each."""
        unrecognised = sorted(self._named - self._recognised)
        foreign = [f"The use of {domain} belongs to none of the trainings.{ELSEWHERE}" for domain in unrecognised]
        return (*self._notes, *(self._gpus.notes() if self._gpus else ()), *foreign)

    def close(self) -> None:
        """End the use of NVML, if GPUs are read."""
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
        uses = [(self._processes.owner(use.pid), use) for use in self._gpus.read()]
        self._named |= {use.domain for _, use in uses}
        self._recognised |= {use.domain for client, use in uses if client is not None}
        return [BusyTime(client, u.domain, u.begin_s, u.end_s, u.busy_s) for client, u in uses if client is not None]


def _memory(tree: ProcessTree, gpu_bytes: Mapping[str, Mapping[int, int]]) -> Memory:
    used = {domain: [by_pid[pid] for pid in tree.pids if pid in by_pid] for domain, by_pid in gpu_bytes.items()}
    return Memory(tree.memory_bytes, {domain: sum(sizes) for domain, sizes in used.items() if sizes})
