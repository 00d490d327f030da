"""Test the meter `rapl` on a simulated powercap tree, with a clock that the tests advance."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mutegreen.meters.rapl.meter import RaplMeter
from mutegreen.meters.recorder import Recorder
from mutegreen.model import DomainEnergy, Measurement
from mutegreen.testing.simulated import FakeClock, Schedule
from support.fake_powercap import FakePowercap, FakeZone, package

CPU, DRAM = "cpu:package-0", "dram:package-0"
WATTS = Schedule((0.0, 60.0), (3.0, 150.0), (7.0, 20.0))
MEMORY = Schedule((0.0, 4.0), (5.0, 11.0))


class RaplBench:
    """A simulated tree, its clock, and an open meter that reads it."""

    def __init__(self, tmp_path: Path, zones: Iterable[FakeZone], layout: str = "linux") -> None:
        self.clock = FakeClock()
        self.fake = FakePowercap(tmp_path / layout, zones, layout)
        self.fake.follow(self.clock)
        self.meter = RaplMeter(self.fake.root, clock=self.clock, boot_clock=self.clock, sleep=self.clock.advance)
        self.meter.open()
        self.opened_s = self.clock() - 1000.0
        self.recorder = Recorder([self.meter], clock=self.clock, boot_clock=self.clock, sleep=self.clock.advance)

    @property
    def elapsed_s(self) -> float:
        """Return the time of the schedules, seconds."""
        return self.clock() - 1000.0

    def run(self, seconds: float, step_s: float = 0.1) -> None:
        for _ in range(round(seconds / step_s)):
            self.clock.advance(step_s)
            self.recorder.sample()

    def window(self, seconds: float) -> Measurement:
        self.recorder.begin("w")
        self.run(seconds)
        return self.recorder.end("w")


def domain_energy(measured: Measurement, domain: str = CPU) -> DomainEnergy:
    return next(one for one in measured.domains if one.domain == domain)


def two_sockets() -> list[FakeZone]:
    first = package(0, WATTS, dram=MEMORY, core=Schedule((0.0, 30.0)))
    second = package(1, Schedule((0.0, 90.0)), dram=Schedule((0.0, 7.0)), start_uj=77)
    return first + second
