from __future__ import annotations

import threading
import time
from itertools import pairwise

import pytest

from mutegreen.meters.base import Reading
from mutegreen.meters.recorder import Recorder
from mutegreen.meters.track import EnergyPoint, Track
from mutegreen.model import DomainEnergy, Flag, Measurement, Unavailable
from mutegreen.testing.simulated import FakeClock, Schedule
from support.limits import EVENT_S
from support.meter_fakes import DyingMeter, SimulatedMeter

CPU = "cpu:package-0"
GPU = "gpu:GPU-0"


def constant(clock: FakeClock, watts: float = 100.0, domain: str = CPU) -> SimulatedMeter:
    meter = SimulatedMeter(clock, {domain: Schedule((0.0, watts))})
    meter.open()
    return meter


def record(clock: FakeClock, *meters: SimulatedMeter, period_s: float = 0.1) -> Recorder:
    return Recorder(meters, clock=clock, boot_clock=clock, sleep=clock.advance, period_s=period_s)


def only(measured: Measurement) -> DomainEnergy:
    (energy,) = measured.domains
    return energy


def run(recorder: Recorder, clock: FakeClock, samples: int, step_s: float = 0.1) -> None:
    for _ in range(samples):
        clock.advance(step_s)
        recorder.sample()


class TestWindows:
    def test_edges_are_exact_whatever_the_samples(self) -> None:
        clock = FakeClock()
        meter = SimulatedMeter(clock, {CPU: Schedule((0.0, 10.0), (1.03, 500.0), (1.07, 10.0))})
        meter.open()
        recorder = record(clock, meter)
        clock.advance(1.04)
        recorder.begin("w")
        clock.advance(0.02)
        measured = recorder.end("w")
        assert only(measured).energy_j == pytest.approx(10.0)
        assert measured.duration_s == pytest.approx(0.02)

    def test_keys_are_checked(self) -> None:
        clock = FakeClock()
        recorder = record(clock, constant(clock))
        recorder.begin("w")
        with pytest.raises(KeyError, match="already open"):
            recorder.begin("w")
        recorder.end("w")
        with pytest.raises(KeyError, match="no window 'w'"):
            recorder.end("w")
        with pytest.raises(KeyError, match="no meter reads"):
            recorder.timeline("gpu:none")

    def test_no_domain_is_counted_twice(self) -> None:
        clock = FakeClock()
        with pytest.raises(ValueError, match="read by both"):
            record(clock, constant(clock), constant(clock))

    def test_passes_on_what_is_unavailable(self) -> None:
        missing = Unavailable("gpu", "no such device")
        recorder = Recorder([], [missing])
        recorder.begin("w")
        assert recorder.end("w").unavailable == (missing,)


class TestIdle:
    def test_measures_the_mean_power(self) -> None:
        clock = FakeClock()
        meter = SimulatedMeter(clock, {CPU: Schedule((0.0, 10.0), (3.0, 30.0)), GPU: Schedule((0.0, 40.0))})
        meter.open()
        recorder = record(clock, meter)
        assert recorder.mean_power(4.0) == pytest.approx({CPU: 15.0, GPU: 40.0})

    def test_leaves_out_what_cannot_be_read(self) -> None:
        clock = FakeClock()
        meter = constant(clock)
        recorder = record(clock, meter, constant(clock, 40.0, GPU))
        meter.dead[CPU] = "gone"
        assert recorder.mean_power(4.0) == pytest.approx({GPU: 40.0})

    def test_gives_net_energy(self) -> None:
        clock = FakeClock()
        recorder = record(clock, constant(clock, 100.0))
        recorder.begin("before")
        assert only(recorder.end("before")).net_j is None
        recorder.set_idle({CPU: 30.0})
        recorder.begin("w")
        clock.advance(5.0)
        assert only(recorder.end("w")).net_j == pytest.approx(5.0 * 70.0)


