"""A machine with simulated counters, which metering processes find by environment variables, like real ones."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from mutegreen.testing.simulated import FakeClock, Schedule  # noqa: E402
from support.fake_nvml import FakeGpu, FakeNvml, square_wave  # noqa: E402
from support.fake_powercap import FakePowercap, FakeZone, RealTime, package  # noqa: E402

__all__ = ["BURSTS", "STEADY", "FakeGpu", "Machine", "SimulatedDevices", "preload"]

preload = FakeNvml.preload

BURSTS = square_wave(50.0, 350.0, period_s=0.83, duty=0.25, duration_s=1500.0)
"""The period does not divide a whole second, so a tool that reads once a second meets all parts of the wave."""

STEADY = Schedule((0.0, 200.0))
WRITE_EVERY_S = 0.01
"""Time between two updates of the simulated powercap counters, seconds; it costs the benchmark's own process little."""


def zones() -> list[FakeZone]:
    """Two sockets, each with memory: four domains."""
    cpu, dram = Schedule((0.0, 120.0)), Schedule((0.0, 9.0))
    return [*package(0, cpu, dram=dram), *package(1, cpu, dram=dram)]


class Machine:
    """Two sockets and one GPU, in real time; entered as a context, its counters move.

    Args:
        folder: Where its files are kept.
        gpu: Its GPU.
    """

    def __init__(self, folder: Path, gpu: FakeGpu) -> None:
        folder.mkdir()
        self.gpu = gpu
        self.nvml = FakeNvml(folder, gpu)
        self.powercap = FakePowercap(folder / "sys", zones())
        self._writer = RealTime(self.powercap, WRITE_EVERY_S)
        self._programs = folder / "bin"
        self._programs.mkdir()
        # codecarbon looks for a GPU by whether this program runs.
        smi = self._programs / "nvidia-smi"
        smi.write_text("#!/bin/sh\n")
        smi.chmod(0o755)

    def __enter__(self) -> Self:
        self._writer.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.__exit__()
        self.powercap.close()

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment of a process that finds these counters."""
        path = os.pathsep.join([str(self._programs), os.environ.get("PATH", os.defpath)])
        roots = {"PATH": path, "MUTEGREEN_POWERCAP_ROOT": str(self.powercap.root)}
        return {**os.environ, **self.nvml.environ, **roots}

    def true_gpu_j(self, began_s: float, ended_s: float) -> float:
        """Return what the GPU took between two moments of `time.monotonic`, joules."""
        return float(self.gpu.watts.integral(began_s - self.nvml.begun_s, ended_s - self.nvml.begun_s))


class SimulatedDevices:
    """The same machine within this process, on a clock that is advanced by hand."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock(time.monotonic())
        self.nvml = FakeNvml(folder, FakeGpu(watts=STEADY), clock=self.clock)
        self.powercap = FakePowercap(folder / "sys", zones())
        self.powercap.follow(self.clock)
        FakeNvml.preload()
        os.environ.update(self.nvml.environ)
