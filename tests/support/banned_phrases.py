"""Phrases that no text for users holds: odd English, and words for which the glossary has another one."""

from __future__ import annotations

import re
from functools import cache

from support.paths import ROOT

GLOSSARY = ROOT / "docs" / "glossary.md"

PHRASES = (
    # "tell" as "report", "stand" as "be", and other literal translations
    r"tells?",
    r"told",
    r"stands?(?: in)? for",
    r"stands? (?:beside|behind|in|at|on|where|in the way)",
    r"standing",
    r"taken? (?:\w+ )?out of",
    r"taken out",
    r"reckon(?:s|ed|ing)?",
    r"anew",
    r"as ever",
    r"lea(?:ve|ves|ving|f) (?:[\w-]+ ){1,3}away",
    r"left away",
    r"come by",
    r"came by",
    r"comes? to pass",
    r"mend(?:s|ed|ing)?",
    r"weigh(?:s|ed|ing)?",
    r"gone on with",
    r"goes? on with",
    r"so that",
    r"of which",
    r"of whom",
    r"whose joules",
    r"what of",
    r"of each \w+ its",
    # metaphors
    r"company",
    r"rooms?",
    r"part(?:y|ies)",
    r"lonely",
    r"hand to each",
    r"dealt",
    r"mood",
    r"calm",
    r"borrows?",
    r"sees? from",
    r"joules were they",
    # whole sentences of earlier versions
    r"could not be told",
    r"cannot be told",
    r"no concern",
    r"answer two questions",
    r"is of pages",
    r"are in no page",
    r"is of one audit",
    r"knows CPU time",
    r"and no more",
    r"nothing says",
    r"which hyperparameter moves what",
    r"what one more step",
    r"how far to trust",
    r"what to do",
    r"changed together",
    r"as good as equal",
    r"shown to save",
    r"save as much",
    r"in the end less",
    r"asked at once",
    r"worked out",
)
"""Regular expressions between word boundaries, in any case."""

AMBIGUOUS = frozenset(
    {"alone", "arrived", "baseline", "group", "parameter", "project", "run", "section", "setting", "target"}
)
"""Words of the glossary's column "not" with a right use elsewhere: the command `run`, `energy to target`."""


def banned_in(text: str) -> list[str]:
    """Return the banned phrases of a text, as it holds them; line breaks count as spaces."""
    return [match.group() for match in _banned().finditer(" ".join(text.split()))]


def words_to_avoid() -> frozenset[str]:
    """Return all words of the glossary's column "not"."""
    rows = [line.split("|") for line in GLOSSARY.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    cells = [row[3].strip() for row in rows[2:]]
    return frozenset(word.strip() for cell in cells for word in cell.split(",") if word.strip())


@cache
def _banned() -> re.Pattern[str]:
    words = sorted(words_to_avoid() - AMBIGUOUS)
    phrases = [*PHRASES, *(f"{re.escape(word)}s?" for word in words)]
    return re.compile(rf"(?<![\w-])(?:{'|'.join(phrases)})(?![\w-])", re.IGNORECASE)
