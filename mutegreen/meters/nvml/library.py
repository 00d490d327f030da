"""Calls NVML through NVIDIA's bindings (nvidia-ml-py), and classifies its errors.

Guarantees:
    - Every method of `Nvml` raises `Fault` if NVML reports an error, never an exception of the bindings.
    - A read function converts its arguments once, not at every call.

Relies on:
    - NVML being thread-safe, as its API reference says.
    - The numbers below being part of NVML's binary interface, which newer drivers keep.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mutegreen.errors import MeterError, MeterPermissionError, MeterUnavailable

LIBRARY = "libnvidia-ml.so.1"

Read = Callable[[], float]
"""Reads one value of one GPU; raises `Fault`."""

SUCCESS, UNINITIALIZED, NOT_SUPPORTED, NO_PERMISSION, NOT_FOUND, DRIVER_NOT_LOADED = 0, 1, 3, 4, 6, 9
FUNCTION_NOT_FOUND, GPU_IS_LOST, RESET_REQUIRED, LIB_RM_VERSION_MISMATCH = 13, 15, 16, 18

FINAL = {UNINITIALIZED, DRIVER_NOT_LOADED, GPU_IS_LOST, RESET_REQUIRED, LIB_RM_VERSION_MISMATCH}
"""Errors after which a device stays unreadable for a program that has NVML open."""

LACKING = {NOT_SUPPORTED, NO_PERMISSION, FUNCTION_NOT_FOUND}
"""Errors that mean that a function is not available; a second call would return the same."""

POWER_INSTANT, POWER_AVERAGE = 186, 185
"""Fields NVML_FI_DEV_POWER_INSTANT and NVML_FI_DEV_POWER_AVERAGE of nvml.h, drivers from 530 on."""

VALUE_OF_TYPE = ("dVal", "uiVal", "ulVal", "ullVal", "sllVal", "siVal", "usVal")
"""The member that holds the value of a field, by nvmlValueType_t."""

INSTALL = "needs an NVIDIA GPU and its driver; in a container, start it with the GPUs (docker run --gpus all)"
PERMISSION = "get read and write access to /dev/nvidiactl and /dev/nvidia<n>"
RESTART = "restart the machine, or reload the driver's kernel module"


class Fault(Exception):  # noqa: N818 - no user sees it as an exception
    """A call of NVML that failed.

    Args:
        code: NVML's number of the error.
        text: What NVML calls it.
    """

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{text} (NVML error {code})")
        self.code = code

    @property
    def is_final(self) -> bool:
        """Whether the device is lost to this process."""
        return self.code in FINAL


@dataclass(frozen=True)
class Gpu:
    """A GPU that NVML can open.

    Attributes:
        number: Its index in NVML's order, which is that of the PCI bus.
        uuid: For example `GPU-8932f937-d72c-4106-c12f-20bd9faed9f6`.
        name: Its model.
        handle: NVML's handle of it.
        is_split: Whether it is divided into MIG instances.
    """

    number: int
    uuid: str
    name: str
    handle: Any
    is_split: bool = False


@dataclass(frozen=True)
class ProcessUse:
    """The use of a GPU by one process.

    Attributes:
        pid: The process.
        t_us: When it was last busy, microseconds since 1970.
        sm_percent: Its part of the GPU's time, percent, mean over the queried time.
    """

    pid: int
    t_us: int
    sm_percent: int


class Nvml:
    """NVML, initialised. Every call raises `Fault` if NVML reports an error.

    Raises:
        MeterUnavailable: There is no library, no binding or no driver.
        MeterPermissionError: NVML may not be used.
    """

    def __init__(self) -> None:
        self._api = _bindings()
        self._library = ctypes.CDLL(LIBRARY)
        try:
            self._call("nvmlInit")
        except Fault as fault:
            raise _init_error(fault) from fault

    def close(self) -> None:
        """Shut NVML down."""
        self._call("nvmlShutdown")

    def gpus(self) -> list[Gpu | Fault]:
        """Return all GPUs in NVML's order, with the fault in place of each one that cannot be opened."""
        return [self._gpu(number) for number in range(self._call("nvmlDeviceGetCount"))]

    def parent_of(self, mig: str) -> str | None:
        """Return the UUID of the GPU of a MIG instance: `MIG-<uuid>`, or with old drivers `MIG-GPU-<uuid>/<n>/<n>`."""
        if mig.startswith("MIG-GPU-"):
            return mig.removeprefix("MIG-").partition("/")[0]
        try:
            instance = self._call("nvmlDeviceGetHandleByUUID", mig)
            return str(
                self._call("nvmlDeviceGetUUID", self._call("nvmlDeviceGetDeviceHandleFromMigDeviceHandle", instance))
            )
        except Fault:
            return None

    def counter(self, gpu: Gpu) -> Read:
        """Return a function that reads the energy counter: joules since the driver was loaded, in steps of 1 mJ."""
        count = ctypes.c_ulonglong()
        call = self._prepared("nvmlDeviceGetTotalEnergyConsumption", gpu.handle, ctypes.byref(count))

        def read_j() -> float:
            call()
            return count.value / 1000

        return read_j

    def usage(self, gpu: Gpu) -> Read:
        """Return a function that reads the power, watts: the current one up to GA100, later a mean over 1 s."""
        power = ctypes.c_uint()
        call = self._prepared("nvmlDeviceGetPowerUsage", gpu.handle, ctypes.byref(power))

        def read_w() -> float:
            call()
            return power.value / 1000

        return read_w

    def field(self, gpu: Gpu, field: int) -> Read:
        """Return a function that reads the field `POWER_INSTANT` or `POWER_AVERAGE`, watts."""
        fields = (self._api.c_nvmlFieldValue_t * 1)()
        power = fields[0]
        power.fieldId = field
        call = self._prepared("nvmlDeviceGetFieldValues", gpu.handle, 1, ctypes.byref(fields))

        def read_w() -> float:
            call()
            if power.nvmlReturn:
                raise self._fault(power.nvmlReturn)
            return float(getattr(power.value, VALUE_OF_TYPE[power.valueType])) / 1000

        return read_w

    def process_use(self, gpu: Gpu, since_us: int) -> list[ProcessUse]:
        """Return the use of the GPU by each process since a moment; idle processes are missing.

        NVML reports no process on a GPU that is divided into MIG instances, on most virtual GPUs, and before Maxwell.

        Args:
            gpu: The GPU.
            since_us: The moment, microseconds since 1970.
        """
        try:
            samples = self._call("nvmlDeviceGetProcessUtilization", gpu.handle, since_us)
        except Fault as fault:
            if fault.code in {SUCCESS, NOT_FOUND}:
                # The bindings raise an error even for a success without a sample.
                return []
            raise
        return [ProcessUse(sample.pid, sample.timeStamp, sample.smUtil) for sample in samples]

    def process_memory(self, gpu: Gpu) -> dict[int, int]:
        """Return the bytes of GPU memory of each process, by its number, if the driver reports them."""
        running = self._call("nvmlDeviceGetComputeRunningProcesses", gpu.handle)
        return {process.pid: process.usedGpuMemory for process in running if process.usedGpuMemory is not None}

    def free_memory(self, gpu: Gpu) -> int:
        """Return the free bytes of GPU memory."""
        return int(self._call("nvmlDeviceGetMemoryInfo", gpu.handle).free)

    def _gpu(self, number: int) -> Gpu | Fault:
        try:
            handle = self._call("nvmlDeviceGetHandleByIndex", number)
            uuid, name = (str(self._call(f"nvmlDeviceGet{what}", handle)) for what in ("UUID", "Name"))
        except Fault as fault:
            return fault
        return Gpu(number, uuid, name, handle, self._is_split(handle))

    def _is_split(self, handle: object) -> bool:
        try:
            return bool(self._call("nvmlDeviceGetMigMode", handle)[0])
        except Fault:
            return False

    def _prepared(self, function: str, *arguments: object) -> Callable[[], None]:
        """Return a call with fixed arguments. The bindings convert them at each call, which is most of the cost."""
        entry = getattr(self._library, function, _missing)

        def call() -> None:
            code = entry(*arguments)
            if code and code not in FINAL | LACKING:
                # A sensor may be busy for a moment, so the call is tried twice.
                code = entry(*arguments)
            if code:
                raise self._fault(code)

        return call

    def _call(self, function: str, *arguments: object) -> Any:
        try:
            return getattr(self._api, function)(*arguments)
        except self._api.NVMLError as error:
            raise self._fault(error.value) from error

    def _fault(self, code: int) -> Fault:
        return Fault(code, str(self._api.NVMLError(code)))


def _bindings() -> Any:
    """Import pynvml, after a check of the library: the module is large, and most machines have no GPU."""
    try:
        ctypes.CDLL(LIBRARY)
    except OSError as error:
        raise MeterUnavailable(f"nvml: no NVIDIA driver here: {error}", INSTALL) from error
    try:
        import pynvml
    except ImportError as error:
        raise MeterUnavailable(f"nvml: {error}", "pip install nvidia-ml-py") from error
    return pynvml


def _missing(*_: object) -> int:
    """Replace a function that an old driver does not have."""
    return FUNCTION_NOT_FOUND


def _init_error(fault: Fault) -> MeterError:
    if fault.code == NO_PERMISSION:
        return MeterPermissionError(f"nvml may not be used: {fault}", PERMISSION)
    if fault.code in FINAL:
        return MeterUnavailable(f"nvml: the NVIDIA driver does not work: {fault}", RESTART)
    return MeterUnavailable(f"nvml cannot be used: {fault}", INSTALL)
