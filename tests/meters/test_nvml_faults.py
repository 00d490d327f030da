"""Faults of a GPU during a window: each gives the right flag or reason, never a wrong energy."""

from __future__ import annotations

from typing import Any

import pytest

from mutegreen.model import Flag, Quality
from mutegreen.testing.simulated import Schedule
from support.fake_nvml import COUNTER, EVERY_CALL, GPU_IS_LOST, POWERS, TIMEOUT, UNKNOWN, FakeGpu
from support.nvml_bench import OTHER, TRAINING, MakeNvmlBench, NvmlBench, bench_fixture, joules, only  # noqa: F401 - a fixture


class TestReset:
    @pytest.mark.parametrize("period_s", [0.0, 0.1])
    def test_power_replaces_what_was_lost_and_a_flag_says_so(self, bench: MakeNvmlBench, period_s: float) -> None:
        made = bench(FakeGpu(watts=TRAINING, counter_reset_s=3.137, counter_period_s=period_s))
        across, after = made.measure(1.0, 5.0), made.measure(5.0, 9.0)
        assert joules(only(across)) == pytest.approx(TRAINING.integral(1.0, 5.0), rel=0.01)
        assert Flag.COUNTER_RESET in only(across).flags
        assert only(across).quality is Quality.INTEGRATED
        assert joules(only(after)) == pytest.approx(TRAINING.integral(5.0, 9.0), rel=0.01)
        assert (only(after).flags, only(after).quality) == (frozenset(), Quality.COUNTER)

    def test_what_was_missed_between_two_readings_is_not_left_out(self, bench: MakeNvmlBench) -> None:
        made = bench(FakeGpu(counter_reset_s=3.137))
        made.recorder.begin("window")
        begun_s = made.fake.now_s()
        made.go_on(5.0, step_s=0.8)
        assert joules(only(made.recorder.end("window"))) == pytest.approx(100 * (5.0 - begun_s), rel=1e-4)

    def test_without_power_there_is_no_energy_and_the_next_window_is_right(self, bench: MakeNvmlBench) -> None:
        made = bench(FakeGpu(watts=TRAINING, counter_reset_s=3.0, instant=0, average=0, usage=0))
        across, after = made.measure(1.0, 5.0), made.measure(5.0, 9.0)
        assert only(across).energy_j is None
        assert "reset while its power could not be read" in (only(across).reason or "")
        assert Flag.COUNTER_RESET in only(across).flags
        assert joules(only(after)) == pytest.approx(TRAINING.integral(5.0, 9.0), rel=1e-4)

    def test_without_power_at_that_moment_there_is_no_energy_either(self, bench: MakeNvmlBench) -> None:
        gpu = FakeGpu(watts=TRAINING, counter_reset_s=3.0).fail(TIMEOUT, *POWERS, begin_s=2.9, end_s=3.1)
        assert only(bench(gpu).measure(1.0, 5.0)).energy_j is None

    def test_there_is_no_energy_where_power_returns_between_two_readings(self, bench: MakeNvmlBench) -> None:
        """The reset is seen by a look; the reading before it had no power to bridge from."""
        gpu = FakeGpu(watts=TRAINING, counter_reset_s=3.05, counter_period_s=0.037)
        made = bench(gpu.fail(TIMEOUT, *POWERS, begin_s=2.85, end_s=3.06))
        made.recorder.begin("window")
        made.go_on(3.0)
        made.recorder.sample()
        made.go_on(3.06)
        assert made.sampler is not None
        made.clock.advance(0.03)
        made.sampler.sample()
        made.go_on(5.0)
        assert only(made.recorder.end("window")).energy_j is None


