"""`mutegreen stats`: correlation, verdicts and win-tie-loss, of an audit or of a CSV file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mutegreen.cli import common
from mutegreen.errors import RowsError, UsageError
from mutegreen.model import Goal, Quality

if TYPE_CHECKING:
    import pandas as pd

    from mutegreen.stats.analysis import Analysis
    from mutegreen.stats.phases import PhaseSummary


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
@click.option("--phases", is_flag=True, help="Add the energy of each epoch, and of each window that the script marked.")
@common.store_option
@common.json_option
def command(audit: str | None, csv_file: Path | None, protocol: str, phases: bool, store: Path, as_json: bool) -> int:
    """Say which hyperparameters move energy, and what each mutant does to energy and performance.

    AUDIT is one of `mutegreen audits`; without it, the latest.
    """
    if audit is not None and csv_file is not None:
        raise UsageError("both an audit and --csv are given", "give one of them")
    if phases and csv_file is not None:
        raise UsageError("a CSV file holds no phases", "leave --phases or --csv away")
    found = _of_file(csv_file) if csv_file is not None else _of_audit(store, audit)
    if as_json:
        parts = {"phases": [summary.as_json() for summary in found.phases]} if csv_file is None else {}
        common.write_json(found.about | found.analysis.as_json() | parts)
    else:
        _show(found, phases)
    return 0


@dataclass(frozen=True)
class _Found:
    """The analysis, and what an audit says beyond its rows."""

    analysis: Analysis
    about: dict[str, Any] = field(default_factory=dict)
    phases: Sequence[PhaseSummary] = ()


def _of_file(path: Path) -> _Found:
    from mutegreen.stats import paper
    from mutegreen.store import rows

    frame = rows.read_csv(path)
    return _Found(paper.analyse(frame, _goals(frame)))


def _goals(frame: pd.DataFrame) -> dict[str, Goal]:
    """The goal of each subject, where the rows are an export of ours and say it."""
    if "goal" not in frame:
        return {}
    pairs = frame[["subject", "goal"]].dropna().drop_duplicates().itertuples(index=False)
    return {str(subject): Goal(goal) for subject, goal in pairs if goal in list(Goal)}


def _of_audit(path: Path, audit_id: str | None) -> _Found:
    from mutegreen.stats import paper
    from mutegreen.stats.phases import summarise
    from mutegreen.store.records import phase_records, records
    from mutegreen.store.rows import rows_frame
    from mutegreen.store.store import Store

    with Store.open(path) as store:
        audit = store.audit(audit_id)
        found, parts = records(store, audit), phase_records(store, audit)
        outcomes = store.outcomes(audit.id)
    if not found:
        ended = ", ".join(f"{n} {outcome}" for outcome, n in outcomes.items())
        raise RowsError(f"audit {audit.id} has no trial that ended ok ({ended})", "mutegreen show NUMBER says why")
    about = {"audit": audit.id, "outcomes": outcomes, "unmeasured": [asdict(item) for item in audit.unavailable]}
    return _Found(paper.analyse(rows_frame(found), {audit.subject: audit.goal}), about, summarise(parts))


def _show(found: _Found, phases: bool) -> None:
    from mutegreen.report.phase_table import phase_table
    from mutegreen.report.tables import render

    console = common.results()
    console.print(render(found.analysis))
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
