"""The commands on simulated GPUs, found by LD_LIBRARY_PATH, in real time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from mutegreen.meters.base import Reading
from mutegreen.meters.nvml.meter import NvmlMeter
from mutegreen.meters.recorder import Recorder
from support.commands import Run
from support.fake_nvml import EVERY_CALL, GPU_IS_LOST, NO_PERMISSION, FakeGpu, FakeNvml
from support.limits import EVENT_S

SECOND = "GPU-0e47c0de-0000-0000-0000-000000000000"


def gpus_of(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["domain"]: row for row in document["domains"] if row["domain"].startswith("gpu:")}


@pytest.mark.xdist_group("quiet")
def test_measure_gives_the_joules_of_each_gpu(mutegreen: Run, tmp_path: Path) -> None:
    fake = FakeNvml(tmp_path, FakeGpu(counter_period_s=0.1), FakeGpu(uuid=SECOND, counter=0))
    done = mutegreen("measure", "--json", "--require", "gpu", "--idle", "0.2", "--", "sleep", "2", **fake.environ)
    assert done.returncode == 0, done.stderr
    found = gpus_of(json.loads(done.stdout.splitlines()[-1]))
    assert [row["quality"] for row in found.values()] == ["counter", "integrated"]
    for row in found.values():
        assert row["meter"] == "nvml"
        assert row["energy_j"] == pytest.approx(100 * json.loads(done.stdout)["duration_s"], rel=0.02)
    # The sampler may come late on a machine that others use, and then says so.
    assert set(found[f"gpu:{SECOND}"]["flags"]) <= {"sampler_gap"}
    assert abs(found[f"gpu:{SECOND}"]["net_j"]) < 1.0, "it took no more than when idle"


def test_a_gpu_lost_while_the_command_runs_does_not_disturb_it(mutegreen: Run, tmp_path: Path) -> None:
    fake = FakeNvml(tmp_path, FakeGpu(), FakeGpu(uuid=SECOND))
    fake.gpus[0].fail(GPU_IS_LOST, EVERY_CALL)

    def lose_it() -> None:
        while not (tmp_path / "begun").exists():
            time.sleep(0.02)
        fake.write()
        (tmp_path / "lost").touch()

    watcher = threading.Thread(target=lose_it, daemon=True)
    watcher.start()
    code = (
        "import pathlib, sys, time; pathlib.Path('begun').touch()\n"
        "while not pathlib.Path('lost').exists(): time.sleep(0.02)\n"
        "time.sleep(0.5); sys.exit(7)"
    )
    done = mutegreen("measure", "--json", "--idle", "0", "--", sys.executable, "-c", code, **fake.environ)
    watcher.join()
    assert done.returncode == 7
    document = json.loads(done.stdout.splitlines()[-1])
    lost, good = gpus_of(document).values()
    assert lost["energy_j"] is None
    assert "GPU is lost" in lost["reason"]
    assert "device_lost" in lost["flags"]
    assert good["energy_j"] == pytest.approx(100 * document["duration_s"], rel=0.02)


def test_doctor_says_what_reads_each_gpu_and_what_cannot(mutegreen: Run, tmp_path: Path) -> None:
    fake = FakeNvml(tmp_path, FakeGpu(), FakeGpu(uuid=SECOND).fail(NO_PERMISSION, EVERY_CALL))
    done = mutegreen("doctor", "--json", **fake.environ)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    (row,) = gpus_of(document).values()
    assert (row["meter"], row["quality"]) == ("nvml", "counter")
    assert row["idle_w"] == pytest.approx(100, rel=0.05)
    (left_out,) = [item for item in document["unavailable"] if item["meter"] == "nvml"]
    assert "GPU 1 cannot be read: Insufficient Permissions" in left_out["reason"]
    assert "/dev/nvidia" in left_out["remedy"]


def test_a_required_gpu_that_is_hidden_stops_before_the_command(mutegreen: Run, tmp_path: Path) -> None:
    fake = FakeNvml(tmp_path, FakeGpu())
    done = mutegreen("measure", "--require", "gpu", "--", "touch", "begun", CUDA_VISIBLE_DEVICES="-1", **fake.environ)
    assert done.returncode == 2
    assert "no meter reads gpu" in done.stderr
    assert "unset CUDA_VISIBLE_DEVICES" in done.stderr
    assert not (tmp_path / "begun").exists()


def test_a_missing_driver_is_reported_once_and_soon() -> None:
    code = (
        "from mutegreen.meters.selection import select_meters\n"
        "from mutegreen.meters.nvml import library as nvml_library\n"
        "nvml_library.LIBRARY = 'libnvidia-ml-missing.so.1'\n"
        "print(*[one.reason for one in select_meters().unavailable if one.meter == 'nvml'], sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": "."}
    )
    assert len(done.stdout.splitlines()) == 1
    assert "no NVIDIA driver here" in done.stdout


def test_the_meter_looks_more_often_than_the_recorder_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both in real time, each in its thread: counted against each other, as a busy machine holds up both."""
    fake = FakeNvml(tmp_path, FakeGpu(counter=0), log=True).install(monkeypatch)
    meter = NvmlMeter()
    meter.open()
    read, readings, enough = meter.read, [], threading.Event()

    def counted() -> Reading:
        readings.append(len(fake.calls()))
        if len(readings) == 10:
            enough.set()
        return read()

    monkeypatch.setattr(meter, "read", counted)
    with Recorder([meter]):
        assert enough.wait(EVENT_S)
    between = readings[9] - readings[0]
    assert between > 2 * 9, "twice as many calls as readings of the recorder"
