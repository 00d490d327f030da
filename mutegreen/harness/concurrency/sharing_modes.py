"""How the trials of an audit share the machine: not at all, with backgrounds, or with each other."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from mutegreen.attribution.ledger import Ledger
from mutegreen.attribution.usage import Usage
from mutegreen.harness.concurrency import energy_windows
from mutegreen.harness.concurrency.admission import HOST, Admission
from mutegreen.harness.concurrency.background_load import BackgroundLoad
from mutegreen.harness.concurrency.executor import ConcurrentExecutor, Executor, SequentialExecutor
from mutegreen.harness.concurrency.slots import Slot, slots
from mutegreen.meters.estimate.cpu_time import available_bytes
from mutegreen.meters.recorder import Recorder
from mutegreen.model import ORIGINAL, Span, is_gpu


class Mode(Protocol):
    """What an audit must know of how its trials share the machine."""

    @property
    def windows(self) -> energy_windows.WindowFactory:
        """Weighs each training."""

    @property
    def rests(self) -> bool:
        """Whether the machine comes to rest between trials."""

    def background_load(self) -> AbstractContextManager[None]:
        """What runs beside a trial, for as long as the context lasts."""

    def slot(self) -> Slot:
        """Where the preflight trains."""

    def record_peak(self, mutant: str, peak_bytes: Mapping[str, int]) -> None:
        """Takes note of the memory that a training needed at most."""

    def at_a_time(self) -> int:
        """How many trials run at the same time, once the preflight is known."""

    def executor(self) -> Executor:
        """What runs the trials, once the preflight is known."""

    def spans(self) -> tuple[Span, ...]:
        """The exact energy of the times in which trainings ran at the same time."""

    def notes(self) -> tuple[str, ...]:
        """What of the use of the devices could not be told, each in one sentence."""


class ExclusiveMode:
    """Each trial has the machine to itself."""

    rests = True

    def __init__(self, recorder: Recorder) -> None:
        self.windows: energy_windows.WindowFactory = energy_windows.ExclusiveWindows(recorder)

    def background_load(self) -> AbstractContextManager[None]:
        """Nothing."""
        return contextlib.nullcontext()

    def slot(self) -> Slot:
        """Anywhere."""
        return Slot()

    def record_peak(self, mutant: str, peak_bytes: Mapping[str, int]) -> None:
        """Memory is no concern: what fits once fits always."""

    def at_a_time(self) -> int:
        """One."""
        return 1

    def executor(self) -> Executor:
        """One by one."""
        return SequentialExecutor()

    def spans(self) -> tuple[Span, ...]:
        """None: each trial's own energy is exact."""
        return ()

    def notes(self) -> tuple[str, ...]:
        """Nothing had to be told."""
        return ()


class BackgroundMode(ExclusiveMode):
    """One trial at a time, and the backgrounds beside each."""

    def __init__(self, recorder: Recorder, ledger: Ledger, backgrounds: Sequence[BackgroundLoad]) -> None:
        self._backgrounds = tuple(backgrounds)
        self._ledger = ledger
        self.windows = energy_windows.BackgroundWindows(recorder, ledger, self._backgrounds)

    @contextlib.contextmanager
    def background_load(self) -> Iterator[None]:
        """All backgrounds, past their warm-up."""
        with contextlib.ExitStack() as stack:
            for background in self._backgrounds:
                stack.enter_context(background.running())
            yield

    def notes(self) -> tuple[str, ...]:
        """As the ledger found."""
        return self._ledger.notes()


class ConcurrentMode:
    """Several trials at a time on each device; as many as fit, where their number is 0."""

    rests = False

    def __init__(self, recorder: Recorder, ledger: Ledger, jobs: int) -> None:
        self.windows: energy_windows.WindowFactory = energy_windows.ConcurrentWindows(recorder, ledger)
        self._domains = recorder.domains
        self._ledger = ledger
        self._jobs = jobs
        self._admission = Admission(self._free_bytes)

    def background_load(self) -> AbstractContextManager[None]:
        """The other trials are company enough."""
        return contextlib.nullcontext()

    def slot(self) -> Slot:
        """The first place; how many there will be is found by this very training where that is asked for."""
        return slots(self._jobs or 1, self._domains)[0]

    def record_peak(self, mutant: str, peak_bytes: Mapping[str, int]) -> None:
        """As the interface says."""
        self._admission.record_peak(mutant, peak_bytes)

    def at_a_time(self) -> int:
        """The number of places."""
        return len(self._slots())

    def executor(self) -> Executor:
        """As many at a time as were asked for, or as fit."""
        return ConcurrentExecutor(self._slots(), self._admission, self._holds)

    def spans(self) -> tuple[Span, ...]:
        """From each time that something began to train until nothing did any more."""
        return tuple(
            Span(span.started_at, span.measurement, span.attributed_j, span.unattributed_j)
            for span in self._ledger.spans()
        )

    def notes(self) -> tuple[str, ...]:
        """As the ledger found."""
        return self._ledger.notes()

    def _slots(self) -> tuple[Slot, ...]:
        return slots(self._jobs or self._most(), self._domains)

    def _most(self) -> int:
        """What memory allows on each device, but no more than there are CPUs for."""
        gpus = [domain for domain in self._domains if is_gpu(domain)]
        cpus = max(1, len(os.sched_getaffinity(0)) // max(1, len(gpus)))
        fitting = self._admission.capacity(ORIGINAL, gpus)
        return max(1, min(cpus, cpus if fitting is None else fitting))

    def _free_bytes(self) -> dict[str, int]:
        return {HOST: available_bytes(), **self._ledger.free_gpu_bytes()}

    def _holds(self) -> dict[int, dict[str, int]]:
        now = self._ledger.usage_now()
        return {
            int(client): {**({} if m.host_bytes is None else {HOST: m.host_bytes}), **m.gpu_bytes}
            for client, m in now.items()
            if client.isdigit()
        }


@contextlib.contextmanager
def ledger(recorder: Recorder, idle_w: Callable[[], Mapping[str, float]]) -> Iterator[Ledger]:
    """A ledger of all domains, with its ticker running."""
    with Ledger(recorder, Usage.of(recorder.domains), idle_w) as opened:
        yield opened
