"""The JSON document of an analysis, by the contract of `mutegreen stats`."""

from __future__ import annotations

from mutegreen.model import TOTAL
from mutegreen.report.records import plain
from mutegreen.stats.analysis import Analysis
from mutegreen.stats.careful import CarefulAnalysis


def as_json(analysis: Analysis) -> dict[str, object]:
    """The tables of an analysis, of types that `json.dumps` takes; None for what is not known or not finite.

    Args:
        analysis: By any protocol. Of the careful one, the tables of the total energy are apart from the others.
    """
    careful = isinstance(analysis, CarefulAnalysis)
    document = {
        "protocol": analysis.protocol,
        "correlation": plain(analysis.correlations),
        "verdict": plain([row for row in analysis.comparisons if not careful or row.metric != TOTAL]),
        "win_tie_loss": plain([row for row in analysis.win_tie_loss if not careful or row.energy != TOTAL]),
        "goals": plain(analysis.goals),
        "notes": plain(analysis.notes),
        "data": plain(analysis.data),
        "performance_figure": analysis.figure,
    }
    return document | _careful(analysis) if isinstance(analysis, CarefulAnalysis) else document


def _careful(analysis: CarefulAnalysis) -> dict[str, object]:
    """What the careful protocol adds."""
    return {
        "total": {
            "verdict": plain([row for row in analysis.comparisons if row.metric == TOTAL]),
            "win_tie_loss": plain([row for row in analysis.win_tie_loss if row.energy == TOTAL]),
        },
        "win_tie_loss_overall": plain(analysis.overall),
        "trend": plain(analysis.trends),
        "interaction": plain(analysis.interactions),
        "energy_to_target": plain(analysis.targets),
        "settings": plain(analysis.settings),
        "advice": plain(analysis.advice),
        "trust": plain(analysis.trust),
        "flags": plain(analysis.flags),
        "company": plain(analysis.company),
        "company_effect": plain(analysis.company_effects),
        "attribution": plain(analysis.attribution),
    }
