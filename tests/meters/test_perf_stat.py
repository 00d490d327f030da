from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from mutegreen.errors import MeterLost, MeterPermissionError, MeterUnavailable
from mutegreen.meters.base import Meter
from mutegreen.meters.fallback import FallbackMeter
from mutegreen.meters.perf.event import PerfCounter
from mutegreen.meters.perf.meter import PerfMeter
from mutegreen.meters.perf.stat_counter import StatCounter
from mutegreen.meters.perf.stat_line import StatInterval, parse
from mutegreen.meters.perf.stat_meter import INTERVAL_S, PerfStatMeter
from mutegreen.meters.perf.stat_program import PerfProgram
from mutegreen.meters.recorder import Recorder
from mutegreen.model import Flag, Quality
from mutegreen.testing.simulated import Schedule
from support.limits import EVENT_S
from support.perf_fakes import FakeUnit
from support.perf_stat_fakes import LinesMachine, PathMachine

PKG, RAM = ("energy-pkg", 0), ("energy-ram", 0)
CPU, DRAM = "cpu:package-0", "dram:package-0"


class TestPerfStatParse:
    """The lines are what perf 6.1 printed, with the names of the events replaced."""

    def test_a_count(self) -> None:
        line = "     0.200309792,S0,2,1041086761,,energy-pkg,401015805,100.00,,"
        assert parse(line) == StatInterval(0.200309792, 0, "energy-pkg", 1041086761, 0.401015805)

    @pytest.mark.parametrize("fault", ["not supported", "not counted"])
    def test_no_count(self, fault: str) -> None:
        line = f"     0.401009553,S1,1,<{fault}>,,energy-ram,0,100.00,,"
        assert parse(line) == StatInterval(0.401009553, 1, "energy-ram", None, 0.0, fault)

    def test_an_event_restricted_to_programs_of_the_user(self) -> None:
        found = parse("     0.020108819,S0,1,<not supported>,,energy-pkg:u,0,100.00,,")
        assert found
        assert (found.event, found.modifier) == ("energy-pkg", "u")

    @pytest.mark.parametrize("line", ["", "  ", "# started on Sat Nov 21 03:17:43 2026"])
    def test_lines_without_a_count(self, line: str) -> None:
        assert parse(line) is None

    @pytest.mark.parametrize(
        "line",
        [
            "     0,200309792,S0,2,1041086761,,energy-pkg,401015805,100,00,,",
            "     0.200309792,S0,1,12,34,Joules,energy-pkg,401015805,100,00,,",
            "     0.200309792,S0,1,12.34,Joules,energy-pkg,401015805,100.00,,",
            "     0.200309792,S0,1,1041086761,,energy-pkg,401015805",
            "     0.200309792,1041086761,,energy-pkg,401015805,100.00,,",
            "     0.200309792,S0,1,-7,,energy-pkg,401015805,100.00,,",
            "Events enabled",
        ],
    )
    def test_anything_else_is_refused(self, line: str) -> None:
        with pytest.raises(ValueError, match="perf printed"):
            parse(line)


def steady(*keys: tuple[str, int]) -> dict[tuple[str, int], Schedule]:
    """Watts: 10 in package 0, 11 in package 1; memory has 3 and 4."""
    return {key: Schedule((0.0, key[1] + (10.0 if key[0] == "energy-pkg" else 3.0))) for key in keys}


