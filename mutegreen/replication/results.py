"""All that the study shows: ours, ours beside the published figures, and the findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mutegreen.replication.comparison import (
    ReplicatedCorrelation,
    ReplicatedGreener,
    ReplicatedVerdicts,
    correlations,
    greener,
    verdict_counts,
)
from mutegreen.replication.design import Size, Skipped
from mutegreen.replication.findings import ReplicatedFinding, findings
from mutegreen.replication.measurements import Measurements
from mutegreen.report.records import plain_value


@dataclass(frozen=True)
class Results:
    """The study as it came out.

    Attributes:
        preset: Of the study.
        size: What was asked for; a subject may have found fewer mutants.
        measured: Our analyses.
        skipped: Subjects that are in none of the tables.
    """

    preset: str
    size: Size
    measured: Measurements
    correlations: Sequence[ReplicatedCorrelation]
    verdict_counts: Sequence[ReplicatedVerdicts]
    greener: Sequence[ReplicatedGreener]
    findings: Sequence[ReplicatedFinding]
    skipped: Sequence[Skipped] = ()

    def as_json(self) -> dict[str, object]:
        """Of types that `json.dumps` takes; None for what is not known."""
        return {
            "preset": self.preset,
            "correlation": plain_value(tuple(self.correlations)),
            "verdict_counts": plain_value(tuple(self.verdict_counts)),
            "greener": plain_value(tuple(self.greener)),
            "findings": [finding_json(finding) for finding in self.findings],
        }


def results(measured: Measurements, preset: str, size: Size, skipped: Sequence[Skipped] = ()) -> Results:
    """Puts our figures beside the published ones and judges the findings."""
    return Results(
        preset=preset,
        size=size,
        measured=measured,
        correlations=list(correlations(measured)),
        verdict_counts=list(verdict_counts(measured)),
        greener=list(greener(measured)),
        findings=list(findings(measured)),
        skipped=tuple(skipped),
    )


def finding_json(finding: ReplicatedFinding) -> dict[str, object]:
    """A finding without its judge."""
    claim = finding.claim
    return {
        "question": claim.question,
        "claim": claim.text,
        "holds_if": claim.rule,
        "caution": claim.caution,
        **{side: plain_value(getattr(finding, side)) for side in ("published", "paper", "careful")},
    }
