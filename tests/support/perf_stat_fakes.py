"""Simulate `perf stat`: as a program on the PATH in real time, and as lines of output under a simulated clock."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from mutegreen.meters.perf.stat_meter import PerfStatMeter
from mutegreen.testing.simulated import FakeClock, Schedule
from support.perf_fakes import CONFIGS, JOULES, FakeUnit

PROGRAM = Path(__file__).parent / "fake_perf/perf"


class FakeLines:
    """Output of `perf stat`: a line for each event and socket of known watts.

    A second reading at the same moment waits for an interval, as in real time.
    """

    def __init__(self, clock: FakeClock, watts: dict[tuple[str, int], Schedule]) -> None:
        self.clock, self.watts = clock, watts
        self.values: dict[tuple[str, int], str] = {}
        self.running: dict[tuple[str, int], float] = {}
        self.extra: list[str] = []
        self.closed = self.ended = self.silent = False
        self.waited_s = 0.0
        self.words: list[str] = []

    def start(self, words: Sequence[str]) -> FakeLines:
        self.words = list(words)
        self.began_s = self.last_s = self.clock()
        return self

    def lines(self, timeout_s: float) -> list[str]:
        if self.ended:
            raise EOFError("the fake has run out of power")
        if self.silent:
            self.clock.advance(timeout_s)
            return []
        if self.clock() <= self.last_s:
            self.clock.advance(0.25)
            self.waited_s += 0.25
        begin_s, end_s, self.last_s = self.last_s - self.began_s, self.clock() - self.began_s, self.clock()
        return [self._line(key, begin_s, end_s) for key in self.watts] + self.extra

    def _line(self, key: tuple[str, int], begin_s: float, end_s: float) -> str:
        event, package = key
        counts = [round(self.watts[key].integral(0.0, t_s) / JOULES) for t_s in (begin_s, end_s)]
        value = self.values.get(key, str(counts[1] - counts[0]))
        running_ns = round((end_s - begin_s) * 1e9 * self.running.get(key, 1.0))
        return f"{end_s:16.9f},S{package},1,{value},,{event},{running_ns},100.00,,"

    def close(self) -> None:
        self.closed = True


class LinesMachine:
    """Return a machine whose energy events only `perf stat` may count, under a simulated clock."""

    def __init__(self, root: Path, watts: dict[tuple[str, int], Schedule]) -> None:
        self.clock = FakeClock()
        self.unit = FakeUnit(root, {package: [package * 8] for _, package in watts}, tuple(CONFIGS))
        self.perf = FakeLines(self.clock, watts)
        self.meter = PerfStatMeter(root=root, clock=self.clock, start=self.perf.start)


class PathMachine:
    """Return a machine with the fake program first on the PATH; it follows a plan in real time."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, **plan: object) -> None:
        self.folder = folder / "bin"
        self.folder.mkdir()
        (self.folder / "perf").symlink_to(PROGRAM)
        (self.folder / "plan.json").write_text(json.dumps({"watts": {}} | plan))
        monkeypatch.setenv("PATH", f"{self.folder}:{os.environ['PATH']}")
        self.unit = FakeUnit(folder, {0: [0]}, tuple(CONFIGS))
        self.meter = PerfStatMeter(root=folder)

    def began(self) -> dict[str, object]:
        began: dict[str, object] = json.loads((self.folder / "began").read_text())
        return began
