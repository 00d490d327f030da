"""The NVML meter on simulated GPUs whose true energy is known, through the real bindings. Time is simulated too."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_nvml import (
    COUNTER,
    EVERY_CALL,
    GPU_IS_LOST,
    NO_PERMISSION,
    NOT_SUPPORTED,
    POWERS,
    TIMEOUT,
    UNKNOWN,
    FakeGpu,
    FakeNvml,
    square_wave,
)
from meter_fakes import FakeClock, Schedule

from mutegreen.meters.nvml import PERIOD_S, SLOWEST_PERIOD_S, NvmlMeter
from mutegreen.meters.recorder import Recorder
from mutegreen.model import DomainEnergy, Flag, Measurement, Quality

TRAINING = Schedule((0.0, 60.0), (1.3, 250.0), (2.9, 310.0), (4.1, 90.0), (4.4, 280.0), (7.7, 55.0))
BURSTS = square_wave(50.0, 350.0, period_s=1.0, duty=0.2, duration_s=60.0)
OTHER = "GPU-0e47c0de-0000-0000-0000-000000000000"
NO_POWER = ("nvmlDeviceGetFieldValues", "nvmlDeviceGetPowerUsage")


class Bench:
    """A recorder over the meter, in simulated time that goes on in steps of about the meter's period."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, *gpus: FakeGpu, seed: int = 0) -> None:
        self.clock = FakeClock()
        self.fake = FakeNvml(folder, *gpus, clock=self.clock, log=True).install(monkeypatch)
        self.meter = NvmlMeter(clock=self.clock, sleep=self.clock.advance)
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


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Bench]]:
    """Makes a bench of these GPUs; what it opened is closed in the end."""
    made: list[Bench] = []

    class Made(Bench):
        def __init__(self, *gpus: FakeGpu, seed: int = 0) -> None:
            super().__init__(tmp_path, monkeypatch, *gpus, seed=seed)
            made.append(self)

    yield Made  # type: ignore[misc]
    for one in made:
        one.recorder.close()


class TestCounter:
    @pytest.mark.parametrize("period_s", [0.0, 0.02, 0.1])
    @pytest.mark.parametrize("begin_s", [0.72, 1.55, 2.43])
    def test_two_seconds_are_good_to_one_percent_however_rarely_it_is_updated(
        self, bench: type[Bench], period_s: float, begin_s: float
    ) -> None:
        figure = only(bench(FakeGpu(watts=TRAINING, counter_period_s=period_s)).measure(begin_s, begin_s + 2.0))
        assert joules(figure) == pytest.approx(TRAINING.integral(begin_s, begin_s + 2.0), rel=0.01)
        assert (figure.domain, figure.meter) == (f"gpu:{FakeGpu().uuid}", "nvml")
        assert (figure.quality, figure.flags) == (Quality.COUNTER, frozenset())

    def test_between_two_updates_energy_goes_on(self, bench: type[Bench]) -> None:
        made = bench(FakeGpu(watts=Schedule((0.0, 200.0)), counter_period_s=0.1))
        made.go_on(5.0)
        made.recorder.begin("half of an update")
        made.go_on(5.05)
        assert joules(only(made.recorder.end("half of an update"))) == pytest.approx(10.0, abs=200 * 2 * PERIOD_S)

    def test_power_that_is_wrong_moves_no_more_than_the_edges(self, bench: type[Bench]) -> None:
        """Power is a mean over a second here; the counter has the last word."""
        gpu = FakeGpu(watts=BURSTS, counter_period_s=0.1, average_s=1.0, instant=0)
        figure = only(bench(gpu).measure(1.0, 21.0))
        assert joules(figure) == pytest.approx(BURSTS.integral(1.0, 21.0), rel=0.01)
        assert figure.flags == frozenset()

    def test_resolution_is_the_time_between_updates(self, bench: type[Bench]) -> None:
        assert bench(FakeGpu(counter_period_s=0.1)).meter.resolution_s == pytest.approx(0.1, abs=0.02)

    def test_it_is_tried_and_not_told_by_the_model(self, bench: type[Bench]) -> None:
        made = bench(FakeGpu(name="Tesla V100", counter=0), FakeGpu(uuid=OTHER, name="Tesla K80"))
        assert list(made.meter.quality.values()) == [Quality.INTEGRATED, Quality.COUNTER]


