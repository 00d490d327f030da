"""Concurrent trainings on simulated GPUs: each sees one GPU, has its energy, and leaves no process on it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from mutegreen.errors import MuteGreenError
from mutegreen.harness.machine.gpu_processes import GpuProcesses
from mutegreen.store.store import Store
from support.audits import window_s
from support.commands import Run
from support.fake_nvml import FakeGpu, FakeNvml
from support.tiny import TRAIN, write_subject

FIRST, SECOND = (f"GPU-{letter * 8}-0000-0000-0000-000000000000" for letter in "ab")
SEEN = "import os\nprint('sees', os.environ.get('CUDA_VISIBLE_DEVICES'))\n"
SMALL = ("--mutants", "1", "--repetitions", "2", "--cooldown", "0", "--meter", "nvml")


@pytest.fixture
def subject(tmp_path: Path) -> Path:
    return write_subject(tmp_path / "points", SEEN + TRAIN.replace("default=0.0", "default=0.1"))


def exported(mutegreen: Run) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(mutegreen("export", "--format", "json").stdout)
    return found


def test_two_gpus_are_one_queue_and_each_training_has_the_energy_of_its_own(
    subject: Path, mutegreen: Run, tmp_path: Path
) -> None:
    fake = FakeNvml(tmp_path, FakeGpu(FIRST), FakeGpu(SECOND))
    done = mutegreen("run", subject, *SMALL, "--jobs", "1", **fake.environ)
    assert done.returncode == 0, done.stderr
    logs = next((tmp_path / "reports/audits").iterdir()) / "logs"
    saw = {next(w for w in log.read_text().split() if w.startswith("GPU-")) for log in logs.glob("0*.log")}
    assert saw == {FIRST, SECOND}
    found = exported(mutegreen)
    assert any(row["beside"] for row in found), "two at a time, one on each"
    windows = window_s(tmp_path / "reports/mutegreen.sqlite")
    for row in found:
        assert row["gpu_j"] == pytest.approx(100 * windows[row["trial"]], rel=0.1), "of one GPU, not of both"
        assert row["quality_gpu_j"] == "counter", "no other trial was on its GPU"


def test_two_on_one_gpu_share_its_energy(subject: Path, mutegreen: Run, tmp_path: Path) -> None:
    fake = FakeNvml(tmp_path, FakeGpu(FIRST))
    done = mutegreen("run", subject, *SMALL, "--jobs", "2", **fake.environ)
    assert done.returncode == 0, done.stderr
    found = exported(mutegreen)
    windows = window_s(tmp_path / "reports/mutegreen.sqlite")
    for row in found:
        duration_s = windows[row["trial"]]
        exclusive_s = duration_s * (1 - min(1.0, row["companions"]))
        assert row["gpu_j"] == pytest.approx(100 * (exclusive_s + (duration_s - exclusive_s) / 2), rel=0.15)
        assert row["quality_gpu_j"] == "attributed"
    with Store.open(tmp_path / "reports/mutegreen.sqlite") as store:
        _preflight, *together = store.spans(store.audit().id)
    exact_j = math.fsum(domain.energy_j or 0.0 for span in together for domain in span.measurement.domains)
    assert math.fsum(row["gpu_j"] for row in found) == pytest.approx(exact_j, rel=0.01)
    assert exact_j == pytest.approx(100 * math.fsum(span.measurement.duration_s for span in together), rel=0.01)


def test_a_process_that_is_still_on_a_gpu_is_waited_for() -> None:
    known = iter([{FIRST: {1, 7}}, {FIRST: {7}}, {FIRST: {3}}])
    GpuProcesses(lambda: next(known)).wait_until_gone({1, 7})


def test_a_process_that_stays_on_a_gpu_is_named() -> None:
    with pytest.raises(MuteGreenError, match="process 7 has ended and is still on gpu:a"):
        GpuProcesses(lambda: {"gpu:a": {3, 7}}).wait_until_gone({7}, limit_s=0.05)


def test_without_a_gpu_there_are_no_gpu_processes() -> None:
    assert GpuProcesses.of(["cpu:package-0"]) is None
