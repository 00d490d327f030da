"""`mutegreen stats`: the statistics of audits or CSV files, as tables, pages or JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from mutegreen.cli import common
from mutegreen.cli.analysis.analysis import AnalysisResult, Choices, analyse_rows, protocol_options
from mutegreen.cli.analysis.page_output import FORMATS, page_request
from mutegreen.errors import UsageError
from mutegreen.model import METRICS, TOTAL, Quality

_EXAMPLES = common.examples(
    "mutegreen stats                        the results of the latest audit",
    "mutegreen stats --metric total_j       one metric in full",
    "mutegreen stats --csv rows.csv         the results of exported rows",
    "mutegreen stats --format markdown      the tables as a page",
    "mutegreen help statistics              the meaning of each column",
)


@click.command("stats", epilog=_EXAMPLES)
@click.argument("audits", metavar="[AUDIT]...", nargs=-1)
@common.csv_option
@protocol_options
@click.option(
    "--metric",
    type=click.Choice([*METRICS, TOTAL]),
    help="Show one metric in full, with intervals, p values and Cliff's delta; total_j is the sum of all energy.  "
    "[default: an overview of all metrics]",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="Write tables for the terminal, a page in Markdown or LaTeX, or one table as CSV with all digits.  "
    "[default: tables]",
)
@click.option(
    "--table",
    "names",
    multiple=True,
    metavar="NAME",
    help="Write only this table, with --format (repeatable, except with csv): verdict, trend, advice and others; the "
    "error for an unknown name lists all.  [default: all tables; csv: verdict]",
)
@click.option(
    "--phases",
    is_flag=True,
    help="Add the energy of each phase: of each epoch, and of each window that the script marks.",
)
@common.store_option
@common.json_option
def command(
    audits: tuple[str, ...],
    files: tuple[Path, ...],
    metric: str | None,
    form: str | None,
    names: tuple[str, ...],
    phases: bool,
    store: Path,
    as_json: bool,
    choices: Choices,
) -> int:
    """Show which hyperparameters change energy, a verdict on each mutant, and recommended values.

    AUDIT is an id that `mutegreen audits` lists; the default is the latest. Several audits are analysed together. An
    audit with a background load is compared with the newest audit of the same subject and preset without one.
    """
    if phases and files:
        raise UsageError("--phases and --csv cannot be combined: a CSV file holds no phases", "drop one of them")
    if phases and len(audits) > 1:
        raise UsageError("--phases needs exactly one audit", "name one audit, or drop --phases")
    if as_json and form is not None:
        raise UsageError("--json and --format cannot be combined", "drop one of them")
    page = page_request(form or "tables", names, metric, phases)
    result = analyse_rows(audits, files, store, choices, with_exclusive=True)
    if page is not None:
        click.echo(page.text(result.analysis), nl=False)
        _print_outcomes(result)
    elif as_json:
        parts = {"phases": [summary.as_json() for summary in result.phases]} if len(result.about) == 1 else {}
        common.write_json(result.as_json() | parts)
    else:
        _show(result, metric, phases)
    return 0


def _show(result: AnalysisResult, metric: str | None, phases: bool) -> None:
    from mutegreen.report.terminal.phase_table import phase_table
    from mutegreen.report.terminal.tables import render

    console = common.results()
    console.print(render(result.analysis, metric))
    if phases and result.phases:
        estimated = any(row.quality is Quality.ESTIMATED for row in result.analysis.comparisons)
        console.print(phase_table(result.phases, estimated))
    elif phases:
        console.print("No phases: performance is read from a file, and the script marks no windows.")
    _print_outcomes(result)


def _print_outcomes(result: AnalysisResult) -> None:
    """Print what the tables do not show: trials that did not end ok, domains not measured, audits for comparison."""
    from mutegreen.model import Unavailable

    for about in result.about:
        _print_outcome(about)
    console = common.messages()
    for about in result.compared_with:
        console.print(f"compared with the exclusive audit {about['audit']}", soft_wrap=True)
        _print_outcome(about)
    unmeasured = [item for about in (*result.about, *result.compared_with) for item in about["unmeasured"]]
    common.print_unavailable(console, dict.fromkeys(Unavailable(**item) for item in unmeasured))
    for hint in result.hints:
        console.print(hint, soft_wrap=True)


def _print_outcome(about: Mapping[str, Any]) -> None:
    others = ", ".join(f"{n} {outcome}" for outcome, n in about["outcomes"].items() if outcome != "ok")
    console = common.messages()
    console.print(f"audit {about['audit']}: {about['outcomes'].get('ok', 0)} trials ended ok", soft_wrap=True)
    if others:
        console.print(
            f"not in the tables: {others} (`mutegreen show --audit {about['audit']}` lists them)", style="yellow"
        )