class TestIntegrated:
    @pytest.mark.parametrize("seed", range(5))
    @pytest.mark.parametrize("wave_s", [0.7, 1.0, 2.5])
    def test_bursts_are_good_to_three_percent(self, bench: type[Bench], wave_s: float, seed: int) -> None:
        watts = square_wave(50.0, 350.0, period_s=wave_s, duty=0.2, duration_s=30.0)
        begin_s = 0.61 + seed / 7
        figure = only(bench(FakeGpu(watts=watts, counter=0), seed=seed).measure(begin_s, begin_s + 5.0))
        assert joules(figure) == pytest.approx(watts.integral(begin_s, begin_s + 5.0), rel=0.03)
        assert (figure.quality, figure.flags) == (Quality.INTEGRATED, frozenset())

    def test_constant_power_is_exact_and_reaches_both_edges(self, bench: type[Bench]) -> None:
        assert joules(only(bench(FakeGpu(counter=0)).measure(1.0, 5.0))) == pytest.approx(400.0, rel=1e-9)

    def test_two_samples_are_enough_for_constant_power_but_are_flagged(self, bench: type[Bench]) -> None:
        made = bench(FakeGpu(counter=0))
        made.recorder.begin("window")
        made.clock.advance(0.9)
        figure = only(made.recorder.end("window"))
        assert joules(figure) == pytest.approx(90.0, rel=1e-9)
        assert Flag.SAMPLER_GAP in figure.flags

    def test_a_mean_over_a_second_is_flagged_in_short_windows(self, bench: type[Bench]) -> None:
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
    def test_power_of_the_moment_is_preferred(self, bench: type[Bench], lacking: dict[str, int], called: str) -> None:
        """At 4 s it is 30 W, and 20 W is the mean since the beginning."""
        gpu = FakeGpu(counter=0, watts=Schedule((0.0, 10.0), (2.0, 30.0)), average_s=1e9, **lacking)
        made = bench(gpu)
        made.go_on(4.0)
        assert made.fake.calls()[-1] == called
        power_w = joules(only(made.measure(4.0, 4.01))) / 0.01
        assert power_w == pytest.approx(20.0 if lacking else 30.0, rel=0.01)


