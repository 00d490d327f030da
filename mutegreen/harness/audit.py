"""The audit: snapshot, preflight, then trial after trial, each kept the moment it ends; resumed where it stopped."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from mutegreen import config
from mutegreen.errors import MuteGreenError, PreflightError, StoreError, UsageError
from mutegreen.harness import cooldown, events, plan, process, trial
from mutegreen.harness.launch import launch, mutated
from mutegreen.harness.opening import Limits, Paths
from mutegreen.meters.recorder import Recorder
from mutegreen.model import Measurement, Outcome, Trial, TrialResult, Unavailable
from mutegreen.store.kept import AuditRecord
from mutegreen.store.store import Store, now

IDLE_S = 1.0
"""Time over which idle power is measured before the first training, seconds."""

TIMEOUT_FACTOR = 10
"""Without a timeout given, a training may take this many times as long as the preflight: a batch an eighth the
size takes about eight times as long, and is no fault."""

TIMEOUT_LEAST_S = 60.0


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
        self._plan = _plan_again(store, self._record, self._paths)
        self._limits = Limits(**self._record.options["limits"])
        self._idle_w: dict[str, float] = {}

    def run(self) -> None:
        """Runs all trials that have not ended.

        Raises:
            PreflightError: The original does not train; nothing was spent on mutants.
            StoreError: A result cannot be kept; that trial counts as not done.
            KeyboardInterrupt: Interrupted; what was measured is kept, the trial under way is noted as interrupted.
        """
        process.become_subreaper()
        with _clear_disk_errors(self._paths.root), self._locked():
            process.end_all(lambda: process.marked(self._mark))
            pending = self._store.pending(self._record.id)
            self._announce(len(self._plan.trials) - len(pending))
            self._measure_idle()
            preflight_s = self._record.preflight_s
            if preflight_s is None:
                preflight_s = self._first_preflight(len(pending))
            for item, following in itertools.zip_longest(pending, pending[1:]):
                result = self._trial(item, self._timeout_s(preflight_s))
                if following is not None:
                    self._cool(result)
                    if following.block != item.block and self._cooldown_limit_s() > 0:
                        self._measure_idle()
            self._store.finish_audit(self._record.id)
            shutil.rmtree(self._paths.work, ignore_errors=True)
        self._tell(events.AuditEnded(self._record.id))

    @property
    def _mark(self) -> str:
        """Begins the marks of the audit's processes; the folder, for stores may have audits of the same name."""
        return f"{self._paths.root}/"

    @property
    def _bench(self) -> trial.Bench:
        return trial.Bench(self._plan.subject, self._paths.subject, self._paths.work, self._recorder, self._mark)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Keeps two processes from running one audit; the lock of a killed process frees itself."""
        self._paths.work.mkdir(parents=True, exist_ok=True)
        with self._paths.lock.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UsageError(f"audit {self._record.id} is being run by another process", "let it end") from None
            yield

    def _announce(self, done: int) -> None:
        domains = tuple(self._quality.items())
        self._tell(events.AuditOpened(self._record.id, self._plan, domains, self._unavailable, done))

    def _measure_idle(self) -> None:
        """Before the first training and, after a cool-down, between blocks: idle power drifts with warmth."""
        self._idle_w = self._recorder.idle(IDLE_S)
        self._recorder.set_idle(self._idle_w)

    def _first_preflight(self, trials: int) -> float:
        """An audit that does not pass leaves nothing behind but the output of its preflight."""
        try:
            return self._preflight(trials)
        except StoreError:
            raise
        except MuteGreenError:
            self._store.remove_audit(self._record.id)
            for folder in (self._paths.subject, self._paths.work):
                shutil.rmtree(folder, ignore_errors=True)
            raise

    def _preflight(self, trials: int) -> float:
        """Trains the original once and discards the figures: does it run, report, and take its values?"""
        self._tell(events.PreflightStarted())
        subject = self._plan.subject
        log = self._paths.log("preflight")
        one = launch(self._plan, self._plan.mutants[0], self._plan.trials[0].seed)
        timeout_s = self._limits.timeout_s or self._plan.preset.timeout_s or subject.timeout_s
        try:
            result, tail = trial.run(self._bench, "preflight", one, subject.hyperparameters, log, timeout_s)
        except (FileNotFoundError, PermissionError) as error:
            raise PreflightError(
                f"{one.words[0]} cannot be started: {error.strerror}", "see command in subject.toml"
            ) from error
        if result.outcome is not Outcome.OK:
            raise PreflightError(_preflight_fault(result, tail.lines), f"the whole output is in {log}")
        self._store.set_start(self._record.id, result.duration_s, self._idle_w, self._unavailable)
        expected_s = trials * (result.duration_s + self._expected_pause_s())
        self._tell(events.PreflightEnded(result, expected_s, _doubts(result)))
        self._cool(result)
        return result.duration_s

    def _trial(self, item: Trial, timeout_s: float) -> TrialResult:
        self._tell(events.TrialStarted(item))
        mutant = self._plan.mutant(item.mutant)
        changed = mutated(self._plan, mutant)
        one = launch(self._plan, mutant, item.seed)
        name = f"{item.number:04d}"
        try:
            result, _ = trial.run(self._bench, name, one, changed, self._paths.log(name), timeout_s)
        except KeyboardInterrupt:
            self._store.finish_trial(self._record.id, item, _interrupted())
            raise
        self._store.finish_trial(self._record.id, item, result)
        self._tell(events.TrialEnded(item, result))
        return result

    def _cool(self, result: TrialResult) -> None:
        limit_s = self._cooldown_limit_s()
        if limit_s > 0:
            self._tell(events.Cooling(limit_s))
            cooldown.cool_down(self._recorder, self._idle_w, result.measurement, limit_s)

    def _cooldown_limit_s(self) -> float:
        given = (self._limits.cooldown_s, self._plan.preset.cooldown_s, cooldown.DEFAULT_LIMIT_S)
        return next(limit for limit in given if limit is not None)

    def _expected_pause_s(self) -> float:
        return min(self._cooldown_limit_s(), cooldown.SLICE_S)

    def _timeout_s(self, preflight_s: float) -> float:
        given = self._limits.timeout_s or self._plan.preset.timeout_s or self._plan.subject.timeout_s
        return given or max(TIMEOUT_LEAST_S, TIMEOUT_FACTOR * preflight_s)


def _plan_again(store: Store, record: AuditRecord, paths: Paths) -> plan.Plan:
    """The plan of an audit from what it keeps, not made anew: another version may plan otherwise."""
    if not paths.subject.is_dir():
        raise StoreError(f"{paths.subject}: the files of audit {record.id} are gone", "start a new audit")
    subject = config.load(paths.subject)
    preset = plan.choose_preset(subject, record.options["plan"]["preset"])
    return plan.Plan(
        subject=subject,
        preset=preset,
        settings=plan.original_settings(subject, preset),
        mutants=tuple(kept.mutant for kept in store.mutants(record.id)),
        trials=tuple(kept.trial for kept in store.trials(record.id)),
        notes=record.notes,
    )


@contextlib.contextmanager
def _clear_disk_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        place = error.filename or folder
        raise StoreError(
            f"{place}: {error.strerror}", "mend that, then resume: all trials that have ended are kept"
        ) from error


def _interrupted() -> TrialResult:
    return TrialResult(Outcome.INTERRUPTED, "interrupted", now(), 0.0, 0.0, 0, 0, None, (), Measurement(0.0))


def _preflight_fault(result: TrialResult, last_lines: Iterable[str]) -> str:
    lines = "\n".join(f"  | {line}" for line in last_lines)
    return f"the original does not pass its preflight: {result.outcome}: {result.reason}" + (
        f"\n{lines}" if lines else ""
    )


def _doubts(result: TrialResult) -> tuple[str, ...]:
    return tuple(
        f"{item.hyperparameter}: its flag did not reach the program, which used its own default; "
        "mutants of it may end as not_applied"
        for item in result.evidence
        if item.own_default
    )
