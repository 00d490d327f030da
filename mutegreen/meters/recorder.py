"""Measures windows of time with all meters at once: a thread samples, and both edges of a window are read exactly.

Windows may nest and overlap. Each reading of a meter counts for every window that is open:

    sampler      |    |    |    |    |    |    |    |    |      every `period_s`, in a thread
    audit     [--|----|----|----|----|----|----|----|----|---]
    trial 1      [----|----|--]                                 `begin` and `end` read the meters themselves:
    trial 2         [-|----|----|----|-]                        an edge needs no interpolation
    idle                                      [-|----|-]
              ----------------------------------------------> time

    energy of a window = reading at its end - reading at its beginning, for each domain

Guarantees:
    - The energy of a window does not depend on the other windows.
    - No fault of a meter reaches the caller: whatever a meter raises or returns, `begin` and `end` return, and the
      domain has a reason instead of an energy.
    - A value that is not known is None, never 0 J: lost devices, failed readings, energy that a counter lost.
    - Memory is bounded: a domain has at most `track.MAX_POINTS` points in each window.

Relies on:
    - One lock (`_lock`): it makes a reading of all meters and its entry into the windows one step. Meters are never
      read by two threads at a time. A driver that hangs therefore blocks `begin` and `end`, too.
    - `time.monotonic` for the times of windows, and a clock that also counts time asleep for gaps.
    - `Meter.read` being cumulative: a sample that is late or missing loses detail of the timeline, not energy.

Example:
    ```python
    with Recorder(select_meters().meters) as recorder:
        recorder.begin("trial 1")
        train()
        measurement = recorder.end("trial 1")
    print(measurement.total_j("cpu"))
    ```
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Self

from mutegreen.clock import Clock, boot_time_s
from mutegreen.errors import MeterLost
from mutegreen.meters.base import Meter, Reading
from mutegreen.meters.track import EnergyPoint, Track
from mutegreen.model import DomainEnergy, Flag, Measurement, Quality, Unavailable

PERIOD_S = 0.1
"""Time between two samples, seconds."""

GAP_PERIODS = 10
"""A window is flagged if two of its samples are further apart than this many periods."""

SHORT_RESOLUTIONS = 10
"""A window shorter than this many resolutions of its meter is flagged as short. Each edge may be off by one resolution,
so a longer window is off by at most a tenth on either side."""

JOIN_TIMEOUT_S = 5.0
"""How long closing waits for a sample that has begun, seconds. A driver may hang for ever on a device that died."""

_WHOLE = object()


@dataclass
class _SampledMeter:
    meter: Meter
    read_s: float
    """When it was last read successfully, on the clock that also counts time asleep."""
    every: int = 1
    """The sampler reads it once in this many turns."""


@dataclass(frozen=True)
class _OpenWindow:
    begun_s: float
    tracks: dict[str, Track]
    missing: dict[str, str]


class Recorder:
    """Measures the energy of any number of windows, which may nest and overlap.

    Entering it as a context starts the sampler; leaving it stops the sampler and closes the meters. The module's
    docstring says what it guarantees.

    Args:
        meters: Opened meters, each domain in one of them only. The recorder closes them.
        unavailable: What cannot be read; it is part of every measurement.
        period_s: Time between two samples, seconds. A meter with a shorter `period_s` is read more often.
        clock: The clock of the windows and of the meters, seconds.
        boot_clock: A clock that also counts the time while the machine is suspended, seconds.
        sleep: Waits for a number of seconds.

    Raises:
        ValueError: Two meters read the same domain.
    """

    def __init__(
        self,
        meters: Iterable[Meter],
        unavailable: Iterable[Unavailable] = (),
        *,
        period_s: float = PERIOD_S,
        clock: Clock = time.monotonic,
        boot_clock: Clock = boot_time_s,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock, self._boot_clock, self._sleep = clock, boot_clock, sleep
        self._period_s = period_s
        self._unavailable = tuple(unavailable)
        self._sources = [_SampledMeter(meter, boot_clock()) for meter in meters]
        self._turn_s = min([period_s, *(source.meter.period_s for source in self._sources)])
        for source in self._sources:
            source.every = round(min(period_s, source.meter.period_s) / self._turn_s)
        self._meters = _by_domain(source.meter for source in self._sources)
        self._latest: dict[str, EnergyPoint] = {}
        self._failed: dict[str, str] = {}
        self._lost: dict[str, str] = {}
        self._idle_w: dict[str, float] = {}
        self._windows: dict[Hashable, _OpenWindow] = {}
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.begin(_WHOLE)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name="mutegreen-sampler", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def domains(self) -> tuple[str, ...]:
        """All domains, also those that have been lost."""
        return tuple(self._meters)

    @property
    def unavailable(self) -> tuple[Unavailable, ...]:
        """What could not be read when the recorder was made."""
        return self._unavailable

    def begin(self, key: Hashable) -> None:
        """Begin a window.

        Raises:
            KeyError: A window of this key is open.
        """
        with self._lock:
            if key in self._windows:
                raise KeyError(f"window {key!r} is already open")
            self._read_all()
            missing = self._failed | self._lost
            tracks = {domain: Track(self._latest[domain]) for domain in self._meters if domain not in missing}
            self._windows[key] = _OpenWindow(self._clock(), tracks, missing)

    def end(self, key: Hashable) -> Measurement:
        """End a window and return the energy of every domain since `begin`.

        Raises:
            KeyError: No window of this key is open.
        """
        with self._lock:
            window = self._window(key)
            duration_s = self._clock() - window.begun_s
            self._read_all()
            del self._windows[key]
            energies = tuple(self._energy(domain, window, duration_s) for domain in self._meters)
            return Measurement(duration_s, energies, self._unavailable)

    def sample(self) -> None:
        """Read all meters once, as the sampler does in every period."""
        with self._lock:
            self._read_all()

    def timeline(self, domain: str, key: Hashable = _WHOLE) -> list[tuple[float, float]]:
        """Return the mean power in steps over an open window, or since the recorder was made.

        Returns:
            (end of the step in seconds since the window began, watts), at most 4096 steps. The sum of power times
            length of the steps is the window's energy at the last sample. Empty for a domain that could not be read
            when the window began.

        Raises:
            KeyError: There is no such domain, or no such window is open.
        """
        with self._lock:
            if domain not in self._meters:
                raise KeyError(f"no meter reads {domain!r}")
            track = self._window(key).tracks.get(domain)
            return track.timeline() if track else []

    def energy_so_far(self, key: Hashable = _WHOLE) -> dict[str, float]:
        """Return the joules of an open window at the last sample, without the domains whose energy is not known.

        Raises:
            KeyError: No window of this key is open.
        """
        with self._lock:
            tracks = self._window(key).tracks
            known = {domain: track for domain, track in tracks.items() if not (domain in self._lost or track.unknown)}
            return {domain: track.energy_j for domain, track in known.items()}

    def mean_power(self, duration_s: float) -> dict[str, float]:
        """Wait for `duration_s` seconds and return the mean power of each domain in that time, watts.

        Domains that could not be read are missing. If the machine was idle, pass the result to `set_idle`.
        """
        key = object()
        self.begin(key)
        try:
            self._sleep(duration_s)
        finally:
            measured = self.end(key)
        return {
            energy.domain: energy.energy_j / energy.duration_s
            for energy in measured.domains
            if energy.energy_j is not None and energy.duration_s > 0
        }

    def set_idle(self, idle_w: Mapping[str, float]) -> None:
        """Set the idle power of the domains, watts, for measurements that end from now on."""
        with self._lock:
            self._idle_w = dict(idle_w)

    def close(self) -> None:
        """Stop the sampler and close the meters. A second call does nothing.

        If the sampler hangs in a driver, the meters stay open: closing them might hang, too.
        """
        self._stop.set()
        if self._thread is not None:
            self._thread.join(JOIN_TIMEOUT_S)
            if self._thread.is_alive():
                return
        with self._lock:
            for source in self._sources:
                with suppress(Exception):
                    source.meter.close()

    def _run(self) -> None:
        for turn in count(1):
            if self._stop.wait(self._turn_s):
                return
            with self._lock:
                self._read_all(turn)

    def _window(self, key: Hashable) -> _OpenWindow:
        if key not in self._windows:
            raise KeyError(f"no window {key!r} is open")
        return self._windows[key]

    def _read_all(self, turn: int = 0) -> None:
        for source in self._sources:
            if turn % source.every:
                continue
            alive = [domain for domain in source.meter.domains if domain not in self._lost]
            if alive:
                self._read(source, alive)

    def _read(self, source: _SampledMeter, alive: list[str]) -> None:
        try:
            reading = source.meter.read()
        except MeterLost as error:
            self._lost.update(dict.fromkeys(alive, error.message))
        except Exception as error:  # noqa: BLE001
            # A driver may raise anything, and none of it may reach the training that is measured.
            self._failed.update(dict.fromkeys(alive, f"{source.meter.name} failed: {error!r}"))
        else:
            gap = self._gap(source)
            for domain in alive:
                self._add(domain, reading, gap)

    def _gap(self, source: _SampledMeter) -> frozenset[Flag]:
        before, source.read_s = source.read_s, self._boot_clock()
        late = source.read_s - before > GAP_PERIODS * self._period_s
        return frozenset({Flag.SAMPLER_GAP}) if late else frozenset()

    def _add(self, domain: str, reading: Reading, gap: frozenset[Flag]) -> None:
        if domain in reading.failed:
            self._failed[domain] = reading.failed[domain]
            return
        self._failed.pop(domain, None)
        fault = reading.lost.get(domain) or self._fault(domain, reading)
        if fault:
            self._lost[domain] = fault
            return
        point = self._latest[domain] = EnergyPoint(reading.t_s, reading.energy_j[domain])
        flags = reading.flags.get(domain, frozenset()) | gap
        for window in self._windows.values():
            if domain in window.tracks:
                window.tracks[domain].add(point, flags, reading.unknown.get(domain))

    def _fault(self, domain: str, reading: Reading) -> str | None:
        """Return why a value is invalid: a domain whose meter violates its contract counts as lost."""
        energy_j = reading.energy_j.get(domain)
        if energy_j is None or not math.isfinite(energy_j):
            return f"the meter gave {energy_j} for its energy"
        before = self._latest.get(domain)
        if before and energy_j < before.energy_j:
            return f"its energy went back from {before.energy_j} J to {energy_j} J"
        return None

    def _energy(self, domain: str, window: _OpenWindow, duration_s: float) -> DomainEnergy:
        meter = self._meters[domain]
        reason = window.missing.get(domain) or self._lost.get(domain) or self._failed.get(domain)
        track = window.tracks.get(domain)
        energy_j = None
        flags = set(track.flags) if track else set()
        if track is None or reason:
            flags.add(Flag.DEVICE_LOST)
        elif track.unknown:
            reason = track.unknown
        else:
            energy_j, duration_s = track.energy_j, track.duration_s
        if duration_s < SHORT_RESOLUTIONS * meter.resolution_s:
            flags.add(Flag.SHORT_WINDOW)
        return DomainEnergy(
            domain=domain,
            meter=meter.name,
            quality=_quality(meter.quality[domain], flags),
            energy_j=energy_j,
            duration_s=duration_s,
            idle_w=self._idle_w.get(domain),
            flags=frozenset(flags),
            reason=reason,
        )


def _quality(usual: Quality, flags: Collection[Flag]) -> Quality:
    """Return the quality of a value. After a counter's reset, integrated power replaces what the counter lost."""
    replaced = [Quality.INTEGRATED] if Flag.COUNTER_RESET in flags else []
    return Quality.worst([usual, *replaced]) or usual


def _by_domain(meters: Iterable[Meter]) -> dict[str, Meter]:
    by_domain: dict[str, Meter] = {}
    for meter in meters:
        for domain in meter.domains:
            if domain in by_domain:
                raise ValueError(f"{domain} is read by both {by_domain[domain].name} and {meter.name}")
            by_domain[domain] = meter
    return by_domain
