"""One line of `perf stat -x, -I MS --per-socket`, by columns; a line that is not exactly so is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINE = re.compile(
    r"\s*(?P<stamp>\d+\.\d{9}),S(?P<package>\d+),\d+,(?P<value>\d+|<not supported>|<not counted>),,"
    r"(?P<event>[\w-]+)(?::(?P<modifier>\w+))?,(?P<running>\d+),\d+\.\d\d(?:,.*)?"
)
"""Time stamp, socket, number of counters summed up, count, unit (none: a bare count), event, nanoseconds counted,
share of the time in which it was counted, and columns of metrics. A decimal comma would begin a new column, and the
time stamp of nine decimals is the first to miss its point."""


@dataclass(frozen=True)
class StatInterval:
    """What an event counted on a socket in one interval.

    Args:
        stamp_s: The end of the interval, seconds since `perf` began.
        package: The socket's number.
        event: The event's name.
        count: What it counted, in its own unit; None with a `fault`.
        running_s: How long its counters ran in the interval, summed up over them, seconds.
        fault: `not supported` or `not counted`, or nothing.
        modifier: What `perf` restricted the event to, such as `u`: it may not count for the kernel.
    """

    stamp_s: float
    package: int
    event: str
    count: int | None
    running_s: float
    fault: str = ""
    modifier: str = ""


def parse(line: str) -> StatInterval | None:
    """A line's interval; None for an empty line or a comment.

    Raises:
        ValueError: The line is something else.
    """
    if not line.strip() or line.startswith("#"):
        return None
    found = _LINE.fullmatch(line)
    if not found:
        raise ValueError(f"perf printed {line.strip()[:100]!r}, which is no line of `perf stat -x,` in the locale C")
    value = found["value"]
    fault = value.strip("<>") if value.startswith("<") else ""
    return StatInterval(
        stamp_s=float(found["stamp"]),
        package=int(found["package"]),
        event=found["event"],
        count=None if fault else int(value),
        running_s=int(found["running"]) / 1e9,
        fault=fault,
        modifier=found["modifier"] or "",
    )
