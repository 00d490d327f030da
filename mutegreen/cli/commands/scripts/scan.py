"""`mutegreen scan`: find the hyperparameters of a training script."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mutegreen.cli import common

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import OverflowMethod
    from rich.table import Table

    from mutegreen.scan.finding import Finding

_BEFORE = 24
"""Number of characters of a source line that are shown before the literal."""


_EXAMPLES = common.examples(
    "mutegreen scan train.py           table of the hyperparameters",
    "mutegreen scan train.py --sites   the sites, for `mutegreen mutate`",
)


@click.command("scan", epilog=_EXAMPLES)
@click.argument("script", type=click.Path(path_type=Path))
@click.option("--sites", is_flag=True, help="Show the name of the site of each literal instead of its source line.")
@common.json_option
def command(script: Path, sites: bool, as_json: bool) -> int:
    """Find the hyperparameters of a training SCRIPT without importing or running it.

    Files of the same project that SCRIPT uses, and configuration files that it names, are read, too.
    """
    from mutegreen.scan.scanner import scan

    findings = scan(script)
    if as_json:
        records = {"hyperparameters": findings.hyperparameters, "unsure": findings.unsure}
        lists = {key: [finding.record() for finding in part] for key, part in records.items()}
        common.write_json({"script": findings.script} | lists)
        return 0
    if not findings.hyperparameters and not findings.unsure:
        common.messages().print(f"{script}: no hyperparameters found", soft_wrap=True)
        return 1
    _print("Hyperparameters", findings.hyperparameters, script.parent, sites)
    _print("Uncertain, for you to decide", findings.unsure, script.parent, sites)
    return 0


def _print(title: str, findings: Iterable[Finding], folder: Path, sites: bool) -> None:
    console = common.results()
    for file, group in groupby(findings, key=lambda finding: finding.file):
        console.print(f"{title} in {file}", style="bold", soft_wrap=True)
        console.print(_table(list(group), (folder / file).resolve(), sites))


def _table(findings: list[Finding], path: Path, sites: bool) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold", expand=True
    )
    table.add_column("line", justify="right", no_wrap=True)
    for heading in ("kind", "value") if sites else ("kind", "value", "set by"):
        table.add_column(heading, overflow="fold", max_width=20)
    overflow: OverflowMethod = "fold" if sites else "ellipsis"
    table.add_column("site" if sites else "source", overflow=overflow, no_wrap=not sites, ratio=1)
    for finding in findings:
        line = Text(str(finding.line), style=f"link file://{path}")
        cells = [finding.site] if sites else [finding.flag or f"{finding.form} {finding.name}", _excerpt(finding)]
        table.add_row(line, finding.kind, str(finding.value), *cells)
        if finding.why is not None:
            table.add_row("", "", "", *([] if sites else [""]), Text(finding.why, style="italic"))
    return table


def _excerpt(finding: Finding) -> str:
    """Return the source line from a little before the literal, which then stays visible where the line is cut."""
    begin = max(finding.column - _BEFORE, 0)
    head = (
        finding.source[begin : finding.column].lstrip() if begin == 0 else "…" + finding.source[begin : finding.column]
    )
    return head + finding.source[finding.column :]
