"""One trial: a fresh workspace, the command under the meters, its output kept, its outcome and its evidence."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from mutegreen import phase
from mutegreen.clock import now
from mutegreen.harness import metered
from mutegreen.harness.concurrency.energy_windows import Scale
from mutegreen.harness.concurrency.slots import Slot
from mutegreen.harness.machine.gpu_processes import GpuProcesses
from mutegreen.harness.metered import Metered
from mutegreen.harness.observe import evidence as evidence_of
from mutegreen.harness.observe import phases
from mutegreen.harness.observe.outcome import Tail, classify, oom_kills
from mutegreen.harness.observe.output import Output
from mutegreen.harness.observe.performance import OutputReader
from mutegreen.harness.plan import stand_ins
from mutegreen.harness.plan.launch import Launch
from mutegreen.harness.process.command import Command
from mutegreen.harness.process.workspace import workspace
from mutegreen.model import Evidence, Hyperparameter, Outcome, Phase, Subject, TrialResult
from mutegreen.mutation import site_values


@dataclass(frozen=True)
class Bench:
    """What all trials of an audit share.

    Attributes:
        subject: The subject.
        snapshot: The subject's files as they were when the audit began.
        work: Folder for workspaces.
        scale: Weighs each training.
        domains: All domains measured.
        prefix: What the marks of the audit's processes begin with.
        gpus: Who is on the GPUs; None: there are none, or it is not told.
    """

    subject: Subject
    snapshot: Path
    work: Path
    scale: Scale
    domains: tuple[str, ...]
    prefix: str
    gpus: GpuProcesses | None = None


@dataclass(frozen=True)
class Trained:
    """What a training came to.

    Attributes:
        tail: The last lines of its output.
        peak_bytes: Most memory that it held, by `host` and GPU domain, as far as seen.
    """

    result: TrialResult
    tail: Tail
    peak_bytes: dict[str, int]


def run(
    bench: Bench,
    name: str,
    launch: Launch,
    watched: Sequence[Hyperparameter],
    log: Path,
    timeout_s: float | None,
    slot: Slot | None = None,
    stop: threading.Event | None = None,
) -> Trained:
    """Trains once.

    Args:
        bench: What all trials share.
        name: Name of the trial, for its workspace and its processes.
        launch: What to start.
        watched: Hyperparameters whose arrival is to be proved.
        log: File that keeps the output, each line with its time in seconds and its stream.
        timeout_s: Longest time, seconds; None: no limit.
        slot: Its place among trainings that run at the same time; None: it has the machine to itself.
        stop: Ends it once it is set.

    Raises:
        Stopped: `stop` was set.
        MutationError: A value cannot be placed.
        OSError: The command cannot be started, or there is no space for its output.
    """
    slot = slot or Slot()
    probe_out, windows_out = (bench.work / f"{name}.{what}" for what in ("probe", "windows"))
    reader, tail = OutputReader(bench.subject.performance, _patterns(watched)), Tail()
    with _fresh(probe_out, windows_out), workspace(bench.snapshot, bench.work / name) as folder:
        site_values.write_files(folder, launch.settings)
        environment = launch.environment() | {phase.VARIABLE: str(windows_out)}
        environment |= slot.variables(environment)
        environment |= evidence_of.probe_environment(watched, folder, probe_out, environment, launch.compat)
        workdir = folder / bench.subject.workdir
        mark = f"{bench.prefix}{name}"
        start = partial(Command, launch.words, workdir, environment, mark, slot.cpus, stop)
        weighing = bench.scale.weighing(name, slot.domains(bench.domains))
        kills, started_at = oom_kills(), now()
        with log.open("w", encoding="utf-8", buffering=1) as kept:
            measured = metered.run(weighing, start, Output(kept, reader, tail).feed, timeout_s)
        if bench.gpus is not None:
            bench.gpus.wait_until_gone(measured.pids)
        file_fault = reader.read_file(workdir)
        report = evidence_of.Report.read(probe_out, folder)
        windows = phases.read_windows(windows_out, measured.started_s, measured.ended.duration_s)
        evidence = [evidence_of.judge(h, launch.settings[h], report, reader.seen) for h in watched]
        stood_in = stand_ins.judge(launch.compat, report)
    end = classify(measured.ended, tail, reader, evidence, file_fault, oom_killed=oom_kills() > kills)
    parts = phases.cut(measured.weighed.timelines, reader.epochs, windows)
    result = replace(_result(end, started_at, measured, reader, parts, evidence), standins=stood_in)
    return Trained(result, tail, measured.weighed.peak_bytes)


@contextmanager
def _fresh(*files: Path) -> Iterator[None]:
    """Files that a trial's processes append to: none of an earlier try is there, none is left."""
    for file in files:
        file.unlink(missing_ok=True)
    yield
    for file in files:
        file.unlink(missing_ok=True)


def _result(
    end: tuple[Outcome, str | None],
    started_at: str,
    measured: Metered,
    reader: OutputReader,
    parts: Sequence[Phase],
    evidence: Sequence[Evidence],
) -> TrialResult:
    ended = measured.ended
    return TrialResult(
        outcome=end[0],
        reason=end[1],
        started_at=started_at,
        duration_s=ended.duration_s,
        cpu_s=ended.cpu_s,
        peak_rss_bytes=ended.peak_rss_bytes,
        status=ended.status,
        performance=reader.result,
        epochs=tuple(reader.epochs),
        measurement=measured.weighed.measurement,
        evidence=tuple(evidence),
        timelines=measured.weighed.timelines,
        phases=tuple(parts),
        also=reader.figures,
        company=measured.weighed.company,
    )


def _patterns(watched: Sequence[Hyperparameter]) -> dict[str, str]:
    patterns = {h.name: evidence_of.output_pattern(h) for h in watched}
    return {name: pattern for name, pattern in patterns.items() if pattern is not None}
