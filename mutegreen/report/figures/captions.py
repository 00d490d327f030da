"""What captions say, and how figures with many rows are split."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mutegreen.report.scenario_report import ScenarioReport
from mutegreen.report.units import count_range


def trials_sentence(scenario: ScenarioReport) -> str:
    """How many trainings a figure of a scenario rests on."""
    originals = {row.n_original for row in scenario.comparisons} or {0}
    most: dict[str, int] = {}
    for row in scenario.comparisons:
        most[row.mutant] = max(most.get(row.mutant, 0), row.n)
    return trials_text(max(originals), list(most.values()))


def trials_text(original: int, mutants: Sequence[int]) -> str:
    """The sentence on the number of trainings.

    Args:
        original: Trainings of the original.
        mutants: Trainings of each mutant.
    """
    those = f"{_counted(original, 'training')} of the original"
    if not mutants:
        return f"{those}."
    each = f" of each of {len(mutants)} mutants" if len(mutants) > 1 else " of 1 mutant"
    return f"{those}, {count_range(set(mutants))}{each}."


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def split_into_pages(names: Sequence[str], most: int) -> Iterator[tuple[str, Sequence[str]]]:
    """Names split into pages of at most so many, each with the page's number; one page has none."""
    for begin in range(0, len(names), most):
        yield "" if len(names) <= most else str(begin // most + 1), names[begin : begin + most]
