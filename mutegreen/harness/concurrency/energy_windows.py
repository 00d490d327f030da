"""Measure the energy of one training in a window: exclusive, concurrent (attributed share), or with background loads.

What each kind of window returns:

    window       energy of the trial       timelines of power     ledger
    ----------   -----------------------   --------------------   ----------
    exclusive    whole devices             whole devices          not used
    concurrent   the trial's share         none (*)               divides it
    background   whole devices, and the    whole devices          divides it
                 share besides

(*) The measured power is that of all concurrent trials.

The windows are made by `ExclusiveWindows`, `ConcurrentWindows` and `BackgroundWindows`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from typing_extensions import override

from mutegreen.meters.recorder import Recorder
from mutegreen.model import Colocation, Measurement, Overlap, Timeline

if TYPE_CHECKING:
    from mutegreen.attribution.ledger import ClientShare, Ledger
    from mutegreen.harness.concurrency.background_load import BackgroundLoad


@dataclass(frozen=True)
class WindowResult:
    """The values measured in one window.

    Attributes:
        measurement: Energy of the whole devices, or the trial's share of it.
        timelines: Power by domain; empty where the measured power is not that of this training alone.
        colocation: The trainings that were co-located with this one; None: there were none.
        known_cpu_s: CPU seconds of all trainings of the audit in the window; None: only this training ran, and the
            system reports its CPU time at its end.
        peak_bytes: Largest observed memory of its processes together, by `host` and GPU domain.
    """

    measurement: Measurement
    timelines: dict[str, Timeline] = field(default_factory=dict)
    colocation: Colocation | None = None
    known_cpu_s: float | None = None
    peak_bytes: dict[str, int] = field(default_factory=dict)


class EnergyWindow(Protocol):
    """One window, from just before the start of a training to the moment of its end.

    **Order.** `open`, then `attach`, then `close`; `close` may also follow `open` if the training cannot be started.

    **Threads.** One window is used by one thread. Several windows may be open in several threads.
    """

    def open(self) -> None:
        """Begin the window; the training has not started yet."""

    def attach(self, pid: int) -> None:
        """Name the training's first process, as soon as it runs."""

    def close(self, cpu_s: float | None = None) -> WindowResult:
        """End the window. Later calls return the result of the first one.

        Args:
            cpu_s: CPU time of the training's first process and of the children that it waited for, seconds; None: the
                process has not ended.
        """


class WindowFactory(Protocol):
    """Makes the energy windows of an audit."""

    def window(self, name: str, domains: frozenset[str] | None) -> EnergyWindow:
        """Return the window of a training.

        Args:
            name: Name of the training.
            domains: The domains that it uses; None: all.
        """


@dataclass(frozen=True)
class ExclusiveWindows:
    """Windows of exclusive trainings: the energy of the whole devices is the training's."""

    recorder: Recorder

    def window(self, name: str, domains: frozenset[str] | None = None) -> EnergyWindow:
        """Return a window of the whole devices, whatever domains the training uses."""
        return _ExclusiveWindow(self.recorder, name)


@dataclass(frozen=True)
class ConcurrentWindows:
    """Windows of concurrent trainings: each is attributed its share."""

    recorder: Recorder
    ledger: Ledger

    def window(self, name: str, domains: frozenset[str] | None = None) -> EnergyWindow:
        """Return a window of the training's share of the domains that it uses."""
        return _ConcurrentWindow(self.recorder, self.ledger, name, domains)


@dataclass(frozen=True)
class BackgroundWindows:
    """Windows of trainings with background loads: the whole devices, the training's share, and the loads' progress."""

    recorder: Recorder
    ledger: Ledger
    backgrounds: Sequence[BackgroundLoad]

    def window(self, name: str, domains: frozenset[str] | None = None) -> EnergyWindow:
        """Return a window of the whole devices that also records the training's share."""
        return _BackgroundWindow(self, name, domains)


class _ExclusiveWindow(EnergyWindow):
    def __init__(self, recorder: Recorder, name: str) -> None:
        self._recorder = recorder
        self._name = name
        self._result: WindowResult | None = None

    @override
    def open(self) -> None:
        self._recorder.begin(self._name)

    @override
    def attach(self, pid: int) -> None:
        pass

    @override
    def close(self, cpu_s: float | None = None) -> WindowResult:
        if self._result is None:
            self._recorder.sample()
            timelines = {d: tuple(self._recorder.timeline(d, self._name)) for d in self._recorder.domains}
            self._result = WindowResult(self._recorder.end(self._name), timelines)
        return self._result


class _ConcurrentWindow(EnergyWindow):
    def __init__(self, recorder: Recorder, ledger: Ledger, name: str, domains: frozenset[str] | None) -> None:
        self._unavailable = recorder.unavailable
        self._ledger = ledger
        self._name = name
        self._domains = domains
        self._known_s = 0.0
        self._result: WindowResult | None = None

    @override
    def open(self) -> None:
        self._known_s = self._ledger.cpu_s()
        self._ledger.enter(self._name, self._domains)

    @override
    def attach(self, pid: int) -> None:
        self._ledger.attach(self._name, pid)

    @override
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


class _BackgroundWindow(EnergyWindow):
    def __init__(self, windows: BackgroundWindows, name: str, domains: frozenset[str] | None) -> None:
        self._backgrounds = windows.backgrounds
        self._whole = _ExclusiveWindow(windows.recorder, name)
        self._share = _ConcurrentWindow(windows.recorder, windows.ledger, name, domains)
        self._result: WindowResult | None = None

    @override
    def open(self) -> None:
        self._share.open()
        for background in self._backgrounds:
            background.begin_window()
        self._whole.open()

    @override
    def attach(self, pid: int) -> None:
        self._share.attach(pid)

    @override
    def close(self, cpu_s: float | None = None) -> WindowResult:
        if self._result is None:
            whole, share = self._whole.close(), self._share.close(cpu_s)
            colocation = share.colocation or Colocation()
            self._result = WindowResult(
                whole.measurement,
                whole.timelines,
                Colocation(
                    colocation.overlaps,
                    shares=share.measurement.domains,
                    backgrounds=tuple(background.end_window() for background in self._backgrounds),
                    by_use=colocation.by_use,
                ),
                share.known_cpu_s,
                share.peak_bytes,
            )
        return self._result


def _overlaps(share: ClientShare) -> tuple[Overlap, ...]:
    return tuple(Overlap(_display_name(name), overlap_s) for name, overlap_s in share.overlap_s.items())


def _display_name(client: str) -> str:
    """Return the name of a client for people: the ledger knows trials by their numbers."""
    return f"trial {int(client)}" if client.isdigit() else client


def _peaks(share: ClientShare) -> dict[str, int]:
    host = {} if share.peak_host_bytes is None else {"host": share.peak_host_bytes}
    return {**host, **share.peak_gpu_bytes}
