"""Write common parts of captions, and split figures with many rows into pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mutegreen.report.scenario_report import ScenarioReport
from mutegreen.report.units import count_range


def trials_sentence(scenario: ScenarioReport) -> str:
    """Return the sentence on the number of trials in a scenario."""
    originals = {row.n_original for row in scenario.comparisons} or {0}
    most: dict[str, int] = {}
    for row in scenario.comparisons:
        most[row.mutant] = max(most.get(row.mutant, 0), row.n)
    return trials_text(max(originals), list(most.values()))


def trials_text(original: int, mutants: Sequence[int]) -> str:
    """Return the sentence on the number of trials.

    Args:
        original: Number of trials of the original.
        mutants: Number of trials of each mutant.
    """
    those = f"{_counted(original, 'trial')} of the original"
    if not mutants:
        return f"{those}."
    each = f" of each of {len(mutants)} mutants" if len(mutants) > 1 else " of 1 mutant"
    return f"{those}, {count_range(set(mutants))}{each}."


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def split_into_pages(names: Sequence[str], most: int) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield the names of each page, at most so many, with the number of the page; a single page has none."""
    for begin in range(0, len(names), most):
        yield "" if len(names) <= most else str(begin // most + 1), names[begin : begin + most]
