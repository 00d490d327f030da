"""A meter that replays a recorded trace, for tests, for demonstrations and for work without the hardware."""

from __future__ import annotations

import csv
import math
import time
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from typing_extensions import override

from mutegreen import units
from mutegreen.clock import Clock
from mutegreen.errors import MeterUnavailable, UsageError
from mutegreen.meters.base import Meter, Reading
from mutegreen.model import Quality, is_domain

TIME_COLUMN = "time_s"

DEFAULT_QUALITY = Quality.ESTIMATED
"""The quality of a trace that does not state one: nothing counts as measured that may not have been."""

HINT = "a trace has the header time_s,cpu:package-0,... and rows of seconds and cumulative joules"

_Row = tuple[int, list[str]]


class ReplayMeter(Meter):
    """Replays a trace from `open` on, in real time, with linear interpolation between its rows.

    The file is CSV: a header `time_s,<domain>,<domain>...`, then rows of seconds and of cumulative joules that
    never decrease. Lines that begin with `#` are comments, except that `# quality=counter` above the header states how
    the values were obtained (`counter`, `integrated`, `attributed` or `estimated`, the default). The trace is not
    extrapolated: after its last row all domains are lost.

    Args:
        file: The trace.
        clock: The clock of the readings.
    """

    name = "replay"

    def __init__(self, file: Path, *, clock: Clock = time.monotonic) -> None:
        self._file = file
        self._clock = clock
        self._trace: _EnergyTrace | None = None

    @override
    @classmethod
    def from_options(cls, options: str) -> ReplayMeter:
        """Return the meter that replays a file, not open.

        Args:
            options: The path of the file.

        Raises:
            UsageError: The path is empty.
        """
        if not options:
            raise UsageError("replay: no file is given", "name one: --meter replay:trace.csv")
        return cls(Path(options).expanduser())

    @override
    def open(self) -> None:
        """Read and check the whole trace, and start it.

        Raises:
            MeterUnavailable: The file cannot be read, or is not a trace; the text names the line.
        """
        trace = _load(self._file)
        self.domains = tuple(trace.energy_j)
        self.quality = dict.fromkeys(self.domains, trace.quality)
        self.resolution_s = max(after - before for before, after in pairwise(trace.time_s))
        self._trace = trace
        self._opened_s = self._clock()

    @override
    def read(self) -> Reading:
        """Return the energies of the trace at this moment; after its end every domain is lost."""
        if self._trace is None:
            raise RuntimeError("the meter is not open")
        now_s = self._clock()
        elapsed_s = now_s - self._opened_s
        if elapsed_s > self._trace.duration_s:
            reason = f"the trace {self._file} ends after {units.duration(self._trace.duration_s)}"
            return Reading(now_s, {}, lost=dict.fromkeys(self.domains, reason))
        return Reading(now_s, {domain: self._trace.at(domain, elapsed_s) for domain in self.domains})

    @override
    def close(self) -> None:
        self._trace = None


@dataclass(frozen=True)
class _EnergyTrace:
    time_s: array[float]
    energy_j: dict[str, array[float]]
    quality: Quality

    @property
    def duration_s(self) -> float:
        return self.time_s[-1] - self.time_s[0]

    def at(self, domain: str, elapsed_s: float) -> float:
        """Return the joules since the first row, t seconds after the trace began.

        Between the rows (t0, E0) and (t1, E1) the energy is E0 + (E1 - E0) (t - t0) / (t1 - t0).
        """
        moment_s = self.time_s[0] + elapsed_s
        after = min(bisect_right(self.time_s, moment_s), len(self.time_s) - 1)
        energy_j, (t0, t1) = self.energy_j[domain], self.time_s[after - 1 : after + 1]
        fraction = min(1.0, (moment_s - t0) / (t1 - t0))
        # Rounding must not lift it above the later row: the next reading would then decrease.
        between_j = energy_j[after - 1] + fraction * (energy_j[after] - energy_j[after - 1])
        return min(between_j, energy_j[after]) - energy_j[0]


def _load(file: Path) -> _EnergyTrace:
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            return _parse(file, stream)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise MeterUnavailable(f"replay: {file} cannot be read: {reason}", HINT) from error


def _parse(file: Path, lines: Iterable[str]) -> _EnergyTrace:
    comments: list[tuple[int, str]] = []
    rows = _rows(lines, comments)
    line, header = next(rows, (1, []))
    domains = _domains(file, line, header)
    quality = _quality(file, comments)
    columns = [array("d") for _ in header]
    for line, row in rows:
        for column, value in zip(columns, _numbers(file, line, row, columns), strict=True):
            column.append(value)
    if len(columns[0]) < 2:
        raise _fault(file, line, "a trace needs at least two rows")
    return _EnergyTrace(columns[0], dict(zip(domains, columns[1:], strict=True)), quality)


def _rows(lines: Iterable[str], comments: list[tuple[int, str]]) -> Iterator[_Row]:
    """Yield the rows with their line numbers, and collect the comments in a list."""
    for number, line in enumerate(lines, start=1):
        if line.startswith("#"):
            comments.append((number, line))
        elif line.strip():
            yield number, next(csv.reader([line]))


def _domains(file: Path, line: int, header: list[str]) -> list[str]:
    names = [name.strip() for name in header]
    if len(names) < 2 or names[0] != TIME_COLUMN:
        raise _fault(file, line, f"the header must be {TIME_COLUMN} and at least one domain")
    for index, name in enumerate(names[1:], start=1):
        if not is_domain(name):
            raise _fault(file, line, f"{name!r} is not a domain")
        if name in names[1:index]:
            raise _fault(file, line, f"{name} is in the header twice")
    return names[1:]


def _quality(file: Path, comments: list[tuple[int, str]]) -> Quality:
    """Return the quality that the comments above the header state."""
    for line, comment in comments:
        key, _, value = comment.lstrip("#").partition("=")
        if key.strip() == "quality":
            try:
                return Quality(value.strip())
            except ValueError:
                valid = ", ".join(Quality)
                raise _fault(file, line, f"{value.strip()!r} is not a quality ({valid})") from None
    return DEFAULT_QUALITY


def _numbers(file: Path, line: int, row: list[str], columns: list[array[float]]) -> list[float]:
    """Return the numbers of a row, after a comparison with the previous row."""
    if len(row) != len(columns):
        raise _fault(file, line, f"it has {len(row)} columns instead of {len(columns)}")
    values = [_number(file, line, text) for text in row]
    for index, (value, column) in enumerate(zip(values, columns, strict=True)):
        if column and (value < column[-1] or (index == 0 and value == column[-1])):
            what = "time does not increase" if index == 0 else f"energy in column {index + 1} decreases"
            raise _fault(file, line, f"{what}: {value:g} after {column[-1]:g}")
    return values


def _number(file: Path, line: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _fault(file, line, f"{text.strip()!r} is not a number")
    return value


def _fault(file: Path, line: int, what: str) -> MeterUnavailable:
    return MeterUnavailable(f"replay: {file}, line {line}: {what}", HINT)
