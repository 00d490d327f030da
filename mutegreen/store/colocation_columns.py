"""Builds the cells of a row about the co-location of its trial."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mutegreen.model import DOMAIN_OF_METRIC, Colocation, DomainEnergy, Measurement, TrialResult
from mutegreen.store.audit_records import BackgroundRecord

SEPARATOR = ";"
"""Separates the names of co-located trainings."""

BACKGROUND_SEPARATOR = "+"
"""Separates the names of several background loads."""

SHARE_COLUMNS = {metric: f"share_{metric}" for metric in DOMAIN_OF_METRIC}
COLUMNS = ("companions", "beside", *SHARE_COLUMNS.values(), "background_slowdown", "background_restarts", "by_use")


def background_of(backgrounds: Sequence[BackgroundRecord]) -> str | None:
    """Return the cell `background` of all rows of an audit; None: it has no background load."""
    return BACKGROUND_SEPARATOR.join(record.name for record in backgrounds) or None


def cells_of(result: TrialResult) -> dict[str, object]:
    """Return the cells of these columns; None: not known, or not applicable to the trial."""
    colocation = result.colocation or Colocation()
    shares = Measurement(result.duration_s, colocation.shares)
    slowdowns = [run.slowdown for run in colocation.backgrounds if run.slowdown is not None]
    return {
        "companions": _companions(colocation, result),
        "beside": SEPARATOR.join(other.name for other in colocation.overlaps) or None,
        **{SHARE_COLUMNS[metric]: shares.total_j(group) for metric, group in DOMAIN_OF_METRIC.items()},
        "background_slowdown": math.prod(slowdowns) ** (1 / len(slowdowns)) if slowdowns else None,
        "background_restarts": sum(run.restarts for run in colocation.backgrounds) if colocation.backgrounds else None,
        "by_use": _by_use(colocation, colocation.shares or result.measurement.domains),
    }


def _companions(colocation: Colocation, result: TrialResult) -> float:
    """Return the mean number of co-located trainings over the trial's energy window."""
    window_s = max((domain.duration_s for domain in result.measurement.domains), default=result.duration_s)
    together_s = math.fsum(other.overlap_s for other in colocation.overlaps)
    return together_s / window_s if window_s > 0 else 0.0


def _by_use(colocation: Colocation, domains: Sequence[DomainEnergy]) -> float | None:
    """Return the fraction of the energy while a domain was shared that was divided by measured use.

    It is the mean over all domains that were shared, weighted by their energies.
    """
    parts = [(d.energy_j, colocation.by_use[d.domain]) for d in domains if d.energy_j and d.domain in colocation.by_use]
    whole_j = math.fsum(energy_j for energy_j, _ in parts)
    return math.fsum(energy_j * part for energy_j, part in parts) / whole_j if whole_j > 0 else None
