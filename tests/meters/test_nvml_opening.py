"""Errors of the NVML meter on machines where it cannot work; it leaves nothing open."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mutegreen.errors import MeterError, MeterPermissionError, MeterUnavailable
from mutegreen.meters.nvml import library as nvml_library
from mutegreen.meters.nvml.meter import NvmlMeter
from mutegreen.testing.simulated import FakeClock
from support.fake_nvml import (
    COUNTER,
    DRIVER_NOT_LOADED,
    GPU_IS_LOST,
    NO_PERMISSION,
    NOT_SUPPORTED,
    POWERS,
    FakeGpu,
    FakeNvml,
)


def opening(fake: FakeNvml, monkeypatch: pytest.MonkeyPatch, clock: FakeClock) -> MeterError:
    fake.install(monkeypatch)
    with pytest.raises(MeterError) as caught:
        NvmlMeter(clock=clock, sleep=clock.advance).open()
    assert caught.value.remedy
    return caught.value


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_without_the_library_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvml_library, "LIBRARY", "libnvidia-ml-missing.so.1")
    with pytest.raises(MeterUnavailable, match=r"no NVIDIA driver here: libnvidia-ml-missing\.so\.1") as caught:
        NvmlMeter().open()
    assert "driver" in (caught.value.remedy or "")


def test_without_the_library_the_bindings_are_not_loaded() -> None:
    code = (
        "import sys\nfrom mutegreen.meters.nvml import meter as nvml, library as nvml_library\n"
        "nvml_library.LIBRARY = 'libnvidia-ml-missing.so.1'\n"
        "try: nvml.NvmlMeter().open()\nexcept Exception as error: print(type(error).__name__)\n"
        "print('pynvml' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["MeterUnavailable", "False"]


def test_without_the_bindings_it_names_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    error = opening(FakeNvml(tmp_path, FakeGpu(), clock=clock), monkeypatch, clock)
    assert error.remedy == "pip install nvidia-ml-py"


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        (DRIVER_NOT_LOADED, MeterUnavailable, "the NVIDIA driver does not work: Driver Not Loaded"),
        (18, MeterUnavailable, "version mismatch"),
        (NO_PERMISSION, MeterPermissionError, "nvml may not be used: Insufficient Permissions"),
        (999, MeterUnavailable, "nvml cannot be used: Unknown Error"),
    ],
)
def test_a_driver_that_refuses(
    code: int, kind: type[MeterError], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    fake = FakeNvml(tmp_path, FakeGpu(), clock=clock, failures=(("nvmlInitWithFlags", code),))
    error = opening(fake, monkeypatch, clock)
    assert type(error) is kind
    assert message in error.message


@pytest.mark.parametrize(
    ("codes", "kind"),
    [
        ((NO_PERMISSION, NO_PERMISSION), MeterPermissionError),
        ((NO_PERMISSION, NOT_SUPPORTED), MeterUnavailable),
        ((GPU_IS_LOST, GPU_IS_LOST), MeterUnavailable),
    ],
)
def test_with_no_gpu_that_can_be_read_each_is_named(
    codes: tuple[int, int], kind: type[MeterError], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    gpus = [FakeGpu(uuid=f"GPU-{n}").fail(code, COUNTER, *POWERS) for n, code in enumerate(codes)]
    error = opening(FakeNvml(tmp_path, *gpus, clock=clock), monkeypatch, clock)
    assert type(error) is kind
    assert all(f"GPU {n} (Fake A100, GPU-{n}) cannot be read" in error.message for n in (0, 1))


def test_with_no_gpu_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: FakeClock) -> None:
    assert "finds no GPU" in opening(FakeNvml(tmp_path, clock=clock), monkeypatch, clock).message


@pytest.mark.parametrize("hidden", [False, True])
def test_nvml_is_shut_down_as_often_as_it_was_initialised(
    hidden: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    fake = FakeNvml(tmp_path, FakeGpu(), clock=clock, log=True).install(monkeypatch)
    meter = NvmlMeter({"CUDA_VISIBLE_DEVICES": "-1"} if hidden else {}, clock=clock, sleep=clock.advance)
    for _ in range(3):
        if hidden:
            with pytest.raises(MeterUnavailable, match="hides every GPU"):
                meter.open()
        else:
            meter.open()
        meter.close()
        meter.close()
    calls = fake.calls()
    assert calls.count("nvmlInitWithFlags -1") == calls.count("nvmlShutdown -1") == 3
