"""Power over time, small on disk: single precision, compressed."""

from __future__ import annotations

import sys
import zlib
from array import array

from mutegreen.model import Timeline


def pack(timeline: Timeline) -> bytes:
    """All times, then all powers, as little-endian single-precision numbers, compressed by zlib.

    A time of hours keeps a millisecond, a power seven digits.
    """
    columns = array("f", [time_s for time_s, _ in timeline] + [power_w for _, power_w in timeline])
    if sys.byteorder == "big":
        columns.byteswap()
    return zlib.compress(columns.tobytes())


def unpack(data: bytes) -> Timeline:
    """The timeline that `pack` pack."""
    columns = array("f")
    columns.frombytes(zlib.decompress(data))
    if sys.byteorder == "big":
        columns.byteswap()
    half = len(columns) // 2
    return tuple(zip(columns[:half], columns[half:], strict=True))
