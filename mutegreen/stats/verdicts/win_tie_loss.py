"""Win-tie-loss tables: mutants counted by their verdicts on energy and on performance together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import cast

import numpy as np

from mutegreen.model import DECIDED, ENERGY_METRICS, IDENTITY, JOINT, Verdict
from mutegreen.stats.analysis import Comparison, Counts, WinTieLoss


def win_tie_loss(comparisons: Iterable[Comparison], energies: Sequence[str] = ENERGY_METRICS) -> Iterator[WinTieLoss]:
    """Return a 3 x 3 table for each hyperparameter and energy metric.

    Args:
        comparisons: Sorted so that those of one scenario and hyperparameter are consecutive. The control and mutants
            of several hyperparameters are not counted.
        energies: The energy metrics to count.
    """
    for key, part in groupby(comparisons, lambda row: (row.subject, row.background, row.hyperparameter)):
        verdicts: dict[str, dict[str, Verdict]] = {}
        for row in part:
            verdicts.setdefault(row.metric, {})[row.mutant] = row.verdict
        if "performance" not in verdicts or row.hyperparameter == IDENTITY or JOINT in row.hyperparameter:
            continue
        for energy in (metric for metric in energies if metric in verdicts):
            yield WinTieLoss(*key, energy, *_count(verdicts[energy], verdicts["performance"]))


def overall(tables: Iterable[WinTieLoss]) -> Iterator[WinTieLoss]:
    """Return the sums of the tables of all hyperparameters, one for each scenario and energy metric."""
    sums: dict[tuple[str, str, str], list[WinTieLoss]] = {}
    for table in tables:
        sums.setdefault((table.subject, table.background, table.energy), []).append(table)
    for (subject, background, energy), parts in sums.items():
        counts = cast(Counts, tuple(map(tuple, np.sum([part.counts for part in parts], axis=0).tolist())))
        yield WinTieLoss(subject, background, "", energy, counts, sum(part.undecided for part in parts))


def _count(energy: dict[str, Verdict], performance: dict[str, Verdict]) -> tuple[Counts, int]:
    """Return the counts, and the number of mutants that are undecided in energy or performance."""
    pairs = Counter((verdict, performance[mutant]) for mutant, verdict in energy.items())
    counts = tuple(tuple(pairs[row, column] for column in DECIDED) for row in DECIDED)
    return cast(Counts, counts), len(energy) - sum(map(sum, counts))
