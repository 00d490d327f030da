"""Runs the trials of an audit: one by one, or several at a time."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Protocol

from mutegreen.harness.concurrency.admission import Admission, Running
from mutegreen.harness.concurrency.slots import Slot
from mutegreen.model import Outcome, Trial, TrialResult

LOOK_S = 0.5
"""Time after which it is looked again whether there is room for one more training, seconds."""


class Work(Protocol):
    """What an audit does with a trial. All but `train` is called from the thread that called `run`."""

    def begins(self, trial: Trial) -> None:
        """It is about to be trained."""

    def train(self, trial: Trial, slot: Slot, stop: threading.Event) -> TrialResult:
        """Trains it at a place, in any thread; raises `Stopped` soon after `stop` is set."""

    def ended(self, trial: Trial, result: TrialResult) -> None:
        """It has been trained, and is done with."""

    def again(self, trial: Trial, result: TrialResult, at_a_time: int) -> None:
        """Its memory was too short in company; it will train once more, alone, and then fewer at a time."""

    def interrupted(self, trial: Trial) -> None:
        """It was under way when the audit was stopped."""

    def rests(self, trial: Trial, result: TrialResult, following: Trial) -> None:
        """Time for the machine between two trials, where they run one by one."""


class Executor(Protocol):
    """Runs trials in their order, until all have ended.

    Every trial given is told to `begins`, and then exactly once to `ended` or, if an exception leaves `run`, to
    `interrupted`. No training runs any more when it returns or raises.
    """

    def run(self, trials: Sequence[Trial], work: Work) -> None:
        """Runs them."""


class OneByOne:
    """One trial after another, each with the machine to itself and a rest behind it."""

    def run(self, trials: Sequence[Trial], work: Work) -> None:
        """As the interface says."""
        for trial, following in itertools.zip_longest(trials, trials[1:]):
            work.begins(trial)
            try:
                result = work.train(trial, Slot(), threading.Event())
            except BaseException:
                work.interrupted(trial)
                raise
            work.ended(trial, result)
            if following is not None:
                work.rests(trial, result, following)


@dataclass(frozen=True)
class _Started:
    trial: Trial
    slot: Slot
    alone: bool


class SeveralAtATime:
    """As many trials at a time as there are places, and memory for.

    A trial whose memory was too short in company is repeated alone, and one place fewer is used from then on.

    Args:
        slots: The places.
        admission: Knows the memory.
        holds: Reads the memory that each trial under way holds, in bytes, by the trial's number and place.
    """

    def __init__(
        self, slots: Sequence[Slot], admission: Admission, holds: Callable[[], Mapping[int, Mapping[str, int]]]
    ) -> None:
        self._slots = tuple(slots)
        self._admission = admission
        self._holds = holds
        self._limit = len(slots)
        self._running: dict[Future[TrialResult], _Started] = {}
        self._alone: set[int] = set()

    def run(self, trials: Sequence[Trial], work: Work) -> None:
        """As the interface says."""
        queue, stop = deque(trials), threading.Event()
        with ThreadPoolExecutor(len(self._slots), thread_name_prefix="mutegreen-trial") as pool:
            try:
                while queue or self._running:
                    while (start := self._next(queue)) is not None:
                        work.begins(start.trial)
                        self._running[pool.submit(work.train, start.trial, start.slot, stop)] = start
                    self._take_ended(queue, work)
            except BaseException:
                stop.set()
                wait(self._running)
                for started in self._running.values():
                    work.interrupted(started.trial)
                raise

    def _next(self, queue: deque[Trial]) -> _Started | None:
        """Takes the next trial off the queue, if there is a place and the memory for it now."""
        started = list(self._running.values())
        if not queue or len(started) >= self._limit or any(other.alone for other in started):
            return None
        trial, alone = queue[0], queue[0].number in self._alone
        if alone and started:
            return None
        slot = self._place(trial, started)
        return None if slot is None else _Started(queue.popleft(), slot, alone)

    def _place(self, trial: Trial, started: Sequence[_Started]) -> Slot | None:
        """A free place with enough memory; a trial that nothing runs beside gets one in any case."""
        free = list(self._slots)
        for other in started:
            free.remove(other.slot)
        if not started:
            return free[0]
        holds = self._holds()
        running = [Running(o.trial.mutant, o.slot.gpu, holds.get(o.trial.number, {})) for o in started]
        return next((slot for slot in free if self._admission.admits(trial.mutant, slot.gpu, running)), None)

    def _take_ended(self, queue: deque[Trial], work: Work) -> None:
        ended, _ = wait(self._running, LOOK_S, FIRST_COMPLETED)
        for future in ended:
            result = future.result()
            started = self._running.pop(future)
            if result.outcome is Outcome.OUT_OF_MEMORY and result.company is not None:
                self._alone.add(started.trial.number)
                self._limit = max(1, min(self._limit, len(self._running) + len(ended)) - 1)
                queue.appendleft(started.trial)
                work.again(started.trial, result, self._limit)
            else:
                work.ended(started.trial, result)
