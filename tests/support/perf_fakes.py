"""Simulate the performance monitoring unit `power` of Linux: its files and its counters, with known true energy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mutegreen.meters.perf.event import Count
from mutegreen.testing.simulated import FakeClock, Schedule

JOULES = 2.0**-32
"""Joules of one count, the same on every processor."""

POWER_TYPE = 23
CONFIGS = {"energy-pkg": 2, "energy-ram": 3}


class FakeUnit:
    """Write the files of the unit: the CPU of each package on which it counts, and its events."""

    def __init__(
        self, root: Path, packages: dict[int, list[int]], events: tuple[str, ...], maker: str = "GenuineIntel"
    ) -> None:
        self.root = root
        self.folder = "sys/bus/event_source/devices/power"
        self.write(f"{self.folder}/type", POWER_TYPE)
        self.write(f"{self.folder}/cpumask", ",".join(str(cpu) for cpus in packages.values() for cpu in cpus))
        self.write("proc/cpuinfo", f"processor\t: 0\nvendor_id\t: {maker}\nmodel name\t: fake\n")
        self.write("proc/sys/kernel/perf_event_paranoid", 2)
        for package, cpus in packages.items():
            for cpu in cpus:
                self.write(f"sys/devices/system/cpu/cpu{cpu}/topology/physical_package_id", package)
        for event in events:
            self.describe(event, f"event=0x{CONFIGS[event]:02x}", f"{JOULES:.22e}")

    def describe(self, event: str, terms: str, joules: str, unit: str = "Joules") -> None:
        self.write(f"{self.folder}/events/{event}", terms)
        self.write(f"{self.folder}/events/{event}.scale", joules)
        self.write(f"{self.folder}/events/{event}.unit", unit)

    def write(self, file: str, content: object) -> None:
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content}\n")


@dataclass
class PerfFault:
    """The fault of a CPU's counters from now on."""

    opening: OSError | None = None
    reading: OSError | None = None
    offline_since_s: float | None = None
    ahead_s: float = 0.0
    """Delay of a reading."""


class FakeKernel:
    """Counters that count `watts[config, cpu]` from the moment they are opened."""

    def __init__(self, clock: FakeClock, watts: dict[tuple[int, int], Schedule]) -> None:
        self.clock = clock
        self.watts = watts
        self.faults: dict[tuple[int, int], PerfFault] = {}
        self.born_s = clock()
        self.opened = 0

    def open(self, unit_type: int, config: int, cpu: int) -> FakePerfCounter:
        assert unit_type == POWER_TYPE
        fault = self.faults.setdefault((config, cpu), PerfFault())
        if fault.opening:
            raise fault.opening
        return FakePerfCounter(self, self.watts[config, cpu], fault)


class FakePerfCounter:
    def __init__(self, kernel: FakeKernel, watts: Schedule, fault: PerfFault) -> None:
        self.kernel, self.watts, self.fault = kernel, watts, fault
        self.begun_s = kernel.clock()
        kernel.opened += 1

    def read(self) -> Count:
        if self.fault.reading:
            raise self.fault.reading
        now_s = self.kernel.clock() + self.fault.ahead_s
        if self.fault.offline_since_s is not None:
            now_s = min(now_s, self.fault.offline_since_s)
        joules = self.watts.integral(self.begun_s - self.kernel.born_s, now_s - self.kernel.born_s)
        # A counter does not begin at the moment at which it is opened: this one has 7 counts already.
        return Count(7 + round(joules / JOULES), round((now_s - self.begun_s) * 1e9))

    def close(self) -> None:
        self.kernel.opened -= 1
