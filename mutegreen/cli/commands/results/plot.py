"""`mutegreen plot`: figures of audits or CSV files."""

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


_EXAMPLES = common.examples(
    "mutegreen plot                               all figures of the latest audit",
    "mutegreen plot --kind pareto --format pdf    one kind, as PDF",
    "mutegreen plot --kind power --trial 3        the power of trial 3 over time",
    "mutegreen plot --csv rows.csv                figures of exported rows",
)


@click.command("plot", epilog=_EXAMPLES)
@click.argument("audits", metavar="[AUDIT]...", nargs=-1)
@common.csv_option
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(KINDS),
    help="Draw this kind of figure (repeatable).  [default: all that can be drawn]",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("reports/figures"),
    show_default=True,
    metavar="FOLDER",
    help="Write the files to this folder.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["png", "svg", "pdf"]),
    default="png",
    show_default=True,
    help="Write files of this format.",
)
@click.option(
    "--trial",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="Draw the power of this trial.  [default: the first trial of the original]",
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
    """Draw figures of AUDIT and write them to files.

    AUDIT is an id that `mutegreen audits` lists; the default is the latest. Several audits are analysed together.

    Kinds of figures: values (energy, time and performance against the value of each hyperparameter), win-tie-loss
    (number of mutants by their verdicts on energy and performance), correlation (of each hyperparameter with each
    metric), pareto (the mutants that no other mutant beats in both energy and performance), power (watts over the
    time of one trial).
    """
    selected = _selected_kinds(kinds, bool(files), trial)
    if trial is not None and len(audits) > 1:
        raise UsageError("--trial needs exactly one audit", "name one audit, or drop --trial")
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
        raise RowsError("no figure can be drawn", "; ".join(writer.notes))
    if as_json:
        common.write_json({"figures": writer.files, "notes": writer.notes})
    else:
        _show(writer.files, writer.notes)
    return 0


def _selected_kinds(kinds: Sequence[str], is_file: bool, trial: int | None) -> list[str]:
    """Return the chosen kinds, each once; if none is chosen, all kinds that the input allows.

    Raises:
        UsageError: The options cannot be combined.
    """
    if is_file and (_POWER in kinds or trial is not None):
        raise UsageError(
            "--csv cannot be combined with --kind power or --trial: a CSV file holds no power over time",
            "drop --kind power and --trial, or name an audit instead of --csv",
        )
    if trial is not None and kinds and _POWER not in kinds:
        raise UsageError("--trial needs --kind power", "add --kind power, or drop --trial")
    return list(dict.fromkeys(kinds)) or [kind for kind in KINDS if kind != _POWER or not is_file]


@contextmanager
def _quiet_matplotlib() -> Iterator[None]:
    """Suppress messages of matplotlib about its font cache and about characters that its font lacks."""
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
