"""Build the JSON document of `mutegreen stats --json`."""

from __future__ import annotations

from typing import Any

from mutegreen.model import TOTAL
from mutegreen.report.records import plain_value
from mutegreen.stats.analysis import Analysis
from mutegreen.stats.careful import CarefulAnalysis


def as_json(analysis: Analysis) -> dict[str, Any]:
    """Return the tables of an analysis in types that `json.dumps` accepts; None for unknown and infinite values.

    Args:
        analysis: The result of any protocol. With the careful one, the tables of total energy are under a key of their
            own.
    """
    careful = isinstance(analysis, CarefulAnalysis)
    document = {
        "protocol": analysis.protocol,
        "correlation": plain_value(analysis.correlations),
        "verdict": plain_value([row for row in analysis.comparisons if not careful or row.metric != TOTAL]),
        "win_tie_loss": plain_value([row for row in analysis.win_tie_loss if not careful or row.energy != TOTAL]),
        "goals": plain_value(analysis.goals),
        "notes": plain_value(analysis.notes),
        "data": plain_value(analysis.data),
        "performance_figure": analysis.extra_metric,
    }
    return document | _careful(analysis) if isinstance(analysis, CarefulAnalysis) else document


def _careful(analysis: CarefulAnalysis) -> dict[str, Any]:
    """Return the keys that only the careful protocol has."""
    return {
        "total": {
            "verdict": plain_value([row for row in analysis.comparisons if row.metric == TOTAL]),
            "win_tie_loss": plain_value([row for row in analysis.win_tie_loss if row.energy == TOTAL]),
        },
        "win_tie_loss_overall": plain_value(analysis.overall),
        "trend": plain_value(analysis.trends),
        "interaction": plain_value(analysis.interactions),
        "energy_to_target": plain_value(analysis.targets),
        "settings": plain_value(analysis.settings),
        "advice": plain_value(analysis.advice),
        "trust": plain_value(analysis.trust),
        "flags": plain_value(analysis.flags),
        "company": plain_value(analysis.colocation),
        "company_effect": plain_value(analysis.concurrency_effects),
        "attribution": plain_value(analysis.attribution),
    }
