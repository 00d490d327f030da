"""Parses a line of `perf stat -x, -I MS --per-socket`; a line of any other form is an error."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINE = re.compile(
    r"\s*(?P<stamp>\d+\.\d{9}),S(?P<package>\d+),\d+,(?P<value>\d+|<not supported>|<not counted>),,"
    r"(?P<event>[\w-]+)(?::(?P<modifier>\w+))?,(?P<running>\d+),\d+\.\d\d(?:,.*)?"
)
"""Time stamp, socket, number of counters in the sum, count, unit (empty for a bare count), event, nanoseconds counted,
percentage of the time in which it was counted, and columns of metrics. In a locale with decimal commas the line does
not match: the time stamp already lacks its point."""


@dataclass(frozen=True)
class StatInterval:
    """The count of an event on a socket in one interval.

    Args:
        stamp_s: The end of the interval, seconds since `perf` began.
        package: The socket's number.
        event: The event's name.
        count: The count, in the event's own unit; None if there is a `fault`.
        running_s: Sum of the times that its counters ran in the interval, seconds.
        fault: `not supported` or `not counted`; empty if there is a count.
        modifier: The restriction that `perf` put on the event; `u`, for example, means that the kernel is not counted.
    """

    stamp_s: float
    package: int
    event: str
    count: int | None
    running_s: float
    fault: str = ""
    modifier: str = ""


def parse(line: str) -> StatInterval | None:
    """Return the interval of a line; None for an empty line or a comment.

    Raises:
        ValueError: The line has another form.
    """
    if not line.strip() or line.startswith("#"):
        return None
    match = _LINE.fullmatch(line)
    if not match:
        raise ValueError(f"perf printed {line.strip()[:100]!r}, which is not a line of `perf stat -x,` in the locale C")
    value = match["value"]
    fault = value.strip("<>") if value.startswith("<") else ""
    return StatInterval(
        stamp_s=float(match["stamp"]),
        package=int(match["package"]),
        event=match["event"],
        count=None if fault else int(value),
        running_s=int(match["running"]) / 1e9,
        fault=fault,
        modifier=match["modifier"] or "",
    )
