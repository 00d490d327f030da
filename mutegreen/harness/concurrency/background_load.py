"""Keep a background load running during the trials of an audit: a training, or any command."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TextIO

from typing_extensions import override

from mutegreen import units
from mutegreen.attribution.ledger import Ledger
from mutegreen.errors import BackgroundError
from mutegreen.harness.concurrency.epoch_rate import EpochRate
from mutegreen.harness.observe.evidence import probe_environment
from mutegreen.harness.observe.output import OutputSink
from mutegreen.harness.observe.performance import OutputReader
from mutegreen.harness.plan.launch import launch
from mutegreen.harness.plan.plan import Plan
from mutegreen.harness.process.command import Command, OutputLine, Stopped, unbuffered_environment
from mutegreen.harness.process.workspace import workspace
from mutegreen.model import BackgroundRun
from mutegreen.model.limits import WARM_UP_S
from mutegreen.mutation import site_values

MIN_WARM_UP_LIMIT_S = 60.0
"""The limit of a warm-up is never below this, seconds."""

WARM_UP_FACTOR = 10
"""The first epoch may take this many times as long as in an exclusive run: other trainings slow it down."""

POLL_S = 0.05
MIN_START_INTERVAL_S = 1.0
"""Shortest time between two starts of a background load, seconds."""


@dataclass(frozen=True)
class BackgroundTiming:
    """Rate and warm-up of a background load in an exclusive run.

    Attributes:
        epochs_per_s: Epochs per second, without the start-up; None: it prints no values of performance, or it ended
            within one epoch.
        first_epoch_s: Time from its start to its first value of performance, seconds; None: it prints none.
        warm_up_s: Fixed warm-up for a load that prints none, seconds.
    """

    epochs_per_s: float | None = None
    first_epoch_s: float | None = None
    warm_up_s: float = WARM_UP_S

    @property
    def warm_up_limit_s(self) -> float:
        """Longest time of its warm-up during a trial, seconds; the fixed warm-up if it reports no epochs."""
        if self.first_epoch_s is None:
            return self.warm_up_s
        return max(MIN_WARM_UP_LIMIT_S, WARM_UP_FACTOR * self.first_epoch_s)


class BackgroundProgram(Protocol):
    """A program that a background load starts again and again.

    **Lifetime.** Each start is one context. Leaving it ends all processes of that start.
    """

    @property
    def reader(self) -> OutputReader | None:
        """A new reader of its performance; None: it prints none."""

    def start(self, mark: str, stop: threading.Event) -> AbstractContextManager[Command]:
        """Start the program.

        Args:
            mark: Identifies its processes.
            stop: Ends the command's `wait` once it is set.
        """


@dataclass(frozen=True)
class SubjectProgram(BackgroundProgram):
    """The original of a subject, each time in a new workspace and with the same seed.

    Attributes:
        plan: A plan of the original alone.
        snapshot: The subject's files as they were when the audit began.
        work: Its workspace.
        seed: Seed of every start; None: the subject takes none.
    """

    plan: Plan
    snapshot: Path
    work: Path
    seed: int | None

    @property
    @override
    def reader(self) -> OutputReader | None:
        """Return no reader if the performance is read from a file: a file says nothing about epochs."""
        performance = self.plan.subject.performance
        return OutputReader(performance) if performance.pattern is not None else None

    @contextmanager
    @override
    def start(self, mark: str, stop: threading.Event) -> Iterator[Command]:
        one = launch(self.plan, self.plan.mutants[0], self.seed)
        report = self.work.with_suffix(".probe")
        with workspace(self.snapshot, self.work) as folder:
            site_values.write_files(folder, one.values)
            environment = one.environment()
            environment |= probe_environment((), folder, report, environment, one.compat)
            with Command(one.words, folder / self.plan.subject.workdir, environment, mark, stop=stop) as command:
                yield command


@dataclass(frozen=True)
class CommandProgram(BackgroundProgram):
    """A command that the user gives, in the folder in which the audit began."""

    words: tuple[str, ...]
    folder: Path

    @property
    @override
    def reader(self) -> OutputReader | None:
        return None

    @override
    def start(self, mark: str, stop: threading.Event) -> AbstractContextManager[Command]:
        return Command(self.words, self.folder, unbuffered_environment({}), mark, stop=stop)


# One thread supervises the program; the thread of the trial waits for its warm-up and reads its progress.
#
# Guarantees:
#   - Inside `running`, a program that ends is started again, at most once in `MIN_START_INTERVAL_S`. After `running`,
#     no process of it is left.
#   - A fault (a failed program, a full disk) ends the supervisor, is kept in `_fault`, and is raised in the thread of
#     the trial: during the warm-up at once, otherwise when the context is left. No trial with a dead load is kept.
#   - The ledger has the load as a client exactly while `running` lasts.
# Relies on:
#   - `running` resets `_fault`, `_starts` and `_rate` before it starts the supervisor. From then on only the supervisor
#     writes `_fault` and `_starts`, and nobody replaces `_rate`. Assigning a name is atomic in Python. `EpochRate` and
#     `Ledger` have their own locks.
#   - `Command.wait` raises `Stopped` soon after `_stop` is set, so `join` needs no time limit.
class BackgroundLoad:
    """Keeps a program running: started before a trial, restarted when it ends early, ended after the trial.

    Args:
        name: Its name in rows, and in the ledger.
        program: What runs.
        ledger: Attributes its share of the energy.
        mark: Identifies its processes.
        log: File that keeps its output, each line with its time in seconds and its stream.
        exclusive: Its timing in an exclusive run.
    """

    def __init__(
        self, name: str, program: BackgroundProgram, ledger: Ledger, mark: str, log: Path, exclusive: BackgroundTiming
    ) -> None:
        self.name = name
        self._program = program
        self._ledger = ledger
        self._mark = mark
        self._log = log
        self._exclusive = exclusive
        self._rate = EpochRate()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._starts = 0
        self._fault: BaseException | None = None
        self._window: tuple[float, int, float] = (0.0, 0, 0.0)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run it while the context lasts; the context begins after the warm-up.

        Raises:
            BackgroundError: It failed, or no epoch ended within the limit of the warm-up.
        """
        self._rate, self._starts, self._fault = EpochRate(), 0, None
        self._stop.clear()
        self._ledger.enter(self.name)
        self._thread = threading.Thread(target=self._keep_running, name="mutegreen-background", daemon=True)
        self._thread.start()
        try:
            self._warm_up()
            yield
            self._raise_fault()
        finally:
            self._stop.set()
            self._thread.join()
            self._ledger.leave(self.name)

    def begin_window(self) -> None:
        """Note that the window of a trial begins."""
        self._window = (time.monotonic(), self._starts, self._ledger.cpu_s(self.name))

    def end_window(self) -> BackgroundRun:
        """Return what the load did in the window, which ends now."""
        begin_s, starts, cpu_s = self._window
        end_s = time.monotonic()
        exclusive_per_s, window_per_s = self._exclusive.epochs_per_s, self._rate.per_s(begin_s, end_s)
        return BackgroundRun(
            name=self.name,
            epochs=self._rate.epochs(begin_s, end_s),
            slowdown=exclusive_per_s / window_per_s if exclusive_per_s and window_per_s else None,
            cpu_s=self._ledger.cpu_s(self.name) - cpu_s,
            restarts=self._starts - starts,
        )

    def _warm_up(self) -> None:
        """Wait until its first epoch has ended; for a program that reports no epochs, wait a fixed time."""
        deadline_s = time.monotonic() + self._exclusive.warm_up_limit_s
        while self._rate.epochs(0.0, time.monotonic()) is None:
            self._raise_fault()
            if time.monotonic() >= deadline_s:
                if self._exclusive.first_epoch_s is None:
                    return
                fault = f"no epoch has ended after {units.duration(self._exclusive.warm_up_limit_s)}"
                raise BackgroundError(f"background load {self.name}: {fault}", f"see its output in {self._log}")
            time.sleep(POLL_S)

    def _raise_fault(self) -> None:
        if self._fault is not None:
            raise self._fault

    def _keep_running(self) -> None:
        try:
            with self._log.open("w", encoding="utf-8", buffering=1) as log, contextlib.suppress(Stopped):
                while not self._stop.is_set():
                    self._run_once(log)
        except BaseException as error:  # noqa: BLE001 - raised in the thread of the trial
            self._fault = error

    def _run_once(self, log: TextIO) -> None:
        reader = self._program.reader
        output = OutputSink(log, reader)

        def on_line(line: OutputLine) -> None:
            known = len(reader.epochs) if reader else 0
            output.feed(line)
            for _ in reader.epochs[known:] if reader else ():
                self._rate.finish_epoch(command.started_s + line.time_s)

        with self._program.start(self._mark, self._stop) as command:
            self._starts += 1
            self._rate.start(command.started_s)
            self._ledger.attach(self.name, command.pid)
            result = command.wait(on_line)
        if result.status != 0:
            raise BackgroundError(
                f"background load {self.name} failed with status {result.status}: {output.tail.last}",
                f"see its whole output in {self._log}",
            )
        # Without a minimum interval, a program that does nothing would be started hundreds of times a second.
        self._stop.wait(max(0.0, MIN_START_INTERVAL_S - result.duration_s))
