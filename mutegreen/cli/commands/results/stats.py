"""`mutegreen stats`: what moves energy, what each mutant does, and what to do, of an audit or of a CSV file."""

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


@click.command("stats")
@click.argument("audits", metavar="[AUDIT]...", nargs=-1)
@common.csv_option
@protocol_options
@click.option(
    "--metric",
    type=click.Choice([*METRICS, TOTAL]),
    help="One metric in full: intervals, p values, Cliff's delta; total_j is that of all energy.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="tables for the terminal, markdown or latex for pages, csv with every figure in full.  [default: tables]",
)
@click.option(
    "--table",
    "names",
    multiple=True,
    metavar="NAME",
    help="A table for --format (repeatable but for csv): verdict, trend, advice ...; a wrong name lists all.  "
    "[default: all; csv: verdict]",
)
@click.option("--phases", is_flag=True, help="Add the energy of each epoch, and of each window that the script marked.")
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
    """Say which hyperparameters move energy, what each mutant does, and what to do about it.

    AUDIT is one of `mutegreen audits`; without it, the latest. Several are analysed together. An audit beside a
    background is compared with the newest one of the same subject and preset alone.
    """
    if phases and files:
        raise UsageError("a CSV file holds no phases", "leave --phases or --csv away")
    if phases and len(audits) > 1:
        raise UsageError("phases are shown of one audit at a time", "name one, or leave --phases away")
    if as_json and form is not None:
        raise UsageError("--json and --format are both given", "give one of them")
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
        console.print("No phases: the performance is read from a file, and the script marks no windows.")
    _print_outcomes(result)


def _print_outcomes(result: AnalysisResult) -> None:
    """What the tables do not show: trials that did not end ok, domains that were not measured, audits compared with."""
    from mutegreen.model import Unavailable

    for about in result.about:
        _print_outcome(about)
    console = common.messages()
    for about in result.compared_with:
        console.print(f"compared with audit {about['audit']}, which trained alone", soft_wrap=True)
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
            f"not in the tables: {others} (mutegreen show --audit {about['audit']} says which)", style="yellow"
        )
