from __future__ import annotations

import re
from pathlib import Path

import pytest

from mutegreen.errors import MeterUnavailable, UsageError
from mutegreen.meters import registry
from mutegreen.meters.base import Meter
from mutegreen.meters.estimate.meter import EstimateMeter
from mutegreen.meters.registry import parse
from mutegreen.meters.replay import ReplayMeter
from mutegreen.meters.selection import MeterSelection, select_meters
from mutegreen.model import Quality
from mutegreen.testing.simulated import FakeClock, Schedule
from support.meter_fakes import FakeMachine, SimulatedMeter

CPU, DRAM, GPU = "cpu:package-0", "dram:package-0", "gpu:GPU-0"


def trace(tmp_path: Path, quality: Quality, *domains: str, watts: float = 10.0) -> str:
    """A spec that replays constant power for a long time."""
    file = tmp_path / f"{quality}-{len(list(tmp_path.iterdir()))}.csv"
    rows = [",".join(["0", *["0"] * len(domains)]), ",".join(["9999", *[str(watts * 9999)] * len(domains)])]
    file.write_text("\n".join([f"# quality={quality}", ",".join(["time_s", *domains]), *rows]) + "\n")
    return f"replay:{file}"


def read(chosen: MeterSelection) -> list[tuple[str, str, Quality]]:
    """(meter, domain, quality) of all that is read; a reading holds the same domains."""
    for meter in chosen.meters:
        assert set(meter.read().energy_j) == set(meter.domains) == set(meter.quality)
    return [(meter.name, domain, meter.quality[domain]) for meter in chosen.meters for domain in meter.domains]


@pytest.fixture
def machine(tmp_path: Path) -> FakeMachine:
    return FakeMachine(tmp_path / "root", FakeClock(), Schedule((0.0, 1.0)))


@pytest.fixture
def estimates(machine: FakeMachine, monkeypatch: pytest.MonkeyPatch) -> list[Meter]:
    """Let only the estimate of the fake machine be tried; return the list to which its meters are added."""
    made: list[Meter] = []

    def build(_: str) -> Meter:
        made.append(EstimateMeter(root=machine.root, clock=machine.clock, sleep=machine.clock.advance))
        return made[-1]

    monkeypatch.setitem(registry.BUILDERS, "estimate", build)
    monkeypatch.setattr(registry, "AUTOMATIC", ("estimate",))
    return made


def assert_closed(meter: Meter) -> None:
    with pytest.raises(RuntimeError):
        meter.read()


class TestMeterParse:
    def test_meters_by_name(self, tmp_path: Path) -> None:
        assert isinstance(parse("estimate"), EstimateMeter)
        assert isinstance(parse(trace(tmp_path, Quality.COUNTER, CPU)), ReplayMeter)

    def test_options_reach_the_estimate(self) -> None:
        meter = parse("estimate:idle_w=20, full_w=120,memory_w=3.5")
        assert isinstance(meter, EstimateMeter)
        assert meter._options_w == (20.0, 120.0, 3.5)

    @pytest.mark.parametrize(
        ("spec", "message"),
        [
            ("rapple", "unknown meter 'rapple'"),
            ("", "unknown meter ''"),
            ("estimate:tdp=65", "unknown option 'tdp'"),
            ("estimate:idle_w=low", "idle_w=low is not a number"),
            ("estimate:idle_w", "idle_w= is not a number"),
            ("estimate:idle_w=-5", "not a power in watts"),
            ("replay", "no file is given"),
            ("replay:", "no file is given"),
        ],
    )
    def test_what_is_wrong_and_what_is_right(self, spec: str, message: str) -> None:
        with pytest.raises(UsageError, match=message) as caught:
            parse(spec)
        assert "estimate" in (caught.value.hint or "") or "replay:" in (caught.value.hint or "")


