"""Every meter of ours under the contract suite of `mutegreen.testing`, each against a known truth.

A new meter joins by a function that makes a `MeterCase` of it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mutegreen.meters.estimate.meter import EstimateMeter
from mutegreen.meters.nvml.meter import NvmlMeter
from mutegreen.meters.perf.meter import PerfMeter
from mutegreen.meters.pyrapl import PyRaplMeter
from mutegreen.meters.rapl.meter import RaplMeter
from mutegreen.meters.replay import ReplayMeter
from mutegreen.meters.zeus.devices import GROWTH_WAIT_S
from mutegreen.meters.zeus.meter import ZeusMeter
from mutegreen.model import Quality
from mutegreen.testing.meters import DURATION_S, MeterCase, MeterContract
from mutegreen.testing.simulated import FakeClock, Schedule
from support import zeus_fakes
from support.fake_nvml import CONTROLS, EVERY_CALL, GPU_IS_LOST, FakeGpu, FakeNvml
from support.fake_powercap import PACKAGE_UJ, FakePowercap, package
from support.meter_fakes import FakeMachine, SimulatedMeter
from support.nvml_bench import SimulatedSampler
from support.perf_fakes import CONFIGS, FakeKernel, FakeUnit
from support.perf_stat_fakes import LinesMachine

WATTS = {
    "gpu:GPU-0": Schedule((0.0, 50.0), (10.0, 300.0), (30.0, 0.0), (40.0, 120.0)),
    "cpu:package-0": Schedule((0.0, 20.0), (25.0, 90.0)),
}


def simulated(tmp_path: Path) -> MeterCase:
    clock = FakeClock()
    meter = SimulatedMeter(clock, WATTS, range_j=6500.0)

    def lose() -> tuple[str, ...]:
        meter.dead["gpu:GPU-0"] = "it fell off the bus"
        return ("gpu:GPU-0",)

    return MeterCase(meter, Quality.COUNTER, clock, lambda d, a, b: WATTS[d].integral(a, b), lose)


def estimate(tmp_path: Path) -> MeterCase:
    clock = FakeClock()
    busy_cpus = Schedule((0.0, 0.0), (15.0, 4.0), (25.0, 1.0), (45.0, 2.0))
    machine = FakeMachine(tmp_path, clock, busy_cpus, cpus=4)
    meter = EstimateMeter(20.0, 100.0, 3.0, root=tmp_path, clock=clock, sleep=clock.advance)

    def truth(domain: str, begin_s: float, end_s: float) -> float:
        if domain == "dram:package-0":
            return 3.0 * (end_s - begin_s)
        after_birth = meter._opened_s - machine.born_s
        busy_s = busy_cpus.integral(begin_s + after_birth, end_s + after_birth)
        return 20.0 * (end_s - begin_s) + (100.0 - 20.0) / 4 * busy_s

    def lose() -> tuple[str, ...]:
        clock.watchers.remove(machine.tick)
        (tmp_path / "proc/stat").unlink()
        return ("cpu:package-0",)

    return MeterCase(meter, Quality.ESTIMATED, clock, truth, lose)


def replay(tmp_path: Path) -> MeterCase:
    clock = FakeClock()
    moments = (0.0, 10.0, 25.0, 30.0, 40.0, DURATION_S)
    rows = [(t, *(watts.integral(0.0, t) + 1e6 for watts in WATTS.values())) for t in moments]
    lines = ["# quality=integrated", ",".join(["time_s", *WATTS]), *(",".join(map(repr, row)) for row in rows)]
    file = tmp_path / "trace.csv"
    file.write_text("\n".join(lines) + "\n")

    def lose() -> tuple[str, ...]:
        clock.advance(DURATION_S)
        return tuple(WATTS)

    meter = ReplayMeter(file, clock=clock)
    return MeterCase(meter, Quality.INTEGRATED, clock, lambda d, a, b: WATTS[d].integral(a, b), lose)


def rapl(tmp_path: Path) -> MeterCase:
    clock = FakeClock()
    watts = {"cpu:package-0": WATTS["cpu:package-0"], "dram:package-0": Schedule((0.0, 4.0), (20.0, 9.0))}
    zones = package(0, watts["cpu:package-0"], dram=watts["dram:package-0"], start_uj=PACKAGE_UJ - 700_000_000)
    fake = FakePowercap(tmp_path, zones)
    fake.follow(clock)

    def lose() -> tuple[str, ...]:
        fake.release("intel-rapl:0:1")
        fake.file("intel-rapl:0:1").unlink()
        return ("dram:package-0",)

    meter = RaplMeter(fake.root, clock=clock, boot_clock=clock, sleep=lambda seconds: None)
    return MeterCase(meter, Quality.COUNTER, clock, lambda d, a, b: watts[d].integral(a, b), lose)


def nvml(tmp_path: Path) -> MeterCase:
    return _gpus(
        tmp_path, Quality.COUNTER, FakeGpu("GPU-0", WATTS["gpu:GPU-0"]), FakeGpu("GPU-1", Schedule((0.0, 75.0)))
    )


def nvml_without_counters(tmp_path: Path) -> MeterCase:
    steady = (FakeGpu(f"GPU-{n}", Schedule((0.0, 75.0 + n)), counter=0) for n in (0, 1))
    return _gpus(tmp_path, Quality.INTEGRATED, *steady)


def _gpus(tmp_path: Path, quality: Quality, *gpus: FakeGpu) -> MeterCase:
    clock = FakeClock()
    fake = FakeNvml(tmp_path, *gpus, clock=clock)
    fake.preload()
    os.environ[CONTROLS] = str(fake.controls)
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(0.25)
        clock.advance(0.25)

    meter = NvmlMeter({}, clock=clock, sleep=nap, start_sampler=SimulatedSampler)
    watts = {gpu.domain: gpu.watts for gpu in gpus}

    def truth(domain: str, begin_s: float, end_s: float) -> float:
        return watts[domain].integral(begin_s + sum(naps), end_s + sum(naps))

    def lose() -> tuple[str, ...]:
        gpus[0].fail(GPU_IS_LOST, EVERY_CALL)
        fake.write()
        return (gpus[0].domain,)

    return MeterCase(meter, quality, clock, truth, lose)


@pytest.fixture(autouse=True)
def no_gpus_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONTROLS, "")


def perf(tmp_path: Path) -> MeterCase:
    clock = FakeClock()
    watts = {"cpu:package-0": WATTS["cpu:package-0"], "dram:package-0": Schedule((0.0, 4.0), (20.0, 9.0))}
    FakeUnit(tmp_path, {0: [0]}, tuple(CONFIGS))
    kernel = FakeKernel(clock, {(config, 0): one for config, one in zip(CONFIGS.values(), watts.values(), strict=True)})

    def lose() -> tuple[str, ...]:
        kernel.faults[CONFIGS["energy-ram"], 0].reading = OSError(5, "the kernel has stopped the counter")
        return ("dram:package-0",)

    meter = PerfMeter(root=tmp_path, clock=clock, open_counter=kernel.open)
    return MeterCase(meter, Quality.COUNTER, clock, lambda d, a, b: watts[d].integral(a, b), lose)


def perf_stat(tmp_path: Path) -> MeterCase:
    watts = {"cpu:package-0": WATTS["cpu:package-0"], "dram:package-0": Schedule((0.0, 4.0), (20.0, 9.0))}
    machine = LinesMachine(tmp_path, {(event, 0): one for event, one in zip(CONFIGS, watts.values(), strict=True)})

    def truth(domain: str, begin_s: float, end_s: float) -> float:
        return watts[domain].integral(begin_s + machine.perf.waited_s, end_s + machine.perf.waited_s)

    def lose() -> tuple[str, ...]:
        machine.perf.values["energy-ram", 0] = "<not counted>"
        return ("dram:package-0",)

    return MeterCase(machine.meter, Quality.COUNTER, machine.clock, truth, lose)


def pyrapl(tmp_path: Path) -> MeterCase:
    clock = FakeClock()
    watts = WATTS["cpu:package-0"]

    class Sensor:
        fault: OSError | None = None

        def energy(self) -> list[float]:
            if self.fault:
                raise self.fault
            return [5e6 + watts.integral(0.0, clock() - 1000.0) * 1e6, -1]

    sensor = Sensor()

    def lose() -> tuple[str, ...]:
        sensor.fault = OSError(19, "No such device")
        return ("cpu:package-0",)

    meter = PyRaplMeter(clock=clock, make_sensor=lambda: sensor)
    return MeterCase(meter, Quality.COUNTER, clock, lambda d, a, b: watts.integral(a, b), lose)


def zeus(tmp_path: Path) -> MeterCase:
    clock = FakeClock()
    watts = {"gpu:0": WATTS["gpu:GPU-0"], "gpu:1": WATTS["cpu:package-0"]}
    gpus = [zeus_fakes.FakeZeusGpu(number, clock, one) for number, one in enumerate(watts.values())]

    def truth(domain: str, begin_s: float, end_s: float) -> float:
        return watts[domain].integral(begin_s + GROWTH_WAIT_S, end_s + GROWTH_WAIT_S)

    def lose() -> tuple[str, ...]:
        gpus[1].fault = zeus_fakes.ZeusGPULostError("it fell off the bus")
        return ("gpu:1",)

    layer = zeus_fakes.FakeLayer(zeus_fakes.FakeGpus(gpus))
    meter = ZeusMeter(clock=clock, sleep=clock.advance, load=lambda: layer)
    return MeterCase(meter, Quality.COUNTER, clock, truth, lose)


class TestMeters(MeterContract):
    @pytest.fixture(
        params=[simulated, estimate, replay, rapl, nvml, nvml_without_counters, perf, perf_stat, pyrapl, zeus],
        ids=lambda make: make.__name__,
    )
    def case(self, request: pytest.FixtureRequest, tmp_path: Path) -> MeterCase:
        made: MeterCase = request.param(tmp_path)
        return made
