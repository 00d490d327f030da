"""`mutegreen export`: the rows of an audit, one for each trial that ended ok."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mutegreen.cli import common
from mutegreen.errors import MuteGreenError, UsageError
from mutegreen.store.export_rows import columns_of, records
from mutegreen.store.store import Store

if TYPE_CHECKING:
    import pandas as pd


_EXAMPLES = common.examples(
    "mutegreen export -o rows.csv                       the latest audit as CSV",
    "mutegreen export AUDIT --format json               an audit as JSON",
    "mutegreen export --format parquet -o rows.parquet  as Parquet",
)


@click.command("export", epilog=_EXAMPLES)
@click.argument("audit", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "json", "parquet"]),
    default="csv",
    show_default=True,
    help="Write this format.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write to this file.  [default: stdout]",
)
@common.store_option
def command(audit: str | None, form: str, output: Path | None, store: Path) -> int:
    """Write the rows of AUDIT: one for each trial that ended ok.

    AUDIT is an id that `mutegreen audits` lists; the default is the latest. The energy of a domain that was not
    measured is empty (null in JSON), never 0. `mutegreen stats --csv FILE` reads the CSV.
    """
    import pandas as pd

    with Store.open(store) as opened:
        record = opened.audit(audit)
        frame = pd.DataFrame(records(opened, record), columns=list(columns_of(record)))
    data = _written(frame, form)
    if output is None:
        if form == "parquet" and sys.stdout.isatty():
            raise UsageError("--format parquet writes binary data, which a terminal cannot show", "add --output FILE")
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        return 0
    try:
        output.write_bytes(data)
    except OSError as error:
        raise MuteGreenError(
            f"{output}: cannot be written: {error.strerror}", "name another file with --output FILE"
        ) from error
    return 0


def _written(frame: pd.DataFrame, form: str) -> bytes:
    if form == "csv":
        return str(frame.to_csv(index=False)).encode()
    if form == "json":
        return f"{frame.to_json(orient='records', double_precision=15)}\n".encode()
    # A Parquet column holds one type, and values may be numbers or texts: write both as texts.
    for column in ("value", "default"):
        frame[column] = [None if v is None else str(v) for v in frame[column]]
    buffer = io.BytesIO()
    try:
        frame.to_parquet(buffer, index=False)
    except ImportError as error:
        raise MuteGreenError(
            "--format parquet needs the package pyarrow", "install it: pip install 'mutegreen[parquet]'"
        ) from error
    return buffer.getvalue()
