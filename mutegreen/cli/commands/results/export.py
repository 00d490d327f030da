"""`mutegreen export`: rows, one for each training that ended ok."""

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


@click.command("export")
@click.argument("audit", required=False)
@click.option("--format", "form", type=click.Choice(["csv", "json", "parquet"]), default="csv", show_default=True)
@click.option(
    "--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="File to write.  [default: stdout]"
)
@common.store_option
def command(audit: str | None, form: str, output: Path | None, store: Path) -> int:
    """Write the trainings of AUDIT that ended ok, a row each; without AUDIT, those of the latest.

    A domain that was not measured is empty (null in JSON), never 0. `mutegreen stats --csv FILE` reads the CSV.
    """
    import pandas as pd

    with Store.open(store) as opened:
        record = opened.audit(audit)
        frame = pd.DataFrame(records(opened, record), columns=list(columns_of(record)))
    data = _written(frame, form)
    if output is None:
        if form == "parquet" and sys.stdout.isatty():
            raise UsageError("parquet is not for a terminal", "name a file with --output FILE")
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        return 0
    try:
        output.write_bytes(data)
    except OSError as error:
        raise MuteGreenError(f"{output}: {error.strerror}", "name another file with --output FILE") from error
    return 0


def _written(frame: pd.DataFrame, form: str) -> bytes:
    if form == "csv":
        return str(frame.to_csv(index=False)).encode()
    if form == "json":
        return f"{frame.to_json(orient='records', double_precision=15)}\n".encode()
    # Columns of values mix numbers and texts, which Parquet does not: they are written as texts.
    for column in ("value", "default"):
        frame[column] = [None if v is None else str(v) for v in frame[column]]
    buffer = io.BytesIO()
    try:
        frame.to_parquet(buffer, index=False)
    except ImportError as error:
        raise MuteGreenError("Parquet needs pyarrow", "pip install 'mutegreen[parquet]'") from error
    return buffer.getvalue()
