"""Rows of an audit or of a CSV file, analysed: what `stats` and `plot` show."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mutegreen.errors import RowsError, UsageError
from mutegreen.model import DOMAIN_OF_METRIC, Goal

if TYPE_CHECKING:
    import pandas as pd

    from mutegreen.stats.analysis import Analysis
    from mutegreen.stats.phases import PhaseSummary
    from mutegreen.store.kept import AuditRecord
    from mutegreen.store.store import Store

PROTOCOLS = ("careful", "paper")


class Share(click.ParamType):  # type: ignore[type-arg]
    """A share of a whole: `2%` or `0.02`."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The share as a number between 0 and 1."""
        text = str(value).strip()
        try:
            share = float(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)
        except ValueError:
            share = math.nan
        if not 0.0 < share < 1.0:
            self.fail(f"{value} is no share between 0 and 1, such as 2% or 0.02", param, ctx)
        return share


def protocol_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say how to analyse: they arrive as `protocol`, `tolerance`, `margin` and `adjustment`."""
    options = (
        click.option(
            "--protocol",
            type=click.Choice(PROTOCOLS),
            default=PROTOCOLS[0],
            show_default=True,
            help="careful: blocks, intervals, adjusted p values, ties that are shown; paper: as published.",
        ),
        click.option(
            "--tolerance",
            type=click.FloatRange(0),
            metavar="X",
            help="How much worse performance, in its own unit, is still as good.  "
            "[default: the subject's, else 1 % of the original's]",
        ),
        click.option(
            "--margin",
            type=Share(),
            default="2%",
            show_default=True,
            help="Change of energy or time that does not matter: within it, a tie.",
        ),
        click.option(
            "--adjust",
            "adjustment",
            type=click.Choice(["holm", "bh"]),
            default="holm",
            show_default=True,
            help="holm: at most one audit in twenty has a false win or loss; bh: at most one win or loss in twenty is.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


@dataclass(frozen=True)
class Choices:
    """What the user decided about the analysis."""

    protocol: str
    tolerance: float | None
    margin: float
    adjustment: str

    def __post_init__(self) -> None:
        if self.tolerance is not None and not math.isfinite(self.tolerance):
            raise UsageError(f"--tolerance {self.tolerance} is no amount", "give a number such as 0.01")


@dataclass(frozen=True)
class Analysed:
    """The rows, the analysis, and what an audit says beyond its rows."""

    rows: pd.DataFrame
    analysis: Analysis
    about: dict[str, Any] = field(default_factory=dict)
    phases: Sequence[PhaseSummary] = ()


def analysed(audit: str | None, csv_file: Path | None, store: Path, choices: Choices) -> Analysed:
    """Reads and analyses.

    Raises:
        UsageError: Both an audit and a file are given.
        RowsError: The rows cannot be used, or there are none.
        StoreError: The store cannot be read, or has no such audit.
    """
    if audit is not None and csv_file is not None:
        raise UsageError("both an audit and --csv are given", "give one of them")
    return _of_file(csv_file, choices) if csv_file is not None else _of_audit(store, audit, choices)


def _of_file(path: Path, choices: Choices) -> Analysed:
    from mutegreen.store.rows import read_csv

    rows = read_csv(path)
    return Analysed(rows, _analysis(rows, _goals(rows), choices))


def _goals(rows: pd.DataFrame) -> dict[str, Goal]:
    """The goal of each subject, where the rows are an export of ours and say it."""
    if "goal" not in rows:
        return {}
    pairs = rows[["subject", "goal"]].dropna().drop_duplicates().itertuples(index=False)
    return {str(subject): Goal(goal) for subject, goal in pairs if goal in list(Goal)}


def _of_audit(path: Path, audit_id: str | None, choices: Choices) -> Analysed:
    from mutegreen.stats.phases import summarise
    from mutegreen.store.epochs import epochs_frame
    from mutegreen.store.records import phase_records, records
    from mutegreen.store.rows import rows_frame
    from mutegreen.store.store import Store

    with Store.open(path) as store:
        audit = store.audit(audit_id)
        outcomes = store.outcomes(audit.id)
        found, parts = records(store, audit), phase_records(store, audit)
        if not found:
            ended = ", ".join(f"{n} {outcome}" for outcome, n in outcomes.items())
            raise RowsError(f"audit {audit.id} has no trial that ended ok ({ended})", "mutegreen show NUMBER says why")
        rows = rows_frame(found)
        epochs, spent_j = epochs_frame(store, audit, rows), _spent_j(store, audit)
    about = {"audit": audit.id, "outcomes": outcomes, "unmeasured": [asdict(item) for item in audit.unavailable]}
    tolerances = {audit.subject: audit.tolerance}
    analysis = _analysis(rows, {audit.subject: audit.goal}, choices, tolerances, epochs=epochs, spent_j=spent_j)
    return Analysed(rows, analysis, about, summarise(parts))


def _spent_j(store: Store, audit: AuditRecord) -> float | None:
    """Energy of all trainings of an audit, however they ended; None where a domain of one is not known."""
    results = [record.result for record in store.trials(audit.id) if record.result is not None]
    measured = {name for result in results for name in DOMAIN_OF_METRIC.values() if result.measurement.of(name)}
    figures = [result.measurement.total_j(name) for result in results for name in measured]
    known = [figure for figure in figures if figure is not None]
    return math.fsum(known) if known and len(known) == len(figures) else None


def _analysis(
    rows: pd.DataFrame,
    goals: Mapping[str, Goal],
    choices: Choices,
    tolerances: Mapping[str, float | None] | None = None,
    **known: Any,
) -> Analysis:
    if choices.protocol == "paper":
        from mutegreen.stats import paper

        return paper.analyse(rows, goals)
    from mutegreen.stats import careful
    from mutegreen.stats.adjust import Adjustment
    from mutegreen.stats.settings import Settings

    settings = Settings(margin=choices.margin, tolerance=choices.tolerance, adjustment=Adjustment(choices.adjustment))
    return careful.analyse(rows, goals, tolerances, settings, **known)
