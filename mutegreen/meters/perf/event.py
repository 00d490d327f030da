"""Opens and reads one hardware counter of the kernel by a direct call of perf_event_open(2)."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from dataclasses import dataclass

SYSCALLS = {"x86_64": 298, "i686": 336, "aarch64": 241}
"""The number of perf_event_open by architecture (the kernel's syscall tables); the C library has no function for it."""

_ATTRIBUTES = struct.Struct("=IIQQQQQIIQ")
"""The first version of struct perf_event_attr (PERF_ATTR_SIZE_VER0): type, size, config, sample_period,
sample_type, read_format, flags, wakeup_events, bp_type, config1."""

_TOTAL_TIME_RUNNING = 0x2
"""PERF_FORMAT_TOTAL_TIME_RUNNING: a read also returns how long the event was counted."""

_COUNT = struct.Struct("=QQ")

_CLOSE_ON_EXEC = 0x8


@dataclass(frozen=True)
class Count:
    """A reading of a counter.

    Args:
        value: The count since the counter was opened, in its own unit.
        running_ns: How long it has counted since then, nanoseconds.
    """

    value: int
    running_ns: int


class PerfCounter:
    """Counts an event of a performance monitoring unit on one CPU, for all programs, from its opening on.

    The kernel keeps a 64-bit sum and undoes the wrap-around of the hardware register.

    Args:
        unit_type: Number of the unit, from its file `type`.
        config: Number of the event within the unit.
        cpu: The CPU on which to count; for a unit of a whole socket, one of those in its file `cpumask`.

    Raises:
        OSError: The kernel does not open it. PermissionError: this user may not open it.
    """

    def __init__(self, unit_type: int, config: int, cpu: int) -> None:
        attributes = _ATTRIBUTES.pack(unit_type, _ATTRIBUTES.size, config, 0, 0, _TOTAL_TIME_RUNNING, 0, 0, 0, 0)
        self._file = _open(attributes, cpu)

    def read(self) -> Count:
        """Read the count so far.

        Raises:
            OSError: It cannot be read, or the kernel has stopped it.
        """
        data = os.read(self._file, _COUNT.size)
        if len(data) != _COUNT.size:
            raise OSError(errno.EIO, "the kernel has stopped the counter")
        return Count(*_COUNT.unpack(data))

    def close(self) -> None:
        """Stop counting. Call it only once."""
        os.close(self._file)


def _open(attributes: bytes, cpu: int) -> int:
    number = SYSCALLS.get(platform.machine())
    if number is None or platform.system() != "Linux":
        raise OSError(errno.ENOSYS, f"no perf events on {platform.system()} {platform.machine()}")
    every_process, no_group = ctypes.c_int(-1), ctypes.c_int(-1)
    system = ctypes.CDLL(None, use_errno=True)
    file: int = system.syscall(
        ctypes.c_long(number), attributes, every_process, ctypes.c_int(cpu), no_group, ctypes.c_ulong(_CLOSE_ON_EXEC)
    )
    if file < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return file
