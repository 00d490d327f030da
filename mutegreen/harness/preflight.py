"""The preflight: the original trained once, to see that it runs, reports its performance and takes its values."""

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
    """Trains the original with the seed of the first trial, and asks all hyperparameters for their evidence.

    Raises:
        PreflightError: It cannot be started.
    """
    one = launch(plan, plan.mutants[0], plan.trials[0].seed)
    try:
        return trial.run(setup, "preflight", one, plan.subject.hyperparameters, log, timeout_s, slot)
    except (FileNotFoundError, PermissionError) as error:
        raise PreflightError(
            f"{one.words[0]} cannot be started: {error.strerror}", "see command in subject.toml"
        ) from error


def check(trained: trial.TrialRun, plan: Plan, log: Path) -> tuple[str, ...]:
    """What is doubtful of a preflight that passed.

    Raises:
        PreflightError: It did not pass.
    """
    result, lines = trained.result, trained.tail.lines
    if result.outcome is not Outcome.OK:
        hints = [shims.advice(lines, plan.compat), f"the whole output is in {log}"]
        raise PreflightError(_fault(result, lines), "; ".join(filter(None, hints)))
    return _doubts(result, plan.subject)


def _fault(result: TrialResult, last_lines: Iterable[str]) -> str:
    lines = "\n".join(f"  | {line}" for line in last_lines)
    said = f"the original does not pass its preflight: {result.outcome}: {result.reason}"
    return said + (f"\n{lines}" if lines else "")


def _doubts(result: TrialResult, subject: Subject) -> tuple[str, ...]:
    missing = [figure.name for figure in subject.performance.also if figure.name not in result.also]
    unseen = [f"{name}: this further figure of performance was not found" for name in missing]
    defaulted = [
        f"{item.hyperparameter}: its flag did not reach the program, which used its own default; "
        "mutants of it may end as not_applied"
        for item in result.evidence
        if item.own_default
    ]
    return (*defaulted, *unseen)
