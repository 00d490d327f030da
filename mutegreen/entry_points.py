"""Load what installed packages add by entry points, by name; broken ones are skipped and reported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import metadata
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Catalog(Generic[T]):
    """Entries by name: those of MuteGreen, then those of plug-ins.

    Attributes:
        entries: The entries by name.
        problems: The plug-ins that cannot be used, and why, in one line each.
    """

    entries: dict[str, T]
    problems: list[str] = field(default_factory=list)

    def add_plugins(self, group: str, load: Callable[[metadata.EntryPoint], tuple[str, T]]) -> None:
        """Add the entries of a group; entry points that do not load, or whose name is taken, are skipped and reported.

        Args:
            group: Name of the group, such as `mutegreen.operators`.
            load: Returns the name and the entry of an entry point. Any exception becomes its problem.
        """
        for point in metadata.entry_points(group=group):
            try:
                name, entry = load(point)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a plug-in may raise anything
                self.problems.append(f"{origin(point)} does not load: {one_line(error)}")
            else:
                self._add(name, entry, point)

    def _add(self, name: str, entry: T, point: metadata.EntryPoint) -> None:
        if name in self.entries:
            self.problems.append(f"{origin(point)} is skipped: the name {name!r} is taken")
        else:
            self.entries[name] = entry


def origin(point: metadata.EntryPoint) -> str:
    """Return the origin of an entry point: its group, its name, and its package with the version."""
    package = f" of {point.dist.name} {point.dist.version}" if point.dist else ""
    return f"{point.group} entry point {point.name!r}{package}"


def one_line(error: BaseException) -> str:
    """Return the class and the text of an error in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())
