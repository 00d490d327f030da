"""Who ran when, and which part of the devices' energy was whose: cut at every coming and going, and once a second."""

from __future__ import annotations

import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from mutegreen.attribution.account import Account, Share
from mutegreen.attribution.joules import Joules
from mutegreen.attribution.pending import LATE_S, Pending
from mutegreen.attribution.sharing import Interval, left_over, share_out
from mutegreen.attribution.usage import Memory, Reading, Usage
from mutegreen.clock import Clock, now
from mutegreen.meters.recorder import Recorder
from mutegreen.model import Measurement

__all__ = ["Ledger", "LedgerSpan", "Share"]

PERIOD_S = 1.0
"""Time between two cuts where nobody comes or goes, seconds."""

JOIN_TIMEOUT_S = 5.0
"""How long closing waits for a cut under way."""


@dataclass(frozen=True)
class LedgerSpan:
    """An unbroken time with at least one party.

    Attributes:
        started_at: Wall-clock time, ISO 8601 in UTC.
        measurement: Of the whole devices, exact.
        attributed_j: Sum of the shares of all parties, joules by domain.
        nobody_j: Joules of a domain while none of the parties took part in it (its GPU stood idle, others went on).
            `attributed_j` and `nobody_j` add up to the measurement.
    """

    started_at: str
    measurement: Measurement
    attributed_j: dict[str, float]
    nobody_j: dict[str, float]


class Ledger:
    """Books the energy of shared devices on parties that come and go. Entering it as a context starts its ticker.

    All methods may be called from any thread. What goes wrong in reading who uses what is in `notes`, and makes the
    joules of that time be divided evenly; it never reaches the caller.

    Args:
        recorder: The meters, sampling.
        usage: Tells who uses what. The ledger closes it.
        idle_w: Gives the idle power of the domains, watts, as far as it is known.
        period_s: Time between two cuts where nobody comes or goes, seconds.
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
        self._pending = Pending()
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
            for party in list(self._accounts):
                self.leave(party)
            with suppress(Exception):
                self._usage.close()

    def enter(self, party: str, domains: frozenset[str] | None = None) -> None:
        """Have a party begin, just before its process is started.

        Args:
            party: Its name.
            domains: The domains that it takes part in (all but the GPUs that are hidden from it); None: all.

        Raises:
            KeyError: It has begun already.
        """
        with self._lock:
            if party in self._accounts:
                raise KeyError(f"party {party!r} has begun already")
            if self._accounts:
                self._cut()
            else:
                self._begin_span()
            account = Account(domains)
            self._recorder.begin(account.key)
            self._accounts[party] = account

    def adopt(self, party: str, pid: int) -> None:
        """Say which process is the root of a party's session. One that has ended already does no harm.

        A party that is started again has several roots, one after the other.

        Raises:
            KeyError: There is no such party now.
        """
        with self._lock:
            self._account(party)
            self._usage.adopt(party, pid)

    def leave(self, party: str, cpu_s: float | None = None) -> Share:
        """Have a party end, the moment its main process ended and before its rest is cleared.

        Args:
            party: Its name.
            cpu_s: CPU time of its main process and of the descendants that it waited for, as `wait4` told it at the
                end; what they did since the last cut is then known too.

        Raises:
            KeyError: There is no such party now.
        """
        with self._lock:
            account = self._account(party)
            self._usage.finish(party, cpu_s)
            if len(self._accounts) == 1:
                self._end_span()
            else:
                self._cut()
                self._settle(math.inf)
            whole = self._recorder.end(account.key)
            del self._accounts[party]
            self._usage.forget(party)
            self._left_cpu_s += account.cpu_s or 0.0
            return account.share(whole)

    def tick(self) -> None:
        """Cut now, as the ticker does in each period."""
        with self._lock:
            if self._accounts:
                self._cut()
                self._settle(self._clock() - LATE_S)

    def spans(self) -> tuple[LedgerSpan, ...]:
        """The spans that are over, in their order."""
        with self._lock:
            return tuple(self._spans)

    def usage_now(self) -> dict[str, Memory]:
        """Memory in use by each party, as of the last cut; a party of which nothing was seen yet is missing."""
        with self._lock:
            seen = {party: account.memory for party, account in self._accounts.items()}
            return {party: memory for party, memory in seen.items() if memory is not None}

    def free_gpu_bytes(self) -> dict[str, int]:
        """Memory that nothing uses now, of each GPU where it is known."""
        with self._lock:
            return self._usage.free_gpu_bytes()

    def cpu_s(self, party: str | None = None) -> float:
        """CPU seconds of a party since it began, or of all parties there ever were, as far as they were seen.

        Raises:
            KeyError: There is no such party now.
        """
        with self._lock:
            if self._accounts:
                self._cut()
            if party is not None:
                return self._account(party).cpu_s or 0.0
            return self._left_cpu_s + math.fsum(account.cpu_s or 0.0 for account in self._accounts.values())

    def notes(self) -> tuple[str, ...]:
        """What of the use could not be read, each in one sentence."""
        with self._lock:
            return (*self._usage.notes(), *self._faults)

    def _run(self) -> None:
        while not self._stop.wait(self._period_s):
            self.tick()

    def _account(self, party: str) -> Account:
        if party not in self._accounts:
            raise KeyError(f"there is no party {party!r} now")
        return self._accounts[party]

    def _begin_span(self) -> None:
        self._read_use(self._clock())
        self._joules.begin()
        self._begun_s = self._clock()
        self._started_at = now()
        self._attributed_j, self._nobody_j = defaultdict[str, float](float), defaultdict[str, float](float)

    def _cut(self) -> None:
        self._add(self._clock(), self._joules.cut())

    def _end_span(self) -> None:
        now_s = self._clock()
        measurement, energy_j = self._joules.end()
        self._add(now_s, energy_j)
        self._settle(math.inf)
        span = LedgerSpan(self._started_at, measurement, dict(self._attributed_j), dict(self._nobody_j))
        self._spans.append(span)

    def _add(self, now_s: float, energy_j: Mapping[str, float | None]) -> None:
        """End an interval now, and take what was learnt of the use."""
        parties = {party: account.domains for party, account in self._accounts.items()}
        duration_s = max(0.0, now_s - self._begun_s)
        self._begun_s = now_s
        self._pending.add(now_s, Interval(duration_s, energy_j, dict(self._idle_w()), parties))
        self._pending.book(self._read_use(now_s).busy)

    def _read_use(self, now_s: float) -> Reading:
        try:
            reading = self._usage.read(now_s)
        except Exception as error:
            # A driver may raise anything, and none of it may reach the trainings.
            self._faults[f"Who uses what could not be read: {error!r}."] = None
            return Reading()
        for party, memory in reading.memory.items():
            if party in self._accounts:
                self._accounts[party].see(reading.cpu_s.get(party), memory)
        return reading

    def _settle(self, until_s: float) -> None:
        """Divide what is pending up to a moment."""
        for interval in self._pending.take(until_s):
            for party, parts in share_out(interval).items():
                account = self._accounts[party]
                account.add(parts)
                account.meet([other for other in interval.parties if other != party], interval.duration_s)
                for domain, part in parts.items():
                    self._attributed_j[domain] += part.energy_j
            for domain, energy_j in left_over(interval).items():
                self._nobody_j[domain] += energy_j
