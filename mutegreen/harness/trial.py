"""One trial: a fresh workspace, the command under the meters, its output kept, its outcome and its evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TextIO

from mutegreen.harness import evidence as evidence_of
from mutegreen.harness.launch import Launch
from mutegreen.harness.outcome import Tail, classify, oom_kills
from mutegreen.harness.performance import OutputReader
from mutegreen.harness.process import Command, Ended, Line
from mutegreen.harness.workspace import workspace
from mutegreen.meters.cpu_time import machine_busy_s, other_load
from mutegreen.meters.recorder import Recorder
from mutegreen.model import Evidence, Flag, Hyperparameter, Measurement, Outcome, Subject, TrialResult
from mutegreen.mutation import apply
from mutegreen.store.store import now

OTHER_CPUS = 0.2
"""Mean number of CPUs kept busy by others than the training from which a trial is flagged."""

SHARED = ("cpu:", "dram:", "psys")
"""Domains whose figures hold the energy of every program of the machine."""


@dataclass(frozen=True)
class Bench:
    """What all trials of an audit share.

    Attributes:
        subject: The subject.
        snapshot: The subject's files as they were when the audit began.
        work: Folder for workspaces.
        recorder: The meters.
        prefix: What the marks of the audit's processes begin with.
    """

    subject: Subject
    snapshot: Path
    work: Path
    recorder: Recorder
    prefix: str


def run(
    bench: Bench, name: str, launch: Launch, watched: Sequence[Hyperparameter], log: Path, timeout_s: float | None
) -> tuple[TrialResult, Tail]:
    """Trains once.

    Args:
        bench: What all trials share.
        name: Name of the trial, for its workspace and its processes.
        launch: What to start.
        watched: Hyperparameters whose arrival is to be proved.
        log: File that keeps the output, each line with its time in seconds and its stream.
        timeout_s: Longest time, seconds; None: no limit.

    Returns:
        The result, and the last lines of the output.

    Raises:
        MutationError: A value cannot be placed.
        OSError: The command cannot be started, or there is no space for its output.
    """
    probe_out = bench.work / f"{name}.probe"
    probe_out.unlink(missing_ok=True)
    reader, tail = OutputReader(bench.subject.performance, _patterns(watched)), Tail()
    with workspace(bench.snapshot, bench.work / name) as folder:
        apply.write_files(folder, launch.settings)
        environment = launch.environment()
        environment |= evidence_of.probe_environment(watched, folder, probe_out, environment)
        kills, started_at = oom_kills(), now()
        with log.open("w", encoding="utf-8", buffering=1) as kept:
            command = partial(
                Command, launch.words, folder / bench.subject.workdir, environment, f"{bench.prefix}{name}"
            )
            ended, measurement = _train(bench.recorder, name, command, _Output(kept, reader, tail), timeout_s)
        file_fault = reader.read_file(folder / bench.subject.workdir)
        report = evidence_of.Report.read(probe_out, folder)
    probe_out.unlink(missing_ok=True)
    evidence = [evidence_of.judge(h, launch.settings[h], report, reader.seen) for h in watched]
    outcome, reason = classify(ended, tail, reader, evidence, file_fault, oom_killed=oom_kills() > kills)
    return _result(outcome, reason, started_at, ended, reader, measurement, evidence), tail


@dataclass(frozen=True)
class _Output:
    """Keeps each line and hands it to those who read in it."""

    kept: TextIO
    reader: OutputReader
    tail: Tail

    def feed(self, line: Line) -> None:
        self.kept.write(f"{line.time_s:10.3f} {line.stream} {line.text}\n")
        self.reader.feed(line)
        self.tail.feed(line)


def _train(
    recorder: Recorder, name: str, start: Callable[[], Command], output: _Output, timeout_s: float | None
) -> tuple[Ended, Measurement]:
    """Runs the command inside a window of the meters, which closes the moment the command itself has ended."""
    measured: list[Measurement] = []
    busy_s = machine_busy_s()
    recorder.begin(name)
    try:
        with start() as command:
            ended = command.wait(output.feed, timeout_s, lambda: measured.append(recorder.end(name)))
    finally:
        if not measured:
            recorder.end(name)
    machine_s = None if busy_s is None else (machine_busy_s() or busy_s) - busy_s
    return ended, _noting_others(measured[0], machine_s, ended)


def _noting_others(measurement: Measurement, machine_s: float | None, ended: Ended) -> Measurement:
    """Flags the domains that all programs of the machine share, where others than the training kept it busy."""
    if machine_s is None or other_load(machine_s, ended.cpu_s, ended.duration_s) < OTHER_CPUS:
        return measurement
    flagged = [
        replace(figure, flags=figure.flags | {Flag.OTHER_LOAD}) if figure.domain.startswith(SHARED) else figure
        for figure in measurement.domains
    ]
    return replace(measurement, domains=tuple(flagged))


def _result(
    outcome: Outcome,
    reason: str | None,
    started_at: str,
    ended: Ended,
    reader: OutputReader,
    measurement: Measurement,
    evidence: Sequence[Evidence],
) -> TrialResult:
    return TrialResult(
        outcome=outcome,
        reason=reason,
        started_at=started_at,
        duration_s=ended.duration_s,
        cpu_s=ended.cpu_s,
        peak_rss_bytes=ended.peak_rss_bytes,
        status=ended.status,
        performance=reader.result,
        epochs=tuple(reader.epochs),
        measurement=measurement,
        evidence=tuple(evidence),
    )


def _patterns(watched: Sequence[Hyperparameter]) -> dict[str, str]:
    patterns = {h.name: evidence_of.output_pattern(h) for h in watched}
    return {name: pattern for name, pattern in patterns.items() if pattern is not None}
