"""A recorder over the NVML meter, on simulated GPUs and in simulated time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_nvml import FakeGpu, FakeNvml, square_wave
from meter_fakes import FakeClock, Schedule

from mutegreen.meters.nvml import PERIOD_S, NvmlMeter
from mutegreen.meters.recorder import Recorder
from mutegreen.model import DomainEnergy, Measurement

TRAINING = Schedule((0.0, 60.0), (1.3, 250.0), (2.9, 310.0), (4.1, 90.0), (4.4, 280.0), (7.7, 55.0))
BURSTS = square_wave(50.0, 350.0, period_s=1.0, duty=0.2, duration_s=60.0)
OTHER = "GPU-0e47c0de-0000-0000-0000-000000000000"


class Bench:
    """A recorder over the meter, in simulated time that goes on in steps of about the meter's period."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, *gpus: FakeGpu, seed: int = 0) -> None:
        self.clock = FakeClock()
        self.fake = FakeNvml(folder, *gpus, clock=self.clock, log=True).install(monkeypatch)
        self.meter = NvmlMeter(clock=self.clock, cpu_clock=lambda: 0.0, sleep=self.clock.advance)
        self.meter.open()
        self.recorder = Recorder([self.meter], clock=self.clock, boot_clock=self.clock, sleep=self.clock.advance)
        self.random = random.Random(seed)

    def go_on(self, to_s: float, step_s: float = PERIOD_S) -> None:
        """Sample up to this moment of the GPUs' time."""
        while (left_s := to_s - self.fake.now_s()) > 1e-9:
            self.clock.advance(min(left_s, step_s * self.random.uniform(0.9, 1.5)))
            self.recorder.sample()

    def measure(self, begin_s: float, end_s: float) -> Measurement:
        self.go_on(begin_s)
        self.recorder.begin("window")
        self.go_on(end_s)
        return self.recorder.end("window")

    def open_again(self) -> None:
        self.meter.close()
        self.meter.open()


def only(measured: Measurement) -> DomainEnergy:
    (figure,) = measured.domains
    return figure


def joules(figure: DomainEnergy) -> float:
    assert figure.energy_j is not None, figure.reason
    return figure.energy_j


@pytest.fixture(name="bench")
def bench_fixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Bench]]:
    """Makes a bench of these GPUs; what it opened is closed in the end."""
    made: list[Bench] = []

    class Made(Bench):
        def __init__(self, *gpus: FakeGpu, seed: int = 0) -> None:
            super().__init__(tmp_path, monkeypatch, *gpus, seed=seed)
            made.append(self)

    yield Made  # type: ignore[misc]
    for one in made:
        one.recorder.close()
