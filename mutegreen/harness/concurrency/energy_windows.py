"""What a training weighs: its window of the meters, alone, among equals, or beside a background."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from mutegreen.meters.recorder import Recorder
from mutegreen.model import Colocation, Measurement, Overlap, Timeline

if TYPE_CHECKING:
    from mutegreen.attribution.ledger import ClientShare, Ledger
    from mutegreen.harness.concurrency.background_load import BackgroundLoad


@dataclass(frozen=True)
class WindowResult:
    """The figures of one window.

    Attributes:
        measurement: Energy, of the whole devices or of a share of them.
        timelines: Power by domain; empty where the power measured is not the training's alone.
        colocation: Who shared the machine on purpose.
        known_cpu_s: CPU seconds of all trainings of the audit in the window; None: of the training alone, as the
            system tells at its end.
        peak_bytes: Most memory that its processes held at a time, by `host` and GPU domain, as far as seen.
    """

    measurement: Measurement
    timelines: dict[str, Timeline] = field(default_factory=dict)
    colocation: Colocation | None = None
    known_cpu_s: float | None = None
    peak_bytes: dict[str, int] = field(default_factory=dict)


class EnergyWindow(Protocol):
    """One window, from just before the start of a training to the moment of its end."""

    def open(self) -> None:
        """Begins the window; the training is not started yet."""

    def attach(self, pid: int) -> None:
        """Names the training's first process, as soon as it runs."""

    def close(self, cpu_s: float | None = None) -> WindowResult:
        """Ends the window; later calls return what the first one found.

        Args:
            cpu_s: CPU time of the training's first process and of those that it waited for, seconds, if it has ended.
        """


class WindowFactory(Protocol):
    """Makes the weighings of an audit."""

    def window(self, name: str, domains: frozenset[str] | None) -> EnergyWindow:
        """The window of a training of that name, which uses these domains (None: all)."""


@dataclass(frozen=True)
class ExclusiveWindows:
    """The scale of a training that has the machine to itself: the energy of the whole devices is its own."""

    recorder: Recorder

    def window(self, name: str, domains: frozenset[str] | None = None) -> EnergyWindow:
        """As the interface says."""
        return _ExclusiveWindow(self.recorder, name)


@dataclass(frozen=True)
class ConcurrentWindows:
    """The scale of trainings that run at the same time: each is given its share."""

    recorder: Recorder
    ledger: Ledger

    def window(self, name: str, domains: frozenset[str] | None = None) -> EnergyWindow:
        """As the interface says."""
        return _ConcurrentWindow(self.recorder, self.ledger, name, domains)


@dataclass(frozen=True)
class BackgroundWindows:
    """The scale of a training beside backgrounds: the whole devices, its own share, and what the backgrounds did."""

    recorder: Recorder
    ledger: Ledger
    backgrounds: Sequence[BackgroundLoad]

    def window(self, name: str, domains: frozenset[str] | None = None) -> EnergyWindow:
        """As the interface says."""
        return _BackgroundWindow(self, name, domains)


class _ExclusiveWindow:
    def __init__(self, recorder: Recorder, name: str) -> None:
        self._recorder = recorder
        self._name = name
        self._result: WindowResult | None = None

    def open(self) -> None:
        self._recorder.begin(self._name)

    def attach(self, pid: int) -> None:
        pass

    def close(self, cpu_s: float | None = None) -> WindowResult:
        if self._result is None:
            self._recorder.sample()
            timelines = {d: tuple(self._recorder.timeline(d, self._name)) for d in self._recorder.domains}
            self._result = WindowResult(self._recorder.end(self._name), timelines)
        return self._result


class _ConcurrentWindow:
    def __init__(self, recorder: Recorder, ledger: Ledger, name: str, domains: frozenset[str] | None) -> None:
        self._unavailable = recorder.unavailable
        self._ledger = ledger
        self._name = name
        self._domains = domains
        self._known_s = 0.0
        self._result: WindowResult | None = None

    def open(self) -> None:
        self._known_s = self._ledger.cpu_s()
        self._ledger.enter(self._name, self._domains)

    def attach(self, pid: int) -> None:
        self._ledger.attach(self._name, pid)

    def close(self, cpu_s: float | None = None) -> WindowResult:
        if self._result is None:
            share = self._ledger.leave(self._name, cpu_s)
            self._result = WindowResult(
                Measurement(share.duration_s, share.domains, self._unavailable),
                colocation=Colocation(_overlaps(share), by_use=share.by_use) if share.overlap_s else None,
                known_cpu_s=self._ledger.cpu_s() - self._known_s,
                peak_bytes=_peaks(share),
            )
        return self._result


class _BackgroundWindow:
    def __init__(self, windows: BackgroundWindows, name: str, domains: frozenset[str] | None) -> None:
        self._windows = windows
        self._window = _ExclusiveWindow(windows.recorder, name)
        self._part = _ConcurrentWindow(windows.recorder, windows.ledger, name, domains)
        self._result: WindowResult | None = None

    def open(self) -> None:
        self._part.open()
        for background in self._windows.backgrounds:
            background.begin()
        self._window.open()

    def attach(self, pid: int) -> None:
        self._part.attach(pid)

    def close(self, cpu_s: float | None = None) -> WindowResult:
        if self._result is None:
            whole, part = self._window.close(), self._part.close(cpu_s)
            colocation = part.colocation or Colocation()
            self._result = WindowResult(
                whole.measurement,
                whole.timelines,
                Colocation(
                    colocation.overlaps,
                    shares=part.measurement.domains,
                    backgrounds=tuple(background.end() for background in self._windows.backgrounds),
                    by_use=colocation.by_use,
                ),
                part.known_cpu_s,
                part.peak_bytes,
            )
        return self._result


def _overlaps(share: ClientShare) -> tuple[Overlap, ...]:
    return tuple(Overlap(_display_name(name), overlap_s) for name, overlap_s in share.overlap_s.items())


def _display_name(client: str) -> str:
    """What people call a client: trials are known to the ledger by their numbers."""
    return f"trial {int(client)}" if client.isdigit() else client


def _peaks(share: ClientShare) -> dict[str, int]:
    host = {} if share.peak_host_bytes is None else {"host": share.peak_host_bytes}
    return {**host, **share.peak_gpu_bytes}
