"""Simulate the device layer of zeus, as far as it is used, with devices of known power.

The classes are those of zeus 0.16; `test_zeus.py` compares their methods with the real ones if zeus is installed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mutegreen.testing.simulated import FakeClock, Schedule


class ZeusGPUInitError(Exception):
    pass


class ZeusGPULostError(Exception):
    pass


class ZeusGPUNoPermissionError(Exception):
    pass


class ZeusGPUUnknownError(Exception):
    pass


class ZeusSoCInitError(Exception):
    pass


class FakeZeusGpu:
    """A GPU with a counter of millijoules; `fault` is raised, or returned, instead of its value."""

    def __init__(self, gpu_index: int, clock: FakeClock, watts: Schedule, start_mj: int = 5_000_000) -> None:
        self.gpu_index = gpu_index
        self.clock, self.watts, self.born_s = clock, watts, clock()
        self.start_mj = start_mj
        self.fault: Exception | Callable[[], object] | None = None

    def get_total_energy_consumption(self) -> object:
        if isinstance(self.fault, Exception):
            raise self.fault
        if self.fault is not None:
            return self.fault()
        return self.start_mj + self.watts.integral(0.0, self.clock() - self.born_s) * 1e3


@dataclass
class FakeGpus:
    gpus: list[FakeZeusGpu]


@dataclass
class AppleSiliconMeasurement:
    cpu_total_mj: object = None
    efficiency_cores_mj: object = None
    dram_mj: object = None
    gpu_mj: object = None
    ane_mj: object = None


@dataclass
class JetsonMeasurement:
    cpu_energy_mj: object = None
    gpu_energy_mj: object = None
    total_energy_mj: object = None


class FakeChip:
    """A system on a chip; `measure` returns its measurement or raises."""

    def __init__(self, measure: Callable[[], object]) -> None:
        self.measure = measure

    def get_total_energy_consumption(self, timeout: float = 15.0) -> object:
        return self.measure()


class FakeLayer:
    """The module `zeus.device`."""

    def __init__(self, gpus: FakeGpus | Exception | None = None, chip: FakeChip | Exception | None = None) -> None:
        self.gpus = gpus or ZeusGPUInitError("NVML and AMDSMI unavailable.")
        self.chip = chip or ZeusSoCInitError("No observable SoC was found on the current machine.")

    def get_gpus(self, ensure_homogeneous: bool = False) -> FakeGpus:
        print("libamd_smi.so not found")
        if isinstance(self.gpus, Exception):
            raise self.gpus
        return self.gpus

    def get_soc(self) -> FakeChip:
        if isinstance(self.chip, Exception):
            raise self.chip
        return self.chip
