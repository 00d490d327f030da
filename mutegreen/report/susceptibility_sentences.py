"""Sentences on whether energy becomes more susceptible to change in company."""

from __future__ import annotations

from mutegreen.report.wording import reason_text
from mutegreen.stats.colocation.susceptibility import Susceptibility, SusceptibilityClaim, SusceptibilityFinding

_WORDS = {
    SusceptibilityFinding.MORE: "More susceptible to change in company",
    SusceptibilityFinding.LESS: "Less susceptible to change in company",
    SusceptibilityFinding.NOT_SHOWN: "Not shown to be more, or less, susceptible to change in company",
}


def susceptibility_text(row: Susceptibility) -> str:
    """What is shown of one energy metric beside one background load, or why it cannot be told."""
    if row.size is None or row.size_alone is None or row.p_adjusted is None:
        return f"It cannot be told: {reason_text(row.reason)}."
    there, alone = 100 * row.size, 100 * row.size_alone
    sizes = f"the same {row.mutants} mutants change it by {there:.3g} % there, by {alone:.3g} % alone"
    return f"{_WORDS[row.finding]}: {sizes} (p {row.p_adjusted:.2g})."


def claim_text(claim: SusceptibilityClaim) -> str:
    """What is shown in all comparisons together."""
    if not claim.comparisons:
        return "Whether energy becomes more susceptible to change in company cannot be told from these rows."
    if not claim.more and not claim.less:
        return "It is not shown that energy becomes more, or less, susceptible to change in company."
    shown = f"more susceptible to change in {claim.more} of {claim.comparisons} comparisons, less in {claim.less}"
    return f"In company, energy is shown to be {shown}."
