"""Rows of an audit or of a CSV file, analysed: what `stats` and `plot` show."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mutegreen.errors import UsageError
from mutegreen.model import Goal

if TYPE_CHECKING:
    import pandas as pd

    from mutegreen.stats.advice.phases import PhaseSummary
    from mutegreen.stats.analysis import Analysis

PROTOCOLS = ("careful", "paper")


class FractionType(click.ParamType):  # type: ignore[type-arg]
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
    """The options that say how to analyse: they arrive together, as the argument `choices`."""
    options = (
        click.option(
            "--protocol",
            type=click.Choice(PROTOCOLS),
            default=PROTOCOLS[0],
            show_default=True,
            help="careful: blocks, intervals, adjusted p values, ties that are shown; paper: as published.",
        ),
        click.option(
            "--performance",
            metavar="NAME",
            help="Analyse this further figure of performance (`[performance.also]`) in place of the performance.",
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
            type=FractionType(),
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

    @wraps(function)
    def with_choices(
        *arguments: Any,
        protocol: str,
        performance: str | None,
        tolerance: float | None,
        margin: float,
        adjustment: str,
        **others: Any,
    ) -> Any:
        choices = Choices(protocol, tolerance, margin, adjustment, performance)
        return function(*arguments, choices=choices, **others)

    decorated: Callable[..., Any] = with_choices
    for option in reversed(options):
        decorated = option(decorated)
    return decorated


@dataclass(frozen=True)
class Choices:
    """What the user decided about the analysis."""

    protocol: str
    tolerance: float | None
    margin: float
    adjustment: str
    performance: str | None = None

    def __post_init__(self) -> None:
        if self.tolerance is not None and not math.isfinite(self.tolerance):
            raise UsageError(f"--tolerance {self.tolerance} is no amount", "give a number such as 0.01")


@dataclass(frozen=True)
class AnalysisResult:
    """The rows, the analysis, and what audits say beyond their rows.

    Attributes:
        about: Of each audit named its id, its trials' outcomes and what was not measured; none for files.
        compared_with: Audits that were found to compare those with, likewise.
        hints: What the user could do to learn more.
    """

    rows: pd.DataFrame
    analysis: Analysis
    about: Sequence[Mapping[str, Any]] = ()
    compared_with: Sequence[Mapping[str, Any]] = ()
    hints: Sequence[str] = ()
    phases: Sequence[PhaseSummary] = ()

    def as_json(self) -> dict[str, Any]:
        """The analysis, with what it says of a single audit beside its tables and of several in `audits`."""
        from mutegreen.report.json_document import as_json

        document = as_json(self.analysis)
        if len(self.about) > 1:
            return {"audits": list(self.about), **document}
        if not self.about:
            return document
        single = {"compared_with": [each["audit"] for each in self.compared_with], "hints": list(self.hints)}
        return {**self.about[0], **single, **document}


def analyse_rows(
    audits: Sequence[str], files: Sequence[Path], store: Path, choices: Choices, *, with_exclusive: bool = False
) -> AnalysisResult:
    """Reads and analyses.

    Args:
        audits: Their ids; none, and no files: the latest.
        files: Of rows, instead of audits.
        store: Where audits are kept.
        choices: Of the user.
        with_exclusive: Whether an audit in company brings with it the newest finished one of the same subject alone.

    Raises:
        UsageError: Both audits and files are given, or a figure of performance that there is not.
        RowsError: The rows cannot be used, or there are none.
        StoreError: The store cannot be read, or has no such audit.
    """
    if audits and files:
        raise UsageError("both an audit and --csv are given", "give one of them")
    return _of_files(files, choices) if files else _of_audits(store, audits, choices, with_exclusive)


def _of_files(paths: Sequence[Path], choices: Choices) -> AnalysisResult:
    from mutegreen.store.concatenation import concatenate
    from mutegreen.store.rows import read_csv

    rows = concatenate([read_csv(path, choices.performance) for path in paths], [path.name for path in paths])
    return AnalysisResult(rows, _analysis(rows, _goals(rows), choices))


def _goals(rows: pd.DataFrame) -> dict[str, Goal]:
    """The goal of each subject, where the rows are an export of ours and say it."""
    if "goal" not in rows:
        return {}
    pairs = rows[["subject", "goal"]].dropna().drop_duplicates().itertuples(index=False)
    return {str(subject): Goal(goal) for subject, goal in pairs if goal in list(Goal)}


def _of_audits(path: Path, ids: Sequence[str], choices: Choices, with_exclusive: bool) -> AnalysisResult:
    from mutegreen.cli.analysis.audit_rows import judged_metric, read_audits
    from mutegreen.stats.advice.phases import summarise

    audit_rows = read_audits(path, ids, choices.performance, with_exclusive)
    judged = {each.subject: judged_metric(each, choices.performance) for each in reversed(audit_rows.audits)}
    analysis = _analysis(
        audit_rows.rows,
        {subject: figure.goal for subject, figure in judged.items()},
        choices,
        {subject: figure.tolerance for subject, figure in judged.items()},
        epochs=audit_rows.epochs,
        spent_j=audit_rows.spent_j,
    )
    about = audit_rows.about()
    return AnalysisResult(
        rows=audit_rows.rows,
        analysis=analysis,
        about=about[: audit_rows.named],
        compared_with=about[audit_rows.named :],
        hints=audit_rows.hints() if with_exclusive else (),
        phases=summarise(audit_rows.phases),
    )


def _analysis(
    rows: pd.DataFrame,
    goals: Mapping[str, Goal],
    choices: Choices,
    tolerances: Mapping[str, float | None] | None = None,
    epochs: pd.DataFrame | None = None,
    spent_j: Mapping[tuple[str, str], float | None] | None = None,
) -> Analysis:
    if choices.protocol == "paper":
        from mutegreen.stats import paper

        return paper.analyse(rows, goals)
    from mutegreen.stats import careful
    from mutegreen.stats.adjustment import Adjustment
    from mutegreen.stats.settings import Settings

    settings = Settings(margin=choices.margin, tolerance=choices.tolerance, adjustment=Adjustment(choices.adjustment))
    return careful.analyse(rows, goals, tolerances, settings, epochs, spent_j)
