"""Run an audit: the preflight, then all trials; each result is stored at once, and an audit resumes where it stopped.

An exclusive audit of two arms (O the original, M a mutant) and two blocks, from left to right in time:

                                  block 1                     block 2
    | idle | preflight | cool | O    | cool | M    | cool | idle | M    | cool | O    |
    |~~~~~~|           |      |======|      |======|      |~~~~~~|======|      |======|

    ~~~~  idle power, for net energy and for cool-downs; measured again between blocks, as it drifts with temperature
    ====  energy of a trial, which is stored (drawn in detail in `mutegreen.harness.trial`)

The preflight checks that the original works. Its energy is discarded; its duration sets the timeout. Each block has its
own random order of the arms, and one training seed for all its trials (`mutegreen.harness.plan.plan.order`).

With background loads, each load is run once exclusively before the preflight, and its warm-up precedes each trial.
Concurrent trials have no cool-downs and no idle measurements between blocks.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence

from typing_extensions import override

from mutegreen.clock import now
from mutegreen.errors import MuteGreenError, StoreError
from mutegreen.harness import duration, events
from mutegreen.harness import trial as trials
from mutegreen.harness.backgrounds import build_loads, measure_exclusive
from mutegreen.harness.concurrency import sharing_modes
from mutegreen.harness.concurrency.executor import TrialWork
from mutegreen.harness.concurrency.slots import Slot
from mutegreen.harness.machine import cooldown
from mutegreen.harness.machine.gpu_processes import GpuProcesses
from mutegreen.harness.opening import Paths, Sharing, audit_lock, restore_plan
from mutegreen.harness.plan.launch import launch, mutated
from mutegreen.harness.preflight import check, preflight
from mutegreen.harness.process import command
from mutegreen.meters.recorder import Recorder
from mutegreen.model import ORIGINAL, Measurement, Outcome, Trial, TrialResult, Unavailable
from mutegreen.store.audit_records import BackgroundRecord
from mutegreen.store.store import Store


# Order of events. `AuditOpened` first, `AuditEnded` last. Between them, in this order: `BackgroundsStarted` and the
# preflight's events (until a preflight has passed), then the trials' events. A result is in the store before
# `TrialEnded` is sent. `Noted` events come after the last trial.
#
# Guarantees:
#   - A result is on the disk before it is reported, so a killed audit loses only trials that were running.
#   - Interrupted (Ctrl-C, an error of the disk), an audit ends its trainings, stores the running trials as interrupted
#     (as far as the disk allows) and keeps everything else. Run again, it trains exactly the trials without a result,
#     in the planned order.
#   - One process runs an audit at a time: it holds the audit's lock from the first line of `run` to the last.
#   - A failed preflight, or a background load that fails before the first trial, removes the audit from the store and
#     its copies of the subject. Only their output stays.
# Relies on:
#   - Processes that a killed harness left running carry the audit's mark in their environment; `run` ends them first.
#   - Orphans of a trial become children of this process (`become_subreaper`, on Linux only).
#   - SIGINT reaches the main thread, as Python promises; in this thread `KeyboardInterrupt` leaves the executor.
class Audit(TrialWork):
    """An audit in the store, run from its current state to its end.

    Args:
        store: Open for writing.
        audit_id: One of its audits.
        recorder: The meters, sampling.
        quality: Quality of each domain's values, for the header.
        unavailable: Domains that cannot be read.
        listener: Receives the events.
    """

    def __init__(
        self,
        store: Store,
        audit_id: str,
        recorder: Recorder,
        quality: Mapping[str, str],
        unavailable: tuple[Unavailable, ...],
        listener: events.Listener,
    ) -> None:
        self._store = store
        self._record = store.audit(audit_id)
        self._paths = Paths.of(store.path, audit_id)
        self._recorder = recorder
        self._quality = dict(quality)
        self._unavailable = unavailable
        self._notify = listener
        self._plan = restore_plan(store, self._record, self._paths)
        self._limits = self._record.options.limits.resolved(self._plan.subject, self._plan.preset)
        self._sharing = Sharing(self._record.options.jobs, self._record.backgrounds)
        self._idle_w: dict[str, float] = {}
        self._preflight_s = self._record.preflight_s
        self._mode: sharing_modes.Mode = sharing_modes.ExclusiveMode(recorder)
        self._gpus = GpuProcesses.of(recorder.domains)

    def run(self) -> None:
        """Run all trials that have not ended.

        Raises:
            PreflightError: The original does not work; no mutant was trained.
            BackgroundError: A background load does not work, or failed during a trial.
            StoreError: A result cannot be stored; that trial counts as not run.
            KeyboardInterrupt: Interrupted; stored results stay, running trials are stored as interrupted.
        """
        command.become_subreaper()
        with _clear_disk_errors(self._paths), audit_lock(self._paths):
            command.terminate_all(lambda: command.find_marked(self._paths.mark))
            pending = self._store.pending(self._record.id)
            self._announce(len(self._plan.trials) - len(pending))
            self._measure_idle()
            with self._mode_of_record() as self._mode:
                if self._preflight_s is None:
                    self._first_preflight(pending)
                try:
                    self._mode.executor().run(pending, self)
                finally:
                    self._store.add_spans(self._record.id, self._mode.spans())
                    for note in self._mode.notes():
                        self._notify(events.Noted(note))
            self._store.finish_audit(self._record.id)
            shutil.rmtree(self._paths.work, ignore_errors=True)
        self._notify(events.AuditEnded(self._record.id))

    # Callbacks of the executor

    @override
    def on_start(self, trial: Trial) -> None:
        self._notify(events.TrialStarted(trial))

    @override
    def train(self, trial: Trial, slot: Slot, stop: threading.Event) -> TrialResult:
        """Train a mutant in a slot. Only this method may run in another thread, so it does not touch the store."""
        mutant = self._plan.mutant(trial.mutant)
        one, changed = launch(self._plan, mutant, trial.seed), mutated(self._plan, mutant)
        name = f"{trial.number:04d}"
        with self._background_load():
            log = self._paths.log(name)
            trained = trials.run(self._setup, name, one, changed, log, self._timeout_s, slot, stop)
        self._mode.record_peak(trial.mutant, trained.peak_bytes)
        return trained.result

    @override
    def on_result(self, trial: Trial, result: TrialResult) -> None:
        self._store.finish_trial(self._record.id, trial, result)
        self._notify(events.TrialEnded(trial, result))

    @override
    def on_retry(self, trial: Trial, result: TrialResult, at_a_time: int) -> None:
        """Discard the result of the first try, but keep its output."""
        log = self._paths.log(f"{trial.number:04d}")
        log.replace(log.with_suffix(".out-of-memory.log"))
        self._notify(events.TrialRepeated(trial, result.reason or "", at_a_time))

    @override
    def on_interrupt(self, trial: Trial) -> None:
        """Store the trial as interrupted; it runs again when the audit is resumed."""
        self._store.finish_trial(self._record.id, trial, _interrupted())

    @override
    def on_pause(self, trial: Trial, result: TrialResult, following: Trial) -> None:
        """Let the machine cool down; between blocks, measure its idle power again."""
        self._cool(result)
        if following.block != trial.block and self._limits.cooldown_s > 0:
            self._measure_idle()

    # Internals

    @property
    def _setup(self) -> trials.TrialSetup:
        paths, domains = self._paths, self._recorder.domains
        return trials.TrialSetup(
            self._plan.subject, paths.subject, paths.work, self._mode.windows, domains, paths.mark, self._gpus
        )

    @property
    def _seed(self) -> int:
        """Seed of the background loads, the same for all trials: the loads add no randomness between trials."""
        return self._record.options.plan.seed

    @contextlib.contextmanager
    def _mode_of_record(self) -> Iterator[sharing_modes.Mode]:
        """Open the sharing mode that was requested when the audit began."""
        jobs = self._sharing.jobs
        if self._sharing.backgrounds:
            backgrounds = self._measured_backgrounds()
            with sharing_modes.ledger(self._recorder, lambda: self._idle_w) as ledger:
                loads = build_loads(backgrounds, self._paths, ledger, self._seed, self._limits.warm_up_s)
                yield sharing_modes.BackgroundMode(self._recorder, ledger, loads)
        elif jobs is not None:
            with sharing_modes.ledger(self._recorder, lambda: self._idle_w) as ledger:
                mode = sharing_modes.ConcurrentMode(self._recorder, ledger, jobs)
                mode.record_peak(ORIGINAL, self._record.peak_bytes)
                yield mode
        else:
            yield sharing_modes.ExclusiveMode(self._recorder)

    def _measured_backgrounds(self) -> tuple[BackgroundRecord, ...]:
        """Return the background loads with their exclusive rates, which are measured once, before the preflight."""
        if self._preflight_s is not None:
            return self._sharing.backgrounds
        self._notify(events.BackgroundsStarted(self._background_names))
        requested, limits = self._sharing.backgrounds, self._record.options.limits
        with self._remove_on_failure():
            backgrounds = measure_exclusive(requested, self._paths, self._recorder, self._seed, limits)
        self._store.set_backgrounds(self._record.id, backgrounds)
        return backgrounds

    @property
    def _background_names(self) -> tuple[str, ...]:
        return tuple(record.name for record in self._sharing.backgrounds)

    @contextlib.contextmanager
    def _background_load(self) -> Iterator[None]:
        if self._sharing.backgrounds:
            self._notify(events.WarmingUp(self._background_names))
        with self._mode.background_load():
            yield

    def _announce(self, done: int) -> None:
        domains = tuple(self._quality.items())
        self._notify(events.AuditOpened(self._record.id, self._plan, domains, self._unavailable, done))

    def _measure_idle(self) -> None:
        """Measure idle power. It drifts with temperature, so it is measured again between blocks, after a cool-down."""
        self._idle_w = self._recorder.mean_power(self._limits.idle_s)
        self._recorder.set_idle(self._idle_w)

    @contextlib.contextmanager
    def _remove_on_failure(self) -> Iterator[None]:
        """Remove the audit if its original or a background load does not work; only their output stays."""
        try:
            yield
        except StoreError:
            raise
        except MuteGreenError:
            self._store.remove_audit(self._record.id)
            for folder in self._paths.copies():
                shutil.rmtree(folder, ignore_errors=True)
            raise

    def _first_preflight(self, pending: Sequence[Trial]) -> None:
        """Train the original once, check it, and discard its energy."""
        self._notify(events.PreflightStarted())
        timeout_s = self._limits.timeout.preflight_s
        with self._remove_on_failure():
            with self._background_load():
                run = preflight(self._setup, self._plan, self._paths.log("preflight"), timeout_s, self._mode.slot())
            warnings = check(run, self._plan, self._paths.log("preflight"))
        result = run.result
        self._preflight_s = result.duration_s
        self._mode.record_peak(ORIGINAL, run.peak_bytes)
        self._store.set_start(self._record.id, result.duration_s, self._idle_w, self._unavailable, run.peak_bytes)
        at_a_time = self._mode.at_a_time()
        expected_s = duration.trials_s(
            pending, result.duration_s, self._limits, cools_down=self._sharing.cools_down, at_a_time=at_a_time
        )
        self._notify(events.PreflightEnded(result, expected_s, at_a_time, warnings))
        self._cool(result)

    def _cool(self, result: TrialResult) -> None:
        limit_s = self._limits.cooldown_s
        if limit_s > 0:
            self._notify(events.Cooling(limit_s))
            cooldown.cool_down(self._recorder, self._idle_w, result.measurement, limit_s)

    @property
    def _timeout_s(self) -> float:
        """Longest time of a training, seconds; it follows from the preflight unless it is set."""
        return self._limits.timeout.training_s(self._preflight_s or 0.0)


@contextlib.contextmanager
def _clear_disk_errors(paths: Paths) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        path = error.filename or paths.root
        raise StoreError(
            f"{path}: {error.strerror}", "fix this, then resume the audit: all trials that have ended are stored"
        ) from error


def _interrupted() -> TrialResult:
    return TrialResult(Outcome.INTERRUPTED, "interrupted", now(), 0.0, 0.0, 0, 0, None, (), Measurement(0.0))
