"""What tables and pages of the study say in the same words."""

from __future__ import annotations

from collections.abc import Iterator

from mutegreen.model import Quality
from mutegreen.replication.design import PUBLISHED_SIZE
from mutegreen.replication.findings import ReplicatedFinding
from mutegreen.replication.published import FLAW, counterpart, measured_program
from mutegreen.replication.results import Results
from mutegreen.replication.rules import Judgement
from mutegreen.report.scenario_report import ScenarioReport
from mutegreen.report.wording import note_text

MARK = "†"
TITLE = "The study of hyperparameters and energy (arXiv 2603.06195), done again"


def counterpart_sentence(subject: str) -> str:
    """What the study has of a subject."""
    program = counterpart(subject)
    if program is None:
        return "Not of the study: nothing is published of it."
    if measured_program(subject) is None:
        return f"Stands for the study's {program}, of which no measurements are at hand."
    return f"Stands for the study's {program}."


def about(scenario: ScenarioReport) -> str:
    """What a scenario is of: its data, and the study's program."""
    data = f"Trained on {scenario.data}. " if scenario.data else ""
    return data + counterpart_sentence(scenario.subject)


def sides(finding: ReplicatedFinding) -> dict[str, Judgement]:
    """A finding's answers by what to call them."""
    return {"published": finding.published, "here": finding.paper, "careful": finding.careful}


def legend(results: Results) -> Iterator[str]:
    """How to read the tables, a sentence or two for each word."""
    yield "published: the study's figures, from its own programs on a GPU, by its own protocol."
    yield "here: trainings of this store, by the same protocol, so that like is compared with like."
    yield (
        "careful: the same trainings, with blocks, p values adjusted for all questions, and ties that are shown "
        "(docs/statistics.md). What it says holds; what it cannot say it leaves open."
    )
    yield (
        "greener: mutants that win energy in some domain, lose it in none and do not lose performance; careful: "
        "those shown to save energy at a performance shown to stay within its tolerance."
    )
    yield f"{MARK} {FLAW}"
    yield from _cautions(results)


def _cautions(results: Results) -> Iterator[str]:
    size = results.size
    if size != PUBLISHED_SIZE:
        yield (
            f"This is the study in small: {size.mutants} mutants of each hyperparameter and {size.repetitions} "
            f"repetitions, where the study has {PUBLISHED_SIZE.mutants} and {PUBLISHED_SIZE.repetitions}. It shows "
            "that everything works, and little else: take --preset default for an answer."
        )
    if any(row.quality is Quality.ESTIMATED for row in results.measured.careful.comparisons):
        yield (
            "Energy (est.) is estimated here, not measured: the model knows CPU time and duration, and no more, so "
            "what is said of energy is said of these."
        )
    yield from map(note_text, results.measured.careful.notes)
