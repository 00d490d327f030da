"""A training, or any command, that is kept running beside the trials of an audit."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TextIO

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
WARM_UP_FACTOR = 10
"""The first epoch may take this many times as long as it did alone: other trainings slow it down."""

POLL_S = 0.05
MIN_START_INTERVAL_S = 1.0
"""A background is not started more often than once in this time, seconds."""


@dataclass(frozen=True)
class BackgroundTiming:
    """How a background trains alone.

    Attributes:
        epochs_per_s: Epochs in a second, start-up left out; None: it prints no figures, or ended within one epoch.
        first_epoch_s: Time from its start to its first figure, seconds; None: it prints none.
        warm_up_s: What it is given where it prints none, seconds.
    """

    epochs_per_s: float | None = None
    first_epoch_s: float | None = None
    warm_up_s: float = WARM_UP_S

    @property
    def warm_up_limit_s(self) -> float:
        """Longest time that its warm-up may take in company, or all that it is given where no epoch is told."""
        if self.first_epoch_s is None:
            return self.warm_up_s
        return max(MIN_WARM_UP_LIMIT_S, WARM_UP_FACTOR * self.first_epoch_s)


class BackgroundProgram(Protocol):
    """What is started again and again."""

    @property
    def reader(self) -> OutputReader | None:
        """A fresh reader of its figures; None: it prints none."""

    def start(self, mark: str, stop: threading.Event) -> AbstractContextManager[Command]:
        """Starts it."""


@dataclass(frozen=True)
class SubjectProgram:
    """The original of a subject, each time in a fresh workspace and with the same seed.

    Attributes:
        snapshot: The subject's files as they were when the audit began.
        work: Its workspace.
    """

    plan: Plan
    snapshot: Path
    work: Path
    seed: int | None

    @property
    def reader(self) -> OutputReader | None:
        """As the interface says; a result that is read from a file tells nothing of epochs."""
        performance = self.plan.subject.performance
        return OutputReader(performance) if performance.pattern is not None else None

    @contextmanager
    def start(self, mark: str, stop: threading.Event) -> Iterator[Command]:
        """As the interface says."""
        one = launch(self.plan, self.plan.mutants[0], self.seed)
        report = self.work.with_suffix(".probe")
        with workspace(self.snapshot, self.work) as folder:
            site_values.write_files(folder, one.settings)
            environment = one.environment()
            environment |= probe_environment((), folder, report, environment, one.compat)
            with Command(one.words, folder / self.plan.subject.workdir, environment, mark, stop=stop) as command:
                yield command


@dataclass(frozen=True)
class CommandProgram:
    """A command of the user's own, in the folder in which the audit was begun."""

    words: tuple[str, ...]
    folder: Path
    reader: None = None

    def start(self, mark: str, stop: threading.Event) -> AbstractContextManager[Command]:
        """As the interface says."""
        return Command(self.words, self.folder, unbuffered_environment({}), mark, stop=stop)


class BackgroundLoad:
    """Keeps a program running: started before a trial, started again when it ends early, gone afterwards.

    Args:
        name: Its name in rows, and in the ledger.
        program: What runs.
        ledger: Gives it its share of the energy.
        mark: What its processes are known by.
        log: Keeps its output, each line with its time in seconds and its stream.
        alone: How it trains alone, from its own preflight.
    """

    def __init__(
        self, name: str, program: BackgroundProgram, ledger: Ledger, mark: str, log: Path, alone: BackgroundTiming
    ) -> None:
        self.name = name
        self._program = program
        self._ledger = ledger
        self._mark = mark
        self._log = log
        self._alone = alone
        self._rate = EpochRate()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._starts = 0
        self._fault: BaseException | None = None
        self._window: tuple[float, int, float] = (0.0, 0, 0.0)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Runs it, past its own warm-up, until the context is left.

        Raises:
            BackgroundError: It fails.
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

    def begin(self) -> None:
        """The window of a trial begins."""
        self._window = (time.monotonic(), self._starts, self._ledger.cpu_s(self.name))

    def end(self) -> BackgroundRun:
        """The window ends: what was done in it."""
        begin_s, starts, cpu_s = self._window
        end_s = time.monotonic()
        here_per_s = self._rate.per_s(begin_s, end_s)
        return BackgroundRun(
            name=self.name,
            epochs=self._rate.epochs(begin_s, end_s),
            slowdown=self._alone.epochs_per_s / here_per_s if self._alone.epochs_per_s and here_per_s else None,
            cpu_s=self._ledger.cpu_s(self.name) - cpu_s,
            restarts=self._starts - starts,
        )

    def _warm_up(self) -> None:
        """Until its first epoch has ended; a program that prints none is given a fixed time."""
        deadline_s = time.monotonic() + self._alone.warm_up_limit_s
        while self._rate.epochs(0.0, time.monotonic()) is None:
            self._raise_fault()
            if time.monotonic() >= deadline_s:
                if self._alone.first_epoch_s is None:
                    return
                late = f"no epoch has ended after {units.duration(self._alone.warm_up_limit_s)}"
                raise BackgroundError(f"background {self.name}: {late}", f"its output is in {self._log}")
            time.sleep(POLL_S)

    def _raise_fault(self) -> None:
        if self._fault is not None:
            raise self._fault

    def _keep_running(self) -> None:
        try:
            with self._log.open("w", encoding="utf-8", buffering=1) as kept, contextlib.suppress(Stopped):
                while not self._stop.is_set():
                    self._run_once(kept)
        except BaseException as error:  # it is raised where the trial is waited for, not lost with this thread
            self._fault = error

    def _run_once(self, kept: TextIO) -> None:
        reader = self._program.reader
        output = OutputSink(kept, reader)

        def hear(line: OutputLine) -> None:
            known = len(reader.epochs) if reader else 0
            output.feed(line)
            for _ in reader.epochs[known:] if reader else ():
                self._rate.finish_epoch(command.started_s + line.time_s)

        with self._program.start(self._mark, self._stop) as command:
            self._starts += 1
            self._rate.start(command.started_s)
            self._ledger.attach(self.name, command.pid)
            ended = command.wait(hear)
        if ended.status != 0:
            raise BackgroundError(
                f"background {self.name} failed with status {ended.status}: {output.tail.last}",
                f"its whole output is in {self._log}",
            )
        # One that does nothing would be started hundreds of times a second.
        self._stop.wait(max(0.0, MIN_START_INTERVAL_S - ended.duration_s))
