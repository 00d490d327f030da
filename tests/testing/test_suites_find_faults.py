"""The contract suites fail on meters and operators that break one promise each."""

from __future__ import annotations

import math
import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from mutegreen.meters.base import Reading
from mutegreen.meters.estimate.meter import EstimateMeter
from mutegreen.model import Kind, Quality, Value
from mutegreen.mutation.operator import ChoiceOperator, Example, Operator
from mutegreen.testing.meters import MeterCase, MeterContract
from mutegreen.testing.operators import OperatorContract
from mutegreen.testing.simulated import FakeClock, RealClock, Schedule
from support.meter_fakes import SimulatedMeter

WATTS = {"gpu:GPU-0": Schedule((0.0, 50.0), (10.0, 300.0)), "cpu:package-0": Schedule((0.0, 20.0))}


def case_of(kind: type[SimulatedMeter]) -> MeterCase:
    meter = kind(FakeClock(), WATTS, range_j=6500.0)

    def lose() -> tuple[str, ...]:
        meter.dead["gpu:GPU-0"] = "it fell off the bus"
        return ("gpu:GPU-0",)

    return MeterCase(meter, Quality.COUNTER, meter.clock, lambda d, a, b: WATTS[d].integral(a, b), lose)


def names_of(suite: type) -> list[str]:
    return [name for name in dir(suite) if name.startswith("test_")]


def run(suite: type, name: str, subject: object) -> str:
    """How one test of a suite ends on a subject."""
    try:
        getattr(suite(), name)(subject)
    except (AssertionError, pytest.fail.Exception):
        return "failed"
    except pytest.skip.Exception:
        return "skipped"
    return "passed"


def meter_results(make: Callable[[], MeterCase]) -> dict[str, str]:
    """How each test of the meters' suite ends, on a new case each time."""
    results = {}
    for name in names_of(MeterContract):
        case = make()
        case.meter.open()
        results[name] = run(MeterContract, name, case)
        case.meter.close()
    return results


class ForgetsZero(SimulatedMeter):
    def open(self) -> None:
        super().open()
        self.total_j = dict.fromkeys(self.domains, 1.0)


class Doubles(SimulatedMeter):
    def read(self) -> Reading:
        reading = super().read()
        return Reading(reading.t_s, {d: 2 * j for d, j in reading.energy_j.items()}, reading.lost, reading.flags)


class GoesBack(SimulatedMeter):
    def read(self) -> Reading:
        reading = super().read()
        noise = 100.0 if self.reads % 2 else 0.0
        return Reading(reading.t_s, {d: j + noise for d, j in reading.energy_j.items()}, reading.lost, reading.flags)


class KeepsTheLost(SimulatedMeter):
    def read(self) -> Reading:
        reading = super().read()
        return Reading(reading.t_s, dict.fromkeys(self.domains, 0.0) | dict(reading.energy_j), reading.lost)


class NotANumber(SimulatedMeter):
    def read(self) -> Reading:
        reading = super().read()
        return Reading(reading.t_s, dict.fromkeys(reading.energy_j, math.nan), reading.lost)


class KeepsOneReading(SimulatedMeter):
    """Its readings are views of values that it changes later."""

    def read(self) -> Reading:
        reading = super().read()
        return Reading(reading.t_s, self.total_j, reading.lost, reading.flags)


class ReadsAfterClose(SimulatedMeter):
    def close(self) -> None:
        self.closed += 1


class OtherTime(SimulatedMeter):
    def read(self) -> Reading:
        reading = super().read()
        return Reading(reading.t_s - 0.5, reading.energy_j, reading.lost, reading.flags)


class OtherQuality(SimulatedMeter):
    def open(self) -> None:
        super().open()
        self.quality = dict.fromkeys(self.domains, Quality.ESTIMATED)


class CountsOn(SimulatedMeter):
    first = True

    def open(self) -> None:
        before = {} if self.first else self.total_j
        super().open()
        self.first, self.total_j = False, self.total_j | before


FAULTS: list[tuple[type[SimulatedMeter], str]] = [
    (ForgetsZero, "test_starts_at_zero_and_says_when"),
    (Doubles, "test_joules_are_the_integral_of_the_watts"),
    (Doubles, "test_windows_that_nest_and_overlap_add_up"),
    (GoesBack, "test_never_decreases_however_often_it_is_read"),
    (KeepsTheLost, "test_reads_no_domain_that_it_does_not_name"),
    (NotANumber, "test_gives_finite_joules_at_a_moment_of_its_clock"),
    (KeepsOneReading, "test_a_reading_does_not_change_afterwards"),
    (ReadsAfterClose, "test_close_can_be_repeated_and_ends_reading"),
    (OtherTime, "test_gives_finite_joules_at_a_moment_of_its_clock"),
    (OtherQuality, "test_names_its_domains_their_quality_and_its_resolution"),
    (CountsOn, "test_counts_from_zero_again_when_opened_again"),
]


def test_a_faultless_meter_passes() -> None:
    assert meter_results(lambda: case_of(SimulatedMeter)) == dict.fromkeys(names_of(MeterContract), "passed")


@pytest.mark.parametrize(("faulty", "test"), FAULTS, ids=[f"{faulty.__name__}-{test}" for faulty, test in FAULTS])
def test_a_fault_of_a_meter_is_found(faulty: type[SimulatedMeter], test: str) -> None:
    assert meter_results(lambda: case_of(faulty))[test] == "failed"


