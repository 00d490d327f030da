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
from mutegreen.harness import metered_command
from mutegreen.harness.concurrency.energy_windows import WindowFactory
from mutegreen.harness.concurrency.slots import Slot
from mutegreen.harness.machine.gpu_processes import GpuProcesses
from mutegreen.harness.metered_command import MeteredRun
from mutegreen.harness.observe import evidence as evidence_of
from mutegreen.harness.observe import phases
from mutegreen.harness.observe.outcome import OutputTail, classify, oom_kills
from mutegreen.harness.observe.output import OutputSink
from mutegreen.harness.observe.performance import OutputReader
from mutegreen.harness.plan import shims
from mutegreen.harness.plan.launch import Launch
from mutegreen.harness.process.command import Command
from mutegreen.harness.process.workspace import workspace
from mutegreen.model import Evidence, Hyperparameter, Outcome, Phase, Subject, TrialResult
from mutegreen.mutation import site_values


@dataclass(frozen=True)
class TrialSetup:
    """What all trials of an audit share.

    Attributes:
        subject: The subject.
        snapshot: The subject's files as they were when the audit began.
        work: Folder for workspaces.
        windows: Weighs each training.
        domains: All domains metered.
        prefix: What the marks of the audit's processes begin with.
        gpus: Who is on the GPUs; None: there are none, or it is not told.
    """

    subject: Subject
    snapshot: Path
    work: Path
    windows: WindowFactory
    domains: tuple[str, ...]
    prefix: str
    gpus: GpuProcesses | None = None


@dataclass(frozen=True)
class TrialRun:
    """What a training came to.

    Attributes:
        tail: The last lines of its output.
        peak_bytes: Most memory that it held, by `host` and GPU domain, as far as seen.
    """

    result: TrialResult
    tail: OutputTail
    peak_bytes: dict[str, int]


def run(
    setup: TrialSetup,
    name: str,
    launch: Launch,
    watched: Sequence[Hyperparameter],
    log: Path,
    timeout_s: float | None,
    slot: Slot | None = None,
    stop: threading.Event | None = None,
) -> TrialRun:
    """Trains once.

    Args:
        setup: What all trials share.
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
    probe_out, windows_out = (setup.work / f"{name}.{what}" for what in ("probe", "windows"))
    reader, tail = OutputReader(setup.subject.performance, _patterns(watched)), OutputTail()
    with _fresh(probe_out, windows_out), workspace(setup.snapshot, setup.work / name) as folder:
        site_values.write_files(folder, launch.settings)
        environment = launch.environment() | {phase.VARIABLE: str(windows_out)}
        environment |= slot.variables(environment)
        environment |= evidence_of.probe_environment(watched, folder, probe_out, environment, launch.compat)
        workdir = folder / setup.subject.workdir
        mark = f"{setup.prefix}{name}"
        start = partial(Command, launch.words, workdir, environment, mark, slot.cpus, stop)
        window = setup.windows.window(name, slot.domains(setup.domains))
        kills, started_at = oom_kills(), now()
        with log.open("w", encoding="utf-8", buffering=1) as kept:
            metered = metered_command.run(window, start, OutputSink(kept, reader, tail).feed, timeout_s)
        if setup.gpus is not None:
            setup.gpus.wait_until_gone(metered.pids)
        file_fault = reader.read_file(workdir)
        report = evidence_of.ProbeReport.read(probe_out, folder)
        windows = phases.read_windows(windows_out, metered.started_s, metered.ended.duration_s)
        evidence = [evidence_of.judge(h, launch.settings[h], report, reader.seen) for h in watched]
        shim_reports = shims.judge(launch.compat, report)
    end = classify(metered.ended, tail, reader, evidence, file_fault, oom_killed=oom_kills() > kills)
    parts = phases.cut(metered.window.timelines, reader.epochs, windows)
    result = replace(_result(end, started_at, metered, reader, parts, evidence), shims=shim_reports)
    return TrialRun(result, tail, metered.window.peak_bytes)


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
    metered: MeteredRun,
    reader: OutputReader,
    parts: Sequence[Phase],
    evidence: Sequence[Evidence],
) -> TrialResult:
    ended = metered.ended
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
        measurement=metered.window.measurement,
        evidence=tuple(evidence),
        timelines=metered.window.timelines,
        phases=tuple(parts),
        also=reader.figures,
        colocation=metered.window.colocation,
    )


def _patterns(watched: Sequence[Hyperparameter]) -> dict[str, str]:
    patterns = {h.name: evidence_of.output_pattern(h) for h in watched}
    return {name: pattern for name, pattern in patterns.items() if pattern is not None}
