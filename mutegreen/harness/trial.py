"""One trial: a fresh workspace, the command under the meters, its output kept, its outcome and its evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mutegreen.harness import evidence as evidence_of
from mutegreen.harness.launch import Launch
from mutegreen.harness.outcome import Tail, classify, oom_kills
from mutegreen.harness.performance import OutputReader
from mutegreen.harness.process import Command, Ended, Line
from mutegreen.harness.workspace import workspace
from mutegreen.meters.recorder import Recorder
from mutegreen.model import Evidence, Hyperparameter, Measurement, Subject, TrialResult
from mutegreen.mutation import apply
from mutegreen.store.store import now


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
    with workspace(bench.snapshot, bench.work / name) as folder:
        apply.write_files(folder, launch.settings)
        environment = launch.environment()
        environment |= evidence_of.probe_environment(watched, folder, probe_out, environment)
        reader = OutputReader(bench.subject.performance, _patterns(watched))
        tail = Tail()
        kills = oom_kills()
        started_at = now()
        ended, measurement = _train(bench, name, launch, environment, folder, log, (reader, tail), timeout_s)
        file_fault = reader.read_file(folder / bench.subject.workdir)
        evidence = _evidence(watched, launch, evidence_of.Report.read(probe_out, folder), reader)
    probe_out.unlink(missing_ok=True)
    outcome, reason = classify(ended, tail, reader, evidence, file_fault, oom_killed=oom_kills() > kills)
    result = TrialResult(
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
    return result, tail


def _train(
    bench: Bench,
    name: str,
    launch: Launch,
    environment: dict[str, str],
    folder: Path,
    log: Path,
    readers: tuple[OutputReader, Tail],
    timeout_s: float | None,
) -> tuple[Ended, Measurement]:
    measured: list[Measurement] = []
    with log.open("w", encoding="utf-8", buffering=1) as kept:

        def on_line(line: Line) -> None:
            kept.write(f"{line.time_s:10.3f} {line.stream} {line.text}\n")
            for reader in readers:
                reader.feed(line)

        bench.recorder.begin(name)
        try:
            with Command(launch.words, folder / bench.subject.workdir, environment, f"{bench.prefix}{name}") as command:
                ended = command.wait(on_line, timeout_s, lambda: measured.append(bench.recorder.end(name)))
        finally:
            if not measured:
                bench.recorder.end(name)
    return ended, measured[0]


def _patterns(watched: Sequence[Hyperparameter]) -> dict[str, str]:
    patterns = {h.name: evidence_of.output_pattern(h) for h in watched}
    return {name: pattern for name, pattern in patterns.items() if pattern is not None}


def _evidence(
    watched: Sequence[Hyperparameter], launch: Launch, report: evidence_of.Report, reader: OutputReader
) -> list[Evidence]:
    return [evidence_of.judge(h, launch.settings[h], report, reader.seen) for h in watched]
