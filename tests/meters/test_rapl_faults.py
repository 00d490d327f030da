"""Faults of the meter `rapl`, at `open` and during a window: each gives a flag or a reason, never a wrong energy."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mutegreen.errors import MeterUnavailable
from mutegreen.meters import registry
from mutegreen.meters.rapl.counter import MAX_PACKAGE_W
from mutegreen.meters.rapl.meter import LOST_AFTER_S, STUCK_AFTER_S, RaplMeter
from mutegreen.meters.selection import select_meters
from mutegreen.model import DomainEnergy, Flag
from mutegreen.testing.simulated import FakeClock, Schedule
from support.fake_powercap import PACKAGE_UJ, FakePowercap, FakeZone, package
from support.open_files import open_files
from support.rapl_bench import CPU, DRAM, RaplBench, domain_energy, two_sockets

P0, D0 = "intel-rapl:0", "intel-rapl:0:1"
STEADY = Schedule((0.0, 100.0))
Breakage = Callable[[RaplBench], None]


@pytest.fixture
def bench(tmp_path: Path) -> RaplBench:
    return RaplBench(tmp_path, package(0, STEADY, dram=Schedule((0.0, 10.0))))


def vanish(bench: RaplBench) -> None:
    bench.fake.release(P0)
    bench.fake.file(P0).unlink()


def hold(bench: RaplBench, text: bytes) -> None:
    """Give the file of the counter a content that stays."""
    bench.fake.release(P0)
    bench.fake.file(P0).write_bytes(text)


def repair(bench: RaplBench) -> None:
    bench.fake.create_counter(P0, bench.fake.zones[P0].counter_uj(bench.elapsed_s))


def replace_by_folder(bench: RaplBench) -> None:
    vanish(bench)
    bench.fake.file(P0).mkdir()


BREAKAGES: dict[str, Breakage] = {
    "disappears": vanish,
    "empty": lambda bench: hold(bench, b""),
    "no number": lambda bench: hold(bench, b"<not supported>\n"),
    "negative": lambda bench: hold(bench, b"-5\n"),
    "beyond its range": lambda bench: hold(bench, b"%d\n" % (PACKAGE_UJ + 1)),
    "a folder": replace_by_folder,
}


@pytest.fixture(params=BREAKAGES.values(), ids=list(BREAKAGES))
def breakage(request: pytest.FixtureRequest) -> Breakage:
    made: Breakage = request.param
    return made


def assert_no_energy(energy: DomainEnergy, *flags: Flag) -> None:
    assert energy.energy_j is None
    assert energy.reason
    assert energy.flags == set(flags)


class TestReadErrors:
    def test_at_an_edge_there_is_no_energy_and_others_are_read(self, bench: RaplBench, breakage: Breakage) -> None:
        bench.recorder.begin("w")
        bench.run(1.0)
        breakage(bench)
        bench.run(1.0)
        measured = bench.recorder.end("w")
        assert_no_energy(domain_energy(measured), Flag.DEVICE_LOST)
        # The attempts at the broken counter take 3 ms before the next one is read.
        assert domain_energy(measured, DRAM).energy_j == pytest.approx(10.0 * measured.duration_s, abs=0.031)
        assert not domain_energy(measured, DRAM).flags

    def test_a_breakage_within_the_window_does_not_affect_the_energy(
        self, bench: RaplBench, breakage: Breakage
    ) -> None:
        bench.recorder.begin("w")
        bench.run(1.0)
        breakage(bench)
        bench.run(1.0)
        if bench.fake.file(P0).is_dir():
            bench.fake.file(P0).rmdir()
        repair(bench)
        bench.run(1.0)
        measured = domain_energy(bench.recorder.end("w"))
        assert measured.energy_j == pytest.approx(100.0 * measured.duration_s, rel=0.01)
        assert Flag.DEVICE_LOST not in measured.flags

    @pytest.mark.parametrize("number", [1, 5, 61], ids=["EPERM", "EIO", "ENODATA"])
    def test_an_error_of_the_driver_passes(
        self, bench: RaplBench, number: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> bytes:
            raise OSError(number, "the driver says no")

        bench.recorder.begin("across")
        with monkeypatch.context() as broken:
            broken.setattr(os, "pread", fail)
            bench.recorder.begin("within")
            bench.run(0.5)
            assert_no_energy(domain_energy(bench.recorder.end("within")), Flag.DEVICE_LOST)
        across = domain_energy(bench.recorder.end("across"))
        assert across.energy_j == pytest.approx(100.0 * across.duration_s, rel=0.01)

    def test_a_reading_caught_while_the_file_is_replaced_is_repeated(
        self, bench: RaplBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real, answers = os.pread, [b"", b""]
        monkeypatch.setattr(os, "pread", lambda *a: answers.pop() if answers else real(*a))
        measured = bench.window(1.0)
        assert domain_energy(measured).energy_j == pytest.approx(100.0 * measured.duration_s, rel=0.01)

    def test_after_a_minute_it_is_lost_for_good(self, bench: RaplBench) -> None:
        vanish(bench)
        for _ in range(round(LOST_AFTER_S) + 1):
            bench.clock.advance(1.0)
            reading = bench.meter.read()
            assert set(reading.lost) | set(reading.failed) == {CPU}
            assert not set(reading.lost) & set(reading.failed)
        repair(bench)
        assert set(bench.meter.read().lost) == {CPU}
        assert_no_energy(domain_energy(bench.window(1.0)), Flag.DEVICE_LOST)

    def test_failing_now_and_then_is_not_losing_it(self, bench: RaplBench) -> None:
        for _ in range(3):
            vanish(bench)
            bench.run(LOST_AFTER_S * 0.6, step_s=1.0)
            repair(bench)
            bench.run(1.0)
        assert domain_energy(bench.window(1.0)).energy_j == pytest.approx(100.0)

    def test_a_recreated_counter_is_found(self, bench: RaplBench) -> None:
        bench.recorder.begin("w")
        for _ in range(5):
            bench.run(0.5)
            repair(bench)
        bench.run(0.5)
        assert domain_energy(bench.recorder.end("w")).energy_j == pytest.approx(300.0)

    def test_a_measurement_continues_when_others_lose_access_to_the_file(
        self, bench: RaplBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def deny(*_: object) -> int:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(os, "open", deny)
        assert domain_energy(bench.window(2.0)).energy_j == pytest.approx(200.0)


class TestResets:
    @pytest.mark.parametrize("value_uj", [500_000_000, 0], ids=["half the way back", "to zero"])
    def test_a_reset_without_a_wrap_leaves_no_energy(self, bench: RaplBench, value_uj: int) -> None:
        bench.recorder.begin("w")
        bench.run(1.0)
        zone = bench.fake.zones[P0]
        zone.start_uj = value_uj - round(zone.true_j(0.0, bench.elapsed_s) * 1e6)
        bench.run(1.0)
        assert_no_energy(domain_energy(bench.recorder.end("w")), Flag.COUNTER_RESET)

    def test_five_joules_back_is_no_wrap(self, bench: RaplBench) -> None:
        bench.recorder.begin("w")
        bench.fake.zones[P0].start_uj -= 5_000_000
        bench.clock.advance(0.01)
        measured = bench.recorder.end("w")
        assert_no_energy(domain_energy(measured), Flag.COUNTER_RESET, Flag.SHORT_WINDOW)
        assert "from 1000 J to 996 J" in (domain_energy(measured).reason or "")

    def test_an_absurd_jump_forward_is_not_believed(self, bench: RaplBench) -> None:
        bench.recorder.begin("w")
        bench.run(1.0)
        bench.fake.zones[P0].start_uj += 60_000_000_000
        bench.run(1.0)
        assert_no_energy(domain_energy(bench.recorder.end("w")), Flag.COUNTER_RESET)

    def test_later_windows_are_right_and_the_joules_never_decrease(self, bench: RaplBench) -> None:
        before = bench.meter.read().energy_j[CPU]
        bench.fake.zones[P0].start_uj -= 700_000_000
        bench.clock.advance(0.1)
        reading = bench.meter.read()
        assert reading.energy_j[CPU] == before
        assert CPU in reading.unknown
        later = domain_energy(bench.window(2.0))
        assert later.energy_j == pytest.approx(200.0)
        assert not later.flags


class TestGaps:
    def test_a_gap_in_which_it_may_have_wrapped_twice_leaves_no_energy(self, bench: RaplBench) -> None:
        bench.recorder.begin("w")
        bench.run(1.0)
        bench.clock.advance(PACKAGE_UJ / 1e6 / MAX_PACKAGE_W + 1.0)
        bench.recorder.sample()
        bench.run(1.0)
        measured = bench.recorder.end("w")
        assert_no_energy(domain_energy(measured), Flag.SAMPLER_GAP)
        assert "more than once" in (domain_energy(measured).reason or "")
        assert domain_energy(bench.window(1.0)).energy_j == pytest.approx(100.0)

    def test_a_gap_in_which_it_can_have_wrapped_once_is_exact(self, tmp_path: Path) -> None:
        bench = RaplBench(tmp_path, package(0, STEADY, start_uj=PACKAGE_UJ - 1_000_000))
        bench.recorder.begin("w")
        bench.clock.advance(250.0)
        measured = domain_energy(bench.recorder.end("w"))
        assert measured.energy_j == pytest.approx(25000.0)
        assert measured.flags == {Flag.SAMPLER_GAP, Flag.COUNTER_WRAPPED}

    def test_a_rated_power_above_the_bound_shortens_the_gap(self, tmp_path: Path) -> None:
        bench = RaplBench(tmp_path, package(0, STEADY, max_power_uw=4_000_000_000))
        bench.recorder.begin("w")
        bench.clock.advance(100.0)
        assert_no_energy(domain_energy(bench.recorder.end("w")), Flag.SAMPLER_GAP)

    def test_a_rated_power_below_what_it_takes_does_not_count(self, tmp_path: Path) -> None:
        bench = RaplBench(tmp_path, package(0, Schedule((0.0, 162.0)), max_power_uw=55_000_000))
        assert domain_energy(bench.window(2.0)).energy_j == pytest.approx(324.0)

    def test_updates_that_come_late_are_no_reset(self, bench: RaplBench) -> None:
        bench.clock.watchers.clear()
        bench.recorder.begin("w")
        bench.run(5.0)
        bench.fake.write(bench.elapsed_s)
        assert domain_energy(bench.recorder.end("w")).energy_j == pytest.approx(500.0)

    def test_a_stuck_counter_gives_no_zero(self, bench: RaplBench) -> None:
        bench.fake.release(P0)
        measured = bench.window(STUCK_AFTER_S + 1.0)
        assert_no_energy(domain_energy(measured), Flag.DEVICE_LOST)
        assert "has not changed for" in (domain_energy(measured).reason or "")
        assert domain_energy(measured, DRAM).energy_j == pytest.approx(10.0 * measured.duration_s)


class TestAtOpen:
    @pytest.mark.parametrize("text", ["0\n", "-1\n", "\n", "lots\n", None])
    def test_a_range_that_cannot_be_used(self, tmp_path: Path, text: str | None) -> None:
        fake = FakePowercap(tmp_path, package(0, STEADY))
        file = fake.file(P0, "max_energy_range_uj")
        file.unlink() if text is None else file.write_text(text)
        with pytest.raises(MeterUnavailable, match="max_energy_range_uj"):
            RaplMeter(fake.root).open()

    def test_a_class_with_one_bad_counter_is_left_out_whole(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fake = FakePowercap(tmp_path, two_sockets())
        fake.file("intel-rapl:1:1", "max_energy_range_uj").write_text("0\n")
        monkeypatch.setenv("MUTEGREEN_POWERCAP_ROOT", str(fake.root))
        monkeypatch.setattr(registry, "AUTOMATIC", ("rapl",))
        chosen = select_meters(require=["cpu"])
        assert [meter.domains for meter in chosen.meters] == [(CPU, "cpu:package-1")]
        left_out = next(one for one in chosen.unavailable if one.meter == "rapl")
        assert "dram is not read" in left_out.reason
        assert "intel-rapl:1:1" in left_out.reason
        chosen.close()
        with pytest.raises(MeterUnavailable, match="no meter reads dram"):
            select_meters(require=["cpu", "dram"])

    def test_no_powercap_at_all(self, tmp_path: Path) -> None:
        with pytest.raises(MeterUnavailable, match="does not exist") as caught:
            RaplMeter(tmp_path / "nowhere").open()
        assert "intel_rapl_msr" in (caught.value.remedy or "")

    @pytest.mark.parametrize("zones", [[], [FakeZone("dtpm:0", "soc", STEADY)]], ids=["empty", "others"])
    def test_zones_without_an_energy_counter(self, tmp_path: Path, zones: list[FakeZone]) -> None:
        with pytest.raises(MeterUnavailable, match="no energy counter") as caught:
            RaplMeter(FakePowercap(tmp_path, zones).root).open()
        assert caught.value.remedy

    def test_links_that_lead_nowhere_are_no_zones(self, tmp_path: Path) -> None:
        """As in a container that masks the folders behind the links."""
        (tmp_path / P0).symlink_to("../../devices/virtual/powercap/intel-rapl/intel-rapl:0")
        with pytest.raises(MeterUnavailable, match="no energy counter"):
            RaplMeter(tmp_path).open()

    def test_one_file_is_open_for_each_domain_and_none_once_it_is_closed(self, tmp_path: Path) -> None:
        die = [FakeZone(f"intel-rapl:{n}", f"package-0-die-{n}", STEADY) for n in range(2)]
        fake = FakePowercap(tmp_path, [*die, FakeZone("intel-rapl:2", "psys", STEADY)])
        clock = FakeClock()
        fake.follow(clock)
        meter = RaplMeter(fake.root, clock=clock, boot_clock=clock, sleep=clock.advance)
        gc.collect()
        before, of_the_fake = open_files(), open_files(tmp_path)
        meter.open()
        assert len(open_files(tmp_path)) - len(of_the_fake) == len(meter.domains) == 2
        meter.close()
        assert open_files(tmp_path) == of_the_fake
        assert len(open_files()) <= len(before)
