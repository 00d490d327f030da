"""Values to their sites: files of a workspace, the command line, the environment; and what that changed."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path

from mutegreen.errors import MuteGreenError
from mutegreen.model import ConfigSite, EnvSite, FlagSite, Hyperparameter, Site, SourceSite, Subject, Value
from mutegreen.mutation import configfile, source

ARGUMENTS = "{args}"
"""Word of a subject's command that stands for the arguments; without it they come last."""


def file_value(folder: Path, site: SourceSite | ConfigSite) -> Value:
    """The value that a file now has at a site.

    Raises:
        MutationError: The site is gone, ambiguous or no literal.
    """
    return source.read(folder, site) if isinstance(site, SourceSite) else configfile.read(folder, site)


def site_faults(subject: Subject) -> Iterator[str]:
    """What is wrong with the subject's sites in files: gone, ambiguous, or with another default."""
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
        found = file_value(folder, site)
    except MuteGreenError as error:
        yield f"{key}: {error.message}" + (f" ({error.hint})" if error.hint else "")
    else:
        if default is not None and not same_value(found, default):
            yield f"{key}.default: is {default!r}, but {site} has {found!r}"


def write_files(folder: Path, settings: Mapping[Hyperparameter, Value]) -> list[str]:
    """Writes the values whose sites are files into a workspace, where they differ; returns the changed files.

    Raises:
        MutationError: A site is gone, ambiguous or no literal.
    """
    changed = []
    for hyperparameter, value in settings.items():
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
    """The command-line arguments that set the values of flag sites: `--lr 0.1`, `--lr=0.1` or `lr=0.1`."""
    words: list[str] = []
    for site, value in sites.items():
        if isinstance(site, FlagSite):
            words += [site.flag + spell(value)] if site.flag.endswith("=") else [site.flag, spell(value)]
    return words


def environment(sites: Mapping[Site, Value]) -> dict[str, str]:
    """The environment variables that set the values of environment sites."""
    return {site.variable: spell(value) for site, value in sites.items() if isinstance(site, EnvSite)}


def spell(value: Value) -> str:
    """A value as a word of a command line; floats in the shortest form that reads back exactly."""
    return str(value)


def same_value(one: object, other: object) -> bool:
    """Whether two spellings mean the same value: 1 and 1.0, `1e-4` and 0.0001."""
    if isinstance(one, bool) or isinstance(other, bool):
        return str(one).lower() == str(other).lower()
    try:
        return float(one) == float(other)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return str(one) == str(other)


def file_diff(before: Path, after: Path, name: str) -> str:
    """Unified diff of one file in two folders."""
    old, new = (
        (folder / name).read_text(encoding="utf-8", errors="replace").splitlines() for folder in (before, after)
    )
    return "\n".join(difflib.unified_diff(old, new, f"a/{name}", f"b/{name}", lineterm=""))
