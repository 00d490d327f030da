"""Simulate devices of known power and clients of known use, for the tests of the ledger."""

from __future__ import annotations

from collections.abc import Mapping

from mutegreen.attribution.ledger import Ledger, LedgerSpan
from mutegreen.attribution.processes import Processes, ProcessTree
from mutegreen.attribution.usage import BusyTime, Memory, Usage, UsageReading
from mutegreen.meters.recorder import Recorder
from mutegreen.testing.simulated import FakeClock, Schedule
from support.meter_fakes import SimulatedMeter

IDLE_W = {"gpu:a": 40.0, "gpu:b": 30.0, "cpu:package-0": 10.0}


class KnownProcesses(Processes):
    """Known processes of clients, each with a constant CPU load."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.clock = clock
        self.pids: dict[str, set[int]] = {}
        self.load: dict[str, float] = {}
        self.cpu_s: dict[str, float] = {}
        self.read_s = clock()

    def attach(self, client: str, pid: int) -> None:
        self.pids.setdefault(client, set()).add(pid)

    def forget(self, client: str) -> None:
        self.pids.pop(client, None)

    def owner(self, pid: int) -> str | None:
        return next((client for client, pids in self.pids.items() if pid in pids), None)

    def scan(self, now_s: float) -> dict[str, ProcessTree]:
        passed_s, self.read_s = self.clock() - self.read_s, self.clock()
        for client in self.pids:
            self.cpu_s[client] = self.cpu_s.get(client, 0.0) + self.load.get(client, 0.0) * passed_s
        return {
            client: ProcessTree(frozenset(pids), self.cpu_s[client], len(pids) * 2**20)
            for client, pids in self.pids.items()
        }


class KnownUsage(Usage):
    """Constant use of any resource; reading it may fail."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(KnownProcesses(clock))
        self.clock = clock
        self.loads: dict[str, Mapping[str, float]] = {}
        self.failure: Exception | None = None
        self.before_s = clock()

    def read(self, now_s: float) -> UsageReading:
        if self.failure:
            raise self.failure
        before_s, self.before_s = self.before_s, now_s
        busy = [
            BusyTime(client, resource, before_s, now_s, load * (now_s - before_s))
            for client, loads in self.loads.items()
            for resource, load in loads.items()
        ]
        memory = {client: Memory(100, {"gpu:a": 10}) for client in self.loads}
        return UsageReading(tuple(busy), dict.fromkeys(self.loads, 1.0), memory)


class LedgerWorld:
    """Devices of constant power with a ledger."""

    def __init__(self, idle_w: dict[str, float] | None = None, **watts: Schedule | float) -> None:
        self.clock = FakeClock()
        powers = {name.replace("gpu_", "gpu:").replace("_package", ":package-0"): w for name, w in watts.items()}
        schedules = {d: w if isinstance(w, Schedule) else Schedule((0.0, w)) for d, w in powers.items()}
        self.meter = SimulatedMeter(self.clock, schedules)
        self.meter.open()
        self.recorder = Recorder([self.meter], clock=self.clock, boot_clock=self.clock)
        self.usage = KnownUsage(self.clock)
        self.idle_w = IDLE_W if idle_w is None else idle_w
        self.ledger = Ledger(self.recorder, self.usage, lambda: self.idle_w, clock=self.clock)

    def go_on(self, seconds: float) -> None:
        """Advance the clock by seconds, with a tick in each."""
        while seconds > 1e-12:
            step_s = min(1.0, seconds)
            self.clock.advance(step_s)
            seconds -= step_s
            if step_s == 1.0:
                self.ledger.tick()

    def only_span(self) -> LedgerSpan:
        (span,) = self.ledger.spans()
        return span
