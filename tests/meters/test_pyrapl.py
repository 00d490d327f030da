from __future__ import annotations

import gc
import importlib
import logging
import os
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import IO, Any

import pytest

from mutegreen.errors import MeterError, MeterPermissionError, MeterUnavailable
from mutegreen.meters import pyrapl as package
from mutegreen.meters.pyrapl import PyRaplMeter
from mutegreen.meters.recorder import Recorder
from mutegreen.model import Flag
from mutegreen.testing.simulated import FakeClock
from support.limits import EVENT_S
from support.open_files import open_files
from support.paths import ROOT

ZONES = "sys/class/powercap/intel-rapl"

Write = Callable[[str, object], None]


@pytest.fixture
def real() -> ModuleType:
    """The package itself, as published."""
    with package._quiet():
        module: ModuleType = pytest.importorskip("pyRAPL", reason="pyRAPL is not installed")
    return module


@pytest.fixture
def write(tmp_path: Path, real: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Write:
    """pyRAPL and its meter see `tmp_path` as `/` from now on: writes a file there."""
    api = importlib.import_module("pyRAPL.device_api")

    def opened(file: str, mode: str = "r") -> IO[str]:
        if os.stat(tmp_path / file[1:]).st_mode & 0o400 == 0:
            raise PermissionError(13, "Permission denied", file)
        return (tmp_path / file[1:]).open(mode)

    def exists(path: str | Path) -> bool:
        return (tmp_path / str(path)[1:]).exists()

    monkeypatch.setattr(api, "open", opened, raising=False)
    for module in (api, package):
        monkeypatch.setattr(module, "os", SimpleNamespace(path=SimpleNamespace(exists=exists)))

    def write_file(file: str, content: object) -> None:
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        # Without truncating, as a counter is never empty.
        with open(path, "r+" if path.exists() else "w") as stream:
            stream.write(f"{content}\n")

    return write_file


def machine(write: Write, *energies_uj: tuple[int, int]) -> None:
    """One socket for each pair of (package, memory)."""
    write("sys/devices/system/cpu/present", f"0-{len(energies_uj)}")
    for cpu in range(len(energies_uj) + 1):
        write(f"sys/devices/system/cpu/cpu{cpu}/topology/physical_package_id", max(0, cpu - 1))
    for socket, pair in enumerate(energies_uj):
        write(f"{ZONES}/intel-rapl:{socket}/name", f"package-{socket}")
        write(f"{ZONES}/intel-rapl:{socket}/intel-rapl:{socket}:0/name", "dram")
        count(write, socket, pair)


def count(write: Write, socket: int, energies_uj: tuple[int, int]) -> None:
    write(f"{ZONES}/intel-rapl:{socket}/energy_uj", f"{energies_uj[0]:016d}")
    write(f"{ZONES}/intel-rapl:{socket}/intel-rapl:{socket}:0/energy_uj", f"{energies_uj[1]:016d}")


def failed() -> MeterError:
    with pytest.raises(MeterError) as caught:
        PyRaplMeter().open()
    assert caught.value.message.startswith("pyrapl: ")
    return caught.value


class TestEnergies:
    def test_two_sockets(self, write: Write) -> None:
        machine(write, (5_000_000, 7_000_000), (9_000_000, 1_000_000))
        clock = FakeClock()
        meter = PyRaplMeter(clock=clock)
        meter.open()
        assert set(meter.domains) == {"cpu:package-0", "dram:package-0", "cpu:package-1", "dram:package-1"}
        count(write, 0, (25_000_000, 8_000_000))
        count(write, 1, (9_500_000, 1_000_001))
        clock.advance(1.0)
        assert meter.read().t_s == clock()
        assert meter.read().energy_j == {
            "cpu:package-0": 20.0,
            "dram:package-0": 1.0,
            "cpu:package-1": 0.5,
            "dram:package-1": 1e-6,
        }
        meter.close()

    def test_no_counter_of_memory(self, write: Write, tmp_path: Path) -> None:
        machine(write, (5, 5))
        write(f"{ZONES}/intel-rapl:0/intel-rapl:0:0/name", "core")
        meter = PyRaplMeter()
        meter.open()
        assert meter.domains == ("cpu:package-0",)
        meter.close()

    def test_a_window_with_a_wrap_has_no_energy_and_the_next_one_has(self, write: Write) -> None:
        machine(write, (262_143_000_000, 0))
        clock = FakeClock()
        meter = PyRaplMeter(clock=clock)
        meter.open()
        with Recorder([meter], clock=clock, boot_clock=clock, period_s=3600.0) as recorder:
            recorder.begin("across")
            clock.advance(60.0)
            count(write, 0, (100_000_000, 4_000_000))
            recorder.sample()
            recorder.begin("after")
            clock.advance(60.0)
            count(write, 0, (400_000_000, 5_000_000))
            across, after = recorder.end("across").domains, recorder.end("after").domains
        cpu, dram = sorted(across, key=lambda energy: energy.domain)
        assert cpu.energy_j is None
        assert "wrapped" in (cpu.reason or "")
        assert Flag.COUNTER_WRAPPED in cpu.flags
        assert dram.energy_j == 5.0
        assert {energy.domain: energy.energy_j for energy in after} == {"cpu:package-0": 300.0, "dram:package-0": 1.0}

    def test_closing_leaves_no_file_open(self, write: Write, tmp_path: Path) -> None:
        machine(write, (1, 1))
        gc.collect()
        before = open_files()
        meter = PyRaplMeter()
        meter.open()
        assert len(open_files(tmp_path)) == 2
        meter.close()
        assert open_files(tmp_path) == []
        assert len(open_files()) <= len(before)


class TestPyRaplErrors:
    def test_the_package_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "pyRAPL", None)
        error = failed()
        assert isinstance(error, MeterUnavailable)
        assert "pyRAPL" in error.message
        assert "pip install 'mutegreen[pyrapl]'" in (error.remedy or "")

    def test_no_powercap(self, write: Write) -> None:
        write("sys/devices/system/cpu/present", "0")
        write("sys/devices/system/cpu/cpu0/topology/physical_package_id", 0)
        assert "/sys/class/powercap/intel-rapl does not exist" in failed().message

    def test_several_dies(self, write: Write) -> None:
        machine(write, (5, 5))
        write(f"{ZONES}/intel-rapl:0/name", "package-0-die-0")
        write(f"{ZONES}/intel-rapl:1/name", "package-0-die-1")
        error = failed()
        assert isinstance(error, MeterUnavailable)
        assert "PyRAPLCantRecordEnergyConsumption" in error.message
        assert "several dies" in error.message
        assert "`rapl`" in (error.remedy or "")

    def test_what_may_not_be_read(self, write: Write, tmp_path: Path) -> None:
        machine(write, (5, 5))
        (tmp_path / ZONES / "intel-rapl:0/energy_uj").chmod(0)
        error = failed()
        assert isinstance(error, MeterPermissionError)
        assert error.message.endswith("may not read /sys/class/powercap/intel-rapl/intel-rapl:0/energy_uj")
        assert (error.remedy or "").startswith("sudo chmod -R a+r /sys/class/powercap/intel-rapl")

    def test_a_counter_that_is_no_number(self, write: Write) -> None:
        machine(write, (5, 5))
        write(f"{ZONES}/intel-rapl:0/energy_uj", "none of this sort")
        assert "could not convert" in failed().message


