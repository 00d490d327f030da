"""Train the original once before the trials: does it run, report its performance and apply its values?"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mutegreen.errors import PreflightError
from mutegreen.harness import trial
from mutegreen.harness.concurrency.slots import Slot
from mutegreen.harness.plan import shims
from mutegreen.harness.plan.launch import launch
from mutegreen.harness.plan.plan import Plan
from mutegreen.model import Outcome, Subject, TrialResult


def preflight(setup: trial.TrialSetup, plan: Plan, log: Path, timeout_s: float | None, slot: Slot) -> trial.TrialRun:
    """Train the original with the seed of the first trial, and collect evidence for all hyperparameters.

    Args:
        setup: What all trials of the audit share.
        plan: The plan.
        log: File for the output.
        timeout_s: Longest time, seconds; None: no limit.
        slot: The slot that it trains in.

    Raises:
        PreflightError: The program cannot be started.
    """
    original = launch(plan, plan.mutants[0], plan.trials[0].seed)
    try:
        return trial.run(setup, "preflight", original, plan.subject.hyperparameters, log, timeout_s, slot)
    except (FileNotFoundError, PermissionError) as error:
        raise PreflightError(
            f"command {original.words[0]!r} cannot be started: {error.strerror}", "see command in subject.toml"
        ) from error


def check(run: trial.TrialRun, plan: Plan, log: Path) -> tuple[str, ...]:
    """Return the warnings of a preflight that passed.

    Raises:
        PreflightError: It did not pass.
    """
    result, lines = run.result, run.tail.lines
    if result.outcome is not Outcome.OK:
        hints = [shims.advice(lines, plan.compat), f"see the whole output in {log}"]
        raise PreflightError(_failure(result, lines), "; ".join(filter(None, hints)))
    return _warnings(result, plan.subject)


def _failure(result: TrialResult, last_lines: Iterable[str]) -> str:
    lines = "\n".join(f"  | {line}" for line in last_lines)
    message = f"the original does not pass its preflight: {result.outcome}: {result.reason}"
    return message + (f"\n{lines}" if lines else "")


def _warnings(result: TrialResult, subject: Subject) -> tuple[str, ...]:
    missing = [metric.name for metric in subject.performance.also if metric.name not in result.also]
    defaulted = [item.hyperparameter for item in result.evidence if item.own_default]
    return (
        *(
            f"{name}: its flag did not reach the program, which used its own default; "
            "mutants of it may end as not_applied"
            for name in defaulted
        ),
        *(f"{name}: this extra metric was not found" for name in missing),
    )
