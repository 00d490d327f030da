"""Sentences on whether energy is more susceptible to change when co-located."""

from __future__ import annotations

from mutegreen.report.wording import reason_text
from mutegreen.stats.colocation.susceptibility import Susceptibility, SusceptibilityClaim, SusceptibilityFinding

FINDINGS = {
    SusceptibilityFinding.MORE: "Significantly more susceptible to change when co-located",
    SusceptibilityFinding.LESS: "Significantly less susceptible to change when co-located",
    SusceptibilityFinding.NOT_SHOWN: "No significant difference in susceptibility to change",
}
"""The beginning of a sentence on each finding."""


def susceptibility_text(row: Susceptibility) -> str:
    """Return the finding on one energy metric with one background load, or why there is none."""
    if row.size is None or row.size_alone is None or row.p_adjusted is None:
        return f"Unknown: {reason_text(row.reason)}."
    co_located, exclusive = 100 * row.size, 100 * row.size_alone
    sizes = f"the same {row.mutants} mutants change it by {co_located:.3g} % co-located, by {exclusive:.3g} % exclusive"
    return f"{FINDINGS[row.finding]}: {sizes} (adjusted p {row.p_adjusted:.2g})."


def claim_text(claim: SusceptibilityClaim) -> str:
    """Return the conclusion over all comparisons together."""
    if not claim.comparisons:
        return "These rows do not show whether energy is more susceptible to change when co-located."
    if not claim.more and not claim.less:
        return "Energy is not significantly more, nor less, susceptible to change when co-located."
    more = f"more susceptible to change in {claim.more} of {claim.comparisons} comparisons, less in {claim.less}"
    each = "one for each energy metric and background load; p adjusted for all of them"
    return f"When co-located, energy is significantly {more} ({each})."
