"""What a study would train, for people and as JSON, with an estimate of its time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from mutegreen import units
from mutegreen.cli import common
from mutegreen.cli.preview import plan_preview
from mutegreen.errors import StoreError
from mutegreen.replication import runner
from mutegreen.replication.design import Part, Skipped
from mutegreen.replication.runner import Standing
from mutegreen.replication.words import stands_for
from mutegreen.store.store import Store


def standings(parts: Sequence[Part], store: Path) -> list[Standing]:
    """How far each part has come; a store that is not there yet holds none."""
    try:
        with Store.open(store) as opened:
            return [runner.standing(opened, part) for part in parts]
    except StoreError:
        if store.exists():
            raise
        return [runner.standing(None, part) for part in parts]


def left_s(standing: Standing, store: Path) -> float | None:
    """Time that is left of a part with its pauses, seconds; None: not known."""
    plan = standing.part.plan
    training = plan_preview.training_s(plan, store)
    whole_s = plan_preview.expected_s(plan, training, standing.part.limits, standing.part.sharing)
    if whole_s is None or standing.has_ended:
        return None if whole_s is None else 0.0
    preflights = 0 if standing.pending < len(plan.trials) else 1
    return whole_s * (standing.pending + preflights) / (len(plan.trials) + 1)


def document(standings: Sequence[Standing], skipped: Sequence[Skipped], preset: str, store: Path) -> dict[str, object]:
    """The plan, JSON-ready."""
    return {
        "study": "hyperparameters",
        "preset": preset,
        "parts": [_part(standing, left_s(standing, store)) for standing in standings],
        "skipped": [asdict(each) for each in skipped],
        "expected_s": _sum([left_s(standing, store) for standing in standings]),
    }


def show(standings: Sequence[Standing], preset: str, store: Path) -> None:
    """Prints a line for each part, and the time of all."""
    from rich import box
    from rich.table import Table

    console = common.results()
    console.print(f"study of hyperparameters, preset {preset}", style="bold")
    table = Table("subject", "mutants", "trainings", "left", "time", box=box.SIMPLE_HEAD)
    for standing in standings:
        seconds = left_s(standing, store)
        table.add_row(
            standing.part.name,
            _mutants(standing.part),
            str(len(standing.part.plan.trials)),
            str(standing.pending),
            "not known" if seconds is None else units.expected_duration(seconds) if seconds else "done",
        )
    console.print(table)
    for standing in standings:
        console.print(f"{standing.part.name}: {stands_for(standing.part.subject.name)}", style="dim")
    console.print(_total(standings, store))


def _part(standing: Standing, seconds: float | None) -> dict[str, object]:
    part = standing.part
    return {
        "subject": part.subject.name,
        "background": part.company,
        "mutants": [mutant.id for mutant in part.plan.mutants[1:]],
        "trainings": len(part.plan.trials),
        "pending": standing.pending,
        "audit": standing.audit,
        "expected_s": seconds,
    }


def _mutants(part: Part) -> str:
    names = dict.fromkeys(mutant.hyperparameter for mutant in part.plan.mutants[1:])
    counts = {name: sum(mutant.hyperparameter == name for mutant in part.plan.mutants) for name in names}
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def _sum(seconds: Sequence[float | None]) -> float | None:
    return None if None in seconds else sum(each for each in seconds if each is not None)


def _total(standings: Sequence[Standing], store: Path) -> str:
    pending = sum(standing.pending for standing in standings)
    if standings and not pending:
        return "Everything has been trained: without --dry-run the same command shows the results."
    seconds = _sum([left_s(standing, store) for standing in standings])
    if seconds is None:
        return f"{pending} trainings; how long they take is known when each subject has been trained once."
    return f"{pending} trainings: about {units.expected_duration(seconds)}, as far as subjects and earlier audits tell."
