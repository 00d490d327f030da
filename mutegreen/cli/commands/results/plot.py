"""`mutegreen plot`: figures of an audit or of a CSV file."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from mutegreen.cli import common
from mutegreen.cli.analysis.analysis import Choices, analyse_rows, protocol_options
from mutegreen.errors import RowsError, UsageError

KINDS = ("values", "win-tie-loss", "correlation", "pareto", "power")
_POWER = "power"


@click.command("plot")
@click.argument("audits", metavar="[AUDIT]...", nargs=-1)
@common.csv_option
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(KINDS),
    help="What to draw (repeatable).  [default: all that can be drawn]",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("reports/figures"),
    show_default=True,
    metavar="FOLDER",
    help="Where to put the files.",
)
@click.option("--format", "form", type=click.Choice(["png", "svg", "pdf"]), default="png", show_default=True)
@click.option(
    "--trial",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="The training whose power is drawn.  [default: the first one of the original]",
)
@protocol_options
@common.store_option
@common.json_option
def command(
    audits: tuple[str, ...],
    files: tuple[Path, ...],
    kinds: tuple[str, ...],
    out: Path,
    form: str,
    trial: int | None,
    store: Path,
    as_json: bool,
    choices: Choices,
) -> int:
    """Draw what the trainings of AUDIT say, as files that can be printed.

    AUDIT is one of `mutegreen audits`; without it, the latest. Several are analysed together.

    Kinds: values (energy, time and performance against the value of each hyperparameter), win-tie-loss (how many
    mutants win, tie and lose energy and performance), correlation (which hyperparameter moves what), pareto (the
    mutants that no other one beats in energy and performance), power (watts over the time of one training).
    """
    selected = _selected_kinds(kinds, bool(files), trial)
    if trial is not None and len(audits) > 1:
        raise UsageError("--trial is of one audit", "name one audit, or leave --trial away")
    of_rows = [kind for kind in selected if kind != _POWER]
    with _quiet_matplotlib():
        from mutegreen.cli.analysis.figure_files import FigureWriter

        writer = FigureWriter(out, form)
        if of_rows:
            writer.add_analysis(analyse_rows(audits, files, store, choices), of_rows)
        if _POWER in selected:
            for audit in audits or (None,):
                writer.add_power(store, audit, trial)
    if not writer.files:
        raise RowsError("there is nothing to draw", "; ".join(writer.notes))
    if as_json:
        common.write_json({"figures": writer.files, "notes": writer.notes})
    else:
        _show(writer.files, writer.notes)
    return 0


def _selected_kinds(kinds: Sequence[str], is_file: bool, trial: int | None) -> list[str]:
    """The kinds asked for, each once; all that there can be, if none is.

    Raises:
        UsageError: They do not go together.
    """
    if is_file and (_POWER in kinds or trial is not None):
        raise UsageError("a CSV file holds no power over time", "leave --kind power and --trial away, or name an audit")
    if trial is not None and kinds and _POWER not in kinds:
        raise UsageError("--trial is of the kind power, which is not asked for", "add --kind power")
    return list(dict.fromkeys(kinds)) or [kind for kind in KINDS if kind != _POWER or not is_file]


@contextmanager
def _quiet_matplotlib() -> Iterator[None]:
    """Keeps from the screen that matplotlib caches fonts, or where, and that its font lacks a character."""
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"Glyph .* missing from")
            yield
    finally:
        logger.setLevel(level)


def _show(files: Iterable[Mapping[str, str]], notes: Iterable[str]) -> None:
    for each in files:
        click.echo(each["file"])
    for note in notes:
        common.messages().print(note, style="yellow", soft_wrap=True)
