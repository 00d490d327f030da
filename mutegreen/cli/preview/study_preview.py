"""The plan of a study for people and as JSON, with an estimate of its time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from mutegreen import units
from mutegreen.cli import common
from mutegreen.cli.preview import plan_preview
from mutegreen.errors import StoreError
from mutegreen.replication import runner
from mutegreen.replication.design import Skipped, StudyPart
from mutegreen.replication.runner import PartProgress
from mutegreen.replication.wording import counterpart_sentence
from mutegreen.store.store import Store


def find_progress(parts: Sequence[StudyPart], store: Path) -> list[PartProgress]:
    """Return the progress of each part; a missing store holds none."""
    try:
        with Store.open(store) as opened:
            return [runner.find_progress(opened, part) for part in parts]
    except StoreError:
        if store.exists():
            raise
        return [runner.find_progress(None, part) for part in parts]


def left_s(progress: PartProgress, store: Path) -> float | None:
    """Return the time left for a part with its pauses, seconds; None: not known."""
    plan = progress.part.plan
    training = plan_preview.training_s(plan, store)
    whole_s = plan_preview.expected_s(plan, training, progress.part.limits, progress.part.sharing)
    if whole_s is None or progress.has_ended:
        return None if whole_s is None else 0.0
    preflights = 0 if progress.pending < len(plan.trials) else 1
    return whole_s * (progress.pending + preflights) / (len(plan.trials) + 1)


def document(parts: Sequence[PartProgress], skipped: Sequence[Skipped], preset: str, store: Path) -> dict[str, object]:
    """Return the plan, JSON-ready."""
    return {
        "study": "hyperparameters",
        "preset": preset,
        "parts": [_part(progress, left_s(progress, store)) for progress in parts],
        "skipped": [asdict(each) for each in skipped],
        "expected_s": _sum([left_s(progress, store) for progress in parts]),
    }


def show(parts: Sequence[PartProgress], preset: str, store: Path) -> None:
    """Print a line for each part, and the total time."""
    from rich import box
    from rich.table import Table

    console = common.results()
    console.print(f"study hyperparameters, preset {preset}", style="bold")
    table = Table("subject", "mutants", "trials", "pending", "time", box=box.SIMPLE_HEAD)
    for progress in parts:
        seconds = left_s(progress, store)
        table.add_row(
            progress.part.name,
            _mutants(progress.part),
            str(len(progress.part.plan.trials)),
            str(progress.pending),
            "not known" if seconds is None else units.expected_duration(seconds) if seconds else "done",
        )
    console.print(table)
    for progress in parts:
        console.print(f"{progress.part.name}: {counterpart_sentence(progress.part.subject.name)}", style="dim")
    console.print(_total(parts, store))


def _part(progress: PartProgress, seconds: float | None) -> dict[str, object]:
    part = progress.part
    return {
        "subject": part.subject.name,
        "background": part.background,
        "mutants": [mutant.id for mutant in part.plan.mutants[1:]],
        "trainings": len(part.plan.trials),
        "pending": progress.pending,
        "audit": progress.audit,
        "expected_s": seconds,
    }


def _mutants(part: StudyPart) -> str:
    names = dict.fromkeys(mutant.hyperparameter for mutant in part.plan.mutants[1:])
    counts = {name: sum(mutant.hyperparameter == name for mutant in part.plan.mutants) for name in names}
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def _sum(seconds: Sequence[float | None]) -> float | None:
    return None if None in seconds else sum(each for each in seconds if each is not None)


def _total(parts: Sequence[PartProgress], store: Path) -> str:
    pending = sum(progress.pending for progress in parts)
    if parts and not pending:
        return "All trials have ended: without --dry-run the same command shows the results."
    seconds = _sum([left_s(progress, store) for progress in parts])
    if seconds is None:
        return f"{pending} pending trials; their time is not known until each subject has been trained once."
    expected = units.expected_duration(seconds)
    return f"{pending} pending trials: about {expected}, from earlier audits or as the subjects state."
