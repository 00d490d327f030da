"""Finds the energy counters of CPU packages and memory in a tree of Linux's powercap class.

Zones are known by their file `name`, never by their number. A zone's folder is `<control type>:<number>`, and
`<its parent's folder>:<number>` for a zone within another; numbers are hexadecimal (drivers/powercap/powercap_sys.c
of Linux). Each may stand at the top as a link, within its parent's folder, or both.
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
"""The control type whose zones are taken where another (intel-rapl-mmio) has the same package again: it has the
memory too, and on AMD it is the only one."""

DEPTH = 3
"""How deep zones may lie: control type, package, and dram within it."""

_ZONE = re.compile(r"[^:]+(:[0-9a-f]+)+")
_PACKAGE = re.compile(r"package-\d+(-die-\d+)?")


@dataclass(frozen=True)
class Zone:
    """One energy counter.

    Args:
        domain: `cpu:package-0`, `cpu:package-0-die-1`, `dram:package-0` or `psys`.
        folder: The folder with its files `energy_uj` and `max_energy_range_uj`.
    """

    domain: str
    folder: Path

    @property
    def control_type(self) -> str:
        """The driver behind it, such as intel-rapl."""
        return _control_type(self.folder.name)

    @property
    def package(self) -> str:
        """The domain without its die: dies of one package may be one counter shown several times."""
        return self.domain.partition("-die-")[0]


@dataclass(frozen=True)
class ZoneTree:
    """What was found.

    Args:
        zones: For each domain the zones that count it, the one to prefer first. One of them is enough.
        nameless: Files `name` that cannot be read, so that it is not known what their zones count.
    """

    zones: dict[str, list[Zone]]
    nameless: list[Path]


def powercap_root() -> Path:
    """The folder to look in: that of `MUTEGREEN_POWERCAP_ROOT`, or Linux's own."""
    return Path(os.environ.get(ROOT_VARIABLE) or ROOT)


def find_zones(root: Path) -> ZoneTree:
    """All counters of packages, of their memory and of the whole platform (psys).

    Zones called core and uncore are parts of their package and are left out.

    Raises:
        OSError: There is no such folder, or it may not be listed.
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
    """The folder of each zone, the shortest path to it where there are several."""
    found: dict[str, Path] = {}
    level = [root]
    for _ in range(DEPTH):
        # Only zones are entered below the top: links there (subsystem, device) lead back up.
        level = [entry for folder in level for entry in _list(folder) if folder == root or _ZONE.fullmatch(entry.name)]
        for entry in level:
            if _ZONE.fullmatch(entry.name):
                found.setdefault(entry.name, entry)
    return found


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
