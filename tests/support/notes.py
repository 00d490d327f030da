"""Get the sentences of the notes of an analysis."""

from __future__ import annotations

from mutegreen.report.wording import note_text
from mutegreen.stats.analysis import Analysis


def sentences(analysis: Analysis) -> list[str]:
    """Return every note of an analysis in the words of the reports."""
    return [note_text(note) for note in analysis.notes]
