"""Options, consoles and helpers that several commands share."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mutegreen.store.store import default_path

if TYPE_CHECKING:
    from rich.console import Console

    from mutegreen.model import Unavailable
    from mutegreen.store.store import Store

Decorated = Callable[..., Any]


class SecondsType(click.FloatRange):
    """The type of an option in seconds: a finite number."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number of seconds; click itself accepts nan and inf."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number of seconds.", param, ctx)
        return number


def store_option(function: Decorated) -> Decorated:
    """Add the option `--store FILE`."""
    return click.option(
        "--store",
        type=click.Path(path_type=Path, dir_okay=False),
        default=default_path,
        help="Use this file as the store of audits.  "
        "[default: the environment variable MUTEGREEN_STORE, else reports/mutegreen.sqlite]",
    )(function)


def csv_option(function: Decorated) -> Decorated:
    """Add the option `--csv FILE`, which may be repeated."""
    return click.option(
        "--csv",
        "files",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Read rows from this CSV file instead of audits from the store (repeatable).",
    )(function)


def json_option(function: Decorated) -> Decorated:
    """Add the option `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Write the result to stdout as JSON.")(function)


def meter_option(function: Decorated) -> Decorated:
    """Add the option `--meter METER`, which may be repeated."""
    return click.option(
        "--meter",
        "meters",
        multiple=True,
        metavar="METER",
        help="Use this meter (repeatable): nvml, rapl, perf, perf-stat, pyrapl, zeus, estimate, "
        "estimate:idle_w=W,full_w=W (watts), replay:FILE, or a meter of a plug-in.  "
        "[default: the best meter that works, for each domain]",
    )(function)


def require_option(function: Decorated) -> Decorated:
    """Add the option `--require DOMAINS`."""
    return click.option(
        "--require",
        callback=lambda _context, _parameter, text: split(text),
        metavar="DOMAINS",
        help="Do not start unless these are measured: gpu, cpu, dram (comma-separated).  [default: none]",
    )(function)


def examples(*lines: str) -> str:
    r"""Return the `Examples` part of a help text, to be given to click as `epilog`.

    The first line is `\b`, which keeps click from wrapping the paragraph.
    """
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in lines)))


def split(text: str | None) -> tuple[str, ...]:
    """Split a comma-separated list; empty parts are dropped."""
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def write_json(document: object) -> None:
    """Write a document to stdout as one line of JSON."""
    click.echo(json.dumps(document, allow_nan=False))


def create_store(path: Path) -> Store:
    """Open a store for writing; print a message if it was converted from an older schema.

    Raises:
        StoreError: The file is not a store, is newer than this version, or cannot be written.
    """
    from mutegreen.store.store import Store

    store = Store.create(path)
    if (migration := store.migration) is not None:
        messages().print(
            f"{path}: converted from schema {migration.old} to {migration.new}; "
            f"the old file is kept as {migration.backup.name}",
            soft_wrap=True,
        )
    return store


def messages() -> Console:
    """Return the console for messages and progress: stderr."""
    return _console(stderr=True)


def results() -> Console:
    """Return the console for results: stdout. A pipe or a file has 100 columns unless COLUMNS is set."""
    console = _console()
    return console if console.is_terminal or "COLUMNS" in os.environ else _console(width=100)


def _console(*, stderr: bool = False, width: int | None = None) -> Console:
    """Return a console without markup: the output of a training may look like markup (`[/INST]`, `:x:`)."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False, stderr=stderr, width=width)


def print_unavailable(console: Console, unavailable: Iterable[Unavailable]) -> None:
    """Print a line for each meter or class of domains that cannot be read: the reason and the remedy."""
    for item in unavailable:
        console.print(
            f"unavailable: {item.reason}" + (f"; {item.remedy}" if item.remedy else ""), style="dim", soft_wrap=True
        )
