"""One suite for all executors, and what the concurrent one adds: slots, memory, the repeat without enough memory."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from mutegreen.harness.concurrency.admission import HOST, RESERVED_PART, UNMEASURED_FACTOR, Admission, RunningTraining
from mutegreen.harness.concurrency.executor import ConcurrentExecutor, Executor, SequentialExecutor
from mutegreen.harness.concurrency.slots import Slot
from mutegreen.harness.process.command import Stopped
from mutegreen.model import Colocation, Measurement, Outcome, Overlap, Trial, TrialResult
from support.limits import EVENT_S

PLENTY = Admission(lambda: {HOST: 2**40})


def several(slots: int = 3, admission: Admission = PLENTY) -> ConcurrentExecutor:
    return ConcurrentExecutor([Slot(cpus=(n,)) for n in range(slots)], admission, dict)


EXECUTORS: dict[str, Callable[[], Executor]] = {"one by one": SequentialExecutor, "several": several}


def trials(count: int) -> list[Trial]:
    return [Trial(n, f"m{n}", 0, n - 1, 0, None) for n in range(1, count + 1)]


def result(outcome: Outcome = Outcome.OK, others: int = 0) -> TrialResult:
    colocation = Colocation(tuple(Overlap(f"trial {n}", 1.0) for n in range(others))) if others else None
    return TrialResult(outcome, None, "", 1.0, 1.0, 0, 0, 0.9, (), Measurement(1.0), colocation=colocation)


@dataclass
class Notes:
    """Work that records its callbacks; the test gives `train`."""

    training: Callable[[Trial, threading.Event], TrialResult] = lambda trial, stop: result()
    calls: list[tuple[str, int]] = field(default_factory=list)
    slots: dict[int, Slot] = field(default_factory=dict)
    together: list[int] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _now: int = 0

    def train(self, trial: Trial, slot: Slot, stop: threading.Event) -> TrialResult:
        with self._lock:
            self._now += 1
            self.together.append(self._now)
            self.slots[trial.number] = slot
        try:
            return self.training(trial, stop)
        finally:
            with self._lock:
                self._now -= 1

    def _record(self, what: str, trial: Trial) -> None:
        self.threads.add(threading.get_ident())
        self.calls.append((what, trial.number))

    def on_start(self, trial: Trial) -> None:
        self._record("start", trial)

    def on_result(self, trial: Trial, result: TrialResult) -> None:
        self._record("result", trial)

    def on_retry(self, trial: Trial, result: TrialResult, at_a_time: int) -> None:
        self._record(f"retry, {at_a_time} at a time", trial)

    def on_interrupt(self, trial: Trial) -> None:
        self._record("interrupt", trial)

    def on_pause(self, trial: Trial, result: TrialResult, following: Trial) -> None:
        self._record("pause", trial)

    def numbers(self, what: str) -> list[int]:
        return [number for name, number in self.calls if name == what]


@pytest.fixture(params=EXECUTORS)
def executor(request: pytest.FixtureRequest) -> Executor:
    return EXECUTORS[request.param]()


class TestEveryExecutor:
    def test_every_trial_begins_in_order_and_ends_once(self, executor: Executor) -> None:
        work = Notes()
        executor.run(trials(7), work)
        assert work.numbers("start") == list(range(1, 8))
        assert sorted(work.numbers("result")) == list(range(1, 8))
        assert not work.numbers("interrupt")

    def test_nothing_to_do(self, executor: Executor) -> None:
        work = Notes()
        executor.run([], work)
        assert work.calls == []

    def test_all_callbacks_run_in_the_thread_that_called_run(self, executor: Executor) -> None:
        work = Notes()
        executor.run(trials(5), work)
        assert work.threads == {threading.get_ident()}

    def test_a_fault_in_a_training_interrupts_all_running_trials(self, executor: Executor) -> None:
        def training(trial: Trial, stop: threading.Event) -> TrialResult:
            if trial.number == 2:
                raise OSError("disk full")
            if stop.wait(0.2):
                raise Stopped
            return result()

        work = Notes(training)
        with pytest.raises(OSError, match="disk full"):
            executor.run(trials(9), work)
        begun, ended, stopped = (Counter(work.numbers(w)) for w in ("start", "result", "interrupt"))
        assert begun == ended + stopped, "each trial that began either ended or was interrupted"
        assert stopped[2] == 1
        assert work._now == 0

    def test_a_fault_in_keeping_a_result_does_too(self, executor: Executor) -> None:
        class Full(Notes):
            def on_result(self, trial: Trial, result: TrialResult) -> None:
                raise OSError("disk full")

        work = Full()
        with pytest.raises(OSError, match="disk full"):
            executor.run(trials(4), work)
        assert work._now == 0


def test_a_second_ctrl_c_still_reports_every_running_trial_as_interrupted() -> None:
    def training(trial: Trial, stop: threading.Event) -> TrialResult:
        if trial.number == 1:
            raise OSError("disk full")
        assert stop.wait(EVENT_S)
        signal.pthread_kill(main, signal.SIGINT)
        time.sleep(0.3)  # the executor waits for this training when the signal arrives
        raise Stopped

    main, work = threading.get_ident(), Notes(training)
    with pytest.raises(KeyboardInterrupt):
        several(2).run(trials(2), work)
    assert sorted(work.numbers("interrupt")) == [1, 2]
    assert work._now == 0


def test_one_by_one_rests_between_trials_but_not_after_the_last() -> None:
    work = Notes()
    SequentialExecutor().run(trials(3), work)
    assert work.calls == [
        *[("start", 1), ("result", 1), ("pause", 1)],
        *[("start", 2), ("result", 2), ("pause", 2)],
        *[("start", 3), ("result", 3)],
    ]


def test_concurrent_trials_use_every_slot_and_none_twice_at_a_time() -> None:
    gate = threading.Barrier(3, timeout=EVENT_S)

    def training(trial: Trial, stop: threading.Event) -> TrialResult:
        if trial.number <= 3:
            gate.wait()  # is passed only if three are in it at once
        return result()

    work = Notes(training)
    several(3).run(trials(8), work)
    assert max(work.together) == 3
    assert {work.slots[n].cpus for n in (1, 2, 3)} == {(0,), (1,), (2,)}


def test_a_concurrent_trial_out_of_memory_is_repeated_exclusively_and_one_slot_fewer_is_used() -> None:
    tries: Counter[int] = Counter()
    concurrent: list[int] = []
    under_way: set[int] = set()

    def training(trial: Trial, stop: threading.Event) -> TrialResult:
        tries[trial.number] += 1
        under_way.add(trial.number)
        try:
            time.sleep(0.02)
            if trial.number == 4 and tries[4] == 1:
                return result(Outcome.OUT_OF_MEMORY, others=2)
            if trial.number == 4:
                concurrent.append(len(under_way))
            return result(others=len(under_way) - 1)
        finally:
            under_way.discard(trial.number)

    work = Notes(training)
    several(3).run(trials(9), work)
    assert tries == {n: 2 if n == 4 else 1 for n in range(1, 10)}
    assert concurrent == [1], "the repeat was exclusive"
    again = [what for what, _ in work.calls if what.startswith("retry")]
    assert again in (["retry, 2 at a time"], ["retry, 1 at a time"])
    assert sorted(work.numbers("result")) == list(range(1, 10)), "each is kept once"


def test_an_exclusive_trial_out_of_memory_is_final() -> None:
    work = Notes(lambda trial, stop: result(Outcome.OUT_OF_MEMORY))
    several(2).run(trials(2), work)
    assert sorted(work.numbers("result")) == [1, 2]
    assert not [what for what, _ in work.calls if what.startswith("retry")]


def test_concurrent_trainings_fit_into_memory() -> None:
    admission = Admission(lambda: {HOST: 1000})
    for trial in trials(6):
        admission.record_peak(trial.mutant, {HOST: 400})
    gate = threading.Barrier(2, timeout=EVENT_S)

    def training(trial: Trial, stop: threading.Event) -> TrialResult:
        if trial.number <= 2:
            gate.wait()  # is passed only if two are in it at once
        time.sleep(0.02)  # a third would join the others
        return result()

    work = Notes(training)
    several(5, admission).run(trials(6), work)
    assert max(work.together) == 2, "two of 400 fit in 95 % of 1000, three do not"


def test_a_trial_larger_than_the_memory_still_has_its_try() -> None:
    admission = Admission(lambda: {HOST: 100})
    admission.record_peak("m1", {HOST: 400})
    work = Notes()
    several(2, admission).run(trials(1), work)
    assert work.numbers("result") == [1]


class TestAdmission:
    def test_what_runs_is_taken_at_its_peak_not_at_what_it_holds_yet(self) -> None:
        admission = Admission(lambda: {HOST: 1000})
        admission.record_peak("big", {HOST: 800})
        admission.record_peak("small", {HOST: 170})
        assert admission.admits("small", None, [RunningTraining("big", None, {HOST: 800})]), (
            "they are not free any more"
        )
        assert not admission.admits("big", None, [RunningTraining("small", None, {HOST: 0})])
        assert admission.admits("big", None, [RunningTraining("small", None, {HOST: 120})])

    def test_a_mutant_not_seen_yet_needs_more_than_any_that_was(self) -> None:
        admission = Admission(lambda: {HOST: 1000})
        admission.record_peak("original", {HOST: 400})
        admission.record_peak("original", {HOST: 300})
        assert admission.need("original") == {HOST: 400}
        assert admission.need("new") == {HOST: int(UNMEASURED_FACTOR * 400)}

    def test_only_the_gpu_that_is_used_counts(self) -> None:
        admission = Admission(lambda: {HOST: 1000, "gpu:a": 100, "gpu:b": 10})
        admission.record_peak("original", {HOST: 1, "gpu:a": 50})
        assert admission.admits("original", "gpu:a", [])
        admission.record_peak("original", {"gpu:b": 50})
        assert not admission.admits("original", "gpu:b", [])
        assert admission.admits("original", "gpu:a", [RunningTraining("original", "gpu:b", {})])

    def test_without_any_measure_of_memory_nothing_is_refused(self) -> None:
        assert Admission(dict).admits("original", None, [RunningTraining("original", None, {})])

    @pytest.mark.parametrize(
        ("free", "peak", "gpus", "most"),
        [
            ({HOST: 1000}, {HOST: 190}, [], 5),
            ({HOST: 1000}, {HOST: 2000}, [], 0),
            (
                {HOST: 10_000, "gpu:a": 1000, "gpu:b": 500},
                {HOST: 10, "gpu:a": 100, "gpu:b": 100},
                ["gpu:a", "gpu:b"],
                4,
            ),
            ({HOST: 1000, "gpu:a": 10_000, "gpu:b": 10_000}, {HOST: 190, "gpu:a": 1}, ["gpu:a", "gpu:b"], 2),
            ({}, {HOST: 5}, [], None),
            ({HOST: 5}, {}, [], None),
        ],
    )
    def test_the_most_that_fit(
        self, free: dict[str, int], peak: dict[str, int], gpus: list[str], most: int | None
    ) -> None:
        assert RESERVED_PART == 0.05, "the values above leave that part free"
        admission = Admission(lambda: free)
        admission.record_peak("original", peak)
        assert admission.capacity("original", gpus) == most
