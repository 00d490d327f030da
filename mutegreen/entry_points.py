"""What installed packages add by entry points: loaded by name, ours first, and what is broken left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import metadata
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Catalog(Generic[T]):
    """Things by name: those that come with MuteGreen, then those of plug-ins.

    Attributes:
        entries: The things by name, ours first.
        problems: What plug-ins could not be used, and why: one line each.
    """

    entries: dict[str, T]
    problems: list[str] = field(default_factory=list)

    def add_plugins(self, group: str, load: Callable[[metadata.EntryPoint], tuple[str, T]]) -> None:
        """Add the things of all entry points of a group; one that does not load, or whose name is taken, is left out.

        Args:
            group: Name of the group, such as `mutegreen.operators`.
            load: Gives the name and the thing of an entry point; whatever it raises is a problem of that entry point.
        """
        for point in metadata.entry_points(group=group):
            try:
                name, entry = load(point)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a plug-in raises is not ours to let through
                self.problems.append(f"{origin(point)} does not load: {one_line(error)}")
            else:
                self._add(name, entry, point)

    def _add(self, name: str, entry: T, point: metadata.EntryPoint) -> None:
        if name in self.entries:
            self.problems.append(f"{origin(point)} is left out: the name {name!r} is taken")
        else:
            self.entries[name] = entry


def origin(point: metadata.EntryPoint) -> str:
    """Return where an entry point is from: its group, its name, and its package with the version."""
    package = f" of {point.dist.name} {point.dist.version}" if point.dist else ""
    return f"{point.group} entry point {point.name!r}{package}"


def one_line(error: BaseException) -> str:
    """Class and text of an error, on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())
