"""Contract suite for meters, which compares a meter with an energy that is known exactly."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from mutegreen.meters.base import Meter
from mutegreen.meters.recorder import Recorder
from mutegreen.model import DomainEnergy, Flag, Quality, Unavailable, is_domain
from mutegreen.testing.simulated import FakeClock, RealClock

DURATION_S = 60.0
"""No test takes longer than this on the case's clock, seconds."""

STEPS_S = (0.25, 0.25, 0.5, 4.0, 5.0, 0.25, 12.75, 2.0, 7.0, 11.0, 9.0)
"""Seconds between readings: multiples of a quarter, so a truth in steps of 10 ms is exact."""

Truth = Callable[[str, float, float], float]


@dataclass
class MeterCase:
    """A meter to test, not open, and its true energy.

    Args:
        meter: The meter.
        quality: How its values are obtained, the same for every domain.
        clock: The clock that the meter reads; `RealClock()` for a real device.
        truth: (domain, begin, end) -> joules between two moments in seconds after `open`. None: not known; the tests
            that need it are skipped.
        lose: Makes some domains unreadable for ever, and returns them. None: not possible; its test is skipped.
    """

    meter: Meter
    quality: Quality
    clock: FakeClock | RealClock
    truth: Truth | None = None
    lose: Callable[[], tuple[str, ...]] | None = None


