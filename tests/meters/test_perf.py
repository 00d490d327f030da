from __future__ import annotations

import errno
import gc
import os
import time
from pathlib import Path

import pytest

from mutegreen.errors import MeterPermissionError, MeterUnavailable
from mutegreen.meters.perf.event import PerfCounter
from mutegreen.meters.perf.meter import PerfMeter
from mutegreen.meters.perf.unit import cpu_list
from mutegreen.meters.recorder import Recorder
from mutegreen.model import Flag
from mutegreen.testing.simulated import FakeClock, Schedule
from support.open_files import open_files
from support.perf_fakes import CONFIGS, FakeKernel, FakeUnit, PerfFault

PKG, RAM = CONFIGS["energy-pkg"], CONFIGS["energy-ram"]
BOTH = ("energy-pkg", "energy-ram")
TWO_SOCKETS = {0: [0], 1: [18]}


class PerfMachine:
    """A machine whose CPU n has n + 10 watts in its package and n + 1 watts in its memory."""

    def __init__(
        self,
        root: Path,
        packages: dict[int, list[int]],
        events: tuple[str, ...] = BOTH,
        maker: str = "GenuineIntel",
    ) -> None:
        self.unit = FakeUnit(root, packages, events, maker)
        self.clock = FakeClock()
        cpus = [cpu for each in packages.values() for cpu in each]
        watts = {
            (config, cpu): Schedule((0.0, cpu + base)) for config, base in ((PKG, 10.0), (RAM, 1.0)) for cpu in cpus
        }
        self.kernel = FakeKernel(self.clock, watts)
        self.meter = PerfMeter(root=root, clock=self.clock, open_counter=self.kernel.open)

    def energy_j(self, seconds: float) -> dict[str, float]:
        self.clock.advance(seconds)
        return {domain: round(joules, 6) for domain, joules in self.meter.read().energy_j.items()}


class TestPerfDomains:
    def test_each_socket_by_itself(self, tmp_path: Path) -> None:
        machine = PerfMachine(tmp_path, TWO_SOCKETS)
        machine.meter.open()
        assert machine.energy_j(2.0) == {
            "cpu:package-0": 20.0,
            "cpu:package-1": 56.0,
            "dram:package-0": 2.0,
            "dram:package-1": 38.0,
        }
        assert machine.meter.unavailable == ()

    def test_dies_of_intel_are_summed_up(self, tmp_path: Path) -> None:
        machine = PerfMachine(tmp_path, {0: [0, 24]}, ("energy-pkg",))
        machine.meter.open()
        assert machine.energy_j(1.0) == {"cpu:package-0": 10.0 + 34.0}

    def test_dies_of_amd_show_the_same_counter_which_counts_once(self, tmp_path: Path) -> None:
        machine = PerfMachine(tmp_path, {0: [0, 8, 16], 1: [24, 32, 40]}, ("energy-pkg",), "AuthenticAMD")
        machine.meter.open()
        assert machine.energy_j(1.0) == {"cpu:package-0": 10.0, "cpu:package-1": 34.0}
        assert machine.kernel.opened == 2

    def test_a_processor_without_an_event_for_memory(self, tmp_path: Path) -> None:
        machine = PerfMachine(tmp_path, {0: [0]}, ("energy-pkg",))
        machine.meter.open()
        assert machine.meter.domains == ("cpu:package-0",)
        (left_out,) = machine.meter.unavailable
        assert left_out.meter == "perf"
        assert left_out.reason == "dram is not read: energy-ram: not offered by this kernel or processor"

    def test_a_class_is_read_on_all_sockets_or_on_none(self, tmp_path: Path) -> None:
        machine = PerfMachine(tmp_path, TWO_SOCKETS)
        machine.kernel.faults[RAM, 18] = PerfFault(opening=OSError(errno.ENODEV, "No such device"))
        machine.meter.open()
        assert machine.meter.domains == ("cpu:package-0", "cpu:package-1")
        assert machine.kernel.opened == 2
        assert "energy-ram: No such device" in machine.meter.unavailable[0].reason

    def test_an_event_in_an_unknown_unit_is_not_read(self, tmp_path: Path) -> None:
        machine = PerfMachine(tmp_path, {0: [0]})
        machine.unit.describe("energy-ram", "event=0x03", "1", unit="Watts")
        machine.meter.open()
        assert machine.meter.domains == ("cpu:package-0",)
        assert "'Watts', not a number of Joules" in machine.meter.unavailable[0].reason


