"""`mutegreen mutate`: a source with one literal changed."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mutegreen.errors import MutationError, UsageError

if TYPE_CHECKING:
    from mutegreen.mutation.text import TextFile

_CONFIGS = (".toml", ".json", ".yaml", ".yml")


@click.command("mutate")
@click.argument("script", type=click.Path(path_type=Path))
@click.option("--site", required=True, metavar="SITE", help="Which literal: a site as `mutegreen scan` names it.")
@click.option("--value", required=True, metavar="V", help="What to put there: a number, a text, True, False or a list.")
def command(script: Path, site: str, value: str) -> int:
    """Write the source of SCRIPT with another value at one site to stdout; no file is changed.

    Every other byte stays as it is. A site of another file of the project writes that file's source.
    """
    file, separator, path = site.partition(":")
    if not separator or not path:
        raise UsageError(f"{site!r} is no site", "`mutegreen scan SCRIPT --sites` lists them")
    if script.is_dir():
        raise UsageError(f"{script}: is a folder", "name the script that was scanned")
    target = script.parent / file
    changed = _config(target, path, value) if target.suffix in _CONFIGS else _source(target, site, value)
    click.echo(changed.encode(), nl=False)
    return 0


def _source(target: Path, site: str, text: str) -> TextFile:
    from mutegreen.model import SourceSite
    from mutegreen.mutation import source
    from mutegreen.mutation.text import TextFile

    file, where = TextFile.read(target, python=True), SourceSite(str(target), site)
    present = source.locate(file, where).value
    return source.mutate(file, where, text if isinstance(present, str) else _value(text))


def _config(target: Path, key: str, text: str) -> TextFile:
    from mutegreen.model import ConfigSite
    from mutegreen.mutation import configfile

    value = _value(text)
    if not isinstance(value, (bool, int, float, str)):
        raise MutationError(f"{target}: {text} is not a plain value")
    return configfile.mutate(target.parent, ConfigSite(target.name, key), value)


def _value(text: str) -> object:
    """The value that a word stands for; what is no Python literal is a text."""
    try:
        return ast.literal_eval({"true": "True", "false": "False"}.get(text, text))
    except (SyntaxError, ValueError):
        return text
