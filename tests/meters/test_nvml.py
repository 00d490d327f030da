"""The NVML meter on simulated GPUs whose true energy is known, through the real bindings."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mutegreen.meters.nvml.meter import MAX_SAMPLE_S, SAMPLE_S, NvmlMeter
from mutegreen.meters.nvml.power import Integral
from mutegreen.meters.nvml.sampler import SamplerThread
from mutegreen.model import Flag, Quality
from mutegreen.testing.simulated import FakeClock, Schedule
from support.fake_nvml import (
    COUNTER,
    EVERY_CALL,
    GPU_IS_LOST,
    NO_PERMISSION,
    NOT_SUPPORTED,
    POWERS,
    FakeGpu,
    FakeNvml,
    square_wave,
)
from support.limits import EVENT_S
from support.nvml_bench import (  # noqa: F401 - a fixture
    BURSTS,
    OTHER,
    TRAINING,
    MakeNvmlBench,
    NvmlBench,
    SimulatedSampler,
    bench_fixture,
    joules,
    only,
)


class TestCounter:
    @pytest.mark.parametrize("period_s", [0.0, 0.02, 0.1])
    @pytest.mark.parametrize("begin_s", [0.72, 1.55, 2.43])
    def test_two_seconds_are_good_to_one_percent_however_rarely_it_is_updated(
        self, bench: MakeNvmlBench, period_s: float, begin_s: float
    ) -> None:
        energy = only(bench(FakeGpu(watts=TRAINING, counter_period_s=period_s)).measure(begin_s, begin_s + 2.0))
        assert joules(energy) == pytest.approx(TRAINING.integral(begin_s, begin_s + 2.0), rel=0.01)
        assert (energy.domain, energy.meter) == (f"gpu:{FakeGpu().uuid}", "nvml")
        assert (energy.quality, energy.flags) == (Quality.COUNTER, frozenset())

    @pytest.mark.parametrize("seed", range(5))
    @pytest.mark.parametrize("period_s", [0.037, 0.1])
    def test_so_are_two_seconds_of_bursts(self, bench: MakeNvmlBench, period_s: float, seed: int) -> None:
        begin_s = 0.61 + seed / 7
        made = bench(FakeGpu(watts=BURSTS, counter_period_s=period_s), seed=seed)
        energy = only(made.measure(begin_s, begin_s + 2.0))
        assert joules(energy) == pytest.approx(BURSTS.integral(begin_s, begin_s + 2.0), rel=0.01)

    @pytest.mark.parametrize("seed", range(8))
    def test_an_update_is_put_in_the_middle_of_when_it_may_have_been(self, bench: MakeNvmlBench, seed: int) -> None:
        """Power is 0 W where the window begins, so an error can come only from its end."""
        watts = Schedule((0.0, 50.0), (0.6, 0.0), (1.2, 300.0))
        energy = only(bench(FakeGpu(watts=watts, counter_period_s=0.1), seed=seed).measure(1.0, 1.5 + 0.013 * seed))
        assert joules(energy) == pytest.approx(300.0 * (0.3 + 0.013 * seed), abs=300.0 * 1.1 * SAMPLE_S / 2)

    def test_between_two_updates_energy_goes_on(self, bench: MakeNvmlBench) -> None:
        made = bench(FakeGpu(watts=Schedule((0.0, 200.0)), counter_period_s=0.1))
        made.go_on(5.0)
        made.recorder.begin("half of an update")
        made.go_on(5.05)
        assert joules(only(made.recorder.end("half of an update"))) == pytest.approx(10.0, abs=200 * 2 * SAMPLE_S)

    def test_power_that_is_wrong_moves_no_more_than_the_edges(self, bench: MakeNvmlBench) -> None:
        """Power is a mean over a second here; the counter has the last word."""
        gpu = FakeGpu(watts=BURSTS, counter_period_s=0.1, average_s=1.0, instant=0)
        energy = only(bench(gpu).measure(1.0, 21.0))
        assert joules(energy) == pytest.approx(BURSTS.integral(1.0, 21.0), rel=0.01)
        assert energy.flags == frozenset()

    def test_resolution_is_the_time_between_updates(self, bench: MakeNvmlBench) -> None:
        assert bench(FakeGpu(counter_period_s=0.1)).meter.resolution_s == pytest.approx(0.1, abs=0.02)

    def test_it_is_found_by_trying_and_not_by_the_model(self, bench: MakeNvmlBench) -> None:
        made = bench(FakeGpu(name="Tesla V100", counter=0), FakeGpu(uuid=OTHER, name="Tesla K80"))
        assert list(made.meter.quality.values()) == [Quality.INTEGRATED, Quality.COUNTER]


class TestIntegrated:
    @pytest.mark.parametrize("seed", range(5))
    @pytest.mark.parametrize("wave_s", [0.7, 1.0, 2.5])
    def test_bursts_are_good_to_three_percent(self, bench: MakeNvmlBench, wave_s: float, seed: int) -> None:
        watts = square_wave(50.0, 350.0, period_s=wave_s, duty=0.2, duration_s=30.0)
        begin_s = 0.61 + seed / 7
        energy = only(bench(FakeGpu(watts=watts, counter=0), seed=seed).measure(begin_s, begin_s + 5.0))
        assert joules(energy) == pytest.approx(watts.integral(begin_s, begin_s + 5.0), rel=0.03)
        assert (energy.quality, energy.flags) == (Quality.INTEGRATED, frozenset())

    def test_constant_power_is_exact_and_reaches_both_edges(self, bench: MakeNvmlBench) -> None:
        assert joules(only(bench(FakeGpu(counter=0)).measure(1.0, 5.0))) == pytest.approx(400.0, rel=1e-9)

    def test_two_samples_are_enough_for_constant_power_but_are_flagged(self, bench: MakeNvmlBench) -> None:
        made = bench(FakeGpu(counter=0))
        made.recorder.begin("window")
        made.clock.advance(0.9)
        energy = only(made.recorder.end("window"))
        assert joules(energy) == pytest.approx(90.0, rel=1e-9)
        assert Flag.SAMPLER_GAP in energy.flags

    def test_a_ramp_is_exact(self) -> None:
        integral = Integral()
        for t_s in (1.0, 1.5, 3.0):
            integral.add(t_s, 20.0 * (t_s - 1.0))
        assert integral.energy_j == pytest.approx(40.0, rel=1e-12)

    def test_a_mean_over_a_second_is_flagged_in_short_windows(self, bench: MakeNvmlBench) -> None:
        made = bench(FakeGpu(counter=0, instant=0, average_s=1.0))
        assert Flag.SHORT_WINDOW in only(made.measure(1.0, 6.0)).flags
        assert Flag.SHORT_WINDOW not in only(made.measure(7.0, 18.0)).flags

    @pytest.mark.parametrize(
        ("lacking", "called"),
        [
            ({}, "POWER_INSTANT 0"),
            ({"instant": 0}, "POWER_AVERAGE 0"),
            ({"instant": 0, "average": 0}, "nvmlDeviceGetPowerUsage 0"),
        ],
    )
    def test_power_of_the_moment_is_preferred(self, bench: MakeNvmlBench, lacking: dict[str, Any], called: str) -> None:
        """At 4 s it is 30 W, and 20 W is the mean since the beginning."""
        gpu = FakeGpu(counter=0, watts=Schedule((0.0, 10.0), (2.0, 30.0)), average_s=1e9, **lacking)
        made = bench(gpu)
        made.go_on(4.0)
        assert made.fake.calls()[-1] == called
        power_w = joules(only(made.measure(4.0, 4.01))) / 0.01
        assert power_w == pytest.approx(20.0 if lacking else 30.0, rel=0.01)


class TestSeveral:
    def test_each_has_its_own_energy_and_they_sum(self, bench: MakeNvmlBench) -> None:
        measured = bench(FakeGpu(watts=TRAINING), FakeGpu(uuid=OTHER, watts=BURSTS, counter=0)).measure(1.0, 7.0)
        truth = [TRAINING.integral(1.0, 7.0), BURSTS.integral(1.0, 7.0)]
        assert [joules(energy) for energy in measured.of("gpu")] == [
            pytest.approx(truth[0], rel=0.01),
            pytest.approx(truth[1], rel=0.03),
        ]
        assert measured.total_j("gpu") == pytest.approx(sum(truth), rel=0.01)
        assert measured.quality("gpu") is Quality.INTEGRATED

    def test_those_that_cuda_hides_are_not_read(self, bench: MakeNvmlBench, monkeypatch: pytest.MonkeyPatch) -> None:
        made = bench(FakeGpu(), FakeGpu(uuid=OTHER))
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-0e")
        made.open_again()
        assert made.meter.domains == (f"gpu:{OTHER}",)

    def test_a_mig_instance_is_read_as_its_whole_gpu_and_says_so(
        self, bench: MakeNvmlBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = bench(FakeGpu(), FakeGpu(uuid=OTHER, mig=1, mig_uuid="MIG-77"))
        assert [Flag.WHOLE_DEVICE in energy.flags for energy in made.measure(1.0, 3.0).domains] == [False, True]
        for instance in ("MIG-77", f"MIG-{OTHER}/1/0"):
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", instance)
            made.open_again()
            assert made.meter.domains == (f"gpu:{OTHER}",)


class TestWatch:
    """GPUs that need it are sampled between two readings; the recorder reads ten times a second in any case."""

    def test_current_counters_are_not_sampled(self, bench: MakeNvmlBench) -> None:
        made = bench(FakeGpu(), FakeGpu(uuid=OTHER))
        assert made.sampler is None
        assert made.meter.period_s == math.inf

    def test_only_gpus_that_need_it_are_sampled(self, bench: MakeNvmlBench) -> None:
        made = bench(FakeGpu(), FakeGpu(uuid=OTHER, counter_period_s=0.1))
        before = len(made.fake.calls())
        assert made.sampler is not None
        made.sampler.sample()
        assert {call.split()[1] for call in made.fake.calls()[before:]} == {"1"}

    def test_what_fails_is_left_to_the_next_reading(self, bench: MakeNvmlBench) -> None:
        made = bench(FakeGpu(counter=0).fail(GPU_IS_LOST, *POWERS, begin_s=2.0))
        made.go_on(2.0)
        assert made.sampler is not None
        made.sampler.sample()
        assert "was lost" in made.meter.read().lost[FakeGpu().domain]
        before = len(made.fake.calls())
        made.sampler.sample()
        assert len(made.fake.calls()) == before, "it is not asked again"

    @pytest.mark.parametrize(("cost_s", "sample_s"), [(0.0, SAMPLE_S), (300e-6, 0.015), (0.01, MAX_SAMPLE_S)])
    def test_they_are_sampled_less_often_where_sampling_is_costly(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cost_s: float, sample_s: float
    ) -> None:
        """Only one of the two GPUs is sampled, so half of the cost of reading both counts."""
        clock, cpu_clock, periods_s = FakeClock(), FakeClock(0.0), []

        def cpu_time_s() -> float:
            cpu_clock.advance(cost_s)
            return cpu_clock.now_s

        def start(sample: Callable[[], None], period_s: float) -> SimulatedSampler:
            periods_s.append(period_s)
            return SimulatedSampler(sample, period_s)

        FakeNvml(tmp_path, FakeGpu(), FakeGpu(uuid=OTHER, counter=0), clock=clock).install(monkeypatch)
        meter = NvmlMeter(clock=clock, cpu_clock=cpu_time_s, sleep=clock.advance, start_sampler=start)
        meter.open()
        meter.close()
        assert periods_s == [pytest.approx(sample_s)]

    def test_closing_stops_it(self, bench: MakeNvmlBench) -> None:
        made = bench(FakeGpu(counter=0))
        made.meter.close()
        assert made.sampler is not None
        assert made.sampler.is_stopped

    def test_the_real_one_calls_until_it_is_stopped(self) -> None:
        log = SampleLog()
        sampler = SamplerThread(log.sample, 0.001)
        assert log.enough.wait(EVENT_S)
        assert sampler.stop()
        (thread,) = set(log.threads)
        assert thread.name == "mutegreen-nvml"
        assert not thread.is_alive(), "then nothing calls any more"

    def test_the_real_one_ends_with_a_meter_that_was_not_closed(self) -> None:
        log = SampleLog()
        sampler = SamplerThread(log.sample, 0.001)
        assert log.enough.wait(EVENT_S)
        (thread,) = set(log.threads)
        del log
        thread.join(EVENT_S)
        assert not thread.is_alive()
        assert sampler.stop()


class SampleLog:
    """Notes the threads in which it was called."""

    def __init__(self) -> None:
        self.threads: list[threading.Thread] = []
        self.enough = threading.Event()

    def sample(self) -> None:
        self.threads.append(threading.current_thread())
        if len(self.threads) == 3:
            self.enough.set()


class TestUnreadable:
    """A GPU that cannot be read, together with one that can."""

    @pytest.mark.parametrize(
        ("functions", "code"),
        [
            ((COUNTER, *POWERS), NO_PERMISSION),
            ((COUNTER, *POWERS), NOT_SUPPORTED),
            ((EVERY_CALL,), GPU_IS_LOST),
            (("nvmlDeviceGetHandleByIndex_v2",), NO_PERMISSION),
        ],
    )
    def test_it_is_left_out_with_a_reason_and_a_remedy(
        self, bench: MakeNvmlBench, functions: tuple[str, ...], code: int
    ) -> None:
        made = bench(FakeGpu().fail(code, *functions), FakeGpu(uuid=OTHER))
        assert made.meter.domains == (f"gpu:{OTHER}",)
        (left_out,) = made.meter.unavailable
        assert left_out.meter == "nvml"
        assert left_out.reason.startswith("GPU 0 ")
        assert f"NVML error {code}" in left_out.reason
        assert left_out.remedy
        assert joules(only(made.measure(1.0, 3.0))) == pytest.approx(200.0, rel=1e-3)

    def test_one_that_cuda_hides_is_not_spoken_of(self, bench: MakeNvmlBench, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", OTHER)
        monkeypatch.delenv = lambda *_, **__: None  # type: ignore[method-assign]
        assert bench(FakeGpu().fail(GPU_IS_LOST, EVERY_CALL), FakeGpu(uuid=OTHER)).meter.unavailable == ()
