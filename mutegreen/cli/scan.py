"""`mutegreen scan`: the hyperparameters of a training script."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mutegreen.cli import common

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.table import Table

    from mutegreen.scan.finding import Finding


@click.command("scan")
@click.argument("script", type=click.Path(path_type=Path))
@click.option("--sites", is_flag=True, help="Show the name of each literal's site instead of its line.")
@common.json_option
def command(script: Path, sites: bool, as_json: bool) -> int:
    """Find the hyperparameters of a training SCRIPT, without importing or running anything of it.

    What it uses of other files of its project, and the configuration files that it names, are read too.
    """
    from mutegreen.scan.scanner import scan

    found = scan(script)
    if as_json:
        records = {"hyperparameters": found.hyperparameters, "unsure": found.unsure}
        lists = {key: [finding.record() for finding in part] for key, part in records.items()}
        common.write_json({"script": found.script} | lists)
        return 0
    if not found.hyperparameters and not found.unsure:
        common.messages().print(f"{script}: no hyperparameters found", soft_wrap=True)
        return 1
    _print("Hyperparameters", found.hyperparameters, script.parent, sites)
    _print("Unsure, for you to judge", found.unsure, script.parent, sites)
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

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    table.add_column("line", justify="right", no_wrap=True)
    for heading in ("kind", "value", "set by"):
        table.add_column(heading, overflow="fold")
    table.add_column("site" if sites else "source", overflow="fold" if sites else "ellipsis", no_wrap=not sites)
    for finding in findings:
        line = Text(str(finding.line), style=f"link file://{path}")
        told = finding.site if sites else finding.source
        table.add_row(line, finding.kind, str(finding.value), _set_by(finding), finding.why or told)
    return table


def _set_by(finding: Finding) -> str:
    return finding.flag or f"{finding.form} {finding.name}"
