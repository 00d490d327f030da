"""Meters of plug-ins: found by name and by themselves, after ours, and no broken one stops anything."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mutegreen.errors import MeterUnavailable, UsageError
from mutegreen.meters import registry
from mutegreen.meters.base import Meter, Reading
from mutegreen.meters.estimate.meter import EstimateMeter
from mutegreen.meters.plugin_meter import PluginMeter
from mutegreen.meters.recorder import Recorder
from mutegreen.meters.registry import automatic, parse, problems
from mutegreen.meters.selection import select_meters
from mutegreen.model import Flag, Quality, Unavailable
from mutegreen.testing.simulated import FakeClock, Schedule
from support.distributions import Installer, installer
from support.meter_fakes import FakeMachine, SimulatedMeter

CPU, DRAM, PSYS = "cpu:package-0", "dram:package-0", "psys"

MODULE = """
import time
from mutegreen.plugins import Meter, Quality, Reading, UsageError

class Wall(Meter):
    name = "{name}"
    resolution_s = 0.1

    def __init__(self, options=""):
        self.options = options

    @classmethod
    def from_options(cls, options):
        return cls(options)

    def open(self):
        {open}
        self.domains = {domains}
        self.quality = dict.fromkeys(self.domains, Quality.{quality})

    def read(self):
        return Reading(time.monotonic(), dict.fromkeys(self.domains, 0.0))

    def close(self):
        pass
"""


def module(
    name: str = "wall",
    domains: tuple[str, ...] = (PSYS,),
    quality: str = "COUNTER",
    open: str = "pass",
    rest: str = "",
) -> str:
    return MODULE.format(name=name, domains=domains, quality=quality, open=open) + rest


def entry(target: str, name: str = "wall") -> str:
    return f"[mutegreen.meters]\n{name} = {target}\n"


@pytest.fixture(autouse=True)
def fresh_registry() -> Iterator[None]:
    registry._plugins.cache_clear()
    yield
    registry._plugins.cache_clear()


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installer:
    return installer(tmp_path / "site", monkeypatch)


@pytest.fixture(autouse=True)
def only_the_estimate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the built-in meters try only the estimate, on a simulated machine."""
    machine = FakeMachine(tmp_path / "root", FakeClock(), Schedule((0.0, 1.0)))

    def build(_: str) -> Meter:
        return EstimateMeter(root=machine.root, clock=machine.clock, sleep=machine.clock.advance)

    monkeypatch.setitem(registry.BUILDERS, "estimate", build)
    monkeypatch.setattr(registry, "AUTOMATIC", ("estimate",))


def read_by(require: tuple[str, ...] = ()) -> dict[str, str]:
    """The meter that the automatic choice reads each domain with."""
    chosen = select_meters(require=require)
    chosen.close()
    return {domain: meter.name for meter in chosen.meters for domain in meter.domains}


class TestFound:
    def test_by_name_with_its_options(self, install: Installer) -> None:
        install("walls", {"wall1.py": module()}, entry("wall1:Wall"))
        meter = parse("wall:host=plug.local,port=80")
        assert meter.name == "wall"
        assert isinstance(meter, PluginMeter)
        assert meter._meter.options == "host=plug.local,port=80"  # type: ignore[attr-defined]
        (opened,) = select_meters(["wall"], require=[PSYS]).meters
        assert opened.domains == (PSYS,)

    def test_automatic_choice_tries_plug_ins_after_builtin_meters(self, install: Installer) -> None:
        install("walls", {"wall2.py": module()}, entry("wall2:Wall"))
        install("walls_too", {"wall3.py": module("outlet")}, entry("wall3:Wall"))
        assert automatic() == ("estimate", "outlet", "wall")
        assert read_by() == {CPU: "estimate", DRAM: "estimate", PSYS: "outlet"}

    def test_a_better_quality_replaces_the_builtin_meter_and_an_equal_one_does_not(self, install: Installer) -> None:
        install("counts", {"wall4.py": module("counts", (CPU,))}, entry("wall4:Wall"))
        install("guesses", {"wall5.py": module("guesses", (DRAM,), "ESTIMATED")}, entry("wall5:Wall"))
        assert read_by() == {CPU: "counts", DRAM: "estimate"}
        assert read_by(require=("cpu",))[CPU] == "counts"

    def test_a_name_of_a_builtin_meter_is_not_replaced(self, install: Installer) -> None:
        install("clash", {"wall6.py": module("nvml")}, entry("wall6:Wall"))
        assert not isinstance(parse("nvml"), PluginMeter)
        assert problems() == ["mutegreen.meters entry point 'wall' of clash 1.0 is skipped: the name 'nvml' is taken"]

    def test_the_names_of_plug_ins_are_in_the_hint(self, install: Installer) -> None:
        install("walls", {"wall7.py": module()}, entry("wall7:Wall"))
        with pytest.raises(UsageError, match="unknown meter 'wail'") as caught:
            parse("wail")
        assert (caught.value.hint or "").endswith(", zeus, wall")

    def test_a_builtin_meter_is_made_without_loading_plug_ins(self, install: Installer) -> None:
        install("walls", {"wall8.py": module()}, entry("wall8:Wall"))
        assert parse("rapl").name == "rapl"
        assert "wall8" not in sys.modules


