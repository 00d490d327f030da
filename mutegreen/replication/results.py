"""Collect the results of the study: our analyses, their comparison with the published ones, and the findings."""

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
from mutegreen.replication.rules import Judgement
from mutegreen.report.records import plain_value


@dataclass(frozen=True)
class Results:
    """The results of the study.

    Attributes:
        preset: The preset of the study.
        size: The planned size; a subject may have fewer mutants.
        measured: Our analyses.
        skipped: Subjects without results.
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
        """Return the results in types that `json.dumps` accepts; None for unknown values."""
        return {
            "preset": self.preset,
            "correlation": plain_value(tuple(self.correlations)),
            "verdict_counts": plain_value(tuple(self.verdict_counts)),
            "greener": plain_value(tuple(self.greener)),
            "findings": [finding_json(finding) for finding in self.findings],
        }


def results(measured: Measurements, preset: str, size: Size, skipped: Sequence[Skipped] = ()) -> Results:
    """Compare our results with the published ones, and check the findings."""
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
    """Return a finding in types that `json.dumps` accepts."""
    claim = finding.claim
    return {
        "question": claim.question,
        "claim": claim.text,
        "holds_if": claim.rule,
        "caution": claim.caution,
        **{side: _judgement_json(getattr(finding, side)) for side in ("published", "paper", "careful")},
    }


def _judgement_json(judgement: Judgement) -> dict[str, str]:
    return {"holds": judgement.holds.value, "figures": judgement.evidence}
