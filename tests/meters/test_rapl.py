"""The meter `rapl` on fake trees whose true energy is known, on a clock that the tests move."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import pytest

from mutegreen.errors import MeterUnavailable, UsageError
from mutegreen.meters.rapl.access import UDEV_FILE, UDEV_RULE
from mutegreen.meters.rapl.counter import UPDATE_S
from mutegreen.meters.rapl.meter import RaplMeter
from mutegreen.meters.rapl.zones import find_zones
from mutegreen.meters.registry import parse
from mutegreen.model import Flag
from mutegreen.testing.simulated import Schedule
from support.fake_powercap import AMD_UJ, PACKAGE_UJ, FakePowercap, FakeZone, package
from support.paths import ROOT
from support.rapl_bench import CPU, DRAM, MEMORY, WATTS, RaplBench, domain_energy, two_sockets


class TestRaplDomains:
    @pytest.mark.parametrize("layout", ["linux", "flat", "nested"])
    def test_all_sockets_and_their_memory_without_parts_of_a_package(self, tmp_path: Path, layout: str) -> None:
        bench = RaplBench(tmp_path, two_sockets(), layout)
        assert bench.meter.domains == (CPU, "cpu:package-1", DRAM, "dram:package-1")
        measured = bench.window(10.0)
        cpu_j, dram_j = WATTS.integral(0.0, 10.0) + 900.0, MEMORY.integral(0.0, 10.0) + 70.0
        assert measured.total_j("cpu") == pytest.approx(cpu_j, rel=1e-6)
        assert measured.total_j("dram") == pytest.approx(dram_j, rel=1e-6)

    def test_the_platform_is_a_domain_and_in_no_total(self, tmp_path: Path) -> None:
        bench = RaplBench(tmp_path, [*two_sockets(), FakeZone("intel-rapl:2", "psys", Schedule((0.0, 400.0)))])
        measured = bench.window(10.0)
        assert domain_energy(measured, "psys").energy_j == pytest.approx(4000.0, rel=1e-6)
        assert measured.total_j("cpu") == pytest.approx(WATTS.integral(0.0, 10.0) + 900.0, rel=1e-6)

    def test_a_package_shown_by_two_drivers_counts_once(self, tmp_path: Path) -> None:
        twin = FakeZone("intel-rapl-mmio:0", "package-0", Schedule((0.0, 1.0)), start_uj=5)
        bench = RaplBench(tmp_path, [twin, *package(0, WATTS, dram=MEMORY)])
        assert bench.meter.domains == (CPU, DRAM)
        assert bench.window(10.0).total_j("cpu") == pytest.approx(WATTS.integral(0.0, 10.0), rel=1e-6)

    def test_the_other_driver_serves_where_the_first_does_not(self, tmp_path: Path) -> None:
        zones = [*package(0, Schedule((0.0, 1.0))), FakeZone("intel-rapl-mmio:0", "package-0", WATTS)]
        fake = FakePowercap(tmp_path, zones, "nested")
        fake.file("intel-rapl:0", "max_energy_range_uj").write_text("0\n")
        meter = RaplMeter(fake.root)
        meter.open()
        assert (meter.domains, meter.unavailable) == ((CPU,), ())
        meter.close()

    def test_amd_has_packages_and_no_memory(self, tmp_path: Path) -> None:
        sockets = [FakeZone(f"intel-rapl:{n}", f"package-{n}", Schedule((0.0, 100.0 + n)), AMD_UJ) for n in range(2)]
        cores = [FakeZone(f"intel-rapl:{n}:0", "core", Schedule((0.0, 9.0)), AMD_UJ) for n in range(2)]
        bench = RaplBench(tmp_path, sockets + cores)
        assert bench.meter.domains == (CPU, "cpu:package-1")
        measured = bench.window(5.0)
        assert measured.total_j("cpu") == pytest.approx(1005.0, rel=1e-6)
        assert measured.total_j("dram") is None

    def test_zones_are_numbered_in_hexadecimal(self, tmp_path: Path) -> None:
        zones = [FakeZone(f"intel-rapl:{n:x}", f"package-{n}", Schedule((0.0, 10.0))) for n in range(12)]
        assert len(find_zones(FakePowercap(tmp_path, zones).root).zones) == 12

    def test_two_zones_of_one_name_are_not_guessed_about(self, tmp_path: Path) -> None:
        zones = [FakeZone(f"intel-rapl:{n}", "package-0", WATTS) for n in range(2)]
        with pytest.raises(MeterUnavailable, match="several zones have that name"):
            RaplMeter(FakePowercap(tmp_path, zones).root).open()


class TestMirrors:
    def dies(self, *watts: Schedule, number: int = 0, start_uj: int = 123_456_789_012) -> list[FakeZone]:
        keys = [f"intel-rapl:{2 * number + die}" for die in range(len(watts))]
        names = [f"package-{number}-die-{die}" for die in range(len(watts))]
        return [FakeZone(k, n, w, start_uj=start_uj) for k, n, w in zip(keys, names, watts, strict=True)]

    def test_one_counter_shown_for_each_die_is_the_package(self, tmp_path: Path) -> None:
        second = self.dies(MEMORY, MEMORY, number=1, start_uj=99)
        bench = RaplBench(tmp_path, self.dies(WATTS, WATTS) + second)
        assert bench.meter.domains == (CPU, "cpu:package-1")
        begun_s = bench.elapsed_s
        truth_j = WATTS.integral(begun_s, begun_s + 8.0) + MEMORY.integral(begun_s, begun_s + 8.0)
        assert bench.window(8.0).total_j("cpu") == pytest.approx(truth_j, rel=1e-6)
        assert bench.opened_s < 0.05

    def test_dies_with_counters_of_their_own_add_up(self, tmp_path: Path) -> None:
        zones = self.dies(WATTS, Schedule((0.0, 30.0)))
        zones[1].start_uj = 5
        bench = RaplBench(tmp_path, zones)
        assert bench.meter.domains == ("cpu:package-0-die-0", "cpu:package-0-die-1")
        assert bench.opened_s == 0.0
        truth_j = WATTS.integral(0.0, 8.0) + 240.0
        assert bench.window(8.0).total_j("cpu") == pytest.approx(truth_j, rel=1e-6)

    def test_dies_with_only_an_equal_start_are_two_domains(self, tmp_path: Path) -> None:
        bench = RaplBench(tmp_path, self.dies(WATTS, Schedule((0.0, 30.0))))
        assert len(bench.meter.domains) == 2

    def test_idle_sockets_are_two_even_if_their_counters_agree(self, tmp_path: Path) -> None:
        idle = Schedule((0.0, 12.0))
        bench = RaplBench(tmp_path, [*package(0, idle), *package(1, idle)])
        assert bench.window(5.0).total_j("cpu") == pytest.approx(120.0)
        assert bench.opened_s == 0.0

    def test_equal_counters_that_do_not_change_are_one_unless_at_zero(self, tmp_path: Path) -> None:
        still = Schedule((0.0, 0.0))
        assert RaplBench(tmp_path / "one", self.dies(still, still)).meter.domains == (CPU,)
        assert len(RaplBench(tmp_path / "two", self.dies(still, still, start_uj=0)).meter.domains) == 2


class TestWraps:
    def test_a_wrap_in_every_window_is_exact(self, tmp_path: Path) -> None:
        bench = RaplBench(tmp_path, package(0, Schedule((0.0, 150.0)), range_uj=300_000_000))
        for _ in range(10):
            measured = domain_energy(bench.window(2.0))
            assert measured.energy_j == pytest.approx(300.0, abs=1e-5)
            assert measured.flags == {Flag.COUNTER_WRAPPED}

    def test_only_the_window_of_the_wrap_is_flagged(self, tmp_path: Path) -> None:
        bench = RaplBench(tmp_path, package(0, Schedule((0.0, 100.0)), start_uj=PACKAGE_UJ - 250_000_000))
        windows = [domain_energy(bench.window(1.0)) for _ in range(4)]
        assert [one.energy_j for one in windows] == pytest.approx([100.0] * 4)
        assert [Flag.COUNTER_WRAPPED in one.flags for one in windows] == [False, False, True, False]

    def test_a_wrap_between_only_two_readings(self, tmp_path: Path) -> None:
        bench = RaplBench(tmp_path, package(0, Schedule((0.0, 100.0)), start_uj=PACKAGE_UJ - 1_000_000))
        bench.recorder.begin("w")
        bench.clock.advance(0.02)
        assert domain_energy(bench.recorder.end("w")).energy_j == pytest.approx(2.0, abs=1e-6)

    @pytest.mark.parametrize("seed", range(40))
    def test_windows_add_up_to_the_truth_whatever_the_powers_wraps_and_readings(
        self, tmp_path: Path, seed: int
    ) -> None:
        """Powers are whole watts and times whole milliseconds: the truth is a whole number of microjoules."""
        rng = random.Random(seed)
        steps = [(0.0, 50.0), *((k * 0.7, float(rng.randint(1, 300))) for k in range(1, 30))]
        watts = Schedule(*steps)
        zone = FakeZone("intel-rapl:0", "package-0", watts, rng.randint(10**8, 2 * 10**9), 0)
        zone.start_uj = rng.randrange(zone.range_uj)
        bench = RaplBench(tmp_path, [zone])
        total_j = 0.0
        for number in range(12):
            edges_s = [bench.elapsed_s]
            bench.recorder.begin(number)
            for _ in range(rng.randint(1, 8)):
                bench.clock.advance(rng.randint(1, 300) / 1000)
                bench.recorder.sample()
                edges_s.append(bench.elapsed_s)
            measured = domain_energy(bench.recorder.end(number))
            counts = [(zone.start_uj + round(watts.integral(0.0, t) * 1e6)) // zone.range_uj for t in edges_s]
            assert measured.energy_j == pytest.approx(watts.integral(edges_s[0], edges_s[-1]), abs=3e-6)
            assert (Flag.COUNTER_WRAPPED in measured.flags) == any(b > a for a, b in pairwise(counts))
            total_j += measured.energy_j or 0.0
        assert total_j == pytest.approx(bench.meter.read().energy_j[CPU], abs=1e-6)
        assert total_j == pytest.approx(watts.integral(0.0, bench.elapsed_s), abs=3e-6)


def test_windows_of_two_seconds_are_right_to_a_hundredth_with_updates_as_rare_as_allowed(tmp_path: Path) -> None:
    """A counter that moves only every 10 ms is off by less than 10 ms of power at each edge."""
    bench = RaplBench(tmp_path, package(0, Schedule((0.0, 100.0))))
    bench.clock.watchers.clear()
    bench.clock.watchers.append(lambda: bench.fake.write(bench.elapsed_s // 0.01 * 0.01))
    assert UPDATE_S >= 0.01
    for step_s in (0.0031, 0.0079, 0.0043):
        bench.clock.advance(step_s)
        assert domain_energy(bench.window(2.0)).energy_j == pytest.approx(200.0, rel=0.01)


def test_opens_without_waiting(tmp_path: Path) -> None:
    assert RaplBench(tmp_path, two_sockets()).opened_s == 0.0


def test_the_manual_has_the_rule_that_the_remedy_gives() -> None:
    manual = (ROOT / "docs/metering.md").read_text(encoding="utf-8")
    assert f"echo '{UDEV_RULE}'" in manual
    assert UDEV_FILE in manual


def test_takes_no_options() -> None:
    assert isinstance(parse("rapl"), RaplMeter)
    with pytest.raises(UsageError, match="unknown option"):
        parse("rapl:x")