class TestPerfStatDomains:
    def test_each_socket_by_itself(self, tmp_path: Path) -> None:
        machine = LinesMachine(tmp_path, steady(PKG, RAM, ("energy-pkg", 1), ("energy-ram", 1)))
        machine.meter.open()
        machine.clock.advance(2.0)
        assert machine.meter.read().energy_j == pytest.approx(
            {CPU: 20.0, "cpu:package-1": 22.0, DRAM: 6.0, "dram:package-1": 8.0}
        )
        assert machine.meter.unavailable == ()

    def test_the_arguments_of_perf(self, tmp_path: Path) -> None:
        machine = LinesMachine(tmp_path, steady(PKG, RAM, ("energy-pkg", 1), ("energy-ram", 1)))
        machine.meter.open()
        assert " ".join(machine.perf.words) == (
            "perf stat -a -C 0,8 -x, -I 20 --per-socket --log-fd 1 "
            "-e power/config=0x2,name=energy-pkg/,power/config=0x3,name=energy-ram/"
        )

    @pytest.mark.parametrize("fault", ["<not supported>", "<not counted>"])
    def test_an_event_without_counts_is_an_absent_class(self, fault: str, tmp_path: Path) -> None:
        machine = LinesMachine(tmp_path, steady(PKG, RAM, ("energy-pkg", 1), ("energy-ram", 1)))
        machine.perf.values["energy-ram", 1] = fault
        machine.meter.open()
        assert machine.meter.domains == (CPU, "cpu:package-1")
        (left_out,) = machine.meter.unavailable
        assert left_out.reason == f"dram is not read: energy-ram: perf says {fault}"

    def test_a_corrected_beginning_does_not_decrease_the_energy(self, tmp_path: Path) -> None:
        machine = LinesMachine(tmp_path, steady(PKG, RAM))
        machine.meter.open()
        machine.clock.advance(1.0)
        before = machine.meter.read().energy_j
        machine.meter._began_s += 0.2
        assert machine.meter.read().energy_j == before


class TestEdges:
    """A window of 2 s on a socket that draws power in that window only: the worst that an edge can be."""

    @pytest.mark.parametrize("phase", [0.0, 0.1, 0.25, 0.5, 0.75, 0.9])
    def test_steps_at_both_edges(self, phase: float) -> None:
        begin_s = (10 + phase) * INTERVAL_S
        end_s = begin_s + 2.0 + 0.5 * INTERVAL_S
        watts = Schedule((0.0, 0.0), (begin_s, 150.0), (end_s, 0.0))
        counted = StatCounter(CPU, 1e-9, 1)
        for number in range(1, 130):
            before_s, stamp_s = (number - 1) * INTERVAL_S, number * INTERVAL_S
            counts = round(watts.integral(before_s, stamp_s) * 1e9)
            counted.add(StatInterval(stamp_s, 0, "energy-pkg", counts, INTERVAL_S))
        counted.start_at(begin_s)
        assert counted.energy_j(end_s) == pytest.approx(watts.integral(begin_s, end_s), rel=0.006)

    def test_power_is_even_within_an_interval(self) -> None:
        counted = StatCounter(CPU, 0.5, 1)
        for stamp_s, counts in ((1.0, 20), (2.0, 40), (4.0, 4)):
            counted.add(StatInterval(stamp_s, 0, "energy-pkg", counts, 4.0))
        counted.start_at(0.5)
        assert [counted.energy_j(t_s) for t_s in (0.5, 1.0, 1.75, 2.0, 2.5, 4.0)] == [0.0, 5.0, 20.0, 25.0, 25.5, 27.0]