BROKEN_CODE = {
    "missing_module": ({}, "no_such_module:Wall", "ModuleNotFoundError: No module named 'no_such_module'"),
    "raises": ({"w1.py": "1 / 0"}, "w1:Wall", "ZeroDivisionError: division by zero"),
    "exits": ({"w2.py": "raise SystemExit('bye')"}, "w2:Wall", "SystemExit: bye"),
    "no_meter": (
        {"w3.py": "Wall = 3"},
        "w3:Wall",
        "TypeError: w3:Wall is not a complete subclass of",
    ),
    "abstract": (
        {"w4.py": "from mutegreen.plugins import Meter as Wall"},
        "w4:Wall",
        "TypeError: w4:Wall is not a complete subclass of mutegreen.plugins.Meter",
    ),
    "name": ({"w5.py": module("a:b")}, "w5:Wall", "TypeError: w5:Wall has the name 'a:b': use letters, digits"),
}


@pytest.mark.parametrize("case", BROKEN_CODE)
def test_one_that_does_not_load_is_left_out_with_a_reason(case: str, install: Installer) -> None:
    files, target, reason = BROKEN_CODE[case]
    install("broken", files, entry(target))
    chosen = select_meters()
    assert [meter.name for meter in chosen.meters] == ["estimate"]
    (problem,) = [one for one in chosen.unavailable if one.meter == "mutegreen.meters"]
    assert problem.reason.startswith(f"mutegreen.meters entry point 'wall' of broken 1.0 does not load: {reason}")
    with pytest.raises(UsageError) as caught:
        select_meters(["wall"])
    assert problem.reason in (caught.value.hint or "")


BROKEN_OPEN = {
    "error of ours": (module(open="raise UsageError('wall: no host is named', 'wall:HOST')"), "wall: no host is named"),
    "any error": (module(open="1 / 0"), "wall: `open` failed: ZeroDivisionError: division by zero"),
    "exit": (module(open="raise SystemExit(1)"), "wall: `open` failed: SystemExit: 1"),
    "no such domain": (module(domains=("wall:0",)), "wall: `open` failed: ValueError: its domains are ('wall:0',)"),
    "no domain": (module(domains=()), "wall: `open` failed: ValueError: its domains are ()"),
    "twice": (module(domains=(PSYS, PSYS)), "wall: `open` failed: ValueError: its domains are ('psys', 'psys')"),
    "period": (module(rest="    period_s = 0\n"), "wall: `open` failed: ValueError: its resolution is 0.1 s and"),
    "a text that says what it cannot read": (
        module(rest="    unavailable = ('the other outlet',)\n"),
        "wall: `open` failed: TypeError: its `unavailable` is ('the other outlet',)",
    ),
    "exit when closed": (
        module(open="1 / 0", rest="    def close(self): raise SystemExit(3)\n"),
        "wall: `open` failed: ZeroDivisionError",
    ),
    "unnamed quality": (module(open="self.quality = {}; return"), "wall: `open` failed: ValueError: its domains"),
    "constructor": (
        module(rest="    def __init__(self, options): self.host = {}[0]\n"),
        "wall: creating the meter failed: Key",
    ),
}


