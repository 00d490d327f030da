"""The audit: preflight, then all trials, each kept the moment it ends; resumed where it stopped."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence

from mutegreen.clock import now
from mutegreen.errors import MuteGreenError, StoreError
from mutegreen.harness import duration, events, trial
from mutegreen.harness.backgrounds import build_loads, measure_exclusive
from mutegreen.harness.concurrency import sharing_modes
from mutegreen.harness.concurrency.slots import Slot
from mutegreen.harness.machine import cooldown
from mutegreen.harness.machine.gpu_processes import GpuProcesses
from mutegreen.harness.opening import Paths, audit_lock, restore_plan
from mutegreen.harness.plan.launch import launch, mutated
from mutegreen.harness.preflight import check, preflight
from mutegreen.harness.process import command
from mutegreen.meters.recorder import Recorder
from mutegreen.model import ORIGINAL, Measurement, Outcome, Trial, TrialResult, Unavailable
from mutegreen.store.audit_records import BackgroundRecord
from mutegreen.store.store import Store


class Audit:
    """An audit of the store, run from where it stands to its end.

    Args:
        store: Open for writing.
        audit_id: One of its audits.
        recorder: The meters, sampling.
        quality: Quality of each domain's figures, for the header.
        unavailable: Domains that cannot be read.
        listener: Is told what happens.
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
        self._tell = listener
        self._plan = restore_plan(store, self._record, self._paths)
        self._limits = self._record.options.limits.resolved(self._plan.subject, self._plan.preset)
        self._idle_w: dict[str, float] = {}
        self._preflight_s = self._record.preflight_s
        self._mode: sharing_modes.Mode = sharing_modes.ExclusiveMode(recorder)
        self._gpus = GpuProcesses.of(recorder.domains)

    def run(self) -> None:
        """Runs all trials that have not ended.

        Raises:
            PreflightError: The original does not train; nothing was spent on mutants.
            BackgroundError: A background does not train, or no longer.
            StoreError: A result cannot be kept; that trial counts as not done.
            KeyboardInterrupt: Interrupted; what was measured is kept, trials under way are noted as interrupted.
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
                        self._tell(events.Noted(note))
            self._store.finish_audit(self._record.id)
            shutil.rmtree(self._paths.work, ignore_errors=True)
        self._tell(events.AuditEnded(self._record.id))

    # The work of the executor

    def on_start(self, item: Trial) -> None:
        """Tells so."""
        self._tell(events.TrialStarted(item))

    def train(self, item: Trial, slot: Slot, stop: threading.Event) -> TrialResult:
        """Trains a mutant at a place. This alone may run in another thread: it leaves the store alone."""
        mutant = self._plan.mutant(item.mutant)
        one, changed = launch(self._plan, mutant, item.seed), mutated(self._plan, mutant)
        name = f"{item.number:04d}"
        with self._background_load():
            log = self._paths.log(name)
            trained = trial.run(self._setup, name, one, changed, log, self._timeout_s, slot, stop)
        self._mode.record_peak(item.mutant, trained.peak_bytes)
        return trained.result

    def on_result(self, item: Trial, result: TrialResult) -> None:
        """Keeps the result."""
        self._store.finish_trial(self._record.id, item, result)
        self._tell(events.TrialEnded(item, result))

    def on_retry(self, item: Trial, result: TrialResult, at_a_time: int) -> None:
        """Tells so; the figures of the first try are not kept, its output is."""
        log = self._paths.log(f"{item.number:04d}")
        log.replace(log.with_suffix(".out-of-memory.log"))
        self._tell(events.TrialRepeated(item, result.reason or "", at_a_time))

    def on_interrupt(self, item: Trial) -> None:
        """Notes it; the trial is still to be run."""
        self._store.finish_trial(self._record.id, item, _interrupted())

    def on_pause(self, item: Trial, result: TrialResult, following: Trial) -> None:
        """Lets the machine cool down, and measures its idle power anew between blocks."""
        self._cool(result)
        if following.block != item.block and self._limits.cooldown_s > 0:
            self._measure_idle()

    # Inside

    @property
    def _setup(self) -> trial.TrialSetup:
        paths, domains = self._paths, self._recorder.domains
        return trial.TrialSetup(
            self._plan.subject, paths.subject, paths.work, self._mode.windows, domains, paths.mark, self._gpus
        )

    @property
    def _seed(self) -> int:
        """Of the backgrounds, the same for all trials: what runs beside them is no source of chance."""
        return self._record.options.plan.seed

    @contextlib.contextmanager
    def _mode_of_record(self) -> Iterator[sharing_modes.Mode]:
        """How the trials share the machine, as it was asked for when the audit began."""
        jobs = self._record.options.jobs
        if self._record.backgrounds:
            backgrounds = self._tried()
            with sharing_modes.ledger(self._recorder, lambda: self._idle_w) as ledger:
                running = build_loads(backgrounds, self._paths, ledger, self._seed, self._limits.warm_up_s)
                yield sharing_modes.BackgroundMode(self._recorder, ledger, running)
        elif jobs is not None:
            with sharing_modes.ledger(self._recorder, lambda: self._idle_w) as ledger:
                mode = sharing_modes.ConcurrentMode(self._recorder, ledger, jobs)
                mode.record_peak(ORIGINAL, self._record.peak_bytes)
                yield mode
        else:
            yield sharing_modes.ExclusiveMode(self._recorder)

    def _tried(self) -> tuple[BackgroundRecord, ...]:
        """The backgrounds with what was found when each trained alone; that is done once, before the preflight."""
        if self._preflight_s is not None:
            return self._record.backgrounds
        self._tell(events.BackgroundsStarted(self._background_names))
        asked, limits = self._record.backgrounds, self._record.options.limits
        with self._nothing_left_of_a_failure():
            backgrounds = measure_exclusive(asked, self._paths, self._recorder, self._seed, limits)
        self._store.set_backgrounds(self._record.id, backgrounds)
        return backgrounds

    @property
    def _background_names(self) -> tuple[str, ...]:
        return tuple(record.name for record in self._record.backgrounds)

    @contextlib.contextmanager
    def _background_load(self) -> Iterator[None]:
        if self._record.backgrounds:
            self._tell(events.WarmingUp(self._background_names))
        with self._mode.background_load():
            yield

    def _announce(self, done: int) -> None:
        domains = tuple(self._quality.items())
        self._tell(events.AuditOpened(self._record.id, self._plan, domains, self._unavailable, done))

    def _measure_idle(self) -> None:
        """Before the first training and, after a cool-down, between blocks: idle power drifts with warmth."""
        self._idle_w = self._recorder.mean_power(self._limits.idle_s)
        self._recorder.set_idle(self._idle_w)

    @contextlib.contextmanager
    def _nothing_left_of_a_failure(self) -> Iterator[None]:
        """An audit whose original or background does not train leaves nothing behind but their output."""
        try:
            yield
        except StoreError:
            raise
        except MuteGreenError:
            self._store.remove_audit(self._record.id)
            for folder in self._paths.copies():
                shutil.rmtree(folder, ignore_errors=True)
            raise

    def _first_preflight(self, trials: Sequence[Trial]) -> None:
        """Trains the original once and discards the figures: does it run, report, and take its values?"""
        self._tell(events.PreflightStarted())
        timeout_s = self._limits.timeout.preflight_s
        with self._nothing_left_of_a_failure():
            with self._background_load():
                trained = preflight(self._setup, self._plan, self._paths.log("preflight"), timeout_s, self._mode.slot())
            doubts = check(trained, self._plan, self._paths.log("preflight"))
        result = trained.result
        self._preflight_s = result.duration_s
        self._mode.record_peak(ORIGINAL, trained.peak_bytes)
        self._store.set_start(self._record.id, result.duration_s, self._idle_w, self._unavailable, trained.peak_bytes)
        at_a_time = self._mode.at_a_time()
        expected_s = duration.trials_s(
            trials, result.duration_s, self._limits, rests=self._mode.rests, at_a_time=at_a_time
        )
        self._tell(events.PreflightEnded(result, expected_s, at_a_time, doubts))
        self._cool(result)

    def _cool(self, result: TrialResult) -> None:
        limit_s = self._limits.cooldown_s
        if limit_s > 0:
            self._tell(events.Cooling(limit_s))
            cooldown.cool_down(self._recorder, self._idle_w, result.measurement, limit_s)

    @property
    def _timeout_s(self) -> float:
        """Of a training; there is none before the preflight has ended."""
        return self._limits.timeout.training_s(self._preflight_s or 0.0)


@contextlib.contextmanager
def _clear_disk_errors(paths: Paths) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        place = error.filename or paths.root
        raise StoreError(
            f"{place}: {error.strerror}", "mend that, then resume: all trials that have ended are kept"
        ) from error


def _interrupted() -> TrialResult:
    return TrialResult(Outcome.INTERRUPTED, "interrupted", now(), 0.0, 0.0, 0, 0, None, (), Measurement(0.0))
