"""The simulated GPUs, read through the real bindings; tests of the meter and of attribution depend on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mutegreen.testing.simulated import FakeClock, Schedule
from support.fake_nvml import NOT_SUPPORTED, FakeGpu, FakeNvml

pynvml = pytest.importorskip("pynvml", reason="nvidia-ml-py is not installed")

STEPS = Schedule((0.0, 50.0), (2.0, 300.0), (3.0, 80.0))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def handle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: FakeClock) -> Iterator[Any]:
    gpu = FakeGpu(watts=STEPS, counter_start_j=10.0, average_s=1.0).run(41, 1.0, 3.0, 60, 2**30)
    FakeNvml(tmp_path, gpu.run(42, 2.0, 9.0, 30, 2**20), clock=clock).install(monkeypatch)
    pynvml.nvmlInit()
    yield pynvml.nvmlDeviceGetHandleByIndex(0)
    pynvml.nvmlShutdown()


def test_energy_is_the_integral_of_power(handle: Any, clock: FakeClock) -> None:
    for moment_s in (0.0, 1.5, 2.5, 7.0):
        clock.advance(1000.0 + moment_s - clock.now_s)
        truth_mj = 1000 * (10.0 + STEPS.integral(0.0, moment_s))
        assert pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) == pytest.approx(truth_mj, abs=1)


def test_power_is_of_the_moment_or_the_mean(handle: Any, clock: FakeClock) -> None:
    clock.advance(2.5)
    instant, average, limit = pynvml.nvmlDeviceGetFieldValues(handle, [186, 185, 187])
    assert (instant.value.uiVal, average.value.uiVal) == (300_000, 175_000)
    assert limit.nvmlReturn == NOT_SUPPORTED
    assert pynvml.nvmlDeviceGetPowerUsage(handle) == 175_000


def test_processes_start_and_end_with_their_shares(handle: Any, clock: FakeClock) -> None:
    assert pynvml.nvmlDeviceGetComputeRunningProcesses(handle) == []
    with pytest.raises(pynvml.NVMLError_NotFound):
        pynvml.nvmlDeviceGetProcessUtilization(handle, 0)
    clock.advance(2.5)
    running = pynvml.nvmlDeviceGetComputeRunningProcesses(handle)
    assert [(process.pid, process.usedGpuMemory) for process in running] == [(41, 2**30), (42, 2**20)]
    clock.advance(1.0)
    assert [process.pid for process in pynvml.nvmlDeviceGetComputeRunningProcesses(handle)] == [42]


def test_utilisation_is_the_mean_over_all_samples_since_a_moment(handle: Any, clock: FakeClock) -> None:
    def used_since(moment_s: float) -> list[tuple[int, int, float]]:
        samples = pynvml.nvmlDeviceGetProcessUtilization(handle, round((1000.0 + moment_s) * 1e6))
        return [(sample.pid, sample.smUtil, sample.timeStamp / 1e6 - 1000.0) for sample in samples]

    clock.advance(4.0)
    assert used_since(0.0) == [(41, 60 * 2 // 4, 3.0), (42, 30 * 2 // 4, 4.0)]
    assert used_since(2.5) == [(41, 60 * 0.5 / 1.5, 3.0), (42, 30, 4.0)]
    assert used_since(3.0) == [(42, 30, 4.0)]
    with pytest.raises(pynvml.NVMLError_NotFound):
        used_since(4.0)
