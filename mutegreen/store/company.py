"""Company of a trial, backgrounds and spans of an audit, to rows of the store and back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby

from mutegreen.model import BackgroundRun, Beside, Company, Measurement, Span
from mutegreen.store.audit_records import BackgroundRecord
from mutegreen.store.energies import energy_row, to_domain


def company_text(company: Company | None) -> str | None:
    """A trial's company as text; None: it was alone."""
    if company is None:
        return None
    return json.dumps(asdict(company) | {"shares": [energy_row(share) for share in company.shares]})


def to_company(text: str | None) -> Company | None:
    """The company of a text."""
    if text is None:
        return None
    fields = json.loads(text)
    return Company(
        beside=tuple(Beside(**item) for item in fields["beside"]),
        shares=tuple(to_domain(item) for item in fields["shares"]),
        backgrounds=tuple(BackgroundRun(**item) for item in fields["backgrounds"]),
        by_use=fields["by_use"],
    )


def to_backgrounds(text: str) -> tuple[BackgroundRecord, ...]:
    """The backgrounds of a text."""
    return tuple(BackgroundRecord(**item | {"words": tuple(item["words"])}) for item in json.loads(text))


def span_rows(span: Span) -> Iterator[dict[str, object]]:
    """A span as rows, one a domain."""
    for domain in span.measurement.domains:
        yield energy_row(domain) | {
            "started_at": span.started_at,
            "duration_s": span.measurement.duration_s,
            "attributed_j": span.attributed_j.get(domain.domain),
            "nobody_j": span.nobody_j.get(domain.domain),
        }


def to_spans(rows: Sequence[sqlite3.Row]) -> tuple[Span, ...]:
    """The spans of rows in their order."""
    return tuple(_span(list(own)) for _, own in groupby(rows, key=lambda row: row["number"]))


def _span(rows: list[sqlite3.Row]) -> Span:
    figures = {part: {row["domain"]: row[part] for row in rows} for part in ("attributed_j", "nobody_j")}
    known = {part: {d: joules for d, joules in own.items() if joules is not None} for part, own in figures.items()}
    measurement = Measurement(rows[0]["duration_s"], tuple(to_domain(row) for row in rows))
    return Span(rows[0]["started_at"], measurement, **known)
