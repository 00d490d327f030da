"""Sentences of the study that both tables and pages use."""

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
TITLE = "Replication of the study of hyperparameters and energy (arXiv 2603.06195)"


def counterpart_sentence(subject: str) -> str:
    """Return which program of the study a subject replaces, and whether its measurements are available."""
    program = counterpart(subject)
    if program is None:
        return "Not in the study: there are no published results."
    if measured_program(subject) is None:
        return f"Replaces {program} of the study, whose measurements are not available."
    return f"Replaces {program} of the study."


def about(scenario: ScenarioReport) -> str:
    """Return the data of a scenario, and the program of the study."""
    data = f"Trained on {scenario.data}. " if scenario.data else ""
    return data + counterpart_sentence(scenario.subject)


def sides(finding: ReplicatedFinding) -> dict[str, Judgement]:
    """Return the judgements of a finding, by their name in tables."""
    return {"published": finding.published, "here": finding.paper, "careful": finding.careful}


def legend(results: Results) -> Iterator[str]:
    """Yield the legend, a sentence or two for each word."""
    yield "published: the results of the study, from its own programs on a GPU, by its own protocol."
    yield "here: the trials of this store, analysed by the protocol of the study."
    yield (
        "careful: the same trials, adjusted for blocks, with p values adjusted for the number of comparisons and ties "
        "by an equivalence test (mutegreen help statistics)."
    )
    yield (
        "greener: mutants that win energy in at least one domain, lose it in none and do not lose performance; "
        "careful: mutants that save energy significantly and keep performance within the tolerance (non-inferiority)."
    )
    yield f"{MARK} {FLAW}"
    yield from _cautions(results)


def _cautions(results: Results) -> Iterator[str]:
    size = results.size
    if size != PUBLISHED_SIZE:
        yield (
            f"Warning: {size.mutants} mutants of each hyperparameter and {size.repetitions} repetitions, fewer than "
            f"the {PUBLISHED_SIZE.mutants} and {PUBLISHED_SIZE.repetitions} of the study. Too few for conclusions: use "
            "--preset default."
        )
    if any(row.quality is Quality.ESTIMATED for row in results.measured.careful.comparisons):
        yield (
            "(est.): our energy is not measured, but estimated from CPU time and duration. Results on energy hold for "
            "these estimates only."
        )
    yield from map(note_text, results.measured.careful.notes)
