"""Finds the energy counters of CPU packages and memory in a tree of Linux's powercap class.

A zone is identified by its file `name`, never by its number. Its folder is `<control type>:<number>`, or
`<folder of its parent>:<number>` for a zone within another; numbers are hexadecimal (drivers/powercap/powercap_sys.c
of Linux). A zone may be at the top as a link, within the folder of its parent, or both.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT_VARIABLE = "MUTEGREEN_POWERCAP_ROOT"
ROOT = Path("/sys/class/powercap")

PREFERRED = "intel-rapl"
"""The preferred control type if another one (intel-rapl-mmio) has the same package: it has the memory, too, and on AMD
it is the only one."""

DEPTH = 3
"""Levels of folders: control type, package, and dram within it."""

_ZONE = re.compile(r"[^:]+(:[0-9a-f]+)+")
_PACKAGE = re.compile(r"package-\d+(-die-\d+)?")


@dataclass(frozen=True)
class Zone:
    """One energy counter.

    Args:
        domain: `cpu:package-0`, `cpu:package-0-die-1`, `dram:package-0` or `psys`.
        folder: The folder with the files `energy_uj` and `max_energy_range_uj`.
    """

    domain: str
    folder: Path

    @property
    def control_type(self) -> str:
        """The control type, such as intel-rapl."""
        return _control_type(self.folder.name)

    @property
    def package(self) -> str:
        """The domain without the die: the dies of a package may show the same counter."""
        return self.domain.partition("-die-")[0]


@dataclass(frozen=True)
class ZoneTree:
    """The zones in a folder of the powercap class.

    Args:
        zones: For each domain the zones that count it, the preferred one first. One of them suffices.
        nameless: Files `name` that cannot be read; it is not known what their zones count.
    """

    zones: dict[str, list[Zone]]
    nameless: list[Path]


def powercap_root() -> Path:
    """Return the folder of the powercap class: `MUTEGREEN_POWERCAP_ROOT` if it is set, else Linux's own."""
    return Path(os.environ.get(ROOT_VARIABLE) or ROOT)


def find_zones(root: Path) -> ZoneTree:
    """Find all counters of packages, of their memory and of the platform (psys).

    Zones named core and uncore are parts of their package and are skipped.

    Raises:
        OSError: The folder does not exist, or may not be listed.
    """
    folders = _folders(root)
    names, nameless = _names(folders)
    zones: dict[str, list[Zone]] = {}
    for key in sorted(names, key=lambda key: (_control_type(key) != PREFERRED, key)):
        domain = _domain(names[key], names.get(key.rpartition(":")[0], ""))
        if domain:
            zones.setdefault(domain, []).append(Zone(domain, folders[key]))
    return ZoneTree(dict(sorted(zones.items())), nameless)


def _folders(root: Path) -> dict[str, Path]:
    """Return the folder of each zone; the shortest path if there are several."""
    folders: dict[str, Path] = {}
    level = [root]
    for _ in range(DEPTH):
        # Below the top only zones are entered: other links there (subsystem, device) lead back up.
        level = [entry for folder in level for entry in _list(folder) if folder == root or _ZONE.fullmatch(entry.name)]
        for entry in level:
            if _ZONE.fullmatch(entry.name):
                folders.setdefault(entry.name, entry)
    return folders


def _list(folder: Path) -> Iterator[Path]:
    return (entry for entry in sorted(folder.iterdir()) if entry.is_dir())


def _names(folders: dict[str, Path]) -> tuple[dict[str, str], list[Path]]:
    names: dict[str, str] = {}
    nameless: list[Path] = []
    for key, folder in folders.items():
        try:
            names[key] = (folder / "name").read_text(errors="replace").strip()
        except FileNotFoundError:
            continue
        except OSError:
            nameless.append(folder / "name")
    return names, nameless


def _control_type(key: str) -> str:
    return key.partition(":")[0]


def _domain(name: str, parent: str) -> str | None:
    if _PACKAGE.fullmatch(name):
        return f"cpu:{name}"
    if name == "dram" and _PACKAGE.fullmatch(parent):
        return f"dram:{parent}"
    return name if name == "psys" else None
