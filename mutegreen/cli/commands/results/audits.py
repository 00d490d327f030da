"""`mutegreen audits`: the list of the audits in the store."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from mutegreen.cli import common
from mutegreen.cli.wording.colocation import short_text
from mutegreen.store.store import Store


@click.command("audits")
@common.store_option
@common.json_option
def command(store: Path, as_json: bool) -> int:
    """List the audits in the store, the oldest first.

    Other commands take the id of an audit, such as `mutegreen stats AUDIT`.
    """
    with Store.open(store) as opened:
        audits = [(audit, opened.outcomes(audit.id)) for audit in opened.audits()]
    if as_json:
        common.write_json([asdict(audit) | {"trials": outcomes} for audit, outcomes in audits])
        return 0
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("audit, data", min_width=max((len(audit.id) for audit, _ in audits), default=0))
    for heading in ("preset", "seeds", "co-location", "trials", "started (UTC)"):
        table.add_column(heading)
    for audit, outcomes in audits:
        counts = ", ".join(f"{n} {outcome}" for outcome, n in outcomes.items())
        preset, seeding = audit.options.plan.preset or "", audit.options.seeding or ""
        started = audit.created_at[:16].replace("T", " ")
        name = f"{audit.id}\n{audit.data}" if audit.data else audit.id
        table.add_row(name, preset, seeding, short_text(audit), counts, started)
    common.results().print(table)
    return 0