class TestFlags:
    def test_short_window(self) -> None:
        clock = FakeClock()
        meter = constant(clock)
        meter.resolution_s = 0.25
        recorder = record(clock, meter)
        flags = []
        for seconds in (2.25, 2.5):
            recorder.begin("w")
            clock.advance(seconds)
            flags.append(Flag.SHORT_WINDOW in only(recorder.end("w")).flags)
        assert flags == [True, False]

    def test_gap_is_a_flag_of_the_windows_open_in_it(self) -> None:
        clock = FakeClock()
        recorder = record(clock, constant(clock))
        recorder.begin("across")
        run(recorder, clock, 10)
        recorder.begin("early")
        run(recorder, clock, 10)
        early = only(recorder.end("early"))
        clock.advance(1.5)
        recorder.begin("late")
        run(recorder, clock, 10)
        late, across = only(recorder.end("late")), only(recorder.end("across"))
        assert [Flag.SAMPLER_GAP in one.flags for one in (early, across, late)] == [False, True, False]
        assert across.energy_j == pytest.approx(100.0 * across.duration_s)

    def test_suspension_is_a_gap_although_the_clock_did_not_advance(self) -> None:
        clock, boot_clock = FakeClock(), FakeClock()
        recorder = Recorder([constant(clock)], clock=clock, boot_clock=boot_clock)
        recorder.begin("w")
        boot_clock.advance(3600.0)
        clock.advance(0.1)
        recorder.sample()
        measured = recorder.end("w")
        assert only(measured).flags == {Flag.SAMPLER_GAP}
        assert measured.duration_s == pytest.approx(0.1)

    def test_what_the_meter_flags_stays_within_its_window(self) -> None:
        clock = FakeClock()
        meter = SimulatedMeter(clock, {CPU: Schedule((0.0, 100.0))}, range_j=250.0)
        meter.open()
        recorder = record(clock, meter, period_s=1.0)
        recorder.begin("wraps at 2.5 s")
        run(recorder, clock, 3, 1.0)
        wrapped = only(recorder.end("wraps at 2.5 s"))
        recorder.begin("does not")
        run(recorder, clock, 1, 1.0)
        plain = only(recorder.end("does not"))
        assert wrapped.flags == {Flag.COUNTER_WRAPPED}
        assert wrapped.energy_j == pytest.approx(300.0)
        assert plain.flags == frozenset()
        assert plain.energy_j == pytest.approx(100.0)


class TestFailures:
    def test_a_failed_sample_does_not_affect_the_energy(self) -> None:
        clock = FakeClock()
        meter = constant(clock)
        recorder = record(clock, meter)
        recorder.begin("w")
        clock.advance(0.5)
        meter.failure = OSError("interrupted")
        recorder.sample()
        meter.failure = None
        clock.advance(0.4)
        energy = only(recorder.end("w"))
        assert energy.energy_j == pytest.approx(90.0)
        assert energy.flags == frozenset()

    @pytest.mark.parametrize("edge", ["begin", "end"])
    def test_a_failed_edge_leaves_no_energy(self, edge: str) -> None:
        clock = FakeClock()
        meter = constant(clock)
        recorder = record(clock, meter)
        meter.failure = OSError("bus error") if edge == "begin" else None
        recorder.begin("w")
        meter.failure = OSError("bus error") if edge == "end" else None
        clock.advance(1.0)
        energy = only(recorder.end("w"))
        assert energy.energy_j is None
        assert "bus error" in (energy.reason or "")
        meter.failure = None
        recorder.begin("next")
        clock.advance(1.0)
        assert only(recorder.end("next")).energy_j == pytest.approx(100.0)

    def test_a_lost_meter_is_not_read_again_and_others_are(self) -> None:
        clock = FakeClock()
        dying = DyingMeter(clock, {GPU: Schedule((0.0, 300.0))})
        dying.open()
        recorder = record(clock, dying, constant(clock))
        recorder.begin("w")
        run(recorder, clock, 3)
        dying.dead[GPU] = "GPU is lost"
        run(recorder, clock, 3)
        reads = dying.reads
        run(recorder, clock, 3)
        gpu, cpu = recorder.end("w").domains
        assert dying.reads == reads
        assert gpu.energy_j is None
        assert gpu.reason == "GPU is lost"
        assert gpu.flags == {Flag.DEVICE_LOST}
        assert cpu.energy_j == pytest.approx(90.0)
        assert set(recorder.energy_so_far()) == {CPU}

    @pytest.mark.parametrize("energy_j", [float("nan"), float("inf"), 5.0, None])
    def test_impossible_energies_are_rejected(self, energy_j: float | None) -> None:
        clock = FakeClock()
        meter = constant(clock)
        clock.advance(1.0)
        recorder = record(clock, meter)
        recorder.begin("w")
        clock.advance(1.0)
        energies = {} if energy_j is None else {CPU: energy_j}
        meter.read = lambda: Reading(clock(), energies)  # type: ignore[method-assign]
        energy = only(recorder.end("w"))
        assert energy.energy_j is None
        assert "energy" in (energy.reason or "")
        assert Flag.DEVICE_LOST in energy.flags

    def test_closed_meters_give_no_energy_and_no_exception(self) -> None:
        clock = FakeClock()
        meter = constant(clock)
        recorder = record(clock, meter)
        recorder.begin("w")
        clock.advance(1.0)
        recorder.close()
        recorder.close()
        assert not meter.is_open
        assert only(recorder.end("w")).energy_j is None

    def test_a_meter_that_fails_to_close_does_not_keep_others_open(self) -> None:
        clock = FakeClock()
        bad, good = constant(clock), constant(clock, 1.0, GPU)
        bad.close = lambda: 1 // 0  # type: ignore[assignment,method-assign]
        record(clock, bad, good).close()
        assert not good.is_open


