"""Reads and replaces values in TOML, JSON and YAML files by dotted key; the rest of the file keeps its bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mutegreen.errors import MutationError
from mutegreen.model import ConfigSite, Value
from mutegreen.mutation.config_syntax import Json, Syntax, Toml, Yaml
from mutegreen.mutation.text import TextFile


def read(folder: Path, site: ConfigSite) -> Value:
    """Return the value at a key.

    Raises:
        MutationError: The file cannot be parsed, the key does not exist, or it has no plain value.
    """
    return _value(TextFile.read(folder / site.file).text, site)


def write(folder: Path, site: ConfigSite, value: Value) -> None:
    """Replace the value at a key in the file; comments, order and layout stay.

    Raises:
        MutationError: As for `read`, or the value cannot be written there.
    """
    mutate(folder, site, value).write(folder / site.file)


def mutate(folder: Path, site: ConfigSite, value: Value) -> TextFile:
    """Return the file with another value at a key, not written to disk.

    Raises:
        MutationError: As for `read`, or the value cannot be written there.
    """
    file = TextFile.read(folder / site.file)
    syntax, keys = _syntax(site), site.key.split(".")
    _value(file.text, site)
    start, end = _span(file.text, site)
    try:
        changed = file.splice(start, end, syntax.spell(value))
        changed.encode()
        if syntax.is_only_change(file.text, changed.text, keys, value):
            return changed
    except ValueError:
        pass
    raise MutationError(f"{site.file}: {value!r} cannot be placed at {site.key}")


def place(text: str, site: ConfigSite) -> tuple[int, int]:
    """Return the position of the value at a key: line from 1, column in characters from 0.

    Args:
        text: A config that can be parsed.
        site: A key that exists in it.

    Raises:
        MutationError: The value is not written at the key, but taken from another place in the file.
    """
    start, _ = _span(text, site)
    return text.count("\n", 0, start) + 1, start - (text.rfind("\n", 0, start) + 1)


def _syntax(site: ConfigSite) -> Syntax:
    suffix = Path(site.file).suffix.lower()
    if suffix == ".toml":
        return Toml()
    return Json() if suffix == ".json" else Yaml()


def _span(text: str, site: ConfigSite) -> tuple[int, int]:
    try:
        return _syntax(site).span(text, site.key.split("."))
    except LookupError:
        raise MutationError(f"{site.file}: the value of {site.key} is defined elsewhere in the file") from None


def _value(text: str, site: ConfigSite) -> Value:
    syntax = _syntax(site)
    try:
        document = syntax.load(text)
    except (ValueError, RecursionError) as error:
        raise MutationError(f"{site.file}: not {syntax.name}: {' '.join(str(error).split())}") from error
    return _plain(_descend(document, site), site)


def _descend(document: Any, site: ConfigSite) -> object:
    where = ""
    for part in site.key.split("."):
        try:
            document = document[int(part)] if isinstance(document, list) else document[part]
        except (KeyError, IndexError, TypeError, ValueError):
            keys = ", ".join(map(str, document)) if isinstance(document, dict) else "none"
            level = f"under {where}" if where else "at the top"
            raise MutationError(f"{site.file}: no key {site.key}", f"the keys {level} are: {keys}") from None
        where = f"{where}.{part}" if where else part
    return document


def _plain(value: object, site: ConfigSite) -> Value:
    if isinstance(value, (bool, int, float, str)):
        return value
    raise MutationError(f"{site.file}: {site.key} is not a plain value, but a {type(value).__name__}")
