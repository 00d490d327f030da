"""The sentences of an analysis' notes."""

from __future__ import annotations

from mutegreen.report.wording import note_text
from mutegreen.stats.analysis import Analysis


def told(analysis: Analysis) -> list[str]:
    """Every note of an analysis as reports word it."""
    return [note_text(note) for note in analysis.notes]
