from __future__ import annotations

import dataclasses
import importlib
import inspect
import queue
import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest

from mutegreen.errors import MeterError, MeterPermissionError, MeterUnavailable
from mutegreen.meters.recorder import Recorder
from mutegreen.meters.zeus.meter import ZeusMeter
from mutegreen.model import Flag, Quality
from mutegreen.testing.simulated import FakeClock, Schedule
from support import zeus_fakes as fakes
from support.zeus_fakes import AppleSiliconMeasurement, FakeChip, FakeGpus, FakeLayer, FakeZeusGpu, JetsonMeasurement


def meter_of(layer: FakeLayer, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> ZeusMeter:
    monkeypatch.setitem(sys.modules, "zeus", ModuleType("zeus"))
    monkeypatch.setitem(sys.modules, "zeus.device", layer)
    return ZeusMeter(clock=clock, sleep=clock.advance)


def gpus(clock: FakeClock, *watts: float) -> list[FakeZeusGpu]:
    return [FakeZeusGpu(number, clock, Schedule((0.0, power))) for number, power in enumerate(watts)]


def failed(layer: FakeLayer, monkeypatch: pytest.MonkeyPatch) -> MeterError:
    with pytest.raises(MeterError) as caught:
        meter_of(layer, FakeClock(), monkeypatch).open()
    assert caught.value.message.startswith("zeus: ")
    assert caught.value.remedy
    return caught.value


class TestGpus:
    def test_each_by_its_index(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        clock = FakeClock()
        devices = gpus(clock, 100.0, 300.0)
        devices[1].gpu_index = 6
        meter = meter_of(FakeLayer(FakeGpus(devices)), clock, monkeypatch)
        meter.open()
        clock.advance(2.0)
        assert meter.read().energy_j == {"gpu:0": pytest.approx(200.0), "gpu:6": pytest.approx(600.0)}
        assert set(meter.quality.values()) == {Quality.COUNTER}
        assert capsys.readouterr().out == ""

    def test_a_counter_that_is_updated_seldom_is_waited_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = FakeClock()
        (gpu,) = gpus(clock, 100.0)
        gpu.fault = lambda: 1 + int((clock() - gpu.born_s) / 0.35)
        meter = meter_of(FakeLayer(FakeGpus([gpu])), clock, monkeypatch)
        meter.open()
        assert meter.domains == ("gpu:0",)

    @pytest.mark.parametrize("answer", [0, None, 77, "N/A", float("nan"), -5])
    def test_an_answer_that_is_no_energy_is_refused(self, answer: object, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = FakeClock()
        devices = gpus(clock, 100.0, 300.0)
        devices[0].fault = lambda: answer
        meter = meter_of(FakeLayer(FakeGpus(devices)), clock, monkeypatch)
        meter.open()
        assert meter.domains == ("gpu:1",)
        (left_out,) = meter.unavailable
        assert left_out.reason.startswith("gpu:0 is not read: ")
        assert repr(answer) in left_out.reason

    def test_it_is_named_and_no_gpu_has_a_counter(self, monkeypatch: pytest.MonkeyPatch) -> None:
        (gpu,) = gpus(FakeClock(), 100.0)
        gpu.fault = fakes.ZeusGPUUnknownError("Total energy consumption is not supported on this AMD GPU.")
        error = failed(FakeLayer(FakeGpus([gpu])), monkeypatch)
        assert isinstance(error, MeterUnavailable)
        assert "not supported on this AMD GPU" in error.message
        assert "No observable SoC" in error.message

    @pytest.mark.parametrize(
        ("fault", "after"),
        [
            (fakes.ZeusGPULostError("it fell off the bus"), None),
            (fakes.ZeusGPUUnknownError("amdsmi: busy"), 100.0),
            (lambda: 3, None),
            (lambda: None, None),
        ],
    )
    def test_a_fault_at_an_edge_gives_no_energy(
        self, fault: Exception, after: float | None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock = FakeClock()
        devices = gpus(clock, 100.0, 300.0)
        meter = meter_of(FakeLayer(FakeGpus(devices)), clock, monkeypatch)
        meter.open()
        with Recorder([meter], clock=clock, boot_clock=clock, period_s=3600.0) as recorder:
            recorder.begin("first")
            clock.advance(1.0)
            devices[0].fault = fault
            hit, healthy = recorder.end("first").domains
            devices[0].fault = None
            recorder.begin("second")
            clock.advance(1.0)
            second, _ = recorder.end("second").domains
        assert hit.energy_j is None
        assert hit.reason
        assert Flag.DEVICE_LOST in hit.flags
        assert healthy.energy_j == pytest.approx(300.0)
        assert second.energy_j == (None if after is None else pytest.approx(after))

    @pytest.mark.parametrize("answer", [3, None, float("nan"), float("inf")])
    def test_an_answer_that_cannot_be_loses_the_device_for_good(
        self, answer: object, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock = FakeClock()
        (gpu,) = gpus(clock, 100.0)
        meter = meter_of(FakeLayer(FakeGpus([gpu])), clock, monkeypatch)
        meter.open()
        gpu.fault = lambda: answer
        assert str(answer) in meter.read().lost["gpu:0"]
        gpu.fault = None
        assert meter.read().energy_j == {}


class TestChips:
    def test_apple(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = FakeClock()
        begun_s = clock()

        def measure() -> AppleSiliconMeasurement:
            mj = round((clock() - begun_s) * 1000)
            return AppleSiliconMeasurement(5 * mj, [mj, mj], 2 * mj, 7 * mj, mj)

        meter = meter_of(FakeLayer(chip=FakeChip(measure)), clock, monkeypatch)
        meter.open()
        clock.advance(3.0)
        assert meter.read().energy_j == {"cpu:package-0": 15.0, "dram:package-0": 6.0, "gpu:soc": 21.0}
        assert set(meter.quality.values()) == {Quality.COUNTER}

    def test_jetson_is_integrated_and_has_no_memory_energy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = FakeClock()
        chip = FakeChip(lambda: JetsonMeasurement((clock() - 1000.0) * 4e3, None, (clock() - 1000.0) * 9e3))
        meter = meter_of(FakeLayer(chip=chip), clock, monkeypatch)
        meter.open()
        clock.advance(2.0)
        assert meter.read().energy_j == {"cpu:package-0": 8.0}
        assert dict(meter.quality) == {"cpu:package-0": Quality.INTEGRATED}

    def test_a_late_answer_of_jetson_is_never_taken_for_the_next(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = FakeClock()
        chip = FakeChip(lambda: JetsonMeasurement(1e3, 2e3, 3e3))
        meter = meter_of(FakeLayer(chip=chip), clock, monkeypatch)
        meter.open()

        def late() -> object:
            raise queue.Empty

        chip.measure, answering = late, chip.measure
        assert set(meter.read().lost) == {"cpu:package-0", "gpu:soc"}
        chip.measure = answering
        assert set(meter.read().lost) == {"cpu:package-0", "gpu:soc"}

    def test_a_chip_without_cpu_memory_or_gpu_energy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        chip = FakeChip(lambda: AppleSiliconMeasurement(ane_mj=5))
        assert "no CPU, memory or GPU" in failed(FakeLayer(chip=chip), monkeypatch).message


class TestZeusErrors:
    def test_neither_gpu_nor_chip(self, monkeypatch: pytest.MonkeyPatch) -> None:
        error = failed(FakeLayer(), monkeypatch)
        assert isinstance(error, MeterUnavailable)
        assert error.message == (
            "zeus: NVML and AMDSMI unavailable.; No observable SoC was found on the current machine."
        )
        assert "`nvml`" in (error.remedy or "")

    def test_permission(self, monkeypatch: pytest.MonkeyPatch) -> None:
        error = failed(FakeLayer(fakes.ZeusGPUNoPermissionError("no permission")), monkeypatch)
        assert isinstance(error, MeterPermissionError)
        assert "`render`" in (error.remedy or "")

    def test_what_zeus_does_not_catch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # CUDA_VISIBLE_DEVICES=GPU-5ea1 ends so.
        error = failed(FakeLayer(ValueError("invalid literal for int(): 'GPU-5ea1'")), monkeypatch)
        assert "invalid literal" in error.message

    def test_the_package_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "zeus", None)
        monkeypatch.setitem(sys.modules, "zeus.device", None)
        with pytest.raises(MeterUnavailable, match=r"zeus\.device") as caught:
            ZeusMeter().open()
        assert caught.value.remedy == "pip install 'mutegreen[zeus]'"


def test_zeus_is_not_imported_before_the_meter_is_opened() -> None:
    code = "import sys, mutegreen.meters.registry as c; c.parse('zeus'); print('zeus' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


class TestTheRealPackage:
    """The fakes have the methods, parameters and fields of the package as published."""

    @pytest.fixture
    def device(self) -> ModuleType:
        module: ModuleType = pytest.importorskip("zeus.device", reason="zeus is not installed")
        return module

    def test_functions_and_methods(self, device: ModuleType) -> None:
        common = importlib.import_module("zeus.device.gpu.common")
        jetson = importlib.import_module("zeus.device.soc.jetson")
        pairs: list[tuple[Any, Any]] = [
            (FakeLayer.get_gpus, device.get_gpus),
            (FakeLayer.get_soc, device.get_soc),
            (FakeZeusGpu.get_total_energy_consumption, common.GPU.get_total_energy_consumption),
            (FakeChip.get_total_energy_consumption, jetson.Jetson.get_total_energy_consumption),
        ]
        for fake, real in pairs:
            own = [name for name in inspect.signature(fake).parameters if name != "self"]
            assert own == [name for name in inspect.signature(real).parameters if name != "self"]
        assert isinstance(common.GPUs.gpus, property)
        assert "gpu_index" in inspect.signature(common.GPU.__init__).parameters

    def test_fields(self, device: ModuleType) -> None:
        for fake, module in ((AppleSiliconMeasurement, "apple"), (JetsonMeasurement, "jetson")):
            real = getattr(importlib.import_module(f"zeus.device.soc.{module}"), fake.__name__)
            assert {f.name for f in dataclasses.fields(fake)} <= {f.name for f in dataclasses.fields(real)}

    def test_names_of_errors(self, device: ModuleType) -> None:
        module = importlib.import_module("mutegreen.meters.zeus.meter")
        common = importlib.import_module("zeus.device.gpu.common")
        assert all(hasattr(common, name) for name in {*module.FINAL, "ZeusGPUNoPermissionError"} - {"Empty"})

    def test_without_hardware_it_is_unavailable(self, device: ModuleType) -> None:
        try:
            device.get_gpus()
        except Exception:  # noqa: BLE001 - errors of its own and of the libraries below it
            with pytest.raises(MeterUnavailable, match="zeus: "):
                ZeusMeter().open()
        else:
            pytest.skip("this machine has GPUs that zeus reads")
