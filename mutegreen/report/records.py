"""Turn records of an analysis into plain dictionaries for JSON and CSV: keys, numbers, and sentences for codes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, fields, is_dataclass
from enum import Enum
from typing import Any

from mutegreen.report.susceptibility_sentences import claim_text, susceptibility_text
from mutegreen.report.wording import note_text, reason_text
from mutegreen.stats.advice.target import TargetComparison
from mutegreen.stats.analysis import CarefulComparison, CarefulCorrelation, Comparison, Correlation
from mutegreen.stats.colocation.report import ColocationReport
from mutegreen.stats.colocation.susceptibility import Susceptibility
from mutegreen.stats.interval import KEYS, Interval
from mutegreen.stats.reason import Note, Reason

_CORRELATION = (
    "subject",
    "background",
    "hyperparameter",
    "metric",
    "n",
    "spearman",
    "spearman_p",
    "pearson",
    "pearson_p",
    "quality",
    "reason",
)
_COMPARISON = (
    "subject",
    "background",
    "hyperparameter",
    "mutant",
    "value",
    "default",
    "metric",
    "n",
    "n_original",
    "mean",
    "mean_original",
    "relative_change",
    "p",
    "cliffs_delta",
    "verdict",
    "quality",
    "reason",
)
_CAREFUL_COMPARISON = (
    *_COMPARISON,
    "relative_low",
    "relative_high",
    "difference",
    "difference_low",
    "difference_high",
    "interval",
    "p_adjusted",
    "p_equivalent",
    "margin",
    "cliffs_delta_low",
    "cliffs_delta_high",
)
ORDER: Mapping[type, tuple[str, ...]] = {
    Correlation: _CORRELATION,
    CarefulCorrelation: (
        *_CORRELATION,
        "spearman_low",
        "spearman_high",
        "spearman_p_adjusted",
        "pearson_low",
        "pearson_high",
        "pearson_p_adjusted",
    ),
    Comparison: _COMPARISON,
    CarefulComparison: _CAREFUL_COMPARISON,
    ColocationReport: (
        "pairs",
        "correlation",
        "verdict",
        "win_tie_loss",
        "slowdown",
        "background_slowdown",
        "susceptibility",
        "conclusion",
    ),
    TargetComparison: (*_CAREFUL_COMPARISON, "target", "reach", "reach_original"),
}
"""Keys and their order, where they differ from the fields (the published protocol has no intervals)."""
SENTENCES: Mapping[type, Callable[[Any], Mapping[str, object]]] = {
    Susceptibility: lambda row: {"conclusion": susceptibility_text(row)},
    ColocationReport: lambda report: {"conclusion": None if report.claim is None else claim_text(report.claim)},
}
"""By type of a record, the function that builds the sentences after its fields."""


def plain_value(value: object) -> object:
    """Return a value, however nested, in types that `json.dumps` accepts.

    A record becomes a dictionary of its fields, in their order or in that of `ORDER`. An interval becomes three keys of
    its owner; a reason or a note becomes its sentence. Unknown and infinite values become None.
    """
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, Reason):
        return reason_text(value)
    if isinstance(value, Note):
        return note_text(value)
    if isinstance(value, (list, tuple)):
        return [plain_value(part) for part in value]
    if isinstance(value, Mapping):
        return {key: plain_value(part) for key, part in value.items()}
    return flat_record(value) if is_dataclass(value) else value


def flat_record(record: object) -> dict[str, object]:
    """Return a record as a dictionary of plain values.

    Args:
        record: An instance of a dataclass; fields may hold intervals.
    """
    assert is_dataclass(record)
    assert not isinstance(record, type)
    values = {
        key: plain_value(part) for each in fields(record) for key, part in _parts(each, getattr(record, each.name))
    }
    if (sentences := SENTENCES.get(type(record))) is not None:
        values |= sentences(record)
    order = ORDER.get(type(record))
    return values if order is None else {key: values[key] for key in order}


def _parts(owner: Field[Any], value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Interval):
        keys = owner.metadata.get(KEYS, (owner.name, f"{owner.name}_low", f"{owner.name}_high"))
        yield from zip(keys, (value.value, value.low, value.high), strict=True)
    else:
        yield owner.name, value
