"""Compare results line by line: the published ones, ours by the published protocol, ours by the careful one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mutegreen.model import ENERGY_METRICS, IDENTITY, JOINT, METRICS, Verdict
from mutegreen.replication.measurements import Measurements
from mutegreen.replication.published import counterpart, measured_program, published
from mutegreen.stats.analysis import Analysis, CarefulCorrelation, Comparison, Correlation
from mutegreen.stats.careful import CarefulAnalysis

Key = tuple[str, str, str, str]
"""Subject, background, hyperparameter, metric."""


@dataclass(frozen=True)
class ReplicatedCorrelation:
    """A correlation: published, ours, and ours with adjusted p value."""

    subject: str
    background: str
    hyperparameter: str
    metric: str
    published: Correlation | None
    paper: Correlation | None
    careful: CarefulCorrelation | None


@dataclass(frozen=True)
class VerdictCounts:
    """The number of mutants of a hyperparameter by verdict."""

    win: int
    tie: int
    loss: int
    undecided: int

    @property
    def mutants(self) -> int:
        """The number of all mutants."""
        return self.win + self.tie + self.loss + self.undecided

    @property
    def changed(self) -> int:
        """The number of wins and losses."""
        return self.win + self.loss


@dataclass(frozen=True)
class ReplicatedVerdicts:
    """Verdicts on a metric: published, ours by the same protocol, and ours by the careful one."""

    subject: str
    background: str
    hyperparameter: str
    metric: str
    published: VerdictCounts | None
    paper: VerdictCounts | None
    careful: VerdictCounts | None


@dataclass(frozen=True)
class GreenerCount:
    """The number of mutants that save energy and keep performance, and of all mutants."""

    mutants: int
    greener: int


@dataclass(frozen=True)
class ReplicatedGreener:
    """Greener mutants of a hyperparameter: published, ours by the same protocol, and ours by the careful one."""

    subject: str
    background: str
    hyperparameter: str
    published: GreenerCount | None
    paper: GreenerCount | None
    careful: GreenerCount | None


def correlations(measured: Measurements) -> Iterator[ReplicatedCorrelation]:
    """Yield a line for each hyperparameter and metric of our scenarios."""
    sides = [{_key(row): row for row in analysis.correlations} for analysis in (measured.paper, measured.careful)]
    theirs = {_key(row): row for row in published().correlations}
    for key, there in _keys(sides[0], theirs):
        yield ReplicatedCorrelation(*key, theirs.get(there), *(side.get(key) for side in sides))  # type: ignore[arg-type]


def verdict_counts(measured: Measurements) -> Iterator[ReplicatedVerdicts]:
    """Yield a line for each hyperparameter and metric of our scenarios."""
    sides = [verdicts_of(analysis.comparisons) for analysis in (measured.paper, measured.careful)]
    theirs = verdicts_of(published().comparisons)
    for key, there in _keys(sides[0], theirs):
        yield ReplicatedVerdicts(*key, theirs.get(there), *(side.get(key) for side in sides))


def greener(measured: Measurements) -> Iterator[ReplicatedGreener]:
    """Yield a line for each hyperparameter of our scenarios."""
    sides = [greener_counts(analysis) for analysis in (measured.paper, measured.careful)]
    theirs = greener_counts(published())
    for subject, background, hyperparameter in sides[0]:
        there = (*_published_scenario(subject, background), hyperparameter)
        yield ReplicatedGreener(
            subject,
            background,
            hyperparameter,
            theirs.get(there),
            *(side.get((subject, background, hyperparameter)) for side in sides),
        )


def verdicts_of(comparisons: Iterable[Comparison]) -> dict[Key, VerdictCounts]:
    """Return the verdicts by hyperparameter, over mutants that change one hyperparameter."""
    counts: dict[Key, Counter[Verdict]] = {}
    for row in comparisons:
        if _changes_one_hyperparameter(row) and row.metric in METRICS:
            counts.setdefault(_key(row), Counter())[row.verdict] += 1
    return {key: _count(count) for key, count in counts.items()}


def _count(count: Mapping[Verdict, int]) -> VerdictCounts:
    return VerdictCounts(
        win=count[Verdict.WIN], tie=count[Verdict.TIE], loss=count[Verdict.LOSS], undecided=count[Verdict.UNDECIDED]
    )


def greener_counts(analysis: Analysis) -> dict[tuple[str, str, str], GreenerCount]:
    """Return how many mutants of each hyperparameter save energy and keep performance.

    By the careful protocol, these are the recommended mutants. By the published one, they win energy in at least one
    domain, lose it in none and do not lose performance.
    """
    is_greener = _is_recommended_in(analysis) if isinstance(analysis, CarefulAnalysis) else _is_greener
    by_mutant: dict[tuple[str, str, str], dict[str, dict[str, Comparison]]] = {}
    for row in analysis.comparisons:
        if _changes_one_hyperparameter(row):
            mutants = by_mutant.setdefault((row.subject, row.background, row.hyperparameter), {})
            mutants.setdefault(row.mutant, {})[row.metric] = row
    return {
        key: GreenerCount(len(mutants), sum(is_greener(rows) for rows in mutants.values()))
        for key, mutants in by_mutant.items()
        if any(metric in rows for rows in mutants.values() for metric in ENERGY_METRICS)
    }


def _is_greener(rows: Mapping[str, Comparison]) -> bool:
    energy = {rows[metric].verdict for metric in ENERGY_METRICS if metric in rows}
    kept = "performance" in rows and rows["performance"].verdict in (Verdict.WIN, Verdict.TIE)
    return kept and Verdict.WIN in energy and Verdict.LOSS not in energy


def _is_recommended_in(analysis: CarefulAnalysis) -> Callable[[Mapping[str, Comparison]], bool]:
    known = {(each.subject, each.background, one.mutant) for each in analysis.advice for one in each.recommended}

    def is_recommended(rows: Mapping[str, Comparison]) -> bool:
        row = next(iter(rows.values()))
        return (row.subject, row.background, row.mutant) in known

    return is_recommended


def _changes_one_hyperparameter(row: Comparison) -> bool:
    return row.hyperparameter != IDENTITY and JOINT not in row.hyperparameter


def _key(row: Any) -> Key:
    return row.subject, row.background, row.hyperparameter, row.metric


def _keys(ours: Iterable[Key], theirs: Iterable[Key]) -> Iterator[tuple[Key, Key]]:
    """Yield our key and the published key of each line; also of metrics that only the study measured."""
    known, elsewhere = set(ours), set(theirs)
    for subject, background, hyperparameter in dict.fromkeys(key[:3] for key in ours):
        published_scenario = _published_scenario(subject, background)
        for metric in METRICS:
            key, there = (subject, background, hyperparameter, metric), (*published_scenario, hyperparameter, metric)
            if key in known or there in elsewhere:
                yield key, there


def _published_scenario(subject: str, background: str) -> tuple[str, str]:
    """Return subject and background load as named in the study; an empty subject if nothing is published on it."""
    return measured_program(subject) or "", counterpart(background) or background
