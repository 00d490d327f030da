"""Find the background loads that a user names, measure each in an exclusive run, and prepare them for an audit."""

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
    """Return the background loads that a user names.

    Args:
        texts: One for each: a subject (its name or folder, also as SUBJECT:PRESET) or a command.
        preset: The preset of the audit. A background load that has a preset of that name uses it, too.

    Raises:
        UsageError: A text is neither a subject nor a command, or two background loads have the same name.
        ConfigError: A subject has faults.
    """
    records = tuple(_resolve_one(text, preset) for text in texts)
    names = [record.name for record in records]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"--background {name}: given twice", "name each background load once")
    return records


def programs(records: Sequence[BackgroundRecord], paths: Paths, seed: int) -> list[BackgroundProgram]:
    """Return the program of each background load."""
    return [_program(record, paths, number, seed) for number, record in enumerate(records)]


def measure_exclusive(
    records: Sequence[BackgroundRecord], paths: Paths, recorder: Recorder, seed: int, limits: Limits
) -> tuple[BackgroundRecord, ...]:
    """Train each background load once in an exclusive run: check that it works, and measure its rate of epochs.

    A command is not run, because nobody knows when it ends.

    Returns:
        The records with the rate and the time of the first epoch.

    Raises:
        BackgroundError: A training fails.
    """
    measured = []
    for number, record in enumerate(records):
        timing = (
            BackgroundTiming() if record.words else _exclusive_timing(record, paths, number, recorder, seed, limits)
        )
        measured.append(replace(record, epochs_per_s=timing.epochs_per_s, first_epoch_s=timing.first_epoch_s))
    return tuple(measured)


def build_loads(
    records: Sequence[BackgroundRecord], paths: Paths, ledger: Ledger, seed: int, warm_up_s: float
) -> list[BackgroundLoad]:
    """Return the background loads, ready to run.

    Args:
        records: The background loads, with their rates in an exclusive run.
        paths: The files of the audit.
        ledger: Attributes the energy.
        seed: Seed of every start of a load.
        warm_up_s: Warm-up before each trial for a load that reports no epochs, seconds.
    """
    return [
        BackgroundLoad(
            record.name,
            program,
            ledger,
            mark=f"{paths.mark}background-{number}",
            log=paths.log(f"background-{number}"),
            exclusive=BackgroundTiming(record.epochs_per_s, record.first_epoch_s, warm_up_s),
        )
        for number, (record, program) in enumerate(zip(records, programs(records, paths, seed), strict=True))
    ]


def _resolve_one(text: str, preset: str | None) -> BackgroundRecord:
    name, colon, own_preset = text.rpartition(":")
    for place, named in ((text, None), (name, own_preset)) if colon else ((text, None),):
        try:
            subject = config.load(catalog.find_subject(place))
        except UsageError:
            continue
        check_sites(subject)
        chosen = named if named is not None else (preset if preset in subject.presets else None)
        original_only(subject, chosen)  # an unknown preset is an error before anything is trained
        return BackgroundRecord(subject.name, str(subject.folder), chosen)
    return _command(text)


def _command(text: str) -> BackgroundRecord:
    words = tuple(shlex.split(text))
    if not words or shutil.which(words[0]) is None:
        known = ", ".join(catalog.subjects())
        raise UsageError(
            f"--background {text}: neither a subject nor a command",
            f"give a folder with a subject.toml, one of {known}, or a command in quotes",
        )
    script = next((word for word in words if word.endswith(".py")), words[0])  # of `python train.py`, the script
    return BackgroundRecord(Path(script).stem, str(Path.cwd()), words=words)


def _plan(record: BackgroundRecord, paths: Paths, number: int) -> Plan:
    return original_only(config.load(paths.background(number)), record.preset)


def _program(record: BackgroundRecord, paths: Paths, number: int, seed: int) -> BackgroundProgram:
    if record.words:
        return CommandProgram(record.words, Path(record.folder))
    work = paths.work / f"background-{number}"
    return SubjectProgram(_plan(record, paths, number), paths.background(number), work, seed)


def _exclusive_timing(
    record: BackgroundRecord, paths: Paths, number: int, recorder: Recorder, seed: int, limits: Limits
) -> BackgroundTiming:
    plan, name = _plan(record, paths, number), f"background-{number}"
    setup = trial.TrialSetup(
        plan.subject, paths.background(number), paths.work, ExclusiveWindows(recorder), recorder.domains, paths.mark
    )
    original = launch(plan, plan.mutants[0], seed)
    timeout_s = limits.resolved(plan.subject, plan.preset).timeout.preflight_s
    log = paths.log(f"{name}-alone")
    result = trial.run(setup, name, original, (), log, timeout_s).result
    if result.outcome is not Outcome.OK:
        raise BackgroundError(
            f"background load {record.name} fails in an exclusive run: {result.outcome}: {result.reason}",
            f"see its whole output in {log}",
        )
    return _timing(result)


def _timing(result: TrialResult) -> BackgroundTiming:
    times_s = [epoch.time_s for epoch in result.epochs if epoch.time_s is not None]
    if not times_s:
        return BackgroundTiming()
    spent_s = times_s[-1] - times_s[0]
    return BackgroundTiming((len(times_s) - 1) / spent_s if spent_s > 0 else None, times_s[0])