@pytest.mark.parametrize("case", BROKEN_OPEN)
def test_one_that_does_not_open_stops_nothing_and_is_an_error_where_named(case: str, install: Installer) -> None:
    text, reason = BROKEN_OPEN[case]
    name = f"open_{case.replace(' ', '_')}"
    install("broken", {f"{name}.py": text}, entry(f"{name}:Wall"))
    chosen = select_meters()
    assert [meter.name for meter in chosen.meters] == ["estimate"]
    (left_out,) = [one for one in chosen.unavailable if one.meter == "wall"]
    assert left_out.reason.startswith(reason)
    assert left_out.remedy == "wall:HOST" or "of broken 1.0" in (left_out.remedy or "")
    with pytest.raises((MeterUnavailable, UsageError)) as caught:
        select_meters(["wall"])
    assert caught.value.message == left_out.reason


class Faulty(SimulatedMeter):
    """A simulated meter whose next reading is replaced."""

    name = "faulty"
    answer: Any = None

    def read(self) -> Reading:
        reading = super().read()
        if self.answer is None:
            return reading
        answer, self.answer = self.answer, None
        made: Reading = answer(reading)
        return made

    def close(self) -> None:
        super().close()
        raise OSError("already gone")


@pytest.mark.parametrize(
    "answer",
    [
        lambda reading: sys.exit("no"),
        lambda reading: None,
        lambda reading: 3.0,
        lambda reading: Reading(math.nan, reading.energy_j),
        lambda reading: Reading(reading.t_s - 100.0, reading.energy_j),
        lambda reading: Reading(reading.t_s, {CPU: "much"}),  # type: ignore[dict-item]
        lambda reading: Reading(reading.t_s, None),
        lambda reading: Reading(reading.t_s, reading.energy_j, flags={CPU: ["no such flag"]}),  # type: ignore[dict-item]
    ],
)
def test_a_reading_that_is_none_fails_once_and_disturbs_nothing(answer: Any) -> None:
    clock = FakeClock()
    faulty = Faulty(clock, {CPU: Schedule((0.0, 10.0))})
    meter = PluginMeter(faulty, "package")
    meter.open()
    with Recorder([meter], clock=clock, boot_clock=clock, period_s=60.0) as recorder:
        recorder.begin("window")
        clock.advance(1.0)
        faulty.answer = answer
        recorder.sample()
        clock.advance(1.0)
        (energy,) = recorder.end("window").domains
    assert energy.energy_j == 20.0


def test_a_reading_whose_time_went_back_is_rejected() -> None:
    clock = FakeClock()
    meter = PluginMeter(SimulatedMeter(clock, {CPU: Schedule((0.0, 10.0))}), "package")
    meter.open()
    meter.read()
    clock.advance(-1.0)
    with pytest.raises(ValueError, match="the time of its reading is 999"):
        meter.read()
    clock.advance(2.0)
    assert meter.read().t_s == 1001.0


def test_types_near_to_the_right_ones_are_taken() -> None:
    clock = FakeClock()
    faulty = Faulty(clock, {CPU: Schedule((0.0, 10.0))})
    faulty.unavailable = [Unavailable("dram", "not wired")]  # type: ignore[assignment]
    meter = PluginMeter(faulty, "package")
    meter.open()
    assert meter.unavailable == (Unavailable("dram", "not wired"),)
    assert meter.quality == {CPU: Quality.COUNTER}
    faulty.answer = lambda reading: Reading(reading.t_s, {CPU: 5}, flags={CPU: {"counter_wrapped"}})  # type: ignore[dict-item]
    reading = meter.read()
    assert type(reading.energy_j[CPU]) is float
    assert reading.flags == {CPU: frozenset({Flag.COUNTER_WRAPPED})}
    meter.close()
    assert faulty.closed == 1, "and what closing raised is not passed on"
