"""Puts values at their sites: files of a workspace, the command line and the environment.

A site determines what exactly differs between a mutant and the original:

    site          | what differs
    --------------|---------------------------------------------------------------------------------------
    `source`      | one literal of one Python file; every byte outside it is the same (`mutation.source`)
    `config`      | one value of one TOML, JSON or YAML file; every byte outside it is the same (`mutation.configfile`)
    `flag`        | the arguments of the command: `--lr 0.1`, `--lr=0.1` or `lr=0.1`
    `env`         | one environment variable

The workspace is a copy of the subject, so the user's files do not change. A file whose value is already right is not
written, so the original is byte for byte the user's program.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path

from mutegreen.errors import MuteGreenError
from mutegreen.model import ConfigSite, EnvSite, FlagSite, Hyperparameter, Site, SourceSite, Subject, Value
from mutegreen.mutation import configfile, source

ARGUMENTS = "{args}"
"""The word of a subject's command that is replaced by the arguments; without it they are appended."""


def file_value(folder: Path, site: SourceSite | ConfigSite) -> Value:
    """Return the value that a file has at a site.

    Raises:
        MutationError: The site does not exist, is ambiguous, or is not a literal.
    """
    return source.read(folder, site) if isinstance(site, SourceSite) else configfile.read(folder, site)


def site_faults(subject: Subject) -> Iterator[str]:
    """Yield the faults of the subject's sites in files: missing, ambiguous, or with another default."""
    for hyperparameter in subject.hyperparameters:
        yield from _file_faults(
            subject.folder, f"hyperparameters.{hyperparameter.name}", hyperparameter.site, hyperparameter.default
        )
    if subject.seed is not None:
        yield from _file_faults(subject.folder, "seed", subject.seed)


def _file_faults(folder: Path, key: str, site: Site, default: Value | None = None) -> Iterator[str]:
    if not isinstance(site, (SourceSite, ConfigSite)):
        return
    try:
        value = file_value(folder, site)
    except MuteGreenError as error:
        yield f"{key}: {error.message}" + (f" ({error.hint})" if error.hint else "")
    else:
        if default is not None and not same_value(value, default):
            yield f"{key}.default: is {default!r}, but {site} has {value!r}"


def write_files(folder: Path, values: Mapping[Hyperparameter, Value]) -> list[str]:
    """Write the values whose sites are files into a workspace.

    Returns:
        The changed files: those that had another value.

    Raises:
        MutationError: A site does not exist, is ambiguous, or is not a literal.
    """
    changed = []
    for hyperparameter, value in values.items():
        site = hyperparameter.site
        if isinstance(site, (SourceSite, ConfigSite)) and not same_value(file_value(folder, site), value):
            _write_file(folder, site, value)
            changed.append(site.file)
    return changed


def _write_file(folder: Path, site: SourceSite | ConfigSite, value: Value) -> None:
    if isinstance(site, SourceSite):
        source.write(folder, site, value)
    else:
        configfile.write(folder, site, value)


def arguments(sites: Mapping[Site, Value]) -> list[str]:
    """Return the arguments that set the values of flag sites: `--lr 0.1`, `--lr=0.1` or `lr=0.1`."""
    words: list[str] = []
    for site, value in sites.items():
        if isinstance(site, FlagSite):
            words += [site.flag + spell(value)] if site.flag.endswith("=") else [site.flag, spell(value)]
    return words


def environment(sites: Mapping[Site, Value]) -> dict[str, str]:
    """Return the environment variables that set the values of environment sites."""
    return {site.variable: spell(value) for site, value in sites.items() if isinstance(site, EnvSite)}


def spell(value: Value) -> str:
    """Spell a value for a command line; a float in the shortest form that is read as the same number."""
    return str(value)


def same_value(one: object, other: object) -> bool:
    """Return whether two spellings mean the same value: 1 and 1.0, `1e-4` and 0.0001."""
    if isinstance(one, bool) or isinstance(other, bool):
        return str(one).lower() == str(other).lower()
    try:
        return float(one) == float(other)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return str(one) == str(other)


def file_diff(before: Path, after: Path, name: str) -> str:
    """Return the unified diff of a file in two folders."""
    old, new = (
        (folder / name).read_text(encoding="utf-8", errors="replace").splitlines() for folder in (before, after)
    )
    return "\n".join(difflib.unified_diff(old, new, f"a/{name}", f"b/{name}", lineterm=""))
