"""What the study found, and whether it holds here: both worked out from figures by the same rules."""

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
    """What the study says.

    Attributes:
        question: Of the study's three.
        text: One sentence.
        rule: When it is taken to hold.
        judge: Applies the rule.
        caution: What a reader must know of the published figures.
        is_comparable: Whether the published figures are of what they say, so that ours can be held against them.
    """

    question: str
    text: str
    rule: str
    judge: Rule
    caution: str | None = None
    is_comparable: bool = True

    @property
    def full(self) -> str:
        """The sentence with the question that it answers."""
        return f"{self.text} ({self.question})"


@dataclass(frozen=True)
class ReplicatedFinding:
    """A claim, judged by the published figures, by ours under the published protocol, and by ours with care."""

    claim: StudyClaim
    published: Judgement
    paper: Judgement
    careful: Judgement


def findings(measured: Measurements) -> Iterator[ReplicatedFinding]:
    """All findings, in the order of the study's questions."""
    for claim in claims():
        yield ReplicatedFinding(
            claim, *(_judged(claim, analysis) for analysis in (published(), measured.paper, measured.careful))
        )


def claims() -> Iterator[StudyClaim]:
    """The three findings of the study's abstract, the first one also for each hyperparameter."""
    yield StudyClaim(
        "RQ1",
        "Many hyperparameters correlate with energy.",
        "at least half of them do, each counted once in every program",
        rules.many_correlate,
        "Those of gamma are no correlations of gamma, which never arrived.",
    )
    yield from _of_hyperparameters()
    yield StudyClaim(
        "RQ2",
        "Changing hyperparameters saves energy without a loss of performance.",
        "at least half of the programs have a mutant that does",
        rules.some_are_greener,
        "Those of gamma are copies of the original.",
    )
    yield StudyClaim(
        "RQ3",
        "In company on one device, energy is more susceptible to change.",
        "more verdicts on energy are wins or losses than alone, for every program and company; careful: mutants are "
        "shown to change energy by more in at least half of the comparisons",
        rules.more_change_co_located,
        "Copies of the original are among them: those of gamma.",
    )


def _of_hyperparameters() -> Iterator[StudyClaim]:
    found = relations(published())
    for name in sorted({name for _, name in found}):
        expected = rules.spread(relations_of(found, name))
        yield StudyClaim(
            "RQ1",
            f"{name} correlates with energy {expected}.",
            "it does so here",
            rules.correlates(name, expected),
            FLAW if name in NEVER_APPLIED else None,
            is_comparable=name not in NEVER_APPLIED,
        )


def _judged(claim: StudyClaim, analysis: Analysis) -> Judgement:
    judged = claim.judge(analysis)
    if claim.is_comparable or judged.holds is Holds.UNKNOWN:
        return judged
    why = "the values never arrived" if analysis is published() else "nothing is published to compare with"
    return Judgement(Holds.UNKNOWN, f"{why}; {judged.figures}")
