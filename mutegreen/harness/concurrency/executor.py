"""Run the trials of an audit: sequentially, or several at a time."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Protocol

from typing_extensions import override

from mutegreen.harness.concurrency.admission import Admission, RunningTraining
from mutegreen.harness.concurrency.slots import Slot
from mutegreen.model import Outcome, Trial, TrialResult

POLL_S = 0.5
"""Interval between two checks whether there is memory for one more training, seconds."""


class TrialWork(Protocol):
    """What an audit does with a trial.

    **Threads.** `train` may run in any thread, several at a time. Everything else is called from the thread that
    called `Executor.run`, so it may use the store.

    **Order for one trial.** `on_start`, `train`, then exactly one of `on_result`, `on_retry` and `on_interrupt`.
    After `on_retry` the trial starts again with `on_start`. `on_pause` follows `on_result` where trials are sequential.
    """

    def on_start(self, trial: Trial) -> None:
        """Note that the trial is about to be trained."""

    def train(self, trial: Trial, slot: Slot, stop: threading.Event) -> TrialResult:
        """Train it in a slot.

        Raises:
            Stopped: Soon after `stop` is set.
        """

    def on_result(self, trial: Trial, result: TrialResult) -> None:
        """Keep the result of a trial that has ended for good."""

    def on_retry(self, trial: Trial, result: TrialResult, at_a_time: int) -> None:
        """Discard a result: memory was too short for concurrent trials.

        The trial will run once more, exclusively; after that, at most `at_a_time` trials run at the same time.
        """

    def on_interrupt(self, trial: Trial) -> None:
        """Note that the trial was running when the audit was stopped."""

    def on_pause(self, trial: Trial, result: TrialResult, following: Trial) -> None:
        """Let the machine cool down between two sequential trials."""


class Executor(Protocol):
    """Runs trials in their order, until all have ended.

    **Guarantees.** Every trial that is started is passed to `on_start`. Once `on_start` has returned, the trial is
    passed exactly once to `on_result` or, if an exception leaves `run`, to `on_interrupt` (a trial that ran out of
    memory may pass through `on_retry` before). If `on_start` raises, its trial is passed to neither. When `run` returns
    or raises, no training is running any more.
    """

    def run(self, trials: Sequence[Trial], work: TrialWork) -> None:
        """Run the trials."""


class SequentialExecutor(Executor):
    """Runs one exclusive trial after another, with a pause between two."""

    @override
    def run(self, trials: Sequence[Trial], work: TrialWork) -> None:
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
    exclusive: bool


# Guarantees:
#   - Only the thread that called `run` touches the queue, the table of running trials and the limit: no lock is needed.
#     The pool's threads run `train` and nothing else.
#   - An exception (Ctrl-C, a full disk, an error in any training) sets `stop` once, waits until every training has
#     ended, reports each as interrupted, and is then raised again.
#   - A second Ctrl-C ends that wait: the trials are reported as interrupted at once, and the pool's exit waits for the
#     trainings. A third Ctrl-C may end the reports or this second wait.
#   - A trial that ran out of memory while others ran goes back to the head of the queue. It runs exclusively, so a
#     second failure for lack of memory is final.
# Relies on:
#   - `train` returns or raises `Stopped` soon after `stop` is set; otherwise `run` never returns.
#   - Python delivers signals to the main thread. Ctrl-C arrives there in `wait`, which a signal interrupts with and
#     without a timeout.
# Rejected:
#   - A process pool: a training is already a process; its supervisor only waits for pipes.
class ConcurrentExecutor(Executor):
    """Runs as many trials at a time as there are slots, and memory for.

    If a concurrent trial runs out of memory, it is repeated exclusively, and one slot fewer is used from then on.

    Args:
        slots: The slots.
        admission: Decides whether there is memory for one more training.
        held_bytes: Reads the memory that each running trial holds, in bytes, by trial number, then by `HOST` and
            GPU domain.
    """

    def __init__(
        self, slots: Sequence[Slot], admission: Admission, held_bytes: Callable[[], Mapping[int, Mapping[str, int]]]
    ) -> None:
        self._slots = tuple(slots)
        self._admission = admission
        self._held_bytes = held_bytes
        self._limit = len(slots)
        self._running: dict[Future[TrialResult], _RunningTrial] = {}
        self._exclusive: set[int] = set()

    @override
    def run(self, trials: Sequence[Trial], work: TrialWork) -> None:
        queue, stop = deque(trials), threading.Event()
        with ThreadPoolExecutor(len(self._slots), thread_name_prefix="mutegreen-trial") as pool:
            try:
                while queue or self._running:
                    while (start := self._next(queue)) is not None:
                        work.on_start(start.trial)
                        self._running[pool.submit(work.train, start.trial, start.slot, stop)] = start
                    self._take_ended(queue, work)
            except BaseException:
                try:
                    stop.set()
                    wait(self._running)
                finally:
                    for started in self._running.values():
                        work.on_interrupt(started.trial)
                raise

    def _next(self, queue: deque[Trial]) -> _RunningTrial | None:
        """Take the next trial off the queue, if there is a slot and the memory for it now."""
        started = list(self._running.values())
        if not queue or len(started) >= self._limit or any(other.exclusive for other in started):
            return None
        trial, exclusive = queue[0], queue[0].number in self._exclusive
        if exclusive and started:
            return None
        slot = self._free_slot(trial, started)
        return None if slot is None else _RunningTrial(queue.popleft(), slot, exclusive)

    def _free_slot(self, trial: Trial, started: Sequence[_RunningTrial]) -> Slot | None:
        """Return a free slot with enough memory; if no other trial runs, any slot will do."""
        free = list(self._slots)
        for other in started:
            free.remove(other.slot)
        if not started:
            return free[0]
        held_bytes = self._held_bytes()
        running = [RunningTraining(o.trial.mutant, o.slot.gpu, held_bytes.get(o.trial.number, {})) for o in started]
        return next((slot for slot in free if self._admission.admits(trial.mutant, slot.gpu, running)), None)

    def _take_ended(self, queue: deque[Trial], work: TrialWork) -> None:
        ended, _ = wait(self._running, POLL_S, FIRST_COMPLETED)
        for future in ended:
            result = future.result()
            started = self._running.pop(future)
            if result.outcome is Outcome.OUT_OF_MEMORY and result.colocation is not None:
                self._exclusive.add(started.trial.number)
                self._limit = max(1, min(self._limit, len(self._running) + len(ended)) - 1)
                queue.appendleft(started.trial)
                work.on_retry(started.trial, result, self._limit)
            else:
                work.on_result(started.trial, result)
