"""What every meter promises, checked against a known truth for each of them.

A new meter joins by a function that makes a `Case` of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from mutegreen.meters.base import Meter
from mutegreen.meters.estimate.meter import EstimateMeter
from mutegreen.meters.nvml.meter import NvmlMeter
from mutegreen.meters.perf.meter import PerfMeter
from mutegreen.meters.pyrapl import PyRaplMeter
from mutegreen.meters.rapl.meter import RaplMeter
from mutegreen.meters.recorder import Recorder
from mutegreen.meters.replay import ReplayMeter
from mutegreen.meters.zeus.devices import GROWTH_WAIT_S
from mutegreen.meters.zeus.meter import ZeusMeter
from mutegreen.model import DomainEnergy, Flag, Quality, is_domain
from support import zeus_fakes
from support.fake_nvml import CONTROLS, EVERY_CALL, GPU_IS_LOST, FakeGpu, FakeNvml
from support.fake_powercap import PACKAGE_UJ, FakePowercap, package
from support.meter_fakes import FakeClock, FakeMachine, Schedule, SimulatedMeter
from support.nvml_bench import SimulatedWatch
from support.perf_fakes import CONFIGS, FakeKernel, FakeUnit
from support.perf_stat_fakes import LinesMachine

DURATION_S = 60.0
WATTS = {
    "gpu:GPU-0": Schedule((0.0, 50.0), (10.0, 300.0), (30.0, 0.0), (40.0, 120.0)),
    "cpu:package-0": Schedule((0.0, 20.0), (25.0, 90.0)),
}
QUARTERS = [0.25, 0.25, 0.5, 4.0, 5.0, 0.25, 12.75, 2.0, 7.0, 11.0, 9.0]
"""Steps between readings; multiples of a tick of /proc/stat, so that the truth has no rounding."""


@dataclass
class Case:
    """A meter, not open, and the truth about it.

    Args:
        truth: (domain, begin, end) -> joules between two moments in seconds after `open`.
        lose: Takes domains away; returns which.
    """

    meter: Meter
    clock: FakeClock
    quality: Quality
    truth: Callable[[str, float, float], float]
    lose: Callable[[], tuple[str, ...]]


def simulated(tmp_path: Path) -> Case:
    clock = FakeClock()
    meter = SimulatedMeter(clock, WATTS, range_j=6500.0)

    def lose() -> tuple[str, ...]:
        meter.dead["gpu:GPU-0"] = "it fell off the bus"
        return ("gpu:GPU-0",)

    return Case(meter, clock, Quality.COUNTER, lambda d, a, b: WATTS[d].integral(a, b), lose)


def estimate(tmp_path: Path) -> Case:
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

    return Case(meter, clock, Quality.ESTIMATED, truth, lose)


def replay(tmp_path: Path) -> Case:
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
    return Case(meter, clock, Quality.INTEGRATED, lambda d, a, b: WATTS[d].integral(a, b), lose)


def rapl(tmp_path: Path) -> Case:
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
    return Case(meter, clock, Quality.COUNTER, lambda d, a, b: watts[d].integral(a, b), lose)


def nvml(tmp_path: Path) -> Case:
    return _gpus(
        tmp_path, Quality.COUNTER, FakeGpu("GPU-0", WATTS["gpu:GPU-0"]), FakeGpu("GPU-1", Schedule((0.0, 75.0)))
    )


def nvml_without_counters(tmp_path: Path) -> Case:
    steady = (FakeGpu(f"GPU-{n}", Schedule((0.0, 75.0 + n)), counter=0) for n in (0, 1))
    return _gpus(tmp_path, Quality.INTEGRATED, *steady)


def _gpus(tmp_path: Path, quality: Quality, *gpus: FakeGpu) -> Case:
    clock = FakeClock()
    fake = FakeNvml(tmp_path, *gpus, clock=clock)
    fake.preload()
    os.environ[CONTROLS] = str(fake.controls)
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(0.25)
        clock.advance(0.25)

    meter = NvmlMeter({}, clock=clock, sleep=nap, watch=SimulatedWatch)
    watts = {gpu.domain: gpu.watts for gpu in gpus}

    def truth(domain: str, begin_s: float, end_s: float) -> float:
        return watts[domain].integral(begin_s + sum(naps), end_s + sum(naps))

    def lose() -> tuple[str, ...]:
        gpus[0].fail(GPU_IS_LOST, EVERY_CALL)
        fake.write()
        return (gpus[0].domain,)

    return Case(meter, clock, quality, truth, lose)


@pytest.fixture(autouse=True)
def no_gpus_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONTROLS, "")


def perf(tmp_path: Path) -> Case:
    clock = FakeClock()
    watts = {"cpu:package-0": WATTS["cpu:package-0"], "dram:package-0": Schedule((0.0, 4.0), (20.0, 9.0))}
    FakeUnit(tmp_path, {0: [0]}, tuple(CONFIGS))
    kernel = FakeKernel(clock, {(config, 0): one for config, one in zip(CONFIGS.values(), watts.values(), strict=True)})

    def lose() -> tuple[str, ...]:
        kernel.faults[CONFIGS["energy-ram"], 0].reading = OSError(5, "the kernel has stopped the counter")
        return ("dram:package-0",)

    meter = PerfMeter(root=tmp_path, clock=clock, open_counter=kernel.open)
    return Case(meter, clock, Quality.COUNTER, lambda d, a, b: watts[d].integral(a, b), lose)


def perf_stat(tmp_path: Path) -> Case:
    watts = {"cpu:package-0": WATTS["cpu:package-0"], "dram:package-0": Schedule((0.0, 4.0), (20.0, 9.0))}
    machine = LinesMachine(tmp_path, {(event, 0): one for event, one in zip(CONFIGS, watts.values(), strict=True)})

    def truth(domain: str, begin_s: float, end_s: float) -> float:
        return watts[domain].integral(begin_s + machine.perf.waited_s, end_s + machine.perf.waited_s)

    def lose() -> tuple[str, ...]:
        machine.perf.values["energy-ram", 0] = "<not counted>"
        return ("dram:package-0",)

    return Case(machine.meter, machine.clock, Quality.COUNTER, truth, lose)


def pyrapl(tmp_path: Path) -> Case:
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
    return Case(meter, clock, Quality.COUNTER, lambda d, a, b: watts.integral(a, b), lose)


def zeus(tmp_path: Path) -> Case:
    clock = FakeClock()
    watts = {"gpu:0": WATTS["gpu:GPU-0"], "gpu:1": WATTS["cpu:package-0"]}
    gpus = [zeus_fakes.FakeGpu(number, clock, one) for number, one in enumerate(watts.values())]

    def truth(domain: str, begin_s: float, end_s: float) -> float:
        return watts[domain].integral(begin_s + GROWTH_WAIT_S, end_s + GROWTH_WAIT_S)

    def lose() -> tuple[str, ...]:
        gpus[1].fault = zeus_fakes.ZeusGPULostError("it fell off the bus")
        return ("gpu:1",)

    layer = zeus_fakes.FakeLayer(zeus_fakes.FakeGpus(gpus))
    meter = ZeusMeter(clock=clock, sleep=clock.advance, load=lambda: layer)
    return Case(meter, clock, Quality.COUNTER, truth, lose)


@pytest.fixture(
    params=[simulated, estimate, replay, rapl, nvml, nvml_without_counters, perf, perf_stat, pyrapl, zeus],
    ids=lambda make: make.__name__,
)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    made: Case = request.param(tmp_path)
    made.meter.open()
    return made


def recorder_of(case: Case) -> Recorder:
    return Recorder([case.meter], clock=case.clock, boot_clock=case.clock, period_s=DURATION_S)


def figure(figures: tuple[DomainEnergy, ...], domain: str) -> DomainEnergy:
    return next(one for one in figures if one.domain == domain)


def test_names_its_domains_their_quality_and_its_resolution(case: Case) -> None:
    assert case.meter.domains
    assert all(is_domain(domain) for domain in case.meter.domains)
    assert dict(case.meter.quality) == dict.fromkeys(case.meter.domains, case.quality)
    assert case.meter.resolution_s > 0


def test_starts_at_zero_and_says_when(case: Case) -> None:
    reading = case.meter.read()
    assert reading.energy_j == dict.fromkeys(case.meter.domains, 0.0)
    assert reading.t_s == case.clock.now_s


def test_joules_are_the_integral_of_the_watts(case: Case) -> None:
    elapsed_s = 0.0
    for step_s in QUARTERS:
        case.clock.advance(step_s)
        elapsed_s += step_s
        energy_j = case.meter.read().energy_j
        for domain in case.meter.domains:
            assert energy_j[domain] == pytest.approx(case.truth(domain, 0.0, elapsed_s), rel=1e-12, abs=1e-6)


def test_never_decreases_however_often_it_is_read(case: Case) -> None:
    before = case.meter.read().energy_j
    for _ in range(600):
        case.clock.advance(0.0971)
        after = case.meter.read().energy_j
        assert all(after[domain] >= before[domain] for domain in case.meter.domains)
        before = after


def test_reads_no_domain_that_it_does_not_name(case: Case) -> None:
    case.clock.advance(1.0)
    case.lose()
    reading = case.meter.read()
    without = {*reading.lost, *reading.failed}
    assert {*reading.energy_j, *without} == set(case.meter.domains)
    assert not {*reading.energy_j} & without
    assert {*reading.flags, *reading.unknown} <= set(case.meter.domains)


def test_windows_that_nest_and_overlap_add_up(case: Case) -> None:
    recorder = recorder_of(case)
    ends = {}
    for key, step_s in (("outer", 5.0), ("first", 7.0), ("overlap", 4.0)):
        recorder.begin(key)
        case.clock.advance(step_s)
    ends["first"] = recorder.end("first")
    recorder.begin("second")
    case.clock.advance(20.0)
    for key in ("overlap", "second", "outer"):
        ends[key] = recorder.end(key)
    spans = {"outer": (0.0, 36.0), "first": (5.0, 16.0), "overlap": (12.0, 36.0), "second": (16.0, 36.0)}
    for key, (begin_s, end_s) in spans.items():
        assert ends[key].duration_s == end_s - begin_s
        for domain in case.meter.domains:
            energy = figure(ends[key].domains, domain)
            assert energy.energy_j == pytest.approx(case.truth(domain, begin_s, end_s), rel=1e-9)
            assert energy.quality is case.quality
            assert energy.meter == case.meter.name


def test_a_domain_lost_in_the_middle_has_a_reason_and_no_figure(case: Case) -> None:
    recorder = recorder_of(case)
    recorder.begin("before")
    case.clock.advance(10.0)
    whole = recorder.end("before")
    recorder.begin("across")
    case.clock.advance(5.0)
    begun_s = 10.0
    lost = case.lose()
    case.clock.advance(1.0)
    across = recorder.end("across")
    recorder.begin("after")
    case.clock.advance(1.0)
    after = recorder.end("after")
    for domain in lost:
        assert figure(whole.domains, domain).energy_j == pytest.approx(case.truth(domain, 0.0, 10.0))
        for measured in (across, after):
            energy = figure(measured.domains, domain)
            assert energy.energy_j is None
            assert energy.reason
            assert Flag.DEVICE_LOST in energy.flags
    for domain in set(case.meter.domains) - set(lost):
        energy = figure(across.domains, domain)
        assert energy.energy_j == pytest.approx(case.truth(domain, begun_s, begun_s + 6.0))
        assert Flag.DEVICE_LOST not in energy.flags
        assert figure(after.domains, domain).energy_j is not None


def test_close_can_be_repeated_and_ends_reading(case: Case) -> None:
    case.meter.close()
    case.meter.close()
    with pytest.raises(RuntimeError):
        case.meter.read()


def test_counts_from_zero_again_when_opened_again(case: Case) -> None:
    case.clock.advance(5.0)
    case.meter.read()
    case.meter.close()
    case.meter.open()
    assert case.meter.read().energy_j == dict.fromkeys(case.meter.domains, 0.0)