class TestStall:
    @pytest.mark.parametrize("counter_period_s", [0.037, 0.1])
    def test_no_energy_is_invented_without_samples(self, bench: MakeNvmlBench, counter_period_s: float) -> None:
        """The machine was suspended for 4 s: power is not known, the counter went on."""
        watts = Schedule((0.0, 300.0), (2.1, 50.0), (5.8, 300.0))
        made = bench(FakeGpu(watts=watts, counter_period_s=counter_period_s))
        made.go_on(1.0)
        made.recorder.begin("window")
        made.go_on(2.0)
        made.clock.advance(4.0)
        made.recorder.sample()
        made.go_on(8.0)
        assert joules(only(made.recorder.end("window"))) == pytest.approx(watts.integral(1.0, 8.0), rel=0.01)

    def test_nor_where_it_ends_with_the_window(self, bench: MakeNvmlBench) -> None:
        made = bench(FakeGpu(watts=Schedule((0.0, 300.0)), counter_period_s=0.1))
        made.go_on(1.0)
        made.recorder.begin("window")
        made.go_on(2.0)
        made.clock.advance(4.0)
        assert joules(only(made.recorder.end("window"))) == pytest.approx(1500.0, abs=300.0 * 0.1)


class TestLost:
    @pytest.mark.parametrize("code", [GPU_IS_LOST, 1, 9, 16])
    @pytest.mark.parametrize("counter", [0, 1])
    def test_a_lost_gpu_has_a_reason_and_the_other_is_still_measured(
        self, bench: MakeNvmlBench, code: int, counter: int
    ) -> None:
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

    def test_a_window_that_ended_before_keeps_its_energy(self, bench: MakeNvmlBench) -> None:
        made = bench(FakeGpu().fail(GPU_IS_LOST, EVERY_CALL, begin_s=3.0))
        assert joules(only(made.measure(1.0, 2.9))) == pytest.approx(190.0, rel=1e-3)

    def test_an_error_that_stays_is_a_loss_in_the_end(self, bench: MakeNvmlBench) -> None:
        made = bench(FakeGpu().fail(UNKNOWN, EVERY_CALL, begin_s=3.0))
        energy = only(made.measure(1.0, 8.0))
        assert energy.energy_j is None
        assert "was lost: Unknown Error" in (energy.reason or "")
        made.fake.gpus[0].failures.clear()
        made.fake.write()
        assert only(made.measure(9.0, 10.0)).energy_j is None, "a loss is final"


class TestPassing:
    @pytest.mark.parametrize("functions", [(COUNTER,), POWERS, (EVERY_CALL,)])
    @pytest.mark.parametrize("counter", [0, 1])
    def test_an_error_within_a_window_does_not_affect_the_energy(
        self, bench: MakeNvmlBench, functions: tuple[str, ...], counter: int
    ) -> None:
        gpu = FakeGpu(counter=counter).fail(UNKNOWN, *functions, begin_s=2.0, end_s=2.15)
        energy = only(bench(gpu).measure(1.0, 4.0))
        assert joules(energy) == pytest.approx(300.0, rel=1e-3)
        assert energy.flags == frozenset()

    def test_a_fault_at_an_edge_leaves_no_energy_and_does_not_last(self, bench: MakeNvmlBench) -> None:
        made = bench(FakeGpu().fail(TIMEOUT, COUNTER, begin_s=3.9, end_s=4.1))
        energy = only(made.measure(1.0, 4.0))
        assert energy.energy_j is None
        assert "could not be read: Timeout" in (energy.reason or "")
        assert joules(only(made.measure(5.0, 7.0))) == pytest.approx(200.0, rel=1e-3)

    def test_an_error_of_a_single_call_is_tried_again(self, bench: MakeNvmlBench) -> None:
        """The fake clock does not advance within a reading, so two calls in it meet the same error; count the calls."""
        made = bench(FakeGpu().fail(TIMEOUT, COUNTER, begin_s=2.0))
        made.go_on(1.9)
        before = len(made.fake.calls())
        made.go_on(2.1)
        made.recorder.sample()
        assert made.fake.calls()[before:].count(f"{COUNTER} 0") >= 2

    def test_power_lost_for_long_in_an_integral_is_flagged(self, bench: MakeNvmlBench) -> None:
        gpu = FakeGpu(counter=0).fail(UNKNOWN, *POWERS, begin_s=2.0, end_s=2.5)
        assert Flag.SAMPLER_GAP in only(bench(gpu).measure(1.0, 4.0)).flags

    def test_temporary_errors_are_no_loss(self, bench: MakeNvmlBench) -> None:
        gpu = FakeGpu()
        for moment_s in (2.0, 4.0, 6.0):
            gpu.fail(UNKNOWN, EVERY_CALL, begin_s=moment_s, end_s=moment_s + 0.1)
        assert joules(only(bench(gpu).measure(1.0, 8.0))) == pytest.approx(700.0, rel=1e-3)


