"""Reads the description of the performance monitoring unit `power`: its energy events, and the CPUs that count them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

UNIT = Path("sys/bus/event_source/devices/power")

UNIT_OF_ENERGY = "Joules"

MIRRORED = ("AuthenticAMD", "HygonGenuine")
"""Vendors whose dies all show the counter of the whole package. Kernels 6.9 to 6.11 list one CPU per die for them, so a
sum over these CPUs would count a package several times ("perf/x86/rapl: Fix the energy-pkg event for AMD CPUs")."""


@dataclass(frozen=True)
class Event:
    """An energy event.

    Args:
        config: Its number within the unit.
        joules: Joules per count.
    """

    config: int
    joules: float


def unit_type(root: Path) -> int:
    """Return the number of the unit.

    Raises:
        FileNotFoundError: This machine has no such unit.
    """
    return int((root / UNIT / "type").read_text())


def find_event(root: Path, name: str) -> Event | None:
    """Return an event by its name, such as `energy-pkg`; None if this kernel or processor does not offer it.

    Raises:
        ValueError: Its description has another form.
    """
    folder = root / UNIT / "events"
    if not (folder / name).exists():
        return None
    terms, unit = _text(folder / name), _text(folder / f"{name}.unit")
    if not terms.startswith("event=") or unit != UNIT_OF_ENERGY:
        raise ValueError(f"{folder / name} is {terms!r} in {unit!r}, not a number of {UNIT_OF_ENERGY}")
    return Event(int(terms.removeprefix("event="), 0), float(_text(folder / f"{name}.scale")))


def cpus_by_package(root: Path) -> dict[int, list[int]]:
    """Return for each socket, by the kernel's number, the CPUs on whose counts its energy is the sum."""
    packages: dict[int, list[int]] = {}
    for cpu in cpu_list(_text(root / UNIT / "cpumask")):
        number = _text(root / f"sys/devices/system/cpu/cpu{cpu}/topology/physical_package_id")
        packages.setdefault(int(number), []).append(cpu)
    if _vendor(root) in MIRRORED:
        return {package: cpus[:1] for package, cpus in packages.items()}
    return packages


def cpu_list(text: str) -> list[int]:
    """Return the numbers in a list of the kernel such as `0-3,8`, in order."""
    numbers: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        numbers.extend(range(int(first), int(last or first) + 1))
    return numbers


def _vendor(root: Path) -> str | None:
    for line in (root / "proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "vendor_id":
            return value.strip()
    return None


def _text(file: Path) -> str:
    return file.read_text().strip()
