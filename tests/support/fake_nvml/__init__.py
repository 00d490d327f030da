"""Simulate NVIDIA GPUs of known true energy behind a real libnvidia-ml.so.1.

`fake_nvml.c` is compiled once in a test session and used by the real nvidia-ml-py. In this process it is loaded
before; other processes find it by LD_LIBRARY_PATH. It reads a file of controls, which may be rewritten at any time.
Its time is real, or that of a `FakeClock`.
"""

from __future__ import annotations

import atexit
import ctypes
import functools
import itertools
import math
import os
import shutil
import struct
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mutegreen.testing.simulated import FakeClock, Schedule

SOURCE = Path(__file__).parent / "fake_nvml.c"
CONTROLS = "FAKE_NVML"

UNINITIALIZED, NOT_SUPPORTED, NO_PERMISSION, DRIVER_NOT_LOADED = 1, 3, 4, 9
TIMEOUT, LIBRARY_NOT_FOUND, GPU_IS_LOST, UNKNOWN = 10, 12, 15, 999

COUNTER = "nvmlDeviceGetTotalEnergyConsumption"
POWERS = ("nvmlDeviceGetFieldValues", "nvmlDeviceGetPowerUsage")
EVERY_CALL = "*"

GENERATIONS = itertools.count(1)
"""A new number for each write: the library sees by it that the controls changed."""