class TestCrossCheck:
    @pytest.mark.parametrize("scale", [3.0, 0.3, 0.0])
    @pytest.mark.parametrize("period_s", [0.0, 0.1])
    def test_a_counter_that_disagrees_with_power_is_flagged(
        self, bench: MakeNvmlBench, scale: float, period_s: float
    ) -> None:
        gpu = FakeGpu(watts=TRAINING, counter_scale=scale, counter_period_s=period_s)
        assert Flag.CROSSCHECK_FAILED in only(bench(gpu).measure(1.5, 7.5)).flags

    def test_opening_finds_it_already(self, bench: MakeNvmlBench) -> None:
        made = bench(FakeGpu(counter_scale=3.0, counter_period_s=0.1))
        assert made.fake.now_s() <= 0.6
        assert Flag.CROSSCHECK_FAILED in only(made.measure(1.0, 1.1)).flags

    @pytest.mark.parametrize("scale", [0.6, 1.0, 1.7])
    def test_what_cards_are_known_to_differ_by_is_not(self, bench: MakeNvmlBench, scale: float) -> None:
        gpu = FakeGpu(watts=TRAINING, counter_scale=scale, counter_period_s=0.1)
        assert Flag.CROSSCHECK_FAILED not in only(bench(gpu).measure(1.0, 7.0)).flags

    @pytest.mark.parametrize("coarse", [{"counter_period_s": 0.7}, {"counter_step_j": 10.0}, {"counter_step_j": 100.0}])
    def test_an_idle_gpu_with_a_coarse_counter_is_not(self, bench: MakeNvmlBench, coarse: dict[str, Any]) -> None:
        energy = only(bench(FakeGpu(watts=Schedule((0.0, 8.0)), **coarse)).measure(1.0, 41.0))
        assert Flag.CROSSCHECK_FAILED not in energy.flags
        assert joules(energy) == pytest.approx(320.0, rel=0.03)

    def test_power_that_lags_by_a_second_is_not(self, bench: MakeNvmlBench) -> None:
        """From 20 W to 700 W and back, the mean over a second is off by a factor of many for a moment."""
        watts = Schedule((0.0, 20.0), (3.0, 700.0), (9.0, 20.0))
        energy = only(bench(FakeGpu(watts=watts, instant=0, average_s=1.0, counter_period_s=0.1)).measure(1.0, 15.0))
        assert energy.flags == frozenset()

    def test_a_counter_stuck_under_load_is_flagged_and_power_is_used(self, bench: MakeNvmlBench) -> None:
        energy = only(bench(FakeGpu(watts=Schedule((0.0, 300.0)), counter_frozen_s=2.0)).measure(1.0, 11.0))
        assert Flag.CROSSCHECK_FAILED in energy.flags
        assert joules(energy) == pytest.approx(3000.0, rel=0.01)

    def test_a_leap_of_the_counter_is_flagged(self, bench: MakeNvmlBench) -> None:
        made = bench(FakeGpu())
        made.go_on(2.0)
        made.recorder.begin("window")
        made.fake.gpus[0].counter_start_j += 4e6
        made.fake.write()
        made.go_on(4.0)
        assert Flag.CROSSCHECK_FAILED in only(made.recorder.end("window")).flags
