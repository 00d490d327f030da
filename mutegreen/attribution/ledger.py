"""Attribute energy to clients that enter and leave: split it at every enter and leave, and once a second.

Two clients, from left to right in time:

    client a    |-----------------------------|
    client b                  |------------------------|
    span        |======================================|   exact energy
    cuts        |       |     | |       |     | |      |   enter, leave, each s
    intervals   |   a   |  a  |a|  a b  | a b |b|  b   |   the same clients

Each interval has the joules of the devices, the clients, and (later, as drivers report late) their use. It stays in
`PendingIntervals` for `LATE_S`. Then `sharing.share_out` divides it, and each share is added to the account of its
client.
"""

from __future__ import annotations

import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from mutegreen.attribution.account import Account, ClientShare
from mutegreen.attribution.joules import Joules
from mutegreen.attribution.pending_intervals import LATE_S, PendingIntervals
from mutegreen.attribution.sharing import SharedInterval, share_out, unattributed
from mutegreen.attribution.usage import Memory, Usage, UsageReading
from mutegreen.clock import Clock, now
from mutegreen.meters.recorder import Recorder
from mutegreen.model import Measurement

__all__ = ["ClientShare", "Ledger", "LedgerSpan"]

PERIOD_S = 1.0
"""Time between two cuts without an enter or a leave, seconds."""

JOIN_TIMEOUT_S = 5.0
"""How long closing waits for a cut in progress, seconds."""


@dataclass(frozen=True)
class LedgerSpan:
    """A period without a gap in which at least one client was present.

    Attributes:
        started_at: Wall-clock time, ISO 8601 in UTC.
        measurement: Energy of the whole devices, exact.
        attributed_j: Sum of the shares of all clients, joules by domain.
        unattributed_j: Joules of a domain while no client used it (its GPU was idle, other clients ran).
            `attributed_j` and `unattributed_j` add up to the measurement.
    """

    started_at: str
    measurement: Measurement
    attributed_j: dict[str, float]
    unattributed_j: dict[str, float]


