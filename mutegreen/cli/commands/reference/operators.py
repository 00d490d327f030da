"""`mutegreen operators`: the list of mutation operators."""

from __future__ import annotations

import click

from mutegreen import catalog
from mutegreen.cli import common


@click.command("operators")
@common.json_option
def command(as_json: bool) -> int:
    """List the mutation operators, including those of plug-ins.

    An operator computes new values of a hyperparameter from its default value. The last column shows an example.
    """
    operators = catalog.operators().values()
    if as_json:
        common.write_json([{"name": o.name, "summary": o.summary, "kinds": sorted(o.kinds)} for o in operators])
        return 0
    from rich import box
    from rich.table import Table

    table = Table("operator", "what it does", "example", box=box.SIMPLE_HEAD)
    for operator in operators:
        example = operator.examples[0]
        table.add_row(operator.name, operator.summary, f"{example.before} -> {', '.join(map(str, example.after))}")
    common.results().print(table)
    for problem in catalog.problems():
        common.messages().print(f"warning: {problem}", style="yellow", soft_wrap=True)
    return 0