class TestPerfUnavailable:
    def test_without_the_unit_nothing_is_opened(self, tmp_path: Path) -> None:
        def never(*_: int) -> PerfCounter:
            raise AssertionError

        with pytest.raises(MeterUnavailable, match=r"devices/power/type does not exist") as caught:
            PerfMeter(root=tmp_path, open_counter=never).open()
        assert caught.value.remedy

    def test_no_event_of_energy_at_all(self, tmp_path: Path) -> None:
        machine = PerfMachine(tmp_path, {0: [0]}, ())
        with pytest.raises(MeterUnavailable, match="energy-pkg: not offered by this kernel or processor; energy-ram"):
            machine.meter.open()

    @pytest.mark.parametrize("denied", [(PKG, 18), (RAM, 0)])
    def test_the_command_that_opens_it(self, denied: tuple[int, int], tmp_path: Path) -> None:
        machine = PerfMachine(tmp_path, TWO_SOCKETS)
        machine.kernel.faults[denied] = PerfFault(opening=PermissionError(errno.EACCES, "Permission denied"))
        with pytest.raises(MeterPermissionError, match="perf_event_paranoid is 2") as caught:
            machine.meter.open()
        assert (caught.value.remedy or "").startswith("sudo sysctl kernel.perf_event_paranoid=0")
        assert machine.kernel.opened == 0

    def test_a_sandbox_that_forbids_it(self, tmp_path: Path) -> None:
        machine = PerfMachine(tmp_path, {0: [0]})
        machine.unit.write("proc/sys/kernel/perf_event_paranoid", -1)
        machine.kernel.faults[PKG, 0] = PerfFault(opening=PermissionError(errno.EPERM, "Operation not permitted"))
        with pytest.raises(MeterPermissionError, match="forbids perf_event_open") as caught:
            machine.meter.open()
        assert "--cap-add PERFMON" in (caught.value.remedy or "")

    def test_a_tree_that_is_not_as_linux_has_it(self, tmp_path: Path) -> None:
        machine = PerfMachine(tmp_path, {0: [0]})
        machine.unit.write(f"{machine.unit.folder}/cpumask", "all")
        with pytest.raises(MeterUnavailable, match="do not have the form of Linux"):
            machine.meter.open()


