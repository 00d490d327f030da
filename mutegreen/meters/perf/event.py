"""One hardware counter of the kernel's perf interface: perf_event_open(2), called directly."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from dataclasses import dataclass

SYSCALLS = {"x86_64": 298, "i686": 336, "aarch64": 241}
"""Number of perf_event_open, which the C library has no function for (the kernel's syscall tables)."""

_ATTRIBUTES = struct.Struct("=IIQQQQQIIQ")
"""The first version of struct perf_event_attr (PERF_ATTR_SIZE_VER0): type, size, config, sample_period,
sample_type, read_format, flags, wakeup_events, bp_type, config1."""

_TOTAL_TIME_RUNNING = 0x2
"""PERF_FORMAT_TOTAL_TIME_RUNNING: a read also gives how long the event was counted."""

_COUNT = struct.Struct("=QQ")

_CLOSE_ON_EXEC = 0x8


@dataclass(frozen=True)
class Count:
    """What a counter says.

    Args:
        value: What it has counted since it was opened, in its own unit.
        running_ns: How long it counted since then, nanoseconds.
    """

    value: int
    running_ns: int


class PerfCounter:
    """An event of a performance monitoring unit on one CPU, counted for all programs from its opening on.

    The kernel keeps 64 bits of it and sees to the wraps of the hardware's own register.

    Args:
        unit_type: Number of the unit, from its file `type`.
        config: Number of the event within the unit.
        cpu: The CPU to count on; for a unit of a whole socket one of those in its file `cpumask`.

    Raises:
        OSError: The kernel does not open it: PermissionError where this user may not.
    """

    def __init__(self, unit_type: int, config: int, cpu: int) -> None:
        attributes = _ATTRIBUTES.pack(unit_type, _ATTRIBUTES.size, config, 0, 0, _TOTAL_TIME_RUNNING, 0, 0, 0, 0)
        self._file = _open(attributes, cpu)

    def read(self) -> Count:
        """The count so far.

        Raises:
            OSError: It cannot be read, or the kernel has stopped it.
        """
        answer = os.read(self._file, _COUNT.size)
        if len(answer) != _COUNT.size:
            raise OSError(errno.EIO, "the kernel has stopped the counter")
        return Count(*_COUNT.unpack(answer))

    def close(self) -> None:
        """End counting; once."""
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
