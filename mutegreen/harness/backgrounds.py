"""The backgrounds of an audit: found by what a user calls them, kept with the audit, tried alone, built to run."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mutegreen import catalog, config
from mutegreen.attribution.ledger import Ledger
from mutegreen.errors import BackgroundError, UsageError
from mutegreen.harness import trial
from mutegreen.harness.concurrency.background_load import (
    BackgroundLoad,
    BackgroundProgram,
    BackgroundTiming,
    CommandProgram,
    SubjectProgram,
)
from mutegreen.harness.concurrency.energy_windows import ExclusiveWindows
from mutegreen.harness.opening import Paths, check_sites
from mutegreen.harness.plan.launch import launch
from mutegreen.harness.plan.plan import Plan, original_only
from mutegreen.meters.recorder import Recorder
from mutegreen.model import Limits, Outcome, TrialResult
from mutegreen.store.audit_records import BackgroundRecord


def resolve(texts: Sequence[str], preset: str | None) -> tuple[BackgroundRecord, ...]:
    """The backgrounds that a user asked for.

    Args:
        texts: Each a subject (its name or folder, also as SUBJECT:PRESET) or a command.
        preset: The foreground's preset, which a background that has one of that name takes too.

    Raises:
        UsageError: One is neither a subject nor a command, or two have one name.
        ConfigError: A subject has faults.
    """
    found = tuple(_asked(text, preset) for text in texts)
    names = [record.name for record in found]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"--background: {name} is there twice", "name each background once")
    return found


def programs(records: Sequence[BackgroundRecord], paths: Paths, seed: int) -> list[BackgroundProgram]:
    """What each of them runs."""
    return [_program(record, paths, number, seed) for number, record in enumerate(records)]


def measure_exclusive(
    records: Sequence[BackgroundRecord], paths: Paths, recorder: Recorder, seed: int, limits: Limits
) -> tuple[BackgroundRecord, ...]:
    """Trains each once with the machine to itself: does it work, and how fast is it alone?

    A command is not tried: nobody knows when it ends.

    Raises:
        BackgroundError: One does not end well.
    """
    found = []
    for number, record in enumerate(records):
        pacing = BackgroundTiming() if record.words else _alone(record, paths, number, recorder, seed, limits)
        found.append(replace(record, epochs_per_s=pacing.epochs_per_s, first_epoch_s=pacing.first_epoch_s))
    return tuple(found)


def build_loads(
    records: Sequence[BackgroundRecord], paths: Paths, ledger: Ledger, seed: int, warm_up_s: float
) -> list[BackgroundLoad]:
    """The backgrounds, ready to run; one that prints no figures is given `warm_up_s` seconds before each trial."""
    return [
        BackgroundLoad(
            record.name,
            program,
            ledger,
            mark=f"{paths.mark}background-{number}",
            log=paths.log(f"background-{number}"),
            alone=BackgroundTiming(record.epochs_per_s, record.first_epoch_s, warm_up_s),
        )
        for number, (record, program) in enumerate(zip(records, programs(records, paths, seed), strict=True))
    ]


def _asked(text: str, preset: str | None) -> BackgroundRecord:
    name, _, own = text.rpartition(":")
    for place, named in ((text, None), (name, own)):
        try:
            subject = config.load(catalog.find_subject(place))
        except UsageError:
            continue
        check_sites(subject)
        chosen = named if named is not None else (preset if preset in subject.presets else None)
        original_only(subject, chosen)  # a preset that it does not have is said before anything is trained
        return BackgroundRecord(subject.name, str(subject.folder), chosen)
    return _command(text)


def _command(text: str) -> BackgroundRecord:
    words = tuple(shlex.split(text))
    if not words or shutil.which(words[0]) is None:
        known = ", ".join(catalog.subjects())
        raise UsageError(
            f"--background {text}: neither a subject nor a command",
            f"a folder with a subject.toml, one of {known}, or a command in quotes",
        )
    told = next((word for word in words if word.endswith(".py")), words[0])  # of `python train.py`, the training
    return BackgroundRecord(Path(told).stem, str(Path.cwd()), words=words)


def _plan(record: BackgroundRecord, paths: Paths, number: int) -> Plan:
    return original_only(config.load(paths.background(number)), record.preset)


def _program(record: BackgroundRecord, paths: Paths, number: int, seed: int) -> BackgroundProgram:
    if record.words:
        return CommandProgram(record.words, Path(record.folder))
    work = paths.work / f"background-{number}"
    return SubjectProgram(_plan(record, paths, number), paths.background(number), work, seed)


def _alone(
    record: BackgroundRecord, paths: Paths, number: int, recorder: Recorder, seed: int, limits: Limits
) -> BackgroundTiming:
    plan, name = _plan(record, paths, number), f"background-{number}"
    setup = trial.TrialSetup(
        plan.subject, paths.background(number), paths.work, ExclusiveWindows(recorder), recorder.domains, paths.mark
    )
    one = launch(plan, plan.mutants[0], seed)
    timeout_s = limits.resolved(plan.subject, plan.preset).timeout.preflight_s
    result = trial.run(setup, name, one, (), paths.log(f"{name}-alone"), timeout_s).result
    if result.outcome is not Outcome.OK:
        raise BackgroundError(
            f"background {record.name} does not train alone: {result.outcome}: {result.reason}",
            f"the whole output is in {paths.log(f'{name}-alone')}",
        )
    return _pacing(result)


def _pacing(result: TrialResult) -> BackgroundTiming:
    times_s = [epoch.time_s for epoch in result.epochs if epoch.time_s is not None]
    if not times_s:
        return BackgroundTiming()
    spent_s = times_s[-1] - times_s[0]
    return BackgroundTiming((len(times_s) - 1) / spent_s if spent_s > 0 else None, times_s[0])
