"""Reads one energy counter of Linux's powercap class and undoes its wrap-around.

The counter c_k goes back to 0 after its range R (`energy_uj` and `max_energy_range_uj`, in joules here). Between two
readings k - 1 and k, at the times t_{k-1} and t_k, seconds, the energy is

    d_k = (c_k - c_{k-1}) mod R,        E_k = E_{k-1} + d_k,    E_0 = 0

That is right if the zone took less than R in between. With P_max, the highest power that the zone can have, watts
(`MAX_PACKAGE_W`, or its own file if that has more), two conditions are checked:

    t_k - t_{k-1}  <=  R / P_max, at least 1 s           else it may have wrapped around more than once
    d_k            <=  P_max (t_k - t_moved + UPDATE_S)  else it was reset, which looks like a wrap-around

t_moved is the last time at which the counter was seen to change. If a condition fails, d_k is not added, and the
joules of that time are unknown.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mutegreen import units
from mutegreen.model import Flag

ENERGY_FILE = "energy_uj"
RANGE_FILE = "max_energy_range_uj"
POWER_FILE = "constraint_0_max_power_uw"

MAX_PACKAGE_W = 1000.0
"""The highest power of a package or of its memory, watts: twice the 500 W that AMD (EPYC 9965) and Intel (Xeon 6980P)
specify for their largest. A zone's own file is used only if it has a higher value: it has the specified power, which
processors exceed (the file has 55 W, the power limit is 162 W, in issue 14 of powercap/raplcap)."""

UPDATE_S = 0.1
"""Longest time between two updates of a counter, seconds. RAPL updates every 1 ms (Intel SDM, volume 3B, section
"Platform Specific Power Management Support"); the rest allows for a delayed reading."""

SHORTEST_GAP_S = 1.0
"""Readings at most this far apart, seconds, are never a gap: ten periods of the recorder. The smallest real range
(65 kJ) takes a minute to pass."""

RETRIES_S = (0.0, 0.001, 0.002)
"""Pauses before each attempt at one reading, seconds."""


@dataclass(frozen=True)
class Step:
    """What happened to a counter since its previous reading.

    Args:
        flags: What a reader of its values must know.
        unknown: Why its joules since then are not known; None if they are.
        failed: Why it could not be read; None if it could.
    """

    flags: frozenset[Flag] = frozenset()
    unknown: str | None = None
    failed: str | None = None


class RaplCounter:
    """A counter of microjoules that goes back to 0 after its range.

    Its file stays open, so a measurement continues when the permission to open it is withdrawn. The file is opened
    again if another one has replaced it, because a kernel module was loaded again.

    Args:
        folder: The zone's folder.
        sleep: Waits for a number of seconds.

    Attributes:
        range_uj: The counter's range, microjoules.
        still_s: How long the counter had not changed at the last reading, seconds.

    Raises:
        OSError: A file is missing or cannot be read.
        ValueError: A file has no number, or the range is 0.
    """

    def __init__(self, folder: Path, sleep: Callable[[float], None] = time.sleep) -> None:
        self._path = folder / ENERGY_FILE
        self._sleep = sleep
        self._fd: int | None = None
        self.range_uj = _number(folder / RANGE_FILE)
        if self.range_uj <= 0:
            raise ValueError(f"{folder / RANGE_FILE} is {self.range_uj}, so a wrap-around cannot be undone")
        self._highest_w = max(MAX_PACKAGE_W, _rated_w(folder))
        self._longest_gap_s = max(self.range_uj / 1e6 / self._highest_w, SHORTEST_GAP_S)
        try:
            self.start(0.0)
        except BaseException:
            self.close()
            raise

    def start(self, now_s: float) -> None:
        """Start to count at 0 J.

        Args:
            now_s: The time, seconds, on a clock that also counts while the machine is suspended.

        Raises:
            OSError, ValueError: As for `value_uj`.
        """
        self._last_uj = self.value_uj()
        self._read_s = self._moved_s = now_s
        self._total_uj = 0
        self.still_s = 0.0

    @property
    def energy_j(self) -> float:
        """Joules since `start`, without the unknown ones."""
        return self._total_uj / 1e6

    def read(self, now_s: float) -> Step:
        """Read the counter. A reading after an error includes the joules of the time between.

        Raises:
            OSError, ValueError: As for `value_uj`.
        """
        value_uj = self.value_uj()
        delta_uj = (value_uj - self._last_uj) % self.range_uj
        step = self._check(value_uj, delta_uj, now_s)
        if step.unknown is None:
            self._total_uj += delta_uj
        if value_uj != self._last_uj:
            self._moved_s = now_s
        self._last_uj, self._read_s, self.still_s = value_uj, now_s, now_s - self._moved_s
        return step

    def value_uj(self) -> int:
        """Read the counter itself, microjoules.

        Raises:
            OSError: The file cannot be read.
            ValueError: It has no number within the range.
        """
        for pause_s in RETRIES_S:
            if pause_s:
                self._sleep(pause_s)
            try:
                return self._attempt()
            except (OSError, ValueError) as caught:
                self.close()
                error = caught
        raise error

    def close(self) -> None:
        """Close the file. The next reading opens it again."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _attempt(self) -> int:
        text = os.pread(self._current_fd(), 128, 0)
        try:
            value_uj = int(text)
        except ValueError:
            raise ValueError(f"{self._path} has {text!r}, not a number") from None
        if not 0 <= value_uj <= self.range_uj:
            raise ValueError(f"{self._path} has {value_uj}, beyond its range of {self.range_uj}")
        return value_uj

    def _current_fd(self) -> int:
        """Return the descriptor of the file, opened again if another file has its name now."""
        if self._fd is not None and not os.path.samestat(os.fstat(self._fd), os.stat(self._path)):
            self.close()
        if self._fd is None:
            self._fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        return self._fd

    def _check(self, value_uj: int, delta_uj: int, now_s: float) -> Step:
        gap_s, moving_s = now_s - self._read_s, now_s - self._moved_s
        if gap_s > self._longest_gap_s:
            reason = f"it was not read for {units.duration(gap_s)} and may have wrapped around more than once"
            return Step(frozenset({Flag.SAMPLER_GAP}), reason)
        if delta_uj / 1e6 > self._highest_w * (moving_s + UPDATE_S):
            step = f"from {self._last_uj / 1e6:.6g} J to {value_uj / 1e6:.6g} J in {units.duration(moving_s)}"
            return Step(frozenset({Flag.COUNTER_RESET}), f"the counter went {step}, as after a reset")
        return Step(frozenset({Flag.COUNTER_WRAPPED}) if value_uj < self._last_uj else frozenset())


def _number(file: Path) -> int:
    text = file.read_text(errors="replace").strip()
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{file} has {text!r}, not a number") from None


def _rated_w(folder: Path) -> float:
    """Return the power in the zone's file, watts; 0 if it has none, as on AMD."""
    try:
        return _number(folder / POWER_FILE) / 1e6
    except (OSError, ValueError):
        return 0.0