class TestTimeline:
    def test_is_the_power_in_steps_that_add_up(self) -> None:
        clock = FakeClock()
        meter = SimulatedMeter(clock, {CPU: Schedule((0.0, 10.0), (1.0, 50.0))})
        meter.open()
        recorder = record(clock, meter)
        recorder.begin("w")
        run(recorder, clock, 4, 0.5)
        assert recorder.timeline(CPU, "w") == [(0.5, 10.0), (1.0, 10.0), (1.5, 50.0), (2.0, 50.0)]
        assert recorder.energy_so_far("w") == pytest.approx({CPU: 60.0})
        assert recorder.timeline(CPU) == recorder.timeline(CPU, "w")

    def test_thinning_bounds_the_points_and_keeps_the_energy(self) -> None:
        track = Track(EnergyPoint(0.0, 0.0), max_points=64)
        for index in range(1, 10_001):
            track.add(EnergyPoint(index * 0.1, index**1.5))
            assert len(track._points) <= 64
        steps = track.timeline()
        starts = [0.0, *(t for t, _ in steps)]
        energy_j = sum(watts * (t - start) for start, (t, watts) in zip(starts, steps, strict=False))
        assert energy_j == pytest.approx(10_000**1.5) == track.energy_j
        assert steps[-1][0] == pytest.approx(1000.0)
        lengths = {round(after - before, 6) for before, after in pairwise(starts[:-1])}
        assert len(lengths) == 1
        assert len(steps) > 16

    def test_empty_for_a_domain_that_was_not_there(self) -> None:
        clock = FakeClock()
        meter = constant(clock)
        recorder = record(clock, meter)
        meter.dead[CPU] = "gone"
        recorder.begin("w")
        assert recorder.timeline(CPU, "w") == []


class TestThread:
    """With the real clock and a real thread; nothing here depends on how fast the machine is."""

    def wait_for(self, condition: threading.Event) -> None:
        assert condition.wait(EVENT_S)

    def test_samples_survive_a_failing_meter(self) -> None:
        clock = FakeClock()
        meter = constant(clock)
        failed, sampled = threading.Event(), threading.Event()
        working = meter.read

        def read() -> Reading:
            if threading.current_thread() is threading.main_thread():
                return working()
            if not failed.is_set():
                failed.set()
                raise ZeroDivisionError
            sampled.set()
            return working()

        meter.read = read  # type: ignore[method-assign]
        with Recorder([meter], period_s=0.001):
            self.wait_for(failed)
            self.wait_for(sampled)
        assert meter.closed == 1
        assert not [thread for thread in threading.enumerate() if thread.name == "mutegreen-sampler"]

    def test_one_thread_at_a_time_is_in_a_meter(self) -> None:
        clock = FakeClock()
        meter = constant(clock)
        inside = threading.Lock()
        working = meter.read
        collisions: list[str] = []

        def read() -> Reading:
            if not inside.acquire(blocking=False):
                collisions.append(threading.current_thread().name)
                return working()
            try:
                time.sleep(0.0005)
                return working()
            finally:
                inside.release()

        def work(number: int) -> None:
            for turn in range(25):
                recorder.begin((number, turn))
                measured.append(only(recorder.end((number, turn))))

        meter.read = read  # type: ignore[method-assign]
        measured: list[DomainEnergy] = []
        with Recorder([meter], period_s=0.0005, clock=clock) as recorder:
            threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert collisions == []
        assert [energy.energy_j for energy in measured] == [0.0] * 100