class TestPerfStatFaults:
    @pytest.fixture
    def machine(self, tmp_path: Path) -> LinesMachine:
        made = LinesMachine(tmp_path, steady(PKG, RAM))
        made.meter.open()
        return made

    @pytest.mark.parametrize(
        ("value", "reason"),
        [("<not counted>", "<not counted>"), ("<not supported>", "not supported"), (str(2**64 - 5), "impossible")],
    )
    def test_an_event_that_fails_is_lost_and_the_other_is_still_measured(
        self, value: str, reason: str, machine: LinesMachine
    ) -> None:
        machine.perf.values[RAM] = value
        machine.clock.advance(1.0)
        machine.meter.read()
        del machine.perf.values[RAM]
        machine.clock.advance(1.0)
        reading = machine.meter.read()
        assert reading.energy_j == pytest.approx({CPU: 20.0})
        assert reason in reading.lost[DRAM]

    def test_one_of_two_counters_is_stuck(self, machine: LinesMachine) -> None:
        machine.perf.running[PKG] = 0.5
        machine.clock.advance(0.5)
        assert "taken offline" in machine.meter.read().lost[CPU]

    def test_silence_is_a_failure_that_passes_and_no_joule_is_missing(self, machine: LinesMachine) -> None:
        machine.perf.silent = True
        reading = machine.meter.read()
        machine.clock.advance(0.5)
        reading = machine.meter.read()
        assert reading.energy_j == {}
        assert set(reading.failed) == {CPU, DRAM}
        machine.perf.silent = False
        silent_s = machine.clock() - machine.perf.began_s - machine.perf.waited_s
        assert machine.meter.read().energy_j == pytest.approx({CPU: 10.0 * silent_s, DRAM: 3.0 * silent_s})

    @pytest.mark.parametrize("comma", ["     9,200309792,S0,1,7,,energy-pkg,1,100,00,,", "nonsense"])
    def test_a_line_that_cannot_be_read_ends_it_for_good(self, comma: str, machine: LinesMachine) -> None:
        machine.perf.extra = [comma]
        machine.clock.advance(1.0)
        with pytest.raises(MeterLost, match="perf printed"):
            machine.meter.read()
        machine.perf.extra = []
        machine.clock.advance(1.0)
        with pytest.raises(MeterLost, match="perf printed"):
            machine.meter.read()

    def test_a_time_that_goes_back_is_a_lost_meter(self, machine: LinesMachine) -> None:
        machine.perf.extra = ["     0.000000001,S0,1,7,,energy-pkg,999999999,100.00,,"]
        machine.clock.advance(1.0)
        with pytest.raises(MeterLost, match="went back"):
            machine.meter.read()

    def test_the_end_of_perf_in_a_window_leaves_no_energy(self, machine: LinesMachine) -> None:
        recorder = Recorder([machine.meter], clock=machine.clock, boot_clock=machine.clock)
        recorder.begin("training")
        machine.clock.advance(1.0)
        machine.perf.ended = True
        for energy in recorder.end("training").domains:
            assert energy.energy_j is None
            assert energy.reason == "perf-stat: perf has ended: the fake has run out of power"
            assert Flag.DEVICE_LOST in energy.flags


