"""The block model where trainings had company of different size: what company does is estimated and taken out.

Where several trainings run at a time, those at an audit's end have fewer beside them: they are faster, and their share
of idle power is another. The logarithm of how many trained at a time is a covariate (Fisher, "Statistical Methods for
Research Workers", 4th edition, 1932, section 49.1: analysis of covariance): company that makes all of n trainings take
n times as long has a slope of 1 on the logarithm of time, company that does nothing one of 0.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mutegreen.stats.model.block_model import BlockFit, Codes, Floats, Slope, fit, sums
from mutegreen.stats.model.noisy_arms import fit_weighted

LEAST = 0.003
"""Range of the logarithm below which company counts as even. One more training at most doubles the time that the others
take, so that figures move by 0.3 % or less: a seventh of the usual margin."""
_ALIKE = 1e-9
"""Share of the covariate's squares below which arms and blocks say all of it."""


def fit_in_company(figures: Floats, arms: Codes, blocks: Codes, n_arms: int, company: Floats | None) -> BlockFit:
    """Fits the model of arms, blocks and company; without company, or where it is even, that of arms and blocks.

    Args:
        figures: Shape (N,), finite. So with the next two, as for `fit`.
        arms: From 0 to n_arms - 1.
        blocks: From 0 without gaps.
        n_arms: Arms there are.
        company: Shape (N,), logarithm of how many trained at a time; None: not known, or each by itself.
    """
    if company is None or not len(company) or np.ptp(company) <= LEAST:
        return fit_weighted(figures, arms, blocks, n_arms)
    own = fit(company, arms, blocks, n_arms)
    moved = own.adjusted - own.effect[arms]
    square = float(moved @ moved)
    gap = np.where(own.joined, own.effect - own.effect[0], 0.0)
    centred = company - company.mean()
    if square <= _ALIKE * float(centred @ centred):
        slope, weight = float("nan"), np.zeros(n_arms)
        told = Slope(slope, gap, weight, np.zeros_like(figures), confounded=np.abs(gap) > LEAST)
        return replace(fit_weighted(figures, arms, blocks, n_arms), slope=told)
    slope = float(moved @ figures) / square
    weight = sums(arms, moved**2, n_arms) / square**2
    told = Slope(slope, gap, weight, slope * centred, confounded=np.zeros(n_arms, dtype=bool))
    return replace(fit_weighted(figures - told.shift, arms, blocks, n_arms, moved**2 / square), slope=told)