class MeterContract:
    """Tests the contract of a meter. Derive a class whose name begins with `Test`, and override `case`.

    The strongest case has a `FakeClock` and simulated devices, so the true energy is known exactly. A case with a real
    device has a `RealClock` and no truth; tests that need the truth are skipped with a reason.

    Example:
        ```python
        class TestRealMeter(MeterContract):
            @pytest.fixture
            def case(self) -> MeterCase:
                return MeterCase(MyMeter(), Quality.COUNTER, RealClock())
        ```
    """

    @pytest.fixture
    def case(self) -> MeterCase:
        """Return the case to test, with its meter not open."""
        raise NotImplementedError("override the fixture `case`: it returns a MeterCase")

    @pytest.fixture
    def opened(self, case: MeterCase) -> Iterator[MeterCase]:
        """Yield the case with its meter open, and close it after the test."""
        case.meter.open()
        yield case
        case.meter.close()

    def test_names_its_domains_their_quality_and_its_resolution(self, opened: MeterCase) -> None:
        """Once open, a meter knows its domains, their quality, its resolution and its period."""
        meter = opened.meter
        assert meter.name.strip()
        assert not set(": ,") & set(meter.name)
        assert meter.domains
        assert len(set(meter.domains)) == len(meter.domains)
        assert all(is_domain(domain) for domain in meter.domains)
        assert dict(meter.quality) == dict.fromkeys(meter.domains, opened.quality)
        assert meter.resolution_s > 0
        assert meter.period_s > 0
        assert all(isinstance(one, Unavailable) for one in meter.unavailable)

    def test_gives_finite_joules_at_a_moment_of_its_clock(self, opened: MeterCase) -> None:
        """The joules of every domain are finite and not negative, and the time is that of the reading."""
        before_s = opened.clock()
        reading = opened.meter.read()
        assert before_s <= reading.t_s <= opened.clock()
        assert {*reading.energy_j, *reading.lost, *reading.failed} == set(opened.meter.domains)
        assert all(math.isfinite(energy_j) and energy_j >= 0 for energy_j in reading.energy_j.values())

    def test_starts_at_zero_and_says_when(self, opened: MeterCase) -> None:
        """A meter starts at 0 J, at the time of the clock."""
        known_truth(opened)
        reading = opened.meter.read()
        assert reading.energy_j == dict.fromkeys(opened.meter.domains, 0.0)
        assert reading.t_s == opened.clock()

    def test_joules_are_the_integral_of_the_watts(self, opened: MeterCase) -> None:
        """The joules since `open` are right at several moments."""
        truth = known_truth(opened)
        elapsed_s = 0.0
        for step_s in STEPS_S:
            opened.clock.advance(step_s)
            elapsed_s += step_s
            energy_j = opened.meter.read().energy_j
            for domain in opened.meter.domains:
                assert energy_j[domain] == pytest.approx(truth(domain, 0.0, elapsed_s), rel=1e-12, abs=1e-6)

    def test_never_decreases_however_often_it_is_read(self, opened: MeterCase) -> None:
        """Joules never decrease in readings ten times a second for a minute."""
        before = opened.meter.read().energy_j
        for _ in range(600):
            opened.clock.advance(0.0971)
            after = opened.meter.read().energy_j
            assert all(after[domain] >= before[domain] for domain in opened.meter.domains)
            before = after

    def test_a_reading_does_not_change_afterwards(self, opened: MeterCase) -> None:
        """A reading does not change when the meter is read again."""
        reading = opened.meter.read()
        kept = copy.deepcopy(reading)
        opened.clock.advance(1.0)
        opened.meter.read()
        assert reading == kept

    def test_reads_no_domain_that_it_does_not_name(self, opened: MeterCase) -> None:
        """Every named domain has joules or a reason, not both, also after a loss; a reading has no other domain."""
        opened.clock.advance(1.0)
        if opened.lose:
            opened.lose()
        reading = opened.meter.read()
        without = {*reading.lost, *reading.failed}
        assert {*reading.energy_j, *without} == set(opened.meter.domains)
        assert not {*reading.energy_j} & without
        assert {*reading.flags, *reading.unknown} <= set(opened.meter.domains)

    def test_windows_that_nest_and_overlap_add_up(self, opened: MeterCase) -> None:
        """The recorder measures the true energy of windows that nest and overlap."""
        truth = known_truth(opened)
        recorder = recorder_of(opened)
        ends = {}
        for key, step_s in (("outer", 5.0), ("first", 7.0), ("overlap", 4.0)):
            recorder.begin(key)
            opened.clock.advance(step_s)
        ends["first"] = recorder.end("first")
        recorder.begin("second")
        opened.clock.advance(20.0)
        for key in ("overlap", "second", "outer"):
            ends[key] = recorder.end(key)
        spans = {"outer": (0.0, 36.0), "first": (5.0, 16.0), "overlap": (12.0, 36.0), "second": (16.0, 36.0)}
        for key, (begin_s, end_s) in spans.items():
            assert ends[key].duration_s == end_s - begin_s
            for domain in opened.meter.domains:
                energy = energy_of(ends[key].domains, domain)
                assert energy.energy_j == pytest.approx(truth(domain, begin_s, end_s), rel=1e-9)
                assert energy.quality is opened.quality
                assert energy.meter == opened.meter.name

    def test_a_domain_lost_in_the_middle_has_a_reason_and_no_energy(self, opened: MeterCase) -> None:
        """A window in which a domain is lost has a reason instead of its energy; other domains are not affected."""
        truth = known_truth(opened)
        if opened.lose is None:
            pytest.skip("the case cannot lose domains: `lose` is None")
        recorder = recorder_of(opened)
        recorder.begin("before")
        opened.clock.advance(10.0)
        whole = recorder.end("before")
        recorder.begin("across")
        opened.clock.advance(5.0)
        begin_s = 10.0
        lost = opened.lose()
        opened.clock.advance(1.0)
        across = recorder.end("across")
        recorder.begin("after")
        opened.clock.advance(1.0)
        after = recorder.end("after")
        for domain in lost:
            assert energy_of(whole.domains, domain).energy_j == pytest.approx(truth(domain, 0.0, 10.0))
            for measured in (across, after):
                energy = energy_of(measured.domains, domain)
                assert energy.energy_j is None
                assert energy.reason
                assert Flag.DEVICE_LOST in energy.flags
        for domain in set(opened.meter.domains) - set(lost):
            energy = energy_of(across.domains, domain)
            assert energy.energy_j == pytest.approx(truth(domain, begin_s, begin_s + 6.0))
            assert Flag.DEVICE_LOST not in energy.flags
            assert energy_of(after.domains, domain).energy_j is not None

    def test_close_can_be_repeated_and_ends_reading(self, opened: MeterCase) -> None:
        """A second `close` does nothing, and a closed meter cannot be read."""
        opened.meter.close()
        opened.meter.close()
        with pytest.raises(RuntimeError):
            opened.meter.read()

    def test_counts_from_zero_again_when_opened_again(self, opened: MeterCase) -> None:
        """A meter that is opened again counts from 0 J."""
        known_truth(opened)
        opened.clock.advance(5.0)
        opened.meter.read()
        opened.meter.close()
        opened.meter.open()
        assert opened.meter.read().energy_j == dict.fromkeys(opened.meter.domains, 0.0)


def known_truth(case: MeterCase) -> Truth:
    """Return the truth of a case; skip the test if there is none."""
    if case.truth is None:
        pytest.skip("the true energy of this meter is not known: the case has no `truth`")
    return case.truth


def recorder_of(case: MeterCase) -> Recorder:
    """Return a recorder of the meter, on the case's clock, that never reports a gap."""
    return Recorder([case.meter], clock=case.clock, boot_clock=case.clock, period_s=DURATION_S)


def energy_of(energies: tuple[DomainEnergy, ...], domain: str) -> DomainEnergy:
    """Return the energy of a domain."""
    return next(one for one in energies if one.domain == domain)
