"""Runs the trials of an audit: one by one, or several at a time."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Protocol

from mutegreen.harness.concurrency.admission import Admission, RunningTraining
from mutegreen.harness.concurrency.slots import Slot
from mutegreen.model import Outcome, Trial, TrialResult

POLL_S = 0.5
"""Time after which it is looked again whether there is room for one more training, seconds."""


class TrialWork(Protocol):
    """What an audit does with a trial. All but `train` is called from the thread that called `run`."""

    def on_start(self, trial: Trial) -> None:
        """It is about to be trained."""

    def train(self, trial: Trial, slot: Slot, stop: threading.Event) -> TrialResult:
        """Trains it at a place, in any thread; raises `Stopped` soon after `stop` is set."""

    def on_result(self, trial: Trial, result: TrialResult) -> None:
        """It has been trained, and is done with."""

    def on_retry(self, trial: Trial, result: TrialResult, at_a_time: int) -> None:
        """Its memory was too short in company; it will train once more, alone, and then fewer at a time."""

    def on_interrupt(self, trial: Trial) -> None:
        """It was under way when the audit was stopped."""

    def on_pause(self, trial: Trial, result: TrialResult, following: Trial) -> None:
        """Time for the machine between two trials, where they run one by one."""


class Executor(Protocol):
    """Runs trials in their order, until all have ended.

    Every trial given is told to `on_start`, and then exactly once to `on_result` or, if an exception leaves `run`, to
    `on_interrupt`. No training runs any more when it returns or raises.
    """

    def run(self, trials: Sequence[Trial], work: TrialWork) -> None:
        """Runs them."""


class SequentialExecutor:
    """One trial after another, each with the machine to itself and a rest behind it."""

    def run(self, trials: Sequence[Trial], work: TrialWork) -> None:
        """As the interface says."""
        for trial, following in itertools.zip_longest(trials, trials[1:]):
            work.on_start(trial)
            try:
                result = work.train(trial, Slot(), threading.Event())
            except BaseException:
                work.on_interrupt(trial)
                raise
            work.on_result(trial, result)
            if following is not None:
                work.on_pause(trial, result, following)


@dataclass(frozen=True)
class _RunningTrial:
    trial: Trial
    slot: Slot
    alone: bool


class ConcurrentExecutor:
    """As many trials at a time as there are places, and memory for.

    A trial whose memory was too short in company is repeated alone, and one place fewer is used from then on.

    Args:
        slots: The places.
        admission: Knows the memory.
        held_bytes: Reads the memory that each trial under way held_bytes, in bytes, by the trial's number and place.
    """

    def __init__(
        self, slots: Sequence[Slot], admission: Admission, held_bytes: Callable[[], Mapping[int, Mapping[str, int]]]
    ) -> None:
        self._slots = tuple(slots)
        self._admission = admission
        self._holds = held_bytes
        self._limit = len(slots)
        self._running: dict[Future[TrialResult], _RunningTrial] = {}
        self._alone: set[int] = set()

    def run(self, trials: Sequence[Trial], work: TrialWork) -> None:
        """As the interface says."""
        queue, stop = deque(trials), threading.Event()
        with ThreadPoolExecutor(len(self._slots), thread_name_prefix="mutegreen-trial") as pool:
            try:
                while queue or self._running:
                    while (start := self._next(queue)) is not None:
                        work.on_start(start.trial)
                        self._running[pool.submit(work.train, start.trial, start.slot, stop)] = start
                    self._take_ended(queue, work)
            except BaseException:
                stop.set()
                wait(self._running)
                for started in self._running.values():
                    work.on_interrupt(started.trial)
                raise

    def _next(self, queue: deque[Trial]) -> _RunningTrial | None:
        """Takes the next trial off the queue, if there is a place and the memory for it now."""
        started = list(self._running.values())
        if not queue or len(started) >= self._limit or any(other.alone for other in started):
            return None
        trial, alone = queue[0], queue[0].number in self._alone
        if alone and started:
            return None
        slot = self._place(trial, started)
        return None if slot is None else _RunningTrial(queue.popleft(), slot, alone)

    def _place(self, trial: Trial, started: Sequence[_RunningTrial]) -> Slot | None:
        """A free place with enough memory; a trial that nothing runs beside gets one in any case."""
        free = list(self._slots)
        for other in started:
            free.remove(other.slot)
        if not started:
            return free[0]
        held_bytes = self._holds()
        running = [RunningTraining(o.trial.mutant, o.slot.gpu, held_bytes.get(o.trial.number, {})) for o in started]
        return next((slot for slot in free if self._admission.admits(trial.mutant, slot.gpu, running)), None)

    def _take_ended(self, queue: deque[Trial], work: TrialWork) -> None:
        ended, _ = wait(self._running, POLL_S, FIRST_COMPLETED)
        for future in ended:
            result = future.result()
            started = self._running.pop(future)
            if result.outcome is Outcome.OUT_OF_MEMORY and result.colocation is not None:
                self._alone.add(started.trial.number)
                self._limit = max(1, min(self._limit, len(self._running) + len(ended)) - 1)
                queue.appendleft(started.trial)
                work.on_retry(started.trial, result, self._limit)
            else:
                work.on_result(started.trial, result)
