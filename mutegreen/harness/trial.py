"""Run one trial: a new workspace, the command in an energy window, its output, its outcome and its evidence.

One exclusive trial, from left to right in time (not to scale):

    harness    files | open |           wait            | close | clear up
    program                 |- imports, epoch 1 -|- ... -|
    energy                |===============================|
    duration                |----------------------------|

Files: the workspace, the mutated values, the probe. Open and close: the meters are read. Clear up: processes that are
left are ended, then evidence and phases are read. The cool-down follows, see `mutegreen.harness.audit`.

With background loads, the warm-up of the loads comes before the trial, and the loads end after it:

    load       |- imports, epoch 1 -|- epoch -|- epoch -|- ... -|
    trial                            files | open |  wait | close | clear up
    energy                                      |============|
"""

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
from mutegreen.harness.observe import phases
from mutegreen.harness.observe.evidence import ProbeReport, evidence_of, output_pattern, probe_environment
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
        windows: Makes the energy window of each training.
        domains: All measured domains.
        prefix: Prefix of the marks of the audit's processes.
        gpus: Reads which processes are on the GPUs; None: there are no GPUs, or the driver does not report it.
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
    """The result of one trial, and what the harness needs beyond it.

    Attributes:
        result: The result.
        tail: The last lines of the output.
        peak_bytes: Largest observed memory, by `host` and GPU domain.
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
    """Train once.

    Args:
        setup: What all trials share.
        name: Name of the trial, for its workspace and its processes.
        launch: What to start.
        watched: Hyperparameters for which evidence is collected.
        log: File for the output, each line with its time in seconds and its stream.
        timeout_s: Longest time, seconds; None: no limit.
        slot: The slot of a concurrent trial; None: the trial is exclusive.
        stop: Ends the trial once it is set.

    Raises:
        Stopped: `stop` was set.
        MutationError: A value cannot be placed at its site.
        OSError: The command cannot be started, or there is no space for its output.
    """
    slot = slot or Slot()
    probe_out, windows_out = (setup.work / f"{name}.{what}" for what in ("probe", "windows"))
    reader, tail = OutputReader(setup.subject.performance, _patterns(watched)), OutputTail()
    with _new_files(probe_out, windows_out), workspace(setup.snapshot, setup.work / name) as folder:
        site_values.write_files(folder, launch.values)
        environment = launch.environment() | {phase.VARIABLE: str(windows_out)}
        environment |= slot.variables(environment)
        environment |= probe_environment(watched, folder, probe_out, environment, launch.compat)
        workdir = folder / setup.subject.workdir
        mark = f"{setup.prefix}{name}"
        start = partial(Command, launch.words, workdir, environment, mark, slot.cpus, stop)
        window = setup.windows.window(name, slot.domains(setup.domains))
        kills, started_at = oom_kills(), now()
        with log.open("w", encoding="utf-8", buffering=1) as log_file:
            metered = metered_command.run(window, start, OutputSink(log_file, reader, tail).feed, timeout_s)
        if setup.gpus is not None:
            setup.gpus.wait_until_gone(metered.pids)
        file_fault = reader.read_file(workdir)
        report = ProbeReport.read(probe_out, folder)
        marked_windows = phases.read_windows(windows_out, metered.started_s, metered.command.duration_s)
        evidence = [evidence_of(h, launch.values[h], report, reader.seen) for h in watched]
        shim_reports = shims.reports_of(launch.compat, report)
    outcome = classify(metered.command, tail, reader, evidence, file_fault, oom_killed=oom_kills() > kills)
    parts = phases.cut(metered.window.timelines, reader.epochs, marked_windows)
    result = replace(_result(outcome, started_at, metered, reader, parts, evidence), shims=shim_reports)
    return TrialRun(result, tail, metered.window.peak_bytes)


@contextmanager
def _new_files(*files: Path) -> Iterator[None]:
    """Remove files to which a trial's processes append, before the trial and after it."""
    for file in files:
        file.unlink(missing_ok=True)
    yield
    for file in files:
        file.unlink(missing_ok=True)


def _result(
    outcome: tuple[Outcome, str | None],
    started_at: str,
    metered: MeteredRun,
    reader: OutputReader,
    parts: Sequence[Phase],
    evidence: Sequence[Evidence],
) -> TrialResult:
    command = metered.command
    return TrialResult(
        outcome=outcome[0],
        reason=outcome[1],
        started_at=started_at,
        duration_s=command.duration_s,
        cpu_s=command.cpu_s,
        peak_rss_bytes=command.peak_rss_bytes,
        status=command.status,
        performance=reader.result,
        epochs=tuple(reader.epochs),
        measurement=metered.window.measurement,
        evidence=tuple(evidence),
        timelines=metered.window.timelines,
        phases=tuple(parts),
        also=reader.extra_metrics,
        colocation=metered.window.colocation,
    )


def _patterns(watched: Sequence[Hyperparameter]) -> dict[str, str]:
    patterns = {h.name: output_pattern(h) for h in watched}
    return {name: pattern for name, pattern in patterns.items() if pattern is not None}
