"""State the findings of the study, and check each on the published and on our results by the same rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mutegreen.replication import rules
from mutegreen.replication.measurements import Measurements
from mutegreen.replication.published import FLAW, NEVER_APPLIED, published
from mutegreen.replication.relations import relations, relations_of
from mutegreen.replication.rules import Holds, Judgement, Rule
from mutegreen.stats.analysis import Analysis


@dataclass(frozen=True)
class StudyClaim:
    """A claim of the study.

    Attributes:
        question: The research question that it answers.
        text: The claim in one sentence.
        rule: The condition under which it holds, in words.
        check: The function that checks the condition.
        caution: A caveat on the published results.
        is_comparable: Whether the published results measure what they claim, and can be compared with ours.
    """

    question: str
    text: str
    rule: str
    check: Rule
    caution: str | None = None
    is_comparable: bool = True

    @property
    def full(self) -> str:
        """The sentence with its research question."""
        return f"{self.text} ({self.question})"


@dataclass(frozen=True)
class ReplicatedFinding:
    """A claim checked on the published results, and on ours by the published and by the careful protocol."""

    claim: StudyClaim
    published: Judgement
    paper: Judgement
    careful: Judgement


def findings(measured: Measurements) -> Iterator[ReplicatedFinding]:
    """Yield all findings, in the order of the research questions."""
    for claim in claims():
        yield ReplicatedFinding(
            claim, *(_check(claim, analysis) for analysis in (published(), measured.paper, measured.careful))
        )


def claims() -> Iterator[StudyClaim]:
    """Yield the three claims of the abstract of the study, the first one also for each hyperparameter."""
    yield StudyClaim(
        "RQ1",
        "Many hyperparameters correlate with energy.",
        "at least half of the pairs of hyperparameter and program correlate",
        rules.many_correlate,
        "The published correlations of gamma are meaningless: its values were never applied.",
    )
    yield from _of_hyperparameters()
    yield StudyClaim(
        "RQ2",
        "Changing hyperparameters saves energy without a loss of performance.",
        "at least half of the programs have such a mutant",
        rules.some_are_greener,
        "The mutants of gamma are copies of the original.",
    )
    yield StudyClaim(
        "RQ3",
        "When co-located on one device, energy is more susceptible to change.",
        "for every program and background load, more verdicts on energy are wins or losses than in exclusive trials; "
        "careful: in at least half of the comparisons, mutants change energy significantly more",
        rules.more_change_co_located,
        "The published mutants include copies of the original: those of gamma.",
    )


def _of_hyperparameters() -> Iterator[StudyClaim]:
    published_relations = relations(published())
    for name in sorted({name for _, name in published_relations}):
        expected = rules.spread(relations_of(published_relations, name))
        yield StudyClaim(
            "RQ1",
            f"{name} correlates with energy {expected}.",
            "this is so here, too",
            rules.correlates(name, expected),
            FLAW if name in NEVER_APPLIED else None,
            is_comparable=name not in NEVER_APPLIED,
        )


def _check(claim: StudyClaim, analysis: Analysis) -> Judgement:
    judgement = claim.check(analysis)
    if claim.is_comparable or judgement.holds is Holds.UNKNOWN:
        return judgement
    why = "the values were never applied" if analysis is published() else "there is no published result to compare with"
    return Judgement(Holds.UNKNOWN, f"{why}; {judgement.evidence}")
