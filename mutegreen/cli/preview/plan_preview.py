"""The plan of an audit for people and as JSON, with an estimate of its time."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from mutegreen import units
from mutegreen.cli import common
from mutegreen.cli.sharing import AUTO
from mutegreen.cli.wording.seeds import seeding_text
from mutegreen.errors import StoreError
from mutegreen.harness import duration
from mutegreen.harness.opening import Sharing
from mutegreen.harness.plan.plan import Plan
from mutegreen.model import IDENTITY, Limits, Mutant
from mutegreen.store.store import Store


@dataclass(frozen=True)
class TrainingTime:
    """Expected time of one training, seconds, and the source of this value."""

    training_s: float
    source: str


def training_s(plan: Plan, store: Path) -> TrainingTime | None:
    """Return the time of one training, from the last audit, else as the subject states; None: not known."""
    observed_s = _last_seen_s(plan, store)
    if observed_s is not None:
        return TrainingTime(observed_s, "as in the last audit")
    declared_s = plan.preset.duration_s if plan.preset.name else plan.subject.duration_s
    return TrainingTime(declared_s, "as the subject states for 2 CPU cores") if declared_s is not None else None


def _last_seen_s(plan: Plan, store: Path) -> float | None:
    try:
        with Store.open(store) as opened:
            audits = opened.audits()
    except StoreError:
        return None
    key = (plan.subject.name, plan.preset.name)
    same = [a for a in audits if (a.subject, a.options.plan.preset or "") == key]
    return next((a.preflight_s for a in reversed(same) if a.preflight_s is not None), None)


def expected_s(plan: Plan, training: TrainingTime | None, limits: Limits, shared: Sharing) -> float | None:
    """Return the time of the whole audit with preflight and pauses, seconds; None: not known."""
    if training is None:
        return None
    resolved = limits.resolved(plan.subject, plan.preset)
    return duration.audit_s(plan.trials, training.training_s, resolved, cools_down=shared.cools_down)


def document(plan: Plan, training: TrainingTime | None, limits: Limits, shared: Sharing) -> dict[str, object]:
    """Return the plan, JSON-ready."""
    return {
        "subject": plan.subject.name,
        "preset": plan.preset.name or None,
        "data": asdict(plan.data) if plan.data else None,
        "settings": plan.values,
        "mutants": [_mutant(mutant) for mutant in plan.mutants],
        "trials": [asdict(trial) for trial in plan.trials],
        "seeding": plan.seeding,
        "compat": list(plan.compat),
        "background": [record.name for record in shared.backgrounds],
        "jobs": AUTO if shared.jobs == 0 else shared.jobs or 1,
        "notes": list(plan.notes),
        "training_s": training.training_s if training else None,
        "expected_s": expected_s(plan, training, limits, shared),
    }


def _mutant(mutant: Mutant) -> dict[str, object]:
    fields = {name: getattr(mutant, name) for name in ("operator", "hyperparameter", "value", "default")}
    return {"id": mutant.id, **fields, "changes": {change.hyperparameter: change.value for change in mutant.changes}}


def show(plan: Plan, training: TrainingTime | None, limits: Limits, shared: Sharing) -> None:
    """Print the mutants, the order of the trials and the expected time."""
    from rich import box
    from rich.table import Table

    console = common.results()
    table = Table("hyperparameter", "default", "operator", "mutants", box=box.SIMPLE_HEAD)
    for name, default in plan.values.items():
        mutants = [m for m in plan.mutants if m.order == 1 and m.hyperparameter == name]
        if mutants:
            table.add_row(name, str(default), mutants[0].operator, ", ".join(str(m.value) for m in mutants))
    if any(m.operator == IDENTITY for m in plan.mutants):
        table.add_row("-", "-", "identity", "a copy of the original, as an A/A control")
    console.print(f"{plan.subject.name}" + (f", preset {plan.preset.name}" if plan.preset.name else ""), style="bold")
    if plan.data:
        console.print(f"data: {plan.data}")
    console.print(table)
    if several := _several(plan):
        names = "; ".join(mutant.id for mutant in several)
        console.print(
            f"mutants of several hyperparameters (each value also has a mutant of its own): {names}", soft_wrap=True
        )
    for block in range(max(trial.block for trial in plan.trials) + 1):
        order = [trial.mutant for trial in plan.trials if trial.block == block]
        console.print(f"block {block + 1}: {', '.join(order)}")
    console.print(seeding_text(plan.seeding, plan.trials[0].seed))
    if plan.compat:
        console.print(f"shims: {', '.join(plan.compat)} (see `mutegreen help compatibility`)")
    for line in _shared(shared):
        console.print(line)
    for note in plan.notes:
        console.print(note, style="yellow")
    console.print(_sum(plan, training, limits, shared))


def _shared(shared: Sharing) -> Iterator[str]:
    for record in shared.backgrounds:
        what = shlex.join(record.words) or f"the original of {record.folder}"
        preset = f", preset {record.preset}" if record.preset else ""
        yield f"background load: {record.name} ({what}{preset}); the time below excludes its warm-ups and the slowdown"
    if shared.jobs is not None:
        number = "as many as memory and CPUs allow" if shared.jobs == 0 else shared.jobs
        yield f"concurrent trials on each device: {number}; the time below is for one trial after another"


def _several(plan: Plan) -> list[Mutant]:
    return [mutant for mutant in plan.mutants if mutant.order > 1]


def _sum(plan: Plan, training: TrainingTime | None, limits: Limits, shared: Sharing) -> str:
    several = f" ({len(_several(plan))} of several hyperparameters)" if _several(plan) else ""
    size = f"{len(plan.trials)} trials of {len(plan.mutants) - 1} mutants{several} and the original"
    total_s = expected_s(plan, training, limits, shared)
    if training is None or total_s is None:
        return f"{size}; their time is not known until the preflight has ended."
    each = f"{units.expected_duration(training.training_s)} each, {training.source}"
    return f"{size}: about {units.expected_duration(total_s)} ({each})."
