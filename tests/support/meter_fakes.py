"""Simulate a machine and counters of known true energy, for the tests of meters."""

from __future__ import annotations

import os
from pathlib import Path

from mutegreen.errors import MeterLost
from mutegreen.meters.base import Meter, Reading
from mutegreen.model import Flag, Quality
from mutegreen.testing.simulated import FakeClock, Schedule

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class SimulatedMeter(Meter):
    """Devices with counters of finite range that can wrap, fail and get lost."""

    name = "simulated"

    def __init__(self, clock: FakeClock, watts: dict[str, Schedule], *, range_j: float = float("inf")) -> None:
        self.clock = clock
        self.watts = watts
        self.range_j = range_j
        self.resolution_s = 0.001
        self.dead: dict[str, str] = {}
        self.failure: Exception | None = None
        self.reads = 0
        self.closed = 0
        self.is_open = False

    def open(self) -> None:
        self.domains = tuple(self.watts)
        self.quality = dict.fromkeys(self.domains, Quality.COUNTER)
        self.is_open = True
        self.opened_s = self.clock()
        self.raw_j = dict.fromkeys(self.domains, 0.0)
        self.total_j = dict.fromkeys(self.domains, 0.0)

    def read(self) -> Reading:
        self.reads += 1
        if not self.is_open:
            raise RuntimeError("the meter is not open")
        if self.failure:
            raise self.failure
        alive = [domain for domain in self.domains if domain not in self.dead]
        wrapped = [domain for domain in alive if self._advance(domain)]
        flags = dict.fromkeys(wrapped, frozenset({Flag.COUNTER_WRAPPED}))
        return Reading(self.clock(), {domain: self.total_j[domain] for domain in alive}, dict(self.dead), flags)

    def _advance(self, domain: str) -> bool:
        true_j = self.watts[domain].integral(0.0, self.clock() - self.opened_s)
        raw_j = true_j % self.range_j
        wrapped = raw_j < self.raw_j[domain]
        self.total_j[domain] += raw_j - self.raw_j[domain] + (self.range_j if wrapped else 0.0)
        self.raw_j[domain] = raw_j
        return wrapped

    def close(self) -> None:
        self.is_open = False
        self.closed += 1


class FakeMachine:
    """The files of `proc` and `sys` that the meter `estimate` reads, for a machine with a known load."""

    def __init__(
        self, root: Path, clock: FakeClock, busy_cpus: Schedule, *, cpus: int = 4, memory_kib: int = 8 * 2**20
    ) -> None:
        self.root = root
        self.clock = clock
        self.busy_cpus = busy_cpus
        self.cpus = cpus
        self.born_s = clock()
        self.write("proc/meminfo", f"MemTotal:       {memory_kib} kB\nMemFree:  1 kB\n")
        self.write("proc/self/status", f"Name:\tpython\nCpus_allowed_list:\t0-{cpus - 1}\n")
        self.write("proc/self/cgroup", "0::/\n")
        self.tick()
        clock.watchers.append(self.tick)

    def write(self, file: str, text: str) -> None:
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        # In place: some file systems write a file that was emptied to the disk as soon as it is closed.
        file_descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
        os.ftruncate(file_descriptor, os.write(file_descriptor, text.encode()))
        os.close(file_descriptor)

    def tick(self) -> None:
        """Write /proc/stat for this moment: the load is spread evenly, half as user and half as system time."""
        elapsed_s = self.clock() - self.born_s
        busy = round(self.busy_cpus.integral(0.0, elapsed_s) * TICKS_PER_S)
        idle = round(elapsed_s * self.cpus * TICKS_PER_S) - busy
        self.write_stat({"cpu": (busy, idle)} | self._each_cpu(busy, idle))

    def _each_cpu(self, busy: int, idle: int) -> dict[str, tuple[int, int]]:
        return {f"cpu{number}": (busy // self.cpus, idle // self.cpus) for number in range(self.cpus)}

    def write_stat(self, ticks: dict[str, tuple[int, int]]) -> None:
        lines = [f"{name} {busy // 2} 0 {busy - busy // 2} {idle} 0 0 0 0 0 0" for name, (busy, idle) in ticks.items()]
        self.write("proc/stat", "\n".join([*lines, "intr 12345 0 9", "ctxt 99"]) + "\n")


class DyingMeter(SimulatedMeter):
    """A meter that is lost as a whole, as when its driver is unloaded."""

    def read(self) -> Reading:
        if self.dead:
            self.reads += 1
            raise MeterLost(next(iter(self.dead.values())))
        return super().read()