class TestAutomatic:
    def test_without_hardware_it_is_the_estimate_and_says_so(self, estimates: list[Meter]) -> None:
        chosen = select_meters()
        assert read(chosen) == [("estimate", CPU, Quality.ESTIMATED), ("estimate", DRAM, Quality.ESTIMATED)]
        (gpu,) = chosen.unavailable
        assert gpu.meter == "gpu"
        assert "gpu energy is not measured" in gpu.reason
        assert gpu.remedy

    def test_a_meter_that_does_not_work_is_listed_with_what_it_would_have_read(
        self, machine: FakeMachine, estimates: list[Meter]
    ) -> None:
        machine.clock.watchers.clear()
        chosen = select_meters()
        assert chosen.meters == ()
        assert [one.meter for one in chosen.unavailable] == ["estimate", "cpu", "dram", "gpu"]
        assert all(one.reason for one in chosen.unavailable)

    @pytest.mark.parametrize("order", [("estimate", "bench"), ("bench", "estimate")])
    def test_each_class_goes_to_the_best_and_none_is_counted_twice(
        self, order: tuple[str, str], estimates: list[Meter], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # The better meter has two packages; the estimate's one package is the whole machine.
        spec = trace(tmp_path, Quality.COUNTER, CPU, "cpu:package-1")
        monkeypatch.setitem(registry.BUILDERS, "bench", lambda _: parse(spec))
        monkeypatch.setattr(registry, "AUTOMATIC", order)
        chosen = select_meters()
        assert sorted(read(chosen)) == [
            ("estimate", DRAM, Quality.ESTIMATED),
            ("replay", CPU, Quality.COUNTER),
            ("replay", "cpu:package-1", Quality.COUNTER),
        ]
        assert [one.meter for one in chosen.unavailable] == ["gpu"]

    def test_a_meter_that_is_not_needed_is_closed(
        self, estimates: list[Meter], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        spec = trace(tmp_path, Quality.COUNTER, CPU, DRAM)
        monkeypatch.setitem(registry.BUILDERS, "bench", lambda _: parse(spec))
        monkeypatch.setattr(registry, "AUTOMATIC", ("estimate", "bench"))
        assert [meter.name for meter in select_meters().meters] == ["replay"]
        assert_closed(estimates[0])


class TestNamed:
    def test_among_equals_the_first_is_used_and_the_other_is_reported(self, tmp_path: Path) -> None:
        first = trace(tmp_path, Quality.COUNTER, CPU, watts=10.0)
        second = trace(tmp_path, Quality.COUNTER, CPU, watts=20.0)
        chosen = select_meters([first, second])
        (meter,) = chosen.meters
        assert isinstance(meter, ReplayMeter)
        assert str(meter._file) in first
        assert [one.meter for one in chosen.unavailable] == ["replay", "dram", "gpu"]

    def test_a_class_is_as_good_as_its_worst_domain(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        class Mixed(SimulatedMeter):
            def open(self) -> None:
                super().open()
                self.quality = {GPU: Quality.COUNTER, "gpu:GPU-1": Quality.ATTRIBUTED}

        steady = Schedule((0.0, 1.0))
        mixed = Mixed(FakeClock(), {GPU: steady, "gpu:GPU-1": steady})
        monkeypatch.setitem(registry.BUILDERS, "mixed", lambda _: mixed)
        integrated = trace(tmp_path, Quality.INTEGRATED, GPU)
        assert read(select_meters(["mixed", integrated])) == [("replay", GPU, Quality.INTEGRATED)]

    def test_one_that_does_not_work_is_an_error_and_closes_the_others(self, estimates: list[Meter]) -> None:
        with pytest.raises(MeterUnavailable, match=r"nowhere\.csv"):
            select_meters(["estimate", "replay:nowhere.csv"])
        assert_closed(estimates[0])


class TestRequire:
    def test_what_no_meter_reads_is_refused_by_name(self, tmp_path: Path) -> None:
        spec = trace(tmp_path, Quality.COUNTER, CPU)
        with pytest.raises(MeterUnavailable) as caught:
            select_meters([spec], require=["cpu", "gpu", "dram"])
        assert "no meter reads gpu, no meter reads dram" in caught.value.message
        assert "cpu" not in caught.value.message
        assert "GPU" in (caught.value.remedy or "")

    def test_an_estimate_is_enough_only_where_it_is_named(self, estimates: list[Meter]) -> None:
        with pytest.raises(MeterUnavailable, match="cpu is only estimated") as caught:
            select_meters(require=["cpu"])
        assert "name the meter `estimate`" in (caught.value.remedy or "")
        assert_closed(estimates[0])
        assert len(select_meters(["estimate"], require=["cpu", "dram"]).meters) == 1

    def test_one_device_of_several(self, tmp_path: Path) -> None:
        spec = trace(tmp_path, Quality.COUNTER, GPU)
        select_meters([spec], require=[GPU]).close()
        with pytest.raises(MeterUnavailable, match="no meter reads gpu:GPU-1"):
            select_meters([spec], require=["gpu:GPU-1"])

    def test_a_class_that_does_not_exist(self) -> None:
        with pytest.raises(UsageError, match="unknown class of domains 'gpus'") as caught:
            select_meters(require=["gpus"])
        assert "cpu, dram, gpu" in (caught.value.hint or "")


def test_close_closes_all(tmp_path: Path) -> None:
    chosen = select_meters([trace(tmp_path, Quality.COUNTER, CPU, DRAM), trace(tmp_path, Quality.ESTIMATED, DRAM, GPU)])
    assert len(chosen.meters) == 2
    chosen.close()
    for meter in chosen.meters:
        assert_closed(meter)


def test_the_documented_rule_is_the_real_one() -> None:
    rule = select_meters.__doc__ or ""
    assert ", ".join(f"`{name}`" for name in registry.AUTOMATIC) + ", then the meters of plug-ins" in rule
    assert re.findall(r"^\s+(\d) `(\w+)`: ", rule, re.MULTILINE) == [(str(n), q) for n, q in enumerate(Quality)]
