"""What captions say, and how figures with many rows are split."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mutegreen.report.section import Section
from mutegreen.report.units import span


def trainings(section: Section) -> str:
    """How many trainings a figure of a section rests on."""
    originals = {row.n_original for row in section.comparisons} or {0}
    most: dict[str, int] = {}
    for row in section.comparisons:
        most[row.mutant] = max(most.get(row.mutant, 0), row.n)
    return trainings_of(max(originals), list(most.values()))


def trainings_of(original: int, mutants: Sequence[int]) -> str:
    """The sentence on the number of trainings.

    Args:
        original: Trainings of the original.
        mutants: Trainings of each mutant.
    """
    those = f"{_counted(original, 'training')} of the original"
    if not mutants:
        return f"{those}."
    each = f" of each of {len(mutants)} mutants" if len(mutants) > 1 else " of 1 mutant"
    return f"{those}, {span(set(mutants))}{each}."


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def in_pages(names: Sequence[str], most: int) -> Iterator[tuple[str, Sequence[str]]]:
    """Names split into pages of at most so many, each with the page's number; one page has none."""
    for begin in range(0, len(names), most):
        yield "" if len(names) <= most else str(begin // most + 1), names[begin : begin + most]
