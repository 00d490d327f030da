"""What an analysis says of one subject beside one background, as the tables need it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from mutegreen.model import ENERGY_METRICS, IDENTITY, METRICS, Quality, Verdict
from mutegreen.report.units import value_label, values
from mutegreen.stats.analysis import Analysis, Comparison, Correlation, WinTieLoss

_Row = TypeVar("_Row", Correlation, Comparison, WinTieLoss)

TITLES = {"package_j": "CPU", "dram_j": "DRAM", "gpu_j": "GPU", "duration_s": "time", "performance": "performance"}


@dataclass(frozen=True)
class Line:
    """One mutant: what it changes, as shown, and its comparisons by metric."""

    hyperparameter: str
    label: str
    comparisons: dict[str, Comparison]

    @property
    def is_greener(self) -> bool:
        """Whether it wins energy in some domain, loses it in none, and does not lose performance."""
        energy = {self.comparisons[metric].verdict for metric in ENERGY_METRICS if metric in self.comparisons}
        performance = self.comparisons.get("performance")
        kept = performance is not None and performance.verdict in (Verdict.WIN, Verdict.TIE)
        return kept and Verdict.WIN in energy and Verdict.LOSS not in energy and not self.is_control

    @property
    def is_control(self) -> bool:
        """Whether it changes nothing."""
        return self.hyperparameter == IDENTITY


@dataclass(frozen=True)
class Section:
    """The results of one subject beside one background."""

    subject: str
    background: str
    correlations: list[Correlation]
    comparisons: list[Comparison]
    win_tie_loss: list[WinTieLoss]

    @property
    def title(self) -> str:
        """The subject and what it trained beside."""
        return f"{self.subject}, {f'beside {self.background}' if self.background else 'trained alone'}"

    @cached_property
    def metrics(self) -> list[str]:
        """The metrics measured, in their usual order."""
        return [metric for metric in METRICS if metric in {row.metric for row in self.comparisons}]

    @cached_property
    def lines(self) -> list[Line]:
        """The mutants in the analysis' order."""
        by_mutant: dict[str, dict[str, Comparison]] = {}
        for row in self.comparisons:
            by_mutant.setdefault(row.mutant, {})[row.metric] = row
        firsts = [next(iter(rows.values())) for rows in by_mutant.values()]
        labels = _labels(firsts)
        return [Line(first.hyperparameter, labels[first.mutant], by_mutant[first.mutant]) for first in firsts]

    @property
    def defaults(self) -> dict[str, str]:
        """The original's values of the hyperparameters mutated."""
        mutated = (row for row in self.comparisons if row.hyperparameter != IDENTITY)
        return {row.hyperparameter: value_label(row.default) for row in mutated}

    def heading(self, metric: str) -> str:
        """A column's title, which says so where a figure below it was estimated."""
        qualities = {row.quality for row in self.comparisons if row.metric == metric}
        return f"{TITLES[metric]} (est.)" if Quality.ESTIMATED in qualities else TITLES[metric]


def sections_of(analysis: Analysis) -> Iterator[Section]:
    """The sections in the analysis' order."""
    correlations = _by_section(analysis.correlations)
    win_tie_loss = _by_section(analysis.win_tie_loss)
    for key, comparisons in _by_section(analysis.comparisons).items():
        yield Section(*key, correlations.get(key, []), comparisons, win_tie_loss.get(key, []))


def _by_section(rows: Iterable[_Row]) -> dict[tuple[str, str], list[_Row]]:
    found: dict[tuple[str, str], list[_Row]] = {}
    for row in rows:
        found.setdefault((row.subject, row.background), []).append(row)
    return found


def _labels(mutants: Iterable[Comparison]) -> dict[str, str]:
    """By mutant, what the tables call it under its hyperparameter: its value, its name where values repeat."""
    by_hyperparameter: dict[str, list[Comparison]] = {}
    for row in mutants:
        by_hyperparameter.setdefault(row.hyperparameter, []).append(row)
    labels: dict[str, str] = {}
    for hyperparameter, rows in by_hyperparameter.items():
        shown = values([row.value for row in rows])
        if hyperparameter == IDENTITY or len(set(shown)) < len(rows):
            shown = [row.mutant for row in rows]
        labels |= {row.mutant: label for row, label in zip(rows, shown, strict=True)}
    return labels
