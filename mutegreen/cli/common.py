"""What several commands share: options, the store, consoles, and figures for people."""

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
    """A finite number of seconds."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, checked; click itself lets nan and inf through."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not a number of seconds", param, ctx)
        return number


def store_option(function: Decorated) -> Decorated:
    """The option `--store FILE`."""
    return click.option(
        "--store",
        type=click.Path(path_type=Path, dir_okay=False),
        default=default_path,
        show_default="reports/mutegreen.sqlite, or MUTEGREEN_STORE",
        help="The file that keeps audits.",
    )(function)


def csv_option(function: Decorated) -> Decorated:
    """The option `--csv FILE`, which may be repeated."""
    return click.option(
        "--csv",
        "files",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Rows of trainings, instead of audits (repeatable).",
    )(function)


def json_option(function: Decorated) -> Decorated:
    """The option `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Write JSON to stdout, and nothing else there.")(
        function
    )


def meter_option(function: Decorated) -> Decorated:
    """The option `--meter NAME`, which may be repeated."""
    return click.option(
        "--meter",
        "meters",
        multiple=True,
        metavar="METER",
        help="Use this meter (repeatable): nvml, rapl, perf, perf-stat, pyrapl, zeus, estimate, "
        "estimate:idle_w=W,full_w=W, replay:FILE or one of a plug-in.  [default: for each domain the best that works]",
    )(function)


def require_option(function: Decorated) -> Decorated:
    """The option `--require DOMAINS`."""
    return click.option(
        "--require",
        callback=lambda _context, _parameter, text: split(text),
        metavar="DOMAINS",
        help="Refuse to begin unless these are measured: gpu, cpu, dram, comma-separated.",
    )(function)


def split(text: str | None) -> tuple[str, ...]:
    """The parts of a comma-separated list."""
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def write_json(document: object) -> None:
    """Writes a document to stdout on one line."""
    click.echo(json.dumps(document, allow_nan=False))


def create_store(path: Path) -> Store:
    """Opens a store for writing; says so if it had to be converted from an older schema.

    Raises:
        StoreError: See `Store.create`.
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
    """The console for messages and progress: stderr."""
    return _console(stderr=True)


def results() -> Console:
    """The console for results: stdout; a pipe or a file has 100 columns unless COLUMNS says otherwise."""
    console = _console()
    return console if console.is_terminal or "COLUMNS" in os.environ else _console(width=100)


def _console(*, stderr: bool = False, width: int | None = None) -> Console:
    """Prints texts as they are: a training's last words may well look like markup (`[/INST]`, `:x:`)."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False, stderr=stderr, width=width)


def print_unavailable(console: Console, unavailable: Iterable[Unavailable]) -> None:
    """A line for each meter or class of domains that cannot be read, with its remedy."""
    for item in unavailable:
        console.print(
            f"not measured: {item.reason}" + (f"; {item.remedy}" if item.remedy else ""), style="dim", soft_wrap=True
        )
