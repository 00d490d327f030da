"""`mutegreen stats`: correlation, verdicts and win-tie-loss, of an audit or of a CSV file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mutegreen.cli import common
from mutegreen.errors import RowsError, UsageError

if TYPE_CHECKING:
    from mutegreen.stats.analysis import Analysis


@click.command("stats")
@click.argument("audit", required=False)
@click.option(
    "--csv", "csv_file", type=click.Path(path_type=Path), metavar="FILE", help="Rows of trainings, instead of an audit."
)
@click.option(
    "--protocol",
    type=click.Choice(["paper"]),
    default="paper",
    show_default=True,
    help="paper: as in the published study.",
)
@common.store_option
@common.json_option
def command(audit: str | None, csv_file: Path | None, protocol: str, store: Path, as_json: bool) -> int:
    """Say which hyperparameters move energy, and what each mutant does to energy and performance.

    AUDIT is one of `mutegreen audits`; without it, the latest.
    """
    if audit is not None and csv_file is not None:
        raise UsageError("both an audit and --csv are given", "give one of them")
    about, analysis = _of_file(csv_file) if csv_file is not None else _of_audit(store, audit)
    if as_json:
        common.write_json(about | analysis.as_json())
    else:
        from mutegreen.report.tables import render

        common.results().print(render(analysis))
        _say_outcomes(about)
    return 0


def _of_file(path: Path) -> tuple[dict[str, Any], Analysis]:
    from mutegreen.stats import paper
    from mutegreen.store import rows

    return {}, paper.analyse(rows.read_csv(path))


def _of_audit(path: Path, audit_id: str | None) -> tuple[dict[str, Any], Analysis]:
    from mutegreen.stats import paper
    from mutegreen.store.records import records
    from mutegreen.store.rows import rows_frame
    from mutegreen.store.store import Store

    with Store.open(path) as store:
        audit = store.audit(audit_id)
        found = records(store, audit)
        outcomes = store.outcomes(audit.id)
    if not found:
        ended = ", ".join(f"{n} {outcome}" for outcome, n in outcomes.items())
        raise RowsError(f"audit {audit.id} has no trial that ended ok ({ended})", "mutegreen show NUMBER says why")
    about = {"audit": audit.id, "outcomes": outcomes, "unmeasured": [asdict(item) for item in audit.unavailable]}
    return about, paper.analyse(rows_frame(found), {audit.subject: audit.goal})


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
