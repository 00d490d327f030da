"""Group the records of an analysis by scenario, as tables and figures need them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, TypeVar

from mutegreen.model import ENERGY_METRICS, IDENTITY, JOINT, ORIGINAL, Data, Quality, Verdict
from mutegreen.report.metric_names import TITLES
from mutegreen.report.units import value_label, value_labels
from mutegreen.stats.advice.advice import Advice
from mutegreen.stats.advice.target import TargetComparison
from mutegreen.stats.advice.trust import FlagCount, Trust
from mutegreen.stats.analysis import Analysis, Comparison, Correlation, WinTieLoss
from mutegreen.stats.careful import CarefulAnalysis
from mutegreen.stats.colocation.attribution import Attribution, ConcurrencyEffect
from mutegreen.stats.colocation.report import ColocationReport
from mutegreen.stats.interaction.interaction import Interaction
from mutegreen.stats.trend.trend import Trend

_ORDER = tuple(TITLES)
MAX_LINES = 200
"""Largest number of mutants that the terminal shows line by line."""


@dataclass(frozen=True)
class MutantLine:
    """One mutant: the label of what it changes, and its comparisons by metric."""

    mutant: str
    hyperparameter: str
    label: str
    comparisons: dict[str, Comparison]

    @property
    def wins(self) -> bool:
        """Whether it wins energy in at least one domain, loses it in none, and does not lose performance."""
        energy = {self.comparisons[metric].verdict for metric in ENERGY_METRICS if metric in self.comparisons}
        performance = self.comparisons.get("performance")
        kept = performance is not None and performance.verdict in (Verdict.WIN, Verdict.TIE)
        return kept and Verdict.WIN in energy and Verdict.LOSS not in energy and not self.is_control

    @property
    def is_control(self) -> bool:
        """Whether it changes nothing."""
        return self.hyperparameter == IDENTITY


@dataclass(frozen=True)
class ScenarioReport:
    """The results of one scenario: a subject, exclusive or co-located with a background load."""

    subject: str
    background: str
    correlations: list[Correlation]
    comparisons: list[Comparison]
    win_tie_loss: list[WinTieLoss]
    overall: list[WinTieLoss] = field(default_factory=list)
    trends: list[Trend] = field(default_factory=list)
    targets: list[TargetComparison] = field(default_factory=list)
    interactions: list[Interaction] = field(default_factory=list)
    trust: list[Trust] = field(default_factory=list)
    flags: list[FlagCount] = field(default_factory=list)
    advice: Advice | None = None
    colocation: ColocationReport = field(default_factory=ColocationReport)
    concurrency_effects: list[ConcurrencyEffect] = field(default_factory=list)
    attribution: list[Attribution] = field(default_factory=list)
    data: Data | None = None
    extra_metric: str | None = None

    @property
    def title(self) -> str:
        """The subject, its background load, and the extra metric that replaces the performance, if any."""
        without_load = "concurrent trials" if self.attribution else "exclusive"
        load = f"co-located with {self.background}" if self.background else without_load
        return f"{self.subject}, {load}" + (f", performance: {self.extra_metric}" if self.extra_metric else "")

    @property
    def key(self) -> str:
        """The scenario in labels of LaTeX tables, which papers refer to; it never changes."""
        load = f"beside {self.background}" if self.background else "trained alone"
        return f"{self.subject}, {load}" + (f", performance: {self.extra_metric}" if self.extra_metric else "")

    @property
    def about_data(self) -> str:
        """The data that the subject declares; empty if it declares none."""
        return f"data: {self.data}" if self.data else ""

    @property
    def full_title(self) -> str:
        """The title with the data, for what is read without its surroundings, such as a figure."""
        return ", ".join(filter(None, (self.title, self.about_data)))

    @cached_property
    def metrics(self) -> list[str]:
        """The measured metrics, in the order of the tables."""
        return [metric for metric in _ORDER if metric in {row.metric for row in self.comparisons}]

    @cached_property
    def lines(self) -> list[MutantLine]:
        """The mutants in the order of the analysis."""
        by_mutant: dict[str, dict[str, Comparison]] = {}
        for row in self.comparisons:
            by_mutant.setdefault(row.mutant, {})[row.metric] = row
        firsts = [next(iter(rows.values())) for rows in by_mutant.values()]
        labels = _labels(firsts)
        return [MutantLine(row.mutant, row.hyperparameter, labels[row.mutant], by_mutant[row.mutant]) for row in firsts]

    @cached_property
    def shown(self) -> list[MutantLine]:
        """The lines for a terminal: all or, of very many, `MAX_LINES` at even distances, with the last."""
        step = max((len(self.lines) - 1) / (MAX_LINES - 1), 1.0)
        return [self.lines[round(at * step)] for at in range(min(len(self.lines), MAX_LINES))]

    @cached_property
    def names(self) -> dict[str, str]:
        """The label of each arm in sentences: its hyperparameter and value, as in tables."""
        changing = {line.mutant: f"{line.hyperparameter} {line.label}" for line in self.lines if not line.is_control}
        return {line.mutant: line.mutant for line in self.lines} | {ORIGINAL: ORIGINAL} | changing

    @cached_property
    def greener(self) -> set[str]:
        """The marked mutants: the recommended ones; without advice those that win energy and keep performance."""
        if self.advice is not None:
            return {each.mutant for each in self.advice.recommended}
        return {line.mutant for line in self.lines if line.wins}

    @property
    def defaults(self) -> dict[str, str]:
        """The values of the original of all mutated hyperparameters."""
        mutated = (
            row for row in self.comparisons if row.hyperparameter != IDENTITY and JOINT not in row.hyperparameter
        )
        return {row.hyperparameter: value_label(row.default) for row in mutated}

    def heading(self, metric: str) -> str:
        """Return the heading of a column, with `(est.)` if any of its values is estimated."""
        qualities = {row.quality for row in self.comparisons if row.metric == metric}
        return f"{TITLES[metric]} (est.)" if Quality.ESTIMATED in qualities else TITLES[metric]


def scenario_reports(analysis: Analysis) -> Iterator[ScenarioReport]:
    """Yield the results of each scenario, in the order of the analysis."""
    careful = analysis if isinstance(analysis, CarefulAnalysis) else CarefulAnalysis(analysis.protocol, (), (), ())
    correlations, comparisons = _by_scenario(analysis.correlations), _by_scenario(analysis.comparisons)
    win_tie_loss, overall = _by_scenario(analysis.win_tie_loss), _by_scenario(careful.overall)
    trends, targets = _by_scenario(careful.trends), _by_scenario(careful.targets)
    interactions = _by_scenario(careful.interactions)
    trust, flags, advice = _by_scenario(careful.trust), _by_scenario(careful.flags), _by_scenario(careful.advice)
    effects, attribution = _by_scenario(careful.concurrency_effects), _by_scenario(careful.attribution)
    for key in comparisons:
        subject, background = key
        yield ScenarioReport(
            subject=subject,
            background=background,
            correlations=correlations[key],
            comparisons=comparisons[key],
            win_tie_loss=win_tie_loss[key],
            overall=overall[key],
            trends=trends[key],
            targets=targets[key],
            interactions=interactions[key],
            trust=trust[key],
            flags=flags[key],
            advice=next(iter(advice[key]), None),
            colocation=careful.colocation.at(subject, background),
            concurrency_effects=effects[key],
            attribution=attribution[key],
            data=analysis.data.get(subject),
            extra_metric=analysis.extra_metric,
        )


class _OfScenario(Protocol):
    """A record of one scenario."""

    @property
    def subject(self) -> str: ...
    @property
    def background(self) -> str: ...


_Row = TypeVar("_Row", bound=_OfScenario)


def _by_scenario(rows: Iterable[_Row]) -> defaultdict[tuple[str, str], list[_Row]]:
    """Return the rows by subject and background."""
    by_scenario: defaultdict[tuple[str, str], list[_Row]] = defaultdict(list)
    for row in rows:
        by_scenario[row.subject, row.background].append(row)
    return by_scenario


def _labels(mutants: Iterable[Comparison]) -> dict[str, str]:
    """Return the label of each mutant under its hyperparameter: its value, or its name where values repeat."""
    by_hyperparameter: dict[str, list[Comparison]] = {}
    for row in mutants:
        by_hyperparameter.setdefault(row.hyperparameter, []).append(row)
    labels: dict[str, str] = {}
    for hyperparameter, rows in by_hyperparameter.items():
        shown = value_labels([row.value for row in rows])
        if hyperparameter == IDENTITY or len(set(shown)) < len(rows):
            shown = [row.mutant for row in rows]
        labels |= {row.mutant: label for row, label in zip(rows, shown, strict=True)}
    return labels
