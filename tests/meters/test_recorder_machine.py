"""The recorder as a state machine: windows nest and overlap, and each is the exact integral of the power in it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mutegreen.meters.recorder import GAP_PERIODS, PERIOD_S, Recorder
from mutegreen.model import DomainEnergy, Flag
from mutegreen.testing.simulated import FakeClock, Schedule
from support.meter_fakes import SimulatedMeter

CPU, GPU, DRAM = "cpu:package-0", "gpu:a", "dram:package-0"
RANGE_J = 250.0
LONGEST_S = 2.0
"""Between two readings of the counter that wraps: at 100 W it then wraps once at most."""

schedules = st.lists(st.floats(0, 100), min_size=1, max_size=6).map(
    lambda levels: Schedule(*((1.5 * n, w) for n, w in enumerate(levels)))
)


@dataclass
class RecorderWindow:
    """What is known of a window without the recorder."""

    begun_s: float
    missing: frozenset[str]
    gaps: set[str] = field(default_factory=set)


class RecorderMachine(RuleBasedStateMachine):
    """One meter of two devices fails and loses them; another has a counter that wraps."""

    @initialize(cpu=schedules, gpu=schedules, dram=schedules)
    def start(self, cpu: Schedule, gpu: Schedule, dram: Schedule) -> None:
        self.clock = FakeClock()
        self.begun_s = self.clock()
        self.frail = SimulatedMeter(self.clock, {CPU: cpu, GPU: gpu})
        self.wrapping = SimulatedMeter(self.clock, {DRAM: dram}, range_j=RANGE_J)
        for meter in (self.frail, self.wrapping):
            meter.open()
        self.recorder = Recorder([self.frail, self.wrapping], clock=self.clock, boot_clock=self.clock)
        self.windows: dict[int, RecorderWindow] = {}
        self.number = 0
        self.read_s = dict.fromkeys((CPU, GPU, DRAM), 0.0)
        self.idle_w: dict[str, float] = {}

    def now_s(self) -> float:
        return self.clock() - self.begun_s

    def energy_j(self, domain: str, begin_s: float, end_s: float) -> float:
        meter = self.wrapping if domain == DRAM else self.frail
        return meter.watts[domain].integral(begin_s, end_s)

    def fails(self, domain: str) -> bool:
        return domain != DRAM and (domain in self.frail.dead or self.frail.failure is not None)

    def is_read(self) -> None:
        """Note a reading of all meters that can be read; the gap before it is in all windows that were open."""
        for domain, before_s in self.read_s.items():
            if not self.fails(domain):
                if self.now_s() - before_s > GAP_PERIODS * PERIOD_S:
                    for window in self.windows.values():
                        window.gaps.add(domain)
                self.read_s[domain] = self.now_s()

    @precondition(lambda self: len(self.windows) < 5)
    @rule()
    def begin(self) -> None:
        self.recorder.begin(self.number)
        self.is_read()
        self.windows[self.number] = RecorderWindow(self.now_s(), frozenset(filter(self.fails, self.read_s)))
        self.number += 1

    @precondition(lambda self: self.windows)
    @rule(data=st.data())
    def begin_twice(self, data: st.DataObject) -> None:
        with pytest.raises(KeyError, match="already open"):
            self.recorder.begin(data.draw(st.sampled_from(list(self.windows))))

    @precondition(lambda self: self.windows)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(list(self.windows)))
        measured = self.recorder.end(key)
        self.is_read()
        window = self.windows.pop(key)
        assert measured.duration_s == pytest.approx(self.now_s() - window.begun_s)
        assert [energy.domain for energy in measured.domains] == [CPU, GPU, DRAM]
        for energy in measured.domains:
            self.check(energy, window)
        with pytest.raises(KeyError, match="no window"):
            self.recorder.end(key)

    def check(self, energy: DomainEnergy, window: RecorderWindow) -> None:
        if energy.domain in window.missing or self.fails(energy.domain):
            assert energy.energy_j is None
            assert Flag.DEVICE_LOST in energy.flags
            return
        expected_j = self.energy_j(energy.domain, window.begun_s, self.now_s())
        assert energy.energy_j == pytest.approx(expected_j, rel=1e-9, abs=1e-6)
        assert energy.duration_s == pytest.approx(self.now_s() - window.begun_s)
        assert (Flag.SAMPLER_GAP in energy.flags) == (energy.domain in window.gaps)
        assert energy.idle_w == self.idle_w.get(energy.domain)

    @rule()
    def sample(self) -> None:
        self.recorder.sample()
        self.is_read()

    @rule(seconds=st.sampled_from([0.0, 0.01, 0.4, 0.9, LONGEST_S]))
    def go_on(self, seconds: float) -> None:
        if self.now_s() + seconds - self.read_s[DRAM] > LONGEST_S:
            self.sample()
        self.clock.advance(seconds)

    @rule(failure=st.sampled_from([None, None, OSError("bus error")]))
    def meter_cannot_be_read(self, failure: Exception | None) -> None:
        self.frail.failure = failure

    @rule(domain=st.sampled_from([CPU, GPU]))
    def a_device_is_lost(self, domain: str) -> None:
        self.frail.dead = self.frail.dead | {domain: "gone"}

    @rule(idle_w=st.dictionaries(st.sampled_from([CPU, GPU, DRAM]), st.floats(0, 50)))
    def idle_power_is_known(self, idle_w: dict[str, float]) -> None:
        self.recorder.set_idle(idle_w)
        self.idle_w = idle_w

    @invariant()
    def what_is_known_so_far_is_the_integral_until_the_last_reading(self) -> None:
        for key, window in getattr(self, "windows", {}).items():
            for domain, energy_j in self.recorder.energy_so_far(key).items():
                expected_j = self.energy_j(domain, window.begun_s, self.read_s[domain])
                assert energy_j == pytest.approx(expected_j, rel=1e-9, abs=1e-6)
                begins_s = 0.0
                steps_j = 0.0
                for end_s, power_w in self.recorder.timeline(domain, key):
                    steps_j += power_w * (end_s - begins_s)
                    begins_s = end_s
                assert steps_j == pytest.approx(expected_j, rel=1e-9, abs=1e-6)

    def teardown(self) -> None:
        if hasattr(self, "recorder"):
            self.recorder.close()
            assert (self.frail.closed, self.wrapping.closed) == (1, 1)


TestRecorder = RecorderMachine.TestCase
TestRecorder.settings = settings(max_examples=60, stateful_step_count=30)