# Guarantees:
#   - Shares add up: for each span and domain, `attributed_j` plus `unattributed_j` is the measured energy, but for
#     rounding and for intervals whose energy the meter did not give.
#   - All methods may be called from any thread. Each holds one re-entrant lock for its whole length, so a cut, the list
#     of clients and the reading of the use belong to the same moment.
#   - An error in reading the use at a cut never reaches a caller. It becomes a note, and the active energy of that time
#     is divided evenly. Exception: errors of the recorder, of `idle_w`, and of `usage` when it attaches or finishes a
#     process or reads the free memory reach the caller. In the ticker such an error ends the cuts of each second.
#   - Closing ends every client, in the thread that closes. If a cut hangs for `JOIN_TIMEOUT_S` (a driver that does not
#     return), closing returns without it: the thread is a daemon and does not keep the program alive.
# Relies on:
#   - The order of locks is the ledger's, then the recorder's. The recorder never calls the ledger.
#   - Only this object uses `usage`, so `usage` needs no lock.
#   - The clock is that of the recorder, and never goes back.
class Ledger:
    """Attributes the energy of shared devices to clients that enter and leave. Its context runs the ticker.

    Args:
        recorder: The meters, sampling.
        usage: Reads which client uses what. The ledger closes it.
        idle_w: Returns the known idle power of the domains, watts.
        period_s: Time between two cuts without an enter or a leave, seconds.
        clock: The clock of the recorder.
    """

    def __init__(
        self,
        recorder: Recorder,
        usage: Usage,
        idle_w: Callable[[], Mapping[str, float]],
        *,
        period_s: float = PERIOD_S,
        clock: Clock = time.monotonic,
    ) -> None:
        self._recorder, self._usage, self._idle_w = recorder, usage, idle_w
        self._period_s, self._clock = period_s, clock
        self._joules = Joules(recorder)
        self._pending = PendingIntervals()
        self._accounts: dict[str, Account] = {}
        self._spans: list[LedgerSpan] = []
        self._left_cpu_s = 0.0
        self._faults: dict[str, None] = {}
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name="mutegreen-ledger", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(JOIN_TIMEOUT_S)
            if self._thread.is_alive():
                return
        with self._lock:
            for client in list(self._accounts):
                self.leave(client)
            with suppress(Exception):
                self._usage.close()

    def enter(self, client: str, domains: frozenset[str] | None = None) -> None:
        """Add a client, just before its process is started.

        Args:
            client: Its name.
            domains: The domains that it uses (all but the GPUs that are hidden from it); None: all.

        Raises:
            KeyError: The client is already present.
        """
        with self._lock:
            if client in self._accounts:
                raise KeyError(f"client {client!r} is already present")
            if self._accounts:
                self._cut()
            else:
                self._begin_span()
            account = Account(domains)
            self._recorder.begin(account.key)
            self._accounts[client] = account

    def attach(self, client: str, pid: int) -> None:
        """Attach a process to a client, as the root of its session. It may have ended already.

        A client whose program is started again has several roots, one after the other.

        Raises:
            KeyError: The client is not present.
        """
        with self._lock:
            self._account(client)
            self._usage.attach(client, pid)

    def leave(self, client: str, cpu_s: float | None = None) -> ClientShare:
        """Remove a client, the moment its first process has ended and before its other processes are ended.

        Args:
            client: Its name.
            cpu_s: CPU time of its first process and of the descendants that it waited for, from `wait4`, seconds. It
                covers the time since the last cut. None: the process has not ended.

        Returns:
            Its share.

        Raises:
            KeyError: The client is not present.
        """
        with self._lock:
            account = self._account(client)
            self._usage.finish(client, cpu_s)
            if len(self._accounts) == 1:
                self._end_span()
            else:
                self._cut()
                self._settle(math.inf)
            whole = self._recorder.end(account.key)
            del self._accounts[client]
            self._usage.forget(client)
            self._left_cpu_s += account.cpu_s or 0.0
            return account.share(whole)

    def tick(self) -> None:
        """Cut now, as the ticker does in each period."""
        with self._lock:
            if self._accounts:
                self._cut()
                self._settle(self._clock() - LATE_S)

    def spans(self) -> tuple[LedgerSpan, ...]:
        """Return the spans that have ended, in their order."""
        with self._lock:
            return tuple(self._spans)

    def usage_now(self) -> dict[str, Memory]:
        """Return the memory of each client at the last cut; clients that were not observed yet are missing."""
        with self._lock:
            memories = {client: account.memory for client, account in self._accounts.items()}
            return {client: memory for client, memory in memories.items() if memory is not None}

    def free_gpu_bytes(self) -> dict[str, int]:
        """Return the free memory of each GPU where it is known, in bytes."""
        with self._lock:
            return self._usage.free_gpu_bytes()

    def cpu_s(self, client: str | None = None) -> float:
        """Return the observed CPU seconds of a client since it entered; without a client, of all clients so far.

        Raises:
            KeyError: The client is not present.
        """
        with self._lock:
            if self._accounts:
                self._cut()
            if client is not None:
                return self._account(client).cpu_s or 0.0
            return self._left_cpu_s + math.fsum(account.cpu_s or 0.0 for account in self._accounts.values())

    def notes(self) -> tuple[str, ...]:
        """Return which use could not be read, in one sentence each."""
        with self._lock:
            return (*self._usage.notes(), *self._faults)

    def _run(self) -> None:
        while not self._stop.wait(self._period_s):
            self.tick()

    def _account(self, client: str) -> Account:
        if client not in self._accounts:
            raise KeyError(f"client {client!r} is not present")
        return self._accounts[client]

    def _begin_span(self) -> None:
        self._read_use(self._clock())
        self._joules.begin()
        self._begun_s = self._clock()
        self._started_at = now()
        self._attributed_j, self._unattributed_j = defaultdict[str, float](float), defaultdict[str, float](float)

    def _cut(self) -> None:
        self._add(self._clock(), self._joules.cut())

    def _end_span(self) -> None:
        now_s = self._clock()
        measurement, energy_j = self._joules.end()
        self._add(now_s, energy_j)
        self._settle(math.inf)
        span = LedgerSpan(self._started_at, measurement, dict(self._attributed_j), dict(self._unattributed_j))
        self._spans.append(span)

    def _add(self, now_s: float, energy_j: Mapping[str, float | None]) -> None:
        """End an interval now, and read the use."""
        clients = {client: account.domains for client, account in self._accounts.items()}
        duration_s = max(0.0, now_s - self._begun_s)
        self._begun_s = now_s
        self._pending.add(now_s, SharedInterval(duration_s, energy_j, dict(self._idle_w()), clients))
        self._pending.book(self._read_use(now_s).busy)

    def _read_use(self, now_s: float) -> UsageReading:
        try:
            reading = self._usage.read(now_s)
        except Exception as error:  # noqa: BLE001
            # A driver may raise anything, and an error here must not end a training.
            self._faults[f"The use of the devices could not be read: {error!r}."] = None
            return UsageReading()
        for client, memory in reading.memory.items():
            if client in self._accounts:
                self._accounts[client].observe(reading.cpu_s.get(client), memory)
        return reading

    def _settle(self, until_s: float) -> None:
        """Divide the pending intervals that ended up to a moment."""
        for interval in self._pending.take(until_s):
            for client, shares in share_out(interval).items():
                account = self._accounts[client]
                account.add(shares)
                account.add_overlap([other for other in interval.clients if other != client], interval.duration_s)
                for domain, share in shares.items():
                    self._attributed_j[domain] += share.energy_j
            for domain, energy_j in unattributed(interval).items():
                self._unattributed_j[domain] += energy_j
