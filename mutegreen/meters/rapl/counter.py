"""One energy counter of Linux's powercap class, and its joules with wraps undone."""

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
"""No package, and no package's memory, takes more power than this, watts: twice the 500 W that AMD (EPYC 9965) and
Intel (Xeon 6980P) specify for their largest. A zone's own file is believed only where it says more: it holds the
specified power, which processors exceed (55 W beside a limit of 162 W in issue 14 of powercap/raplcap)."""

UPDATE_S = 0.1
"""Longest time between two updates of a counter, seconds. RAPL's are 1 ms apart (Intel SDM, volume 3B, section
"Platform Specific Power Management Support"); the rest is for a reading that was held up."""

SHORTEST_GAP_S = 1.0
"""Readings at most this far apart are never called a gap, seconds: ten periods of the recorder. The smallest real
range (65 kJ) takes a minute to pass."""

RETRIES_S = (0.0, 0.001, 0.002)
"""Pauses before each attempt at one reading, seconds."""


@dataclass(frozen=True)
class Step:
    """What happened to a counter since its previous reading.

    Args:
        flags: What a reader of the figures must know.
        unknown: Why its joules since then are not known; None where they are.
        failed: Why it could not be read; None where it could.
    """

    flags: frozenset[Flag] = frozenset()
    unknown: str | None = None
    failed: str | None = None


class RaplCounter:
    """A counter of microjoules that goes back to 0 after its range.

    It is read from a file that is kept open, so that a measurement goes on when the file is closed to others; the
    file is opened anew when another one takes its place (a module loaded again).

    Args:
        folder: The zone's folder.
        sleep: Waits for that many seconds.

    Attributes:
        still_s: For how long it had not moved at the last reading, seconds.

    Raises:
        OSError: A file is missing or cannot be read.
        ValueError: A file holds no such number, or the range is 0.
    """

    def __init__(self, folder: Path, sleep: Callable[[float], None] = time.sleep) -> None:
        self._path = folder / ENERGY_FILE
        self._sleep = sleep
        self._fd: int | None = None
        self.range_uj = _number(folder / RANGE_FILE)
        if self.range_uj <= 0:
            raise ValueError(f"{folder / RANGE_FILE} says {self.range_uj}, so a wrap could not be undone")
        self._highest_w = max(MAX_PACKAGE_W, _rated_w(folder))
        self._longest_gap_s = max(self.range_uj / 1e6 / self._highest_w, SHORTEST_GAP_S)
        try:
            self.start(0.0)
        except BaseException:
            self.close()
            raise

    def start(self, now_s: float) -> None:
        """Count from 0 J, from now on.

        Args:
            now_s: Seconds on a clock that also counts the time in which the machine is suspended.

        Raises:
            OSError, ValueError: As for `value_uj`.
        """
        self._last_uj = self.value_uj()
        self._read_s = self._moved_s = now_s
        self._total_uj = 0
        self.still_s = 0.0

    @property
    def energy_j(self) -> float:
        """Joules since `start`, without those that are not known."""
        return self._total_uj / 1e6

    def read(self, now_s: float) -> Step:
        """Take the next reading; after an error the next one also has the joules of the meantime.

        Raises:
            OSError, ValueError: As for `value_uj`.
        """
        value_uj = self.value_uj()
        delta_uj = (value_uj - self._last_uj) % self.range_uj
        step = self._judge(value_uj, delta_uj, now_s)
        if step.unknown is None:
            self._total_uj += delta_uj
        if value_uj != self._last_uj:
            self._moved_s = now_s
        self._last_uj, self._read_s, self.still_s = value_uj, now_s, now_s - self._moved_s
        return step

    def value_uj(self) -> int:
        """The counter itself, microjoules.

        Raises:
            OSError: The file cannot be read.
            ValueError: It holds no number of its range.
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
        """Let go of the file. It is opened again when the counter is read."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _attempt(self) -> int:
        text = os.pread(self._current_fd(), 128, 0)
        try:
            value_uj = int(text)
        except ValueError:
            raise ValueError(f"{self._path} holds {text!r}, not a number") from None
        if not 0 <= value_uj <= self.range_uj:
            raise ValueError(f"{self._path} holds {value_uj}, beyond its range of {self.range_uj}")
        return value_uj

    def _current_fd(self) -> int:
        """The open file, if it still is the one of that name."""
        if self._fd is not None and not os.path.samestat(os.fstat(self._fd), os.stat(self._path)):
            self.close()
        if self._fd is None:
            self._fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        return self._fd

    def _judge(self, value_uj: int, delta_uj: int, now_s: float) -> Step:
        gap_s, moving_s = now_s - self._read_s, now_s - self._moved_s
        if gap_s > self._longest_gap_s:
            why = f"it was not read for {units.duration(gap_s)}, in which it may have wrapped more than once"
            return Step(frozenset({Flag.SAMPLER_GAP}), why)
        if delta_uj / 1e6 > self._highest_w * (moving_s + UPDATE_S):
            jump = f"from {self._last_uj / 1e6:.6g} J to {value_uj / 1e6:.6g} J within {moving_s:.2g} s"
            return Step(frozenset({Flag.COUNTER_RESET}), f"the counter went {jump}, as after a reset")
        return Step(frozenset({Flag.COUNTER_WRAPPED}) if value_uj < self._last_uj else frozenset())


def _number(file: Path) -> int:
    text = file.read_text(errors="replace").strip()
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{file} holds {text!r}, not a number") from None


def _rated_w(folder: Path) -> float:
    """The power that the zone's file gives, watts; 0 where it gives none, as on AMD."""
    try:
        return _number(folder / POWER_FILE) / 1e6
    except (OSError, ValueError):
        return 0.0
