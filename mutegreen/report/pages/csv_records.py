"""Write the records of an analysis as CSV: every value in full, with the keys of `--json` as columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mutegreen.model import DECIDED
from mutegreen.report.records import flat_record
from mutegreen.stats.analysis import Analysis

Record = dict[str, Any]

_WHOLE = {
    "verdict": "comparisons",
    "correlation": "correlations",
    "trend": "trends",
    "interaction": "interactions",
    "energy_to_target": "targets",
    "win_tie_loss": "win_tie_loss",
    "win_tie_loss_overall": "overall",
    "trust": "trust",
    "flags": "flags",
    "company_effect": "concurrency_effects",
    "attribution": "attribution",
}
"""By name of the table, the attribute of an analysis."""
_PARTS = {
    "advice": ("advice", "recommended"),
    "needed": ("advice", "needed"),
    "pareto": ("advice", "pareto"),
    "outliers": ("trust", "outliers"),
    "controls": ("trust", "controls"),
    "weak": ("attribution", "weak"),
}
"""By name of the table, the attribute of an analysis and that of its records."""
_COLOCATION = {
    f"company_{name}": name
    for name in ("susceptibility", "verdict", "correlation", "win_tie_loss", "slowdown", "background_slowdown")
}
"""By name of the table, the attribute of the co-location report of an analysis."""
NAMES = (*_WHOLE, *_PARTS, *_COLOCATION)
_KEYS = ("subject", "background", "metric")
_FORMULA = ("=", "+", "-", "@", "\t", "\n")


def csv_of(analysis: Analysis, name: str, metric: str | None = None) -> str:
    """Return one table as CSV, in the format of `csv_text`.

    Args:
        analysis: The result of any protocol.
        name: One of `NAMES`.
        metric: The only metric; None: all.
    """
    records = [record for record in _records(analysis, name) if metric in (None, record.get("metric"))]
    return csv_text([row | _about(analysis, row["subject"]) for row in records])


def csv_text(records: Iterable[Record]) -> str:
    """Return records as CSV with a line of headings; an empty text without records.

    Unknown values are empty cells. A text that a spreadsheet would run as a formula gets a leading apostrophe, because
    labels come from files of others (OWASP, CSV injection).
    """
    rows = list(_flat(records))
    columns = dict.fromkeys(key for row in rows for key in row)
    if not columns:
        return ""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _about(analysis: Analysis, subject: str) -> Record:
    """Return the columns that describe a subject: its data, and the extra metric in place of performance."""
    data = analysis.data.get(subject)
    known = {"data": data.label if data else None, "performance_figure": analysis.extra_metric}
    return {key: text for key, text in known.items() if text}


def _records(analysis: Analysis, name: str) -> Iterator[Record]:
    if name in _WHOLE:
        yield from (flat_record(record) for record in getattr(analysis, _WHOLE[name], ()))
        return
    if name in _COLOCATION:
        yield from (
            flat_record(record) for record in getattr(getattr(analysis, "colocation", None), _COLOCATION[name], ())
        )
        return
    attribute, part = _PARTS[name]
    for parent in getattr(analysis, attribute, ()):
        scenario = {key: getattr(parent, key) for key in _KEYS}
        yield from (scenario | flat_record(record) for record in getattr(parent, part))


def _flat(records: Iterable[Record]) -> Iterator[Record]:
    """Yield the records without nested fields: `drift: {p: 0.1}` becomes `drift_p: 0.1`."""
    all_records = list(records)
    nested = {key for record in all_records for key, value in record.items() if isinstance(value, Mapping)}
    for record in all_records:
        yield {column: cell for key, value in record.items() for column, cell in _cells(key, value, key in nested)}


def _cells(key: str, value: Any, is_nested: bool) -> Iterator[tuple[str, Any]]:
    if is_nested:
        yield from ((f"{key}_{inner}", _safe(each)) for inner, each in (value or {}).items())
    elif key in ("counts", "counts_alone"):
        yield from _counts(value, key.removeprefix("counts").removeprefix("_"))
    elif not isinstance(value, list):
        yield key, _safe(value)
    elif all(isinstance(each, str) for each in value) and key == "hyperparameters":
        yield key, _safe(",".join(value))


def _counts(counts: list[list[int]], where: str) -> Iterator[tuple[str, int]]:
    for energy, line in zip(DECIDED, counts, strict=True):
        for performance, count in zip(DECIDED, line, strict=True):
            yield "_".join(filter(None, (where, f"energy_{energy}_performance_{performance}"))), count


def _safe(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = value.replace("\r", "\n")  # the writer would not quote it, and readers would take it for the end of a line
    return f"'{text}" if text.startswith(_FORMULA) else text
