"""Test the meter `nvml` with a recorder, on simulated GPUs and in simulated time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from mutegreen.meters.nvml.meter import NvmlMeter
from mutegreen.meters.recorder import PERIOD_S, Recorder
from mutegreen.model import DomainEnergy, Measurement
from mutegreen.testing.simulated import FakeClock, Schedule
from support.fake_nvml import FakeGpu, FakeNvml, square_wave

TRAINING = Schedule((0.0, 60.0), (1.3, 250.0), (2.9, 310.0), (4.1, 90.0), (4.4, 280.0), (7.7, 55.0))
BURSTS = square_wave(50.0, 350.0, period_s=1.0, duty=0.2, duration_s=60.0)
OTHER = "GPU-0e47c0de-0000-0000-0000-000000000000"


class SimulatedSampler:
    """Samples when a test calls `sample`."""

    def __init__(self, sample: Callable[[], None], period_s: float) -> None:
        self.sample, self.period_s = sample, period_s
        self.is_stopped = False

    def stop(self) -> bool:
        self.is_stopped = True
        return True


class NvmlBench:
    """A recorder over the meter in simulated time, with the sampling periods of real time."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, *gpus: FakeGpu, seed: int = 0) -> None:
        self.clock = FakeClock()
        self.fake = FakeNvml(folder, *gpus, clock=self.clock, log=True).install(monkeypatch)
        self.meter = NvmlMeter(
            clock=self.clock, cpu_clock=lambda: 0.0, sleep=self.clock.advance, start_sampler=self._start_sampler
        )
        self.sampler: SimulatedSampler | None = None
        self.meter.open()
        self.recorder = Recorder([self.meter], clock=self.clock, boot_clock=self.clock, sleep=self.clock.advance)
        self.random = random.Random(seed)

    def _start_sampler(self, sample: Callable[[], None], period_s: float) -> SimulatedSampler:
        self.sampler = SimulatedSampler(sample, period_s)
        return self.sampler

    def go_on(self, to_s: float, step_s: float = PERIOD_S) -> None:
        """Advance to a moment of the GPUs' time; the recorder samples every `step_s`, the meter at its own period."""
        gpu_sample_s = sample_s = self.fake.now_s()
        while (now_s := self.fake.now_s()) < to_s - 1e-9:
            if self.sampler and gpu_sample_s <= now_s + 1e-9:
                self.sampler.sample()
                gpu_sample_s = now_s + self.sampler.period_s * self.random.uniform(1.0, 1.1)
            if sample_s <= now_s + 1e-9:
                self.recorder.sample()
                sample_s = now_s + step_s * self.random.uniform(1.0, 1.1)
            next_s = min(gpu_sample_s, sample_s) if self.sampler else sample_s
            self.clock.advance(min(next_s, to_s) - now_s)

    def measure(self, begin_s: float, end_s: float) -> Measurement:
        self.go_on(begin_s)
        self.recorder.begin("window")
        self.go_on(end_s)
        return self.recorder.end("window")

    def open_again(self) -> None:
        self.meter.close()
        self.meter.open()


class MakeNvmlBench(Protocol):
    """Make a bench of simulated GPUs: what the fixture `bench` gives to a test."""

    def __call__(self, *gpus: FakeGpu, seed: int = 0) -> NvmlBench: ...


def only(measured: Measurement) -> DomainEnergy:
    (energy,) = measured.domains
    return energy


def joules(energy: DomainEnergy) -> float:
    assert energy.energy_j is not None, energy.reason
    return energy.energy_j


@pytest.fixture(name="bench")
def bench_fixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeNvmlBench]:
    """Return a function that makes a bench of simulated GPUs; the benches are closed after the test."""
    benches: list[NvmlBench] = []

    def make(*gpus: FakeGpu, seed: int = 0) -> NvmlBench:
        benches.append(NvmlBench(tmp_path, monkeypatch, *gpus, seed=seed))
        return benches[-1]

    yield make
    for one in benches:
        one.recorder.close()
