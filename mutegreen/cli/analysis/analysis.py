"""Reads the rows of audits or CSV files and analyses them, for `stats` and `plot`; the options of an analysis."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mutegreen.cli.analysis.goals import analysed_metric, goals_of_rows
from mutegreen.errors import UsageError
from mutegreen.model import Goal

if TYPE_CHECKING:
    import pandas as pd

    from mutegreen.stats.advice.phases import PhaseSummary
    from mutegreen.stats.analysis import Analysis

PROTOCOLS = ("careful", "paper")


class FractionType(click.ParamType):  # type: ignore[type-arg]
    """The type of an option that is a fraction between 0 and 1: `2%` or `0.02`."""

    name = "fraction"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the fraction as a number between 0 and 1."""
        text = str(value).strip()
        try:
            fraction = float(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)
        except ValueError:
            fraction = math.nan
        if not 0.0 < fraction < 1.0:
            self.fail(f"{value} is not between 0 and 1 (0% and 100%); give for example 2% or 0.02.", param, ctx)
        return fraction


def protocol_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of an analysis. The function gets them together, as the argument `choices`."""
    options = (
        click.option(
            "--protocol",
            type=click.Choice(PROTOCOLS),
            default=PROTOCOLS[0],
            show_default=True,
            help="Choose the statistics. careful: adjusted for blocks, with intervals and adjusted p values, and a tie "
            "only where equivalence is shown. paper: as in the published study.",
        ),
        click.option(
            "--performance",
            metavar="NAME",
            help="Analyse this extra metric (`[performance.also]` of subject.toml) instead of the performance.  "
            "[default: the performance]",
        ),
        click.option(
            "--goal",
            type=click.Choice([goal.value for goal in Goal]),
            help="With --csv, state whether a higher (maximize) or a lower (minimize) performance is better, for rows "
            "without a goal.  [default: maximize]",
        ),
        click.option(
            "--tolerance",
            type=click.FloatRange(0),
            metavar="X",
            help="Treat performance (such as accuracy) that is worse by at most X, in its own unit, as equally good.  "
            "[default: the subject's, else 1 % of the original's performance]",
        ),
        click.option(
            "--margin",
            type=FractionType(),
            default="2%",
            show_default=True,
            metavar="FRACTION",
            help="Call a mutant a tie if its energy or time is shown to differ from the original's by less than this.",
        ),
        click.option(
            "--adjust",
            "adjustment",
            type=click.Choice(["holm", "bh"]),
            default="holm",
            show_default=True,
            help="Adjust p values for the number of comparisons in each scenario (a subject with its background load). "
            "holm: on average, at most one scenario in twenty holds a false win or loss (family-wise error rate 5 %). "
            "bh: on average, at most one in twenty of the wins and losses is false (false discovery rate 5 %).",
        ),
    )

    @wraps(function)
    def with_choices(
        *arguments: Any,
        protocol: str,
        performance: str | None,
        goal: str | None,
        tolerance: float | None,
        margin: float,
        adjustment: str,
        **others: Any,
    ) -> Any:
        choices = Choices(protocol, tolerance, margin, adjustment, performance, Goal(goal) if goal else None)
        return function(*arguments, choices=choices, **others)

    decorated: Callable[..., Any] = with_choices
    for option in reversed(options):
        decorated = option(decorated)
    return decorated


@dataclass(frozen=True)
class Choices:
    """The choices of the user about an analysis."""

    protocol: str
    tolerance: float | None
    margin: float
    adjustment: str
    performance: str | None = None
    goal: Goal | None = None

    def __post_init__(self) -> None:
        if self.tolerance is not None and not math.isfinite(self.tolerance):
            raise UsageError(f"--tolerance {self.tolerance} is not a finite number", "give a number such as 0.01")


@dataclass(frozen=True)
class AnalysisResult:
    """The rows, their analysis, and facts about the audits that the rows do not hold.

    Attributes:
        rows: The rows that were analysed.
        analysis: The result of the statistics.
        about: For each chosen audit: its id, the outcomes of its trials and what was not measured. Empty for files.
        compared_with: The same for exclusive audits that were added for comparison.
        hints: Suggestions of further commands.
        phases: The energy of the phases of the first audit.
    """

    rows: pd.DataFrame
    analysis: Analysis
    about: Sequence[Mapping[str, Any]] = ()
    compared_with: Sequence[Mapping[str, Any]] = ()
    hints: Sequence[str] = ()
    phases: Sequence[PhaseSummary] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the analysis, JSON-ready; facts about one audit are keys of it, those about several in `audits`."""
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
    """Read rows and analyse them.

    Args:
        audits: Ids of audits; none, and no files: the latest audit.
        files: CSV files of rows, instead of audits.
        store: File of the store.
        choices: The choices of the user.
        with_exclusive: Whether to add, for an audit with a background load, the newest finished exclusive audit of the
            same subject.

    Raises:
        UsageError: Both audits and files are given, or there is no such extra metric.
        RowsError: The rows cannot be used, or there are none.
        StoreError: The store cannot be read, or has no such audit.
    """
    if audits and files:
        raise UsageError("an audit and --csv cannot be combined", "give one of them")
    return _of_files(files, choices) if files else _of_audits(store, audits, choices, with_exclusive)


def _of_files(paths: Sequence[Path], choices: Choices) -> AnalysisResult:
    from mutegreen.store.concatenation import concatenate
    from mutegreen.store.rows import read_csv

    rows = concatenate([read_csv(path, choices.performance) for path in paths], [path.name for path in paths])
    goals = goals_of_rows(rows, choices.goal, choices.performance)
    return AnalysisResult(rows, _analysis(rows, goals, choices))


def _of_audits(path: Path, ids: Sequence[str], choices: Choices, with_exclusive: bool) -> AnalysisResult:
    from mutegreen.cli.analysis.audit_rows import read_audits
    from mutegreen.stats.advice.phases import summarise

    if choices.goal is not None:
        raise UsageError("--goal needs --csv, as an audit has its own goal", "drop --goal")
    audit_rows = read_audits(path, ids, choices.performance, with_exclusive, choices.tolerance)
    analysed = {each.subject: analysed_metric(each, choices.performance) for each in reversed(audit_rows.audits)}
    analysis = _analysis(
        audit_rows.rows,
        {subject: metric.goal for subject, metric in analysed.items()},
        choices,
        {subject: metric.tolerance for subject, metric in analysed.items()},
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
