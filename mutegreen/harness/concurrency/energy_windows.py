"""What a training weighs: its window of the meters, alone, among equals, or beside a background."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from mutegreen.meters.recorder import Recorder
from mutegreen.model import Beside, Company, Measurement, Timeline

if TYPE_CHECKING:
    from mutegreen.attribution.ledger import Ledger, Share
    from mutegreen.harness.concurrency.background_load import Background


@dataclass(frozen=True)
class Weighed:
    """The figures of one window.

    Attributes:
        measurement: Energy, of the whole devices or of a share of them.
        timelines: Power by domain; empty where the power measured is not the training's alone.
        company: Who shared the machine on purpose.
        known_cpu_s: CPU seconds of all trainings of the audit in the window; None: of the training alone, as the
            system tells at its end.
        peak_bytes: Most memory that its processes held at a time, by `host` and GPU domain, as far as seen.
    """

    measurement: Measurement
    timelines: dict[str, Timeline] = field(default_factory=dict)
    company: Company | None = None
    known_cpu_s: float | None = None
    peak_bytes: dict[str, int] = field(default_factory=dict)


class Weighing(Protocol):
    """One window, from just before the start of a training to the moment of its end."""

    def open(self) -> None:
        """Begins the window; the training is not started yet."""

    def adopt(self, pid: int) -> None:
        """Names the training's first process, as soon as it runs."""

    def close(self, cpu_s: float | None = None) -> Weighed:
        """Ends the window; later calls return what the first one found.

        Args:
            cpu_s: CPU time of the training's first process and of those that it waited for, seconds, if it has ended.
        """


class Scale(Protocol):
    """Makes the weighings of an audit."""

    def weighing(self, name: str, domains: frozenset[str] | None) -> Weighing:
        """The weighing of a training of that name, which uses these domains (None: all)."""


@dataclass(frozen=True)
class Alone:
    """The scale of a training that has the machine to itself: the energy of the whole devices is its own."""

    recorder: Recorder

    def weighing(self, name: str, domains: frozenset[str] | None = None) -> Weighing:
        """As the interface says."""
        return _Window(self.recorder, name)


@dataclass(frozen=True)
class AmongEquals:
    """The scale of trainings that run at the same time: each is given its share."""

    recorder: Recorder
    ledger: Ledger

    def weighing(self, name: str, domains: frozenset[str] | None = None) -> Weighing:
        """As the interface says."""
        return _Part(self.recorder, self.ledger, name, domains)


@dataclass(frozen=True)
class BesideBackground:
    """The scale of a training beside backgrounds: the whole devices, its own share, and what the backgrounds did."""

    recorder: Recorder
    ledger: Ledger
    backgrounds: Sequence[Background]

    def weighing(self, name: str, domains: frozenset[str] | None = None) -> Weighing:
        """As the interface says."""
        return _Whole(self, name, domains)


class _Window:
    def __init__(self, recorder: Recorder, name: str) -> None:
        self._recorder = recorder
        self._name = name
        self._weighed: Weighed | None = None

    def open(self) -> None:
        self._recorder.begin(self._name)

    def adopt(self, pid: int) -> None:
        pass

    def close(self, cpu_s: float | None = None) -> Weighed:
        if self._weighed is None:
            self._recorder.sample()
            timelines = {d: tuple(self._recorder.timeline(d, self._name)) for d in self._recorder.domains}
            self._weighed = Weighed(self._recorder.end(self._name), timelines)
        return self._weighed


class _Part:
    def __init__(self, recorder: Recorder, ledger: Ledger, name: str, domains: frozenset[str] | None) -> None:
        self._unavailable = recorder.unavailable
        self._ledger = ledger
        self._name = name
        self._domains = domains
        self._known_s = 0.0
        self._weighed: Weighed | None = None

    def open(self) -> None:
        self._known_s = self._ledger.cpu_s()
        self._ledger.enter(self._name, self._domains)

    def adopt(self, pid: int) -> None:
        self._ledger.adopt(self._name, pid)

    def close(self, cpu_s: float | None = None) -> Weighed:
        if self._weighed is None:
            share = self._ledger.leave(self._name, cpu_s)
            self._weighed = Weighed(
                Measurement(share.duration_s, share.domains, self._unavailable),
                company=Company(_beside(share), by_use=share.by_use) if share.overlap_s else None,
                known_cpu_s=self._ledger.cpu_s() - self._known_s,
                peak_bytes=_peaks(share),
            )
        return self._weighed


class _Whole:
    def __init__(self, scale: BesideBackground, name: str, domains: frozenset[str] | None) -> None:
        self._scale = scale
        self._window = _Window(scale.recorder, name)
        self._part = _Part(scale.recorder, scale.ledger, name, domains)
        self._weighed: Weighed | None = None

    def open(self) -> None:
        self._part.open()
        for background in self._scale.backgrounds:
            background.begin()
        self._window.open()

    def adopt(self, pid: int) -> None:
        self._part.adopt(pid)

    def close(self, cpu_s: float | None = None) -> Weighed:
        if self._weighed is None:
            whole, part = self._window.close(), self._part.close(cpu_s)
            company = part.company or Company()
            self._weighed = Weighed(
                whole.measurement,
                whole.timelines,
                Company(
                    company.beside,
                    shares=part.measurement.domains,
                    backgrounds=tuple(background.end() for background in self._scale.backgrounds),
                    by_use=company.by_use,
                ),
                part.known_cpu_s,
                part.peak_bytes,
            )
        return self._weighed


def _beside(share: Share) -> tuple[Beside, ...]:
    return tuple(Beside(_told(name), overlap_s) for name, overlap_s in share.overlap_s.items())


def _told(party: str) -> str:
    """What people call a party: trials are known to the ledger by their numbers."""
    return f"trial {int(party)}" if party.isdigit() else party


def _peaks(share: Share) -> dict[str, int]:
    host = {} if share.peak_host_bytes is None else {"host": share.peak_host_bytes}
    return {**host, **share.peak_gpu_bytes}
