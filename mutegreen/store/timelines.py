"""Packs power over time for the store, in single precision and compressed."""

from __future__ import annotations

import sys
import zlib
from array import array

from mutegreen.model import Timeline


def pack(timeline: Timeline) -> bytes:
    """Pack a timeline: all times, then all powers, as little-endian single-precision numbers, compressed by zlib.

    A time of hours keeps a resolution of a millisecond, a power seven digits.
    """
    columns = array("f", [time_s for time_s, _ in timeline] + [power_w for _, power_w in timeline])
    if sys.byteorder == "big":
        columns.byteswap()
    return zlib.compress(columns.tobytes())


def unpack(data: bytes) -> Timeline:
    """Return the timeline that `pack` has packed."""
    columns = array("f")
    columns.frombytes(zlib.decompress(data))
    if sys.byteorder == "big":
        columns.byteswap()
    half = len(columns) // 2
    return tuple(zip(columns[:half], columns[half:], strict=True))