def test_a_fault_that_the_recorder_must_handle_is_found() -> None:
    """A meter that drops a lost domain without a word leaves no reason in the reading."""

    class DropsTheLost(SimulatedMeter):
        def read(self) -> Reading:
            reading = super().read()
            return Reading(reading.t_s, reading.energy_j, {}, reading.flags)

    results = meter_results(lambda: case_of(DropsTheLost))
    assert [name for name, ended in results.items() if ended == "failed"] == [
        "test_reads_no_domain_that_it_does_not_name"
    ]


def test_a_real_device_of_unknown_energy_skips_what_needs_the_truth() -> None:
    """The estimate reads this machine; its clock is the real one, in short steps."""
    results = meter_results(lambda: MeterCase(EstimateMeter(), Quality.ESTIMATED, RealClock(speed=500)))
    assert {name for name, ended in results.items() if ended == "skipped"} == {
        "test_starts_at_zero_and_says_when",
        "test_joules_are_the_integral_of_the_watts",
        "test_windows_that_nest_and_overlap_add_up",
        "test_a_domain_lost_in_the_middle_has_a_reason_and_no_energy",
        "test_counts_from_zero_again_when_opened_again",
    }
    assert "failed" not in results.values()


def test_a_case_that_cannot_lose_a_domain_skips_only_that_test() -> None:
    def make() -> MeterCase:
        case = case_of(SimulatedMeter)
        case.lose = None
        return case

    results = meter_results(make)
    assert [name for name, ended in results.items() if ended == "skipped"] == [
        "test_a_domain_lost_in_the_middle_has_a_reason_and_no_energy"
    ]
    assert "failed" not in results.values()


class Faultless(ChoiceOperator):
    name = "faultless"
    summary = "another whole number"
    kinds = frozenset({Kind.HIDDEN})
    examples = (Example(3, (7, 8, 2)),)

    def choices(self, default: Value) -> Sequence[Value]:
        if not isinstance(default, int) or isinstance(default, bool):
            raise ValueError("needs a whole number, and the default is none")
        return range(1, 13)


class OtherExample(Faultless):
    examples = (Example(3, (1, 2)),)


class TwoLines(Faultless):
    summary = "another\nwhole number"


class GivesTheDefault(Faultless):
    def values(self, default: Value, count: int, rng: random.Random) -> list[Value]:
        return [*super().values(default, count - 1, rng), default]


class RefusesWithoutWords(Faultless):
    def choices(self, default: Value) -> Sequence[Value]:
        if default == 4:
            raise ValueError("no")
        return super().choices(default)


class AsksNoSeed(Faultless):
    def values(self, default: Value, count: int, rng: random.Random) -> list[Value]:
        return super().values(default, count, random.Random())


class AlwaysTheSame(Faultless):
    def values(self, default: Value, count: int, rng: random.Random) -> list[Value]:
        return super().values(default, count, random.Random(0))


class Infinite(Faultless):
    def values(self, default: Value, count: int, rng: random.Random) -> list[Value]:
        return [*super().values(default, count - 1, rng), float("inf")]


class CountDecides(Faultless):
    def values(self, default: Value, count: int, rng: random.Random) -> list[Value]:
        return super().values(default, count, rng)[::-1]


OPERATOR_FAULTS: list[tuple[type[Operator], str]] = [
    (OtherExample, "test_examples"),
    (TwoLines, "test_has_a_name_a_summary_and_kinds"),
    (GivesTheDefault, "test_values_are_distinct_and_not_the_default_or_the_default_is_refused_in_words"),
    (RefusesWithoutWords, "test_values_are_distinct_and_not_the_default_or_the_default_is_refused_in_words"),
    (AsksNoSeed, "test_the_seed_decides"),
    (AlwaysTheSame, "test_the_seed_decides"),
    (Infinite, "test_values_survive_being_written_and_read"),
    (CountDecides, "test_more_values_only_add_to_fewer"),
]


def test_a_faultless_operator_passes() -> None:
    results = {name: run(OperatorContract, name, Faultless()) for name in names_of(OperatorContract)}
    assert results == dict.fromkeys(names_of(OperatorContract), "passed")


@pytest.mark.parametrize(("faulty", "test"), OPERATOR_FAULTS, ids=[faulty.__name__ for faulty, _ in OPERATOR_FAULTS])
def test_a_fault_of_an_operator_is_found(faulty: type[Operator], test: str) -> None:
    assert run(OperatorContract, test, faulty()) == "failed"


SUBCLASSES = """
import pytest
from mutegreen.plugins import ChoiceOperator, Example
from mutegreen.testing.meters import MeterContract
from mutegreen.testing.operators import OperatorContract

class One(ChoiceOperator):
    name, summary, kinds, examples = "one", "one", frozenset({"hidden"}), (Example(1, (4711,)),)

    def choices(self, default):
        return [2]

class TestWrongExample(OperatorContract):
    @pytest.fixture
    def operator(self):
        return One()

class TestNoOperator(OperatorContract):
    pass

class TestNoCase(MeterContract):
    pass
"""


def test_what_an_author_sees_who_forgets_the_fixture_or_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(SUBCLASSES)
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "examples or zero", "--rootdir", "."]
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ended = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ended.returncode == 1, ended.stdout
    assert "override the fixture `case`" in ended.stdout
    assert "override the fixture `operator`" in ended.stdout
    assert "assert ['2'] == ['4711']" in ended.stdout, "a failed assertion shows its values"
    assert "passed" not in ended.stdout
