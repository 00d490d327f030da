"""Read clocks: wall-clock labels for records, and clocks for durations."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], float]
"""Returns the seconds on a clock that never goes back, such as `time.monotonic`."""


def now() -> str:
    """Return the wall-clock time as a label, ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def stamp() -> str:
    """Return the wall-clock time as part of a name, in UTC, to the second: `20260101-120000`."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}"


def boot_time_s() -> float:
    """Return the seconds since boot, including time asleep, which `time.monotonic` omits on Linux."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