def test_its_noise_is_kept_from_the_user_and_other_noise_is_not(
    real: ModuleType, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def noisy(_: str) -> Any:
        logging.warning("imports error \n You need to install pymongo>=3.9.0 in order to use MongoOutput ")
        warnings.warn("invalid escape sequence", SyntaxWarning, stacklevel=1)
        raise ImportError("No module named 'pyRAPL'")

    monkeypatch.setattr(importlib, "import_module", noisy)
    failed()
    assert caplog.messages == []
    logging.warning("of ours")
    assert caplog.messages == ["of ours"]


TRUE_TREE = """
    set -e
    mount -t tmpfs none /sys/class
    zones=/sys/class/powercap/intel-rapl
    for socket in $(cat /sys/devices/system/cpu/cpu*/topology/physical_package_id | sort -un); do
        mkdir -p $zones/intel-rapl:$socket
        echo package-$socket > $zones/intel-rapl:$socket/name
        echo 0000001000000 > $zones/intel-rapl:$socket/energy_uj
    done
    exec "$@"
"""

MEASURE = """
    from mutegreen.meters.pyrapl import POWERCAP, PyRaplMeter
    meter = PyRaplMeter()
    meter.open()
    for file in POWERCAP.glob("*/energy_uj"):
        with file.open("r+") as counter:
            counter.write("0000003500000")
    assert set(meter.read().energy_j.values()) == {2.5}, meter.read()
    print(*meter.domains)
    meter.close()
"""


def test_at_the_true_place_in_a_mount_namespace_of_its_own(real: ModuleType) -> None:
    namespace = ["unshare", "--map-root-user", "--mount"]
    if subprocess.run([*namespace, "mount", "-t", "tmpfs", "none", "/sys/class"], capture_output=True).returncode:
        pytest.skip("this machine allows no private mount namespace")
    words = [*namespace, "sh", "-c", textwrap.dedent(TRUE_TREE), "sh"]
    done = subprocess.run(
        [*words, sys.executable, "-W", "error", "-c", textwrap.dedent(MEASURE)],
        capture_output=True, text=True, cwd=ROOT, timeout=EVENT_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0] == "cpu:package-0"
    assert done.stderr == ""
