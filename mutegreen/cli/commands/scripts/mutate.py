"""`mutegreen mutate`: print a source file with one literal changed."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mutegreen.cli import common
from mutegreen.errors import MutationError, UsageError

if TYPE_CHECKING:
    from mutegreen.mutation.text import TextFile

_CONFIGS = (".toml", ".json", ".yaml", ".yml")


_EXAMPLES = common.examples(
    "mutegreen scan train.py --sites                     list the sites",
    "mutegreen mutate train.py --site SITE --value 0.25  print the changed script",
)


@click.command("mutate", epilog=_EXAMPLES)
@click.argument("script", type=click.Path(path_type=Path))
@click.option(
    "--site",
    required=True,
    metavar="SITE",
    help="Change the literal at this site, a name that `mutegreen scan SCRIPT --sites` lists.",
)
@click.option(
    "--value", required=True, metavar="V", help="Put this value there: a number, a text, True, False or a list."
)
def command(script: Path, site: str, value: str) -> int:
    """Print the source of SCRIPT with another value at one site.

    No file is changed, and every other byte stays the same. If the site is in another file of the project, the source
    of that file is printed.
    """
    file, separator, path = site.partition(":")
    if not separator or not path:
        raise UsageError(f"--site {site}: not the name of a site", "`mutegreen scan SCRIPT --sites` lists the sites")
    if script.is_dir():
        raise UsageError(f"{script}: is a folder", "give the script that you scanned")
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
        raise MutationError(f"{target}: {text} is not a number, text, true or false")
    return configfile.mutate(target.parent, ConfigSite(target.name, key), value)


def _value(text: str) -> object:
    """Return the value of a Python literal, or the text itself."""
    try:
        return ast.literal_eval({"true": "True", "false": "False"}.get(text, text))
    except (SyntaxError, ValueError):
        return text
