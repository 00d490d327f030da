"""Define how the trials of an audit share the machine: exclusive, with background loads, or concurrent."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from typing_extensions import override

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
    """Everything that an audit must know about how its trials share the machine.

    **Order.** The preflight runs first, in `slot()`. Its memory goes to `record_peak`. Only then do `at_a_time` and
    `executor` hold, because the number of slots may depend on that memory.

    **Threads.** `background_load` and `record_peak` may be called from the thread of any trial; everything else from
    the thread that runs the audit.

    **Lifetime.** `spans` and `notes` are complete once the executor has returned.
    """

    @property
    def windows(self) -> energy_windows.WindowFactory:
        """Makes the energy window of each training."""

    def background_load(self) -> AbstractContextManager[None]:
        """Run the background loads of one trial while the context lasts.

        Raises:
            BackgroundError: One fails.
        """

    def slot(self) -> Slot:
        """Return the slot of the preflight."""

    def record_peak(self, mutant: str, peak_bytes: Mapping[str, int]) -> None:
        """Record the largest memory of a training, in bytes, by `host` and GPU domain."""

    def at_a_time(self) -> int:
        """Return how many trials run at the same time."""

    def executor(self) -> Executor:
        """Return what runs the trials."""

    def spans(self) -> tuple[Span, ...]:
        """Return the exact energy of the periods in which trials were concurrent."""

    def notes(self) -> tuple[str, ...]:
        """Return one warning for each kind of device use that could not be read."""


class ExclusiveMode(Mode):
    """Each trial is exclusive: it has the machine to itself."""

    def __init__(self, recorder: Recorder) -> None:
        self._windows: energy_windows.WindowFactory = energy_windows.ExclusiveWindows(recorder)

    @property
    @override
    def windows(self) -> energy_windows.WindowFactory:
        return self._windows

    @override
    def background_load(self) -> AbstractContextManager[None]:
        return contextlib.nullcontext()

    @override
    def slot(self) -> Slot:
        return Slot()

    @override
    def record_peak(self, mutant: str, peak_bytes: Mapping[str, int]) -> None:
        """Ignore the memory: trials run one at a time."""

    @override
    def at_a_time(self) -> int:
        return 1

    @override
    def executor(self) -> Executor:
        return SequentialExecutor()

    @override
    def spans(self) -> tuple[Span, ...]:
        """Return nothing: each trial's own energy is exact."""
        return ()

    @override
    def notes(self) -> tuple[str, ...]:
        return ()


class BackgroundMode(ExclusiveMode):
    """One trial at a time, each with the background loads."""

    def __init__(self, recorder: Recorder, ledger: Ledger, backgrounds: Sequence[BackgroundLoad]) -> None:
        self._backgrounds = tuple(backgrounds)
        self._ledger = ledger
        self._windows = energy_windows.BackgroundWindows(recorder, ledger, self._backgrounds)

    @contextlib.contextmanager
    @override
    def background_load(self) -> Iterator[None]:
        """Start all background loads, one after another, and wait for the warm-up of each."""
        with contextlib.ExitStack() as stack:
            for background in self._backgrounds:
                stack.enter_context(background.running())
            yield

    @override
    def notes(self) -> tuple[str, ...]:
        return self._ledger.notes()


class ConcurrentMode(Mode):
    """Several trials at a time on each device.

    Args:
        recorder: The meters.
        ledger: Attributes the energy.
        jobs: Trials at a time on each device; 0: as many as the memory allows.
    """

    def __init__(self, recorder: Recorder, ledger: Ledger, jobs: int) -> None:
        self._windows = energy_windows.ConcurrentWindows(recorder, ledger)
        self._domains = recorder.domains
        self._ledger = ledger
        self._jobs = jobs
        self._admission = Admission(self._free_bytes)

    @property
    @override
    def windows(self) -> energy_windows.WindowFactory:
        return self._windows

    @override
    def background_load(self) -> AbstractContextManager[None]:
        """Run no extra load: the trials are concurrent already."""
        return contextlib.nullcontext()

    @override
    def slot(self) -> Slot:
        """Return the first slot of those that are requested; with `--jobs 0` the preflight decides their number."""
        return slots(self._jobs or 1, self._domains)[0]

    @override
    def record_peak(self, mutant: str, peak_bytes: Mapping[str, int]) -> None:
        self._admission.record_peak(mutant, peak_bytes)

    @override
    def at_a_time(self) -> int:
        return len(self._slots())

    @override
    def executor(self) -> Executor:
        return ConcurrentExecutor(self._slots(), self._admission, self._held_bytes)

    @override
    def spans(self) -> tuple[Span, ...]:
        """Return one span for each period from the first start of a trial until none runs any more."""
        return tuple(
            Span(span.started_at, span.measurement, span.attributed_j, span.unattributed_j)
            for span in self._ledger.spans()
        )

    @override
    def notes(self) -> tuple[str, ...]:
        return self._ledger.notes()

    def _slots(self) -> tuple[Slot, ...]:
        return slots(self._jobs or self._max_jobs(), self._domains)

    def _max_jobs(self) -> int:
        """Return what memory allows on each device, but no more than there are CPUs for."""
        gpus = [domain for domain in self._domains if is_gpu(domain)]
        cpus = max(1, len(os.sched_getaffinity(0)) // max(1, len(gpus)))
        capacity = self._admission.capacity(ORIGINAL, gpus)
        return max(1, min(cpus, cpus if capacity is None else capacity))

    def _free_bytes(self) -> dict[str, int]:
        return {HOST: available_bytes(), **self._ledger.free_gpu_bytes()}

    def _held_bytes(self) -> dict[int, dict[str, int]]:
        """Return the memory in use by each trial, in bytes, by trial number, then by `HOST` and GPU domain."""
        return {
            int(client): {**({} if memory.host_bytes is None else {HOST: memory.host_bytes}), **memory.gpu_bytes}
            for client, memory in self._ledger.usage_now().items()
            if client.isdigit()
        }


@contextlib.contextmanager
def ledger(recorder: Recorder, idle_w: Callable[[], Mapping[str, float]]) -> Iterator[Ledger]:
    """Open a ledger of all domains, with its ticker running."""
    with Ledger(recorder, Usage.of(recorder.domains), idle_w) as opened:
        yield opened
