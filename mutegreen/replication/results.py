"""All that the study shows: ours, ours beside the published figures, and the findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mutegreen.replication.design import Size, Skipped
from mutegreen.replication.findings import Finding, findings
from mutegreen.replication.measured import Here
from mutegreen.replication.side_by_side import (
    Correlated,
    Counted,
    GreenerMutants,
    correlated,
    counted,
    greener_mutants,
)
from mutegreen.report.records import plain


@dataclass(frozen=True)
class Results:
    """The study as it came out.

    Attributes:
        preset: Of the study.
        size: What was asked for; a subject may have found fewer mutants.
        here: Our analyses.
        skipped: Subjects that are in none of the tables.
    """

    preset: str
    size: Size
    here: Here
    correlated: Sequence[Correlated]
    counted: Sequence[Counted]
    greener: Sequence[GreenerMutants]
    findings: Sequence[Finding]
    skipped: Sequence[Skipped] = ()

    def as_json(self) -> dict[str, object]:
        """Of types that `json.dumps` takes; None for what is not known."""
        return {
            "preset": self.preset,
            "correlation": plain(tuple(self.correlated)),
            "verdict_counts": plain(tuple(self.counted)),
            "greener": plain(tuple(self.greener)),
            "findings": [finding_json(finding) for finding in self.findings],
        }


def results(here: Here, preset: str, size: Size, skipped: Sequence[Skipped] = ()) -> Results:
    """Puts our figures beside the published ones and judges the findings."""
    return Results(
        preset=preset,
        size=size,
        here=here,
        correlated=list(correlated(here)),
        counted=list(counted(here)),
        greener=list(greener_mutants(here)),
        findings=list(findings(here)),
        skipped=tuple(skipped),
    )


def finding_json(finding: Finding) -> dict[str, object]:
    """A finding without its judge."""
    claim = finding.claim
    return {
        "question": claim.question,
        "claim": claim.text,
        "holds_if": claim.rule,
        "caution": claim.caution,
        **{side: plain(getattr(finding, side)) for side in ("published", "paper", "careful")},
    }
