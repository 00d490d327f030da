"""Build flat records of the study for CSV: every value in full, ours next to the published one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mutegreen.model import Verdict
from mutegreen.replication.comparison import ReplicatedCorrelation, ReplicatedGreener, ReplicatedVerdicts
from mutegreen.replication.published import NEVER_APPLIED, counterpart
from mutegreen.replication.results import Results
from mutegreen.replication.wording import sides
from mutegreen.stats.analysis import Correlation

Record = dict[str, Any]
_SIDES = ("published", "paper", "careful")


def correlation_records(results: Results) -> Iterator[Record]:
    """Yield a record for each hyperparameter and metric; `careful_p` is adjusted."""
    for line in results.correlations:
        coefficients = _coefficients("published", line.published) | _coefficients("paper", line.paper)
        yield (
            _key_fields(line, line.metric)
            | coefficients
            | {"careful_p": getattr(line.careful, "spearman_p_adjusted", None)}
        )


def verdict_records(results: Results) -> Iterator[Record]:
    """Yield a record for each hyperparameter and metric, then one for the greener mutants of each hyperparameter."""
    for line in results.verdict_counts:
        yield _key_fields(line, line.metric) | _fields(line, tuple(Verdict))
    for each in results.greener:
        yield _key_fields(each, "greener") | _fields(each, ("mutants", "greener"))


def finding_records(results: Results) -> Iterator[Record]:
    """Yield a record for each finding."""
    for finding in results.findings:
        claim = finding.claim
        record = {"question": claim.question, "claim": claim.text, "holds_if": claim.rule, "caution": claim.caution}
        for side, judgement in zip(_SIDES, sides(finding).values(), strict=True):
            record |= {side: judgement.holds.value, f"{side}_figures": judgement.evidence}
        yield record


def _key_fields(line: ReplicatedCorrelation | ReplicatedVerdicts | ReplicatedGreener, metric: str) -> Record:
    return {
        "subject": line.subject,
        "stands_for": counterpart(line.subject),
        "background": line.background,
        "hyperparameter": line.hyperparameter,
        "published_value_arrived": line.hyperparameter not in NEVER_APPLIED,
        "metric": metric,
    }


def _coefficients(side: str, row: Correlation | None) -> Record:
    n, rho, p = (None, None, None) if row is None else (row.n, row.spearman.value, row.spearman_p)
    return {f"{side}_n": n, f"{side}_spearman": rho, f"{side}_spearman_p": p}


def _fields(line: ReplicatedVerdicts | ReplicatedGreener, names: tuple[str, ...]) -> Record:
    return {f"{side}_{name}": getattr(getattr(line, side), name, None) for side in _SIDES for name in names}