class TestSeveral:
    def test_each_has_its_own_energy_and_they_sum(self, bench: type[Bench]) -> None:
        measured = bench(FakeGpu(watts=TRAINING), FakeGpu(uuid=OTHER, watts=BURSTS, counter=0)).measure(1.0, 7.0)
        truth = [TRAINING.integral(1.0, 7.0), BURSTS.integral(1.0, 7.0)]
        assert [joules(figure) for figure in measured.of("gpu")] == [
            pytest.approx(truth[0], rel=0.01),
            pytest.approx(truth[1], rel=0.03),
        ]
        assert measured.total_j("gpu") == pytest.approx(sum(truth), rel=0.01)
        assert measured.quality("gpu") is Quality.INTEGRATED

    def test_those_that_cuda_hides_are_not_read(self, bench: type[Bench], monkeypatch: pytest.MonkeyPatch) -> None:
        made = bench(FakeGpu(), FakeGpu(uuid=OTHER))
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-0e")
        made.open_again()
        assert made.meter.domains == (f"gpu:{OTHER}",)

    def test_a_mig_instance_is_read_as_its_whole_gpu_and_says_so(
        self, bench: type[Bench], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = bench(FakeGpu(), FakeGpu(uuid=OTHER, mig=1, mig_uuid="MIG-77"))
        assert [Flag.WHOLE_DEVICE in figure.flags for figure in made.measure(1.0, 3.0).domains] == [False, True]
        for instance in ("MIG-77", f"MIG-{OTHER}/1/0"):
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", instance)
            made.open_again()
            assert made.meter.domains == (f"gpu:{OTHER}",)


class TestReset:
    @pytest.mark.parametrize("period_s", [0.0, 0.1])
    def test_power_bridges_it_and_the_figure_says_so(self, bench: type[Bench], period_s: float) -> None:
        made = bench(FakeGpu(watts=TRAINING, counter_reset_s=3.137, counter_period_s=period_s))
        across, after = made.measure(1.0, 5.0), made.measure(5.0, 9.0)
        assert joules(only(across)) == pytest.approx(TRAINING.integral(1.0, 5.0), rel=0.01)
        assert Flag.COUNTER_RESET in only(across).flags
        assert only(across).quality is Quality.INTEGRATED
        assert joules(only(after)) == pytest.approx(TRAINING.integral(5.0, 9.0), rel=0.01)
        assert (only(after).flags, only(after).quality) == (frozenset(), Quality.COUNTER)

    def test_without_power_there_is_no_figure_and_the_next_one_is_good(self, bench: type[Bench]) -> None:
        made = bench(FakeGpu(watts=TRAINING, counter_reset_s=3.0, instant=0, average=0, usage=0))
        across, after = made.measure(1.0, 5.0), made.measure(5.0, 9.0)
        assert only(across).energy_j is None
        assert "set back while its power could not be read" in (only(across).reason or "")
        assert Flag.COUNTER_RESET in only(across).flags
        assert joules(only(after)) == pytest.approx(TRAINING.integral(5.0, 9.0), rel=1e-4)

    def test_without_power_just_then_there_is_no_figure_either(self, bench: type[Bench]) -> None:
        gpu = FakeGpu(watts=TRAINING, counter_reset_s=3.0).fail(TIMEOUT, *POWERS, begin_s=2.9, end_s=3.1)
        assert only(bench(gpu).measure(1.0, 5.0)).energy_j is None


class TestLost:
    @pytest.mark.parametrize("code", [GPU_IS_LOST, 1, 9, 16])
    @pytest.mark.parametrize("counter", [0, 1])
    def test_it_has_a_reason_and_the_other_goes_on(self, bench: type[Bench], code: int, counter: int) -> None:
        dying = FakeGpu(counter=counter).fail(code, EVERY_CALL, begin_s=3.0)
        made = bench(dying, FakeGpu(uuid=OTHER, watts=TRAINING))
        lost, good = made.measure(1.0, 5.0).domains
        assert lost.energy_j is None
        assert f"NVML error {code}" in (lost.reason or "")
        assert Flag.DEVICE_LOST in lost.flags
        assert joules(good) == pytest.approx(TRAINING.integral(1.0, 5.0), rel=0.01)
        assert good.flags == frozenset()
        calls = made.fake.calls()
        made.go_on(6.0)
        assert not [call for call in made.fake.calls()[len(calls) :] if call.endswith(" 0")], "it is not asked again"

    def test_a_window_that_ended_before_keeps_its_figure(self, bench: type[Bench]) -> None:
        made = bench(FakeGpu().fail(GPU_IS_LOST, EVERY_CALL, begin_s=3.0))
        assert joules(only(made.measure(1.0, 2.9))) == pytest.approx(190.0, rel=1e-3)

    def test_an_error_that_stays_is_a_loss_in_the_end(self, bench: type[Bench]) -> None:
        made = bench(FakeGpu().fail(UNKNOWN, EVERY_CALL, begin_s=3.0))
        figure = only(made.measure(1.0, 8.0))
        assert figure.energy_j is None
        assert "was lost: Unknown Error" in (figure.reason or "")
        made.fake.gpus[0].failures.clear()
        made.fake.write()
        assert only(made.measure(9.0, 10.0)).energy_j is None, "a loss is final"


class TestPassing:
    @pytest.mark.parametrize("functions", [(COUNTER,), POWERS, (EVERY_CALL,)])
    @pytest.mark.parametrize("counter", [0, 1])
    def test_an_error_within_a_window_costs_nothing(
        self, bench: type[Bench], functions: tuple[str, ...], counter: int
    ) -> None:
        gpu = FakeGpu(counter=counter).fail(UNKNOWN, *functions, begin_s=2.0, end_s=2.15)
        figure = only(bench(gpu).measure(1.0, 4.0))
        assert joules(figure) == pytest.approx(300.0, rel=1e-3)
        assert figure.flags == frozenset()

    def test_one_at_an_edge_leaves_no_figure_and_does_not_last(self, bench: type[Bench]) -> None:
        made = bench(FakeGpu().fail(TIMEOUT, COUNTER, begin_s=3.9, end_s=4.1))
        figure = only(made.measure(1.0, 4.0))
        assert figure.energy_j is None
        assert "could not be read: Timeout" in (figure.reason or "")
        assert joules(only(made.measure(5.0, 7.0))) == pytest.approx(200.0, rel=1e-3)

    def test_an_error_of_a_single_call_is_tried_again(self, bench: type[Bench]) -> None:
        """With time standing still, two calls in one reading meet the same error; so count the calls."""
        made = bench(FakeGpu().fail(TIMEOUT, COUNTER, begin_s=2.0))
        made.go_on(1.9)
        before = len(made.fake.calls())
        made.go_on(2.1, step_s=0.2)
        assert made.fake.calls()[before:].count(f"{COUNTER} 0") >= 2

    def test_power_lost_for_long_in_an_integral_is_flagged(self, bench: type[Bench]) -> None:
        gpu = FakeGpu(counter=0).fail(UNKNOWN, *POWERS, begin_s=2.0, end_s=2.5)
        assert Flag.SAMPLER_GAP in only(bench(gpu).measure(1.0, 4.0)).flags


class TestCrossCheck:
    @pytest.mark.parametrize("scale", [3.0, 0.3, 0.0])
    @pytest.mark.parametrize("period_s", [0.0, 0.1])
    def test_a_counter_that_disagrees_with_power_is_flagged(
        self, bench: type[Bench], scale: float, period_s: float
    ) -> None:
        gpu = FakeGpu(watts=TRAINING, counter_scale=scale, counter_period_s=period_s)
        assert Flag.CROSSCHECK_FAILED in only(bench(gpu).measure(1.5, 7.5)).flags

    def test_opening_finds_it_already(self, bench: type[Bench]) -> None:
        made = bench(FakeGpu(counter_scale=3.0, counter_period_s=0.1))
        assert made.fake.now_s() <= 0.6
        assert Flag.CROSSCHECK_FAILED in only(made.measure(1.0, 1.1)).flags

    @pytest.mark.parametrize("scale", [0.6, 1.0, 1.7])
    def test_what_cards_are_known_to_differ_by_is_not(self, bench: type[Bench], scale: float) -> None:
        gpu = FakeGpu(watts=TRAINING, counter_scale=scale, counter_period_s=0.1)
        assert Flag.CROSSCHECK_FAILED not in only(bench(gpu).measure(1.0, 7.0)).flags

    @pytest.mark.parametrize("coarse", [{"counter_period_s": 0.7}, {"counter_step_j": 10.0}, {"counter_step_j": 100.0}])
    def test_an_idle_gpu_with_a_coarse_counter_is_not(self, bench: type[Bench], coarse: dict[str, float]) -> None:
        figure = only(bench(FakeGpu(watts=Schedule((0.0, 8.0)), **coarse)).measure(1.0, 41.0))
        assert Flag.CROSSCHECK_FAILED not in figure.flags
        assert joules(figure) == pytest.approx(320.0, rel=0.03)

    def test_power_that_lags_by_a_second_is_not(self, bench: type[Bench]) -> None:
        """From 20 W to 700 W and back, the mean over a second is off by a factor of many for a moment."""
        watts = Schedule((0.0, 20.0), (3.0, 700.0), (9.0, 20.0))
        figure = only(bench(FakeGpu(watts=watts, instant=0, average_s=1.0, counter_period_s=0.1)).measure(1.0, 15.0))
        assert figure.flags == frozenset()

    def test_a_counter_that_stands_still_under_load_is_flagged_and_power_goes_on(self, bench: type[Bench]) -> None:
        figure = only(bench(FakeGpu(watts=Schedule((0.0, 300.0)), counter_frozen_s=2.0)).measure(1.0, 11.0))
        assert Flag.CROSSCHECK_FAILED in figure.flags
        assert joules(figure) == pytest.approx(3000.0, rel=0.01)

    def test_a_leap_of_the_counter_is_flagged(self, bench: type[Bench]) -> None:
        made = bench(FakeGpu())
        made.go_on(2.0)
        made.recorder.begin("window")
        made.fake.gpus[0].counter_start_j += 4e6
        made.fake.write()
        made.go_on(4.0)
        assert Flag.CROSSCHECK_FAILED in only(made.recorder.end("window")).flags


class TestPeriod:
    @pytest.mark.parametrize(("cost_s", "period_s"), [(0.0, PERIOD_S), (70e-6, 0.014), (0.01, SLOWEST_PERIOD_S)])
    def test_it_is_read_less_often_where_that_costs_much(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cost_s: float, period_s: float
    ) -> None:
        clock, cpu_clock = FakeClock(), FakeClock(0.0)
        FakeNvml(tmp_path, FakeGpu(), FakeGpu(uuid=OTHER, counter=0), clock=clock).install(monkeypatch)

        def cpu_time_s() -> float:
            cpu_clock.advance(cost_s)
            return cpu_clock.now_s

        meter = NvmlMeter(clock=clock, cpu_clock=cpu_time_s, sleep=clock.advance)
        meter.open()
        meter.close()
        assert meter.period_s == pytest.approx(period_s)

    def test_counters_that_are_up_to_date_are_read_when_needed(self, bench: type[Bench]) -> None:
        assert bench(FakeGpu(), FakeGpu(uuid=OTHER)).meter.period_s == math.inf
        assert bench(FakeGpu(), FakeGpu(uuid=OTHER, counter_period_s=0.1)).meter.period_s == PERIOD_S


class TestUnreadable:
    """A GPU that cannot be read, beside one that can."""

    @pytest.mark.parametrize(
        ("functions", "code"),
        [
            ((COUNTER, *NO_POWER), NO_PERMISSION),
            ((COUNTER, *NO_POWER), NOT_SUPPORTED),
            ((EVERY_CALL,), GPU_IS_LOST),
            (("nvmlDeviceGetHandleByIndex_v2",), NO_PERMISSION),
        ],
    )
    def test_it_is_left_out_with_a_reason_and_a_remedy(
        self, bench: type[Bench], functions: tuple[str, ...], code: int
    ) -> None:
        made = bench(FakeGpu().fail(code, *functions), FakeGpu(uuid=OTHER))
        assert made.meter.domains == (f"gpu:{OTHER}",)
        (left_out,) = made.meter.unavailable
        assert left_out.meter == "nvml"
        assert left_out.reason.startswith("GPU 0 ")
        assert f"NVML error {code}" in left_out.reason
        assert left_out.remedy
        assert joules(only(made.measure(1.0, 3.0))) == pytest.approx(200.0, rel=1e-3)

    def test_one_that_cuda_hides_is_not_spoken_of(self, bench: type[Bench], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", OTHER)
        monkeypatch.delenv = lambda *_, **__: None  # type: ignore[method-assign]
        assert bench(FakeGpu().fail(GPU_IS_LOST, EVERY_CALL), FakeGpu(uuid=OTHER)).meter.unavailable == ()
