"""`mutegreen stats`: what moves energy, what each mutant does, and what to do, of an audit or of a CSV file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from mutegreen.cli import common
from mutegreen.cli.analysed import Analysed, Choices, analysed, protocol_options
from mutegreen.cli.paged import FORMATS, page_of
from mutegreen.errors import UsageError
from mutegreen.model import METRICS, TOTAL, Quality


@click.command("stats")
@click.argument("audit", required=False)
@click.option(
    "--csv", "csv_file", type=click.Path(path_type=Path), metavar="FILE", help="Rows of trainings, instead of an audit."
)
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
    audit: str | None,
    csv_file: Path | None,
    metric: str | None,
    form: str | None,
    names: tuple[str, ...],
    phases: bool,
    store: Path,
    as_json: bool,
    **choices: Any,
) -> int:
    """Say which hyperparameters move energy, what each mutant does, and what to do about it.

    AUDIT is one of `mutegreen audits`; without it, the latest.
    """
    if phases and csv_file is not None:
        raise UsageError("a CSV file holds no phases", "leave --phases or --csv away")
    if as_json and form is not None:
        raise UsageError("--json and --format are both given", "give one of them")
    page = page_of(form or "tables", names, metric, phases)
    found = analysed(audit, csv_file, store, Choices(**choices))
    if page is not None:
        click.echo(page.text(found.analysis), nl=False)
        _say_outcomes(found.about)
    elif as_json:
        parts = {"phases": [summary.as_json() for summary in found.phases]} if csv_file is None else {}
        common.write_json(found.about | found.analysis.as_json() | parts)
    else:
        _show(found, metric, phases)
    return 0


def _show(found: Analysed, metric: str | None, phases: bool) -> None:
    from mutegreen.report.phase_table import phase_table
    from mutegreen.report.tables import render

    console = common.results()
    console.print(render(found.analysis, metric))
    if phases and found.phases:
        estimated = any(row.quality is Quality.ESTIMATED for row in found.analysis.comparisons)
        console.print(phase_table(found.phases, estimated))
    elif phases:
        console.print("No phases: the performance is read from a file, and the script marks no windows.")
    _say_outcomes(found.about)


def _say_outcomes(about: Mapping[str, Any]) -> None:
    """What the tables do not show: trials that did not end ok, domains that were not measured."""
    if not about:
        return
    from mutegreen.model import Unavailable

    others = ", ".join(f"{n} {outcome}" for outcome, n in about["outcomes"].items() if outcome != "ok")
    console = common.messages()
    console.print(f"audit {about['audit']}: {about['outcomes'].get('ok', 0)} trials ended ok", soft_wrap=True)
    if others:
        console.print(
            f"not in the tables: {others} (mutegreen show --audit {about['audit']} says which)", style="yellow"
        )
    common.say_unavailable(console, [Unavailable(**item) for item in about["unmeasured"]])