class TestPerfFaults:
    def test_a_socket_that_fails_stays_lost_and_the_other_is_still_measured(self, tmp_path: Path) -> None:
        machine = PerfMachine(tmp_path, TWO_SOCKETS, ("energy-pkg",))
        machine.meter.open()
        machine.kernel.faults[PKG, 18].reading = OSError(errno.EIO, "the kernel has stopped the counter")
        assert machine.energy_j(1.0) == {"cpu:package-0": 10.0}
        machine.kernel.faults[PKG, 18].reading = None
        assert machine.energy_j(1.0) == {"cpu:package-0": 20.0}
        assert "the kernel has stopped the counter" in machine.meter.read().lost["cpu:package-1"]

    @pytest.mark.parametrize("step_s", [0.1, 30.0])
    def test_a_counter_of_an_offline_cpu_does_not_give_too_low_an_energy(self, step_s: float, tmp_path: Path) -> None:
        machine = PerfMachine(tmp_path, {0: [0, 24]}, ("energy-pkg",))
        machine.meter.open()
        recorder = Recorder([machine.meter], clock=machine.clock, boot_clock=machine.clock, period_s=60.0)
        recorder.begin("training")
        machine.clock.advance(step_s / 2)
        machine.kernel.faults[PKG, 24].offline_since_s = machine.clock()
        for _ in range(2):
            machine.clock.advance(step_s)
            recorder.sample()
        (energy,) = recorder.end("training").domains
        assert energy.energy_j is None
        assert "taken offline" in (energy.reason or "")
        assert Flag.DEVICE_LOST in energy.flags

    def test_a_counter_that_ran_for_half_of_a_long_time(self, tmp_path: Path) -> None:
        machine = PerfMachine(tmp_path, {0: [0]}, ("energy-pkg",))
        machine.meter.open()
        machine.kernel.faults[PKG, 0].offline_since_s = machine.clock() + 10.0
        assert machine.energy_j(20.0) == {}

    def test_a_slow_reader_is_not_taken_for_a_stopped_counter(self, tmp_path: Path) -> None:
        machine = PerfMachine(tmp_path, {0: [0]}, ("energy-pkg",))
        machine.meter.open()
        fault = machine.kernel.faults[PKG, 0]
        fault.ahead_s = 0.8  # it waited for a processor after it had looked at the clock
        machine.energy_j(0.1)
        fault.ahead_s = 0.0
        assert machine.energy_j(0.9) == {"cpu:package-0": 10.0}

    def test_closing_ends_all_counting(self, tmp_path: Path) -> None:
        machine = PerfMachine(tmp_path, TWO_SOCKETS)
        machine.meter.open()
        assert machine.kernel.opened == 4
        machine.meter.close()
        assert machine.kernel.opened == 0


def test_lists_of_cpus() -> None:
    assert cpu_list("0") == [0]
    assert cpu_list("0,18") == [0, 18]
    assert cpu_list("0-2,8") == [0, 1, 2, 8]


class TestTheRealKernel:
    """The event `cpu-clock` counts nanoseconds of a CPU: taken as joules of 1e-9 it is a unit of exactly one watt."""

    SOFTWARE_TYPE = 1

    @pytest.fixture
    def one_watt(self, tmp_path: Path) -> PerfMeter:
        try:
            PerfCounter(self.SOFTWARE_TYPE, 0, 0).close()
        except OSError as error:
            pytest.skip(f"this process may not count events of a whole CPU: {error}")
        unit = FakeUnit(tmp_path, {0: [0]}, ())
        unit.write(f"{unit.folder}/type", self.SOFTWARE_TYPE)
        unit.describe("energy-pkg", "event=0x00", "1e-9")
        return PerfMeter(root=tmp_path)

    def test_joules_at_any_moment(self, one_watt: PerfMeter) -> None:
        before_s = time.monotonic()
        one_watt.open()
        opened_s = time.monotonic()
        for _ in range(5):
            time.sleep(0.03)
            at_least_s = time.monotonic() - opened_s
            reading = one_watt.read()
            at_most_s = time.monotonic() - before_s
            # The kernel's clock of events is not steered by NTP, that of Python is.
            assert at_least_s * 0.999 <= reading.energy_j["cpu:package-0"] <= at_most_s * 1.001
        one_watt.close()

    def test_an_event_that_does_not_exist(self) -> None:
        gc.collect()
        before = open_files()
        with pytest.raises(OSError) as caught:  # noqa: PT011 - the number says which
            PerfCounter(self.SOFTWARE_TYPE, 999, 0)
        assert caught.value.errno in {errno.ENOENT, errno.EACCES, errno.EPERM, errno.EINVAL}
        assert len(open_files()) <= len(before)

    def test_other_programs_do_not_inherit_the_counter(self, one_watt: PerfMeter) -> None:
        counter = PerfCounter(self.SOFTWARE_TYPE, 0, 0)
        assert not os.get_inheritable(counter._file)
        counter.close()