class TestPerfStatUnavailable:
    def test_no_unit_starts_nothing(self, tmp_path: Path) -> None:
        def never(words: Sequence[str]) -> PerfProgram:
            raise AssertionError

        with pytest.raises(MeterUnavailable, match="perf-stat: no energy events here") as caught:
            PerfStatMeter(root=tmp_path, start=never).open()
        assert caught.value.remedy

    def test_no_program(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        FakeUnit(tmp_path, {0: [0]}, ("energy-pkg",))
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(MeterUnavailable, match="the program perf cannot be started: No such file") as caught:
            PerfStatMeter(root=tmp_path).open()
        assert "install" in (caught.value.remedy or "")

    @pytest.mark.parametrize(
        ("plan", "kind", "message"),
        [
            ({"refusal": "event syntax error: 'power/'"}, MeterUnavailable, "ended: event syntax error: 'power/'"),
            ({"refusal": "Error:\nAccess to performance monitoring is limited."}, MeterPermissionError, "is limited"),
            ({"modifier": ":u", "faults": {}}, MeterPermissionError, "perf may not count energy events either"),
            ({"comma": True}, MeterUnavailable, "not a line of `perf stat -x,` in the locale C"),
            (
                {"faults": {name: [[0.0, "<not supported>"]] for name in ("energy-pkg", "energy-ram")}},
                MeterUnavailable,
                "energy-pkg: perf says <not supported>; energy-ram",
            ),
        ],
        ids=["syntax", "access", "user only", "decimal commas", "not supported"],
    )
    def test_a_perf_that_does_not_work(
        self,
        plan: dict[str, object],
        kind: type[Exception],
        message: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        machine = PathMachine(tmp_path, monkeypatch, **plan)
        with pytest.raises(kind, match=message):
            machine.meter.open()
        assert not fakes_running(machine)
        with pytest.raises(RuntimeError):
            machine.meter.read()


def fakes_running(machine: PathMachine) -> list[psutil.Process]:
    """Living processes of this machine's program."""
    words = str(machine.folder / "perf")
    found = [p for p in psutil.process_iter(["cmdline", "status"]) if words in (p.info["cmdline"] or [])]
    return [p for p in found if p.info["status"] != psutil.STATUS_ZOMBIE]


def wait_until_none(machine: PathMachine, limit_s: float = EVENT_S) -> None:
    deadline_s = time.monotonic() + limit_s
    while fakes_running(machine):
        assert time.monotonic() < deadline_s, "it outlived its reader"
        time.sleep(0.02)


class TestTheProgram:
    """In real time: the fake program counts known watts from a known moment on."""

    @pytest.mark.xdist_group("quiet")
    def test_windows_with_steps_at_any_moment_are_right_within_a_percent(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # All steps lie well within the window, as its edges come late and the fake's intervals are long on a busy
        # machine. The last edge is where the power is high: an edge at a wrong moment would show.
        steps = {
            "energy-pkg": [(0.0, 20.0), (0.7137, 200.0), (1.2059, 20.0), (1.5, 200.0)],
            "energy-ram": [(0.0, 3.0)],
        }
        machine = PathMachine(tmp_path, monkeypatch, watts=steps)
        machine.meter.open()
        began_s = float(str(machine.began()["began_s"]))
        start_s = time.monotonic()
        first = machine.meter.read()
        while time.monotonic() < start_s + 2.5:
            time.sleep(0.1)
            machine.meter.read()
        last = machine.meter.read()
        for event, domain in (("energy-pkg", CPU), ("energy-ram", DRAM)):
            true_j = Schedule(*steps[event]).integral(first.t_s - began_s, last.t_s - began_s)
            assert last.energy_j[domain] - first.energy_j[domain] == pytest.approx(true_j, rel=0.01)
        machine.meter.close()
        assert not fakes_running(machine)

    def test_a_domain_lost_and_then_the_program(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        faults = {"energy-ram": [[0.3, "<not counted>"]]}
        machine = PathMachine(tmp_path, monkeypatch, watts={}, faults=faults, ends_s=0.6)
        machine.meter.open()
        reading = machine.meter.read()
        while not reading.lost:
            reading = machine.meter.read()
        assert (set(reading.lost), set(reading.energy_j)) == ({DRAM}, {CPU})
        with pytest.raises(MeterLost, match="perf has ended: the fake has run out of power"):
            for _ in iter(machine.meter.read, None):
                pass
        machine.meter.close()

    def test_its_environment_has_no_variable_of_mutegreen(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MUTEGREEN_TRIAL", "1")
        monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
        machine = PathMachine(tmp_path, monkeypatch)
        machine.meter.open()
        (process,) = fakes_running(machine)
        assert os.getsid(process.pid) == process.pid
        environment = machine.began()["environment"]
        assert isinstance(environment, list)
        assert "LC_ALL=C" in environment
        assert not any(variable.startswith("MUTEGREEN") for variable in environment)
        machine.meter.close()

    def test_closing_ends_one_that_hangs(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        machine = PathMachine(tmp_path, monkeypatch)
        machine.meter.open()
        (process,) = fakes_running(machine)
        process.send_signal(signal.SIGSTOP)
        machine.meter.close()
        assert not fakes_running(machine)

    def test_it_ends_when_we_are_killed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        machine = PathMachine(tmp_path, monkeypatch)
        code = (
            "import sys, time; from pathlib import Path; from mutegreen.meters.perf.stat_meter import PerfStatMeter;"
            "meter = PerfStatMeter(root=Path(sys.argv[1])); meter.open(); print('open', flush=True); time.sleep(600)"
        )
        ours = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
        assert ours.stdout
        assert ours.stdout.readline() == b"open\n"
        assert len(fakes_running(machine)) == 1
        ours.send_signal(signal.SIGKILL)
        ours.communicate()
        wait_until_none(machine)


class TestFallback:
    def denied(self, root: Path) -> Meter:
        def refuse(*_: int) -> PerfCounter:
            raise PermissionError(13, "Permission denied")

        return PerfMeter(root=root, open_counter=refuse)

    def test_perf_stat_where_the_call_is_denied(self, tmp_path: Path) -> None:
        machine = LinesMachine(tmp_path, steady(PKG, RAM))
        meter = FallbackMeter([self.denied(tmp_path), machine.meter])
        meter.open()
        assert (meter.name, meter.domains, meter.resolution_s) == ("perf-stat", (CPU, DRAM), INTERVAL_S)
        assert meter.quality == dict.fromkeys(meter.domains, Quality.COUNTER)
        machine.clock.advance(1.0)
        assert meter.read().energy_j == pytest.approx({CPU: 10.0, DRAM: 3.0})
        meter.close()
        assert machine.perf.closed

    def test_the_first_complaint_where_neither_is_permitted(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        machine = PathMachine(tmp_path, monkeypatch, refusal="Access to performance monitoring is limited.")
        with pytest.raises(MeterPermissionError, match="perf_event_paranoid is 2"):
            FallbackMeter([self.denied(tmp_path), machine.meter]).open()

    def test_a_meter_that_is_not_there_is_not_replaced(self, tmp_path: Path) -> None:
        machine = LinesMachine(tmp_path / "other", steady(PKG, RAM))
        with pytest.raises(MeterUnavailable, match=r"^perf: no energy events"):
            FallbackMeter([PerfMeter(root=tmp_path), machine.meter]).open()
        assert machine.perf.words == []


class TestTheRealPerf:
    """The time stamp counter, event 0 of the unit `msr`, against the same event read from the kernel directly."""

    UNIT = Path("/sys/bus/event_source/devices/msr/type")
    JOULES = 1e-9

    @pytest.fixture
    def direct(self) -> PerfCounter:
        if not self.UNIT.exists() or not shutil.which("perf"):
            pytest.skip("no time stamp counter among the events, or no program perf")
        try:
            return PerfCounter(int(self.UNIT.read_text()), 0, 0)
        except OSError as error:
            pytest.skip(f"this process may not count events of a whole CPU: {error}")

    @pytest.mark.xdist_group("quiet")
    def test_the_same_as_the_kernel_says(self, direct: PerfCounter, tmp_path: Path) -> None:
        unit = FakeUnit(tmp_path, {0: [0]}, ())
        for event, config in (("energy-pkg", 0x00), ("energy-ram", 0x63)):
            unit.describe(event, f"event=0x{config:02x}", str(self.JOULES))

        def start(words: Sequence[str]) -> PerfProgram:
            return PerfProgram([word.replace("power/", "msr/") for word in words])

        meter = PerfStatMeter(root=tmp_path, start=start)
        meter.open()
        assert meter.domains == (CPU,)
        assert "energy-ram: perf says <not supported>" in meter.unavailable[0].reason
        moments = []
        for _ in range(2):
            at_least = direct.read().value
            energy_j = meter.read().energy_j[CPU]
            moments.append((at_least * self.JOULES, energy_j, direct.read().value * self.JOULES))
            time.sleep(0.5)
        (first_low, first_j, first_high), (last_low, last_j, last_high) = moments
        assert (last_low - first_high) * 0.99 <= last_j - first_j <= (last_high - first_low) * 1.01
        meter.close()
        direct.close()