@functools.cache
def library() -> Path:
    """Return the compiled library, in a separate folder; skip the test if there is no compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler to build the fake NVML library with")
    folder = tempfile.TemporaryDirectory(prefix="fake-nvml-")
    atexit.register(folder.cleanup)
    path = Path(folder.name) / "libnvidia-ml.so.1"
    options = ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-shared", "-fPIC", f"-Wl,-soname,{path.name}"]
    subprocess.run([compiler, *options, "-o", path, SOURCE, "-lm", "-pthread"], check=True)
    return path


@dataclass
class FakeGpu:
    """One GPU; its fields are the keys of the controls.

    Args:
        uuid: Its UUID.
        watts: Its true power from the start of the simulation.
        name: Its model.
        counter: Whether it counts its energy, in millijoules.
        counter_start_j: First value of the counter.
        counter_period_s: Time between two updates of the counter; 0: it is always up to date.
        counter_step_j: The counter's smallest step beyond a millijoule.
        counter_scale: Ratio of the counter's value to the true energy.
        counter_reset_s: When the counter is reset to 0.
        counter_frozen_s: When the counter stops for good.
        instant, average, usage: Whether fields 186 and 185 and nvmlDeviceGetPowerUsage give its power.
        power_period_s: Time between two updates of the power.
        average_s: Over how long field 185 and nvmlDeviceGetPowerUsage average; 0: not at all.
        sm_period_s: Time between two samples of what processes do; 1/6 s on real GPUs.
        sm_delay_s: Delay of such a sample.
        mig: Whether MIG mode is on; -1: it has none.
        mig_uuid: UUID of its one MIG instance.
    """

    uuid: str = "GPU-5ea1c0de-0000-0000-0000-000000000000"
    watts: Schedule = field(default_factory=lambda: Schedule((0.0, 100.0)))
    name: str = "Fake A100"
    counter: int = 1
    counter_start_j: float = 4321.0
    counter_period_s: float = 0.0
    counter_step_j: float = 0.0
    counter_scale: float = 1.0
    counter_reset_s: float = math.inf
    counter_frozen_s: float = math.inf
    instant: int = 1
    average: int = 1
    usage: int = 1
    power_period_s: float = 0.0
    average_s: float = 0.0
    sm_period_s: float = 0.25
    sm_delay_s: float = 0.0
    mig: int = -1
    mig_uuid: str = ""
    failures: list[str] = field(default_factory=list)
    processes: list[str] = field(default_factory=list)

    @property
    def domain(self) -> str:
        return f"gpu:{self.uuid}"

    def fail(self, code: int, *functions: str, begin_s: float = 0.0, end_s: float = math.inf) -> FakeGpu:
        """Let these calls fail from `begin_s` to `end_s`; also "POWER_INSTANT", or EVERY_CALL."""
        self.failures += [f"{function} {code} {begin_s} {end_s}" for function in functions]
        return self

    def run(self, pid: int, begin_s: float, end_s: float, sm_percent: int, memory_bytes: int) -> FakeGpu:
        """Let a process use this much of the GPU from `begin_s` to `end_s`; memory of -1 bytes is not reported."""
        self.processes.append(f"{pid} {begin_s} {end_s} {sm_percent} {memory_bytes}")
        return self

    def lines(self) -> list[str]:
        plain = [f"{key} {value}" for key, value in vars(self).items() if isinstance(value, (str, int, float))]
        steps = [f"watts {begin_s!r} {watts!r}" for begin_s, watts in self.watts.steps]
        failures = [f"fail {failure}" for failure in self.failures]
        return ["device", *plain, *steps, *failures, *(f"process {process}" for process in self.processes)]


class FakeNvml:
    """The machine's GPUs, in the order of the PCI bus.

    Args:
        folder: Folder of the controls, the clock and the log of calls.
        gpus: The GPUs; `write` applies changes of them.
        clock: The clock of the GPUs; None: real time. They start now.
        failures: Failing calls that concern no GPU: (function, code).
        log: Whether to keep a log of calls.
    """

    def __init__(
        self,
        folder: Path,
        *gpus: FakeGpu,
        clock: FakeClock | None = None,
        failures: tuple[tuple[str, int], ...] = (),
        log: bool = False,
    ) -> None:
        self.gpus = gpus
        self.log = log
        self.failures = failures
        self.controls, self._shared, self._log = (folder / name for name in ("nvml", "nvml.now", "nvml.log"))
        self._clock = clock
        self.begun_s = clock() if clock else time.monotonic()
        self.write()
        if clock:
            clock.watchers.append(self._share)

    @property
    def environ(self) -> dict[str, str]:
        """Return the variables with which another process finds these GPUs."""
        return {CONTROLS: str(self.controls), "LD_LIBRARY_PATH": str(library().parent)}

    @staticmethod
    def preload() -> None:
        """Load the library into this process, where every later search for libnvidia-ml.so.1 finds it."""
        ctypes.CDLL(str(library()))

    def install(self, monkeypatch: pytest.MonkeyPatch) -> FakeNvml:
        """Install these GPUs in this process until the test ends."""
        self.preload()
        monkeypatch.setenv(CONTROLS, str(self.controls))
        for variable in ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"):
            monkeypatch.delenv(variable, raising=False)
        return self

    def write(self) -> None:
        """Apply the current fields of the GPUs."""
        head = [f"origin {self.begun_s!r}"]
        head += [f"log {self._log}"] if self.log else []
        head += [f"fail {function} {code} 0 inf" for function, code in self.failures]
        lines = [*head, *(line for gpu in self.gpus for line in gpu.lines())]
        draft = self.controls.with_suffix(".new")
        draft.write_text("\n".join(lines) + "\n")
        draft.replace(self.controls)
        self._generation = next(GENERATIONS)
        self._share()

    def calls(self) -> list[str]:
        """Return the calls so far: function and number of the GPU, -1 for a call without one."""
        return self._log.read_text().splitlines() if self._log.exists() else []

    def now_s(self) -> float:
        """Return the seconds since the start of the GPUs."""
        return (self._clock() if self._clock else time.monotonic()) - self.begun_s

    def _share(self) -> None:
        now_s = self._clock() if self._clock else math.nan
        file = os.open(self._shared, os.O_WRONLY | os.O_CREAT)
        os.pwrite(file, struct.pack("dd", now_s, self._generation), 0)
        os.close(file)


def square_wave(low_w: float, high_w: float, period_s: float, duty: float, duration_s: float) -> Schedule:
    """Return a power that is high for the first fraction `duty` of every period."""
    edges = [n * period_s for n in range(math.ceil(duration_s / period_s))]
    return Schedule(*(step for edge in edges for step in ((edge, high_w), (edge + duty * period_s, low_w))))
