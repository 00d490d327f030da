"""Parties whose use is known, for the tests of the ledger."""

from __future__ import annotations

from collections.abc import Mapping

from mutegreen.attribution.processes import Processes, Tree
from mutegreen.attribution.usage import Busy, Memory, Reading, Usage
from support.meter_fakes import FakeClock


class KnownProcesses(Processes):
    """Each party has the processes and the steady CPU load that it is told to have."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.clock = clock
        self.pids: dict[str, set[int]] = {}
        self.load: dict[str, float] = {}
        self.cpu_s: dict[str, float] = {}
        self.read_s = clock()

    def adopt(self, party: str, pid: int) -> None:
        self.pids.setdefault(party, set()).add(pid)

    def forget(self, party: str) -> None:
        self.pids.pop(party, None)

    def owner(self, pid: int) -> str | None:
        return next((party for party, pids in self.pids.items() if pid in pids), None)

    def scan(self, now_s: float) -> dict[str, Tree]:
        passed_s, self.read_s = self.clock() - self.read_s, self.clock()
        for party in self.pids:
            self.cpu_s[party] = self.cpu_s.get(party, 0.0) + self.load.get(party, 0.0) * passed_s
        return {party: Tree(frozenset(pids), self.cpu_s[party], len(pids) * 2**20) for party, pids in self.pids.items()}


class KnownUsage(Usage):
    """Steady use of any resource, as told, which may fail."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(KnownProcesses(clock))
        self.clock = clock
        self.loads: dict[str, Mapping[str, float]] = {}
        self.failure: Exception | None = None
        self.before_s = clock()

    def read(self, now_s: float) -> Reading:
        if self.failure:
            raise self.failure
        before_s, self.before_s = self.before_s, now_s
        busy = [
            Busy(party, resource, before_s, now_s, load * (now_s - before_s))
            for party, loads in self.loads.items()
            for resource, load in loads.items()
        ]
        memory = {party: Memory(100, {"gpu:a": 10}) for party in self.loads}
        return Reading(tuple(busy), dict.fromkeys(self.loads, 1.0), memory)
