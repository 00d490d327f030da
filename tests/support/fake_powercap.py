"""Simulate the powercap tree of Linux: its counters move as real ones do, with known true energy.

On a `FakeClock` the counters follow it exactly. In real time a thread writes them without truncating the files,
as a reader could see an empty file otherwise. It keeps the longest time between two writes, which limits the accuracy
of any reading.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from mutegreen.testing.simulated import FakeClock, Schedule

PACKAGE_UJ = 262_143_328_850
"""max_energy_range_uj of an Intel package, which counts in units of 61 microjoules."""

DRAM_UJ = 65_712_999_613
"""max_energy_range_uj of a server's memory, which counts in units of 15.3 microjoules."""

AMD_UJ = 65_532_610_987

DIGITS = 16


@dataclass
class FakeZone:
    """A zone: folder name, zone name, power in watts, range and first value of its counter."""

    key: str
    name: str
    watts: Schedule
    range_uj: int = PACKAGE_UJ
    start_uj: int = 1_000_000_000
    max_power_uw: int | None = None

    def true_j(self, begin_s: float, end_s: float) -> float:
        return self.watts.integral(begin_s, end_s)

    def counter_uj(self, elapsed_s: float) -> int:
        return (self.start_uj + round(self.true_j(0.0, elapsed_s) * 1e6)) % self.range_uj


def package(
    number: int, watts: Schedule, *, dram: Schedule | None = None, core: Schedule | None = None, **counter: int
) -> list[FakeZone]:
    """Return the zones of an Intel socket: the package, with core and dram in it."""
    key = f"intel-rapl:{number}"
    zones = [FakeZone(key, f"package-{number}", watts, **counter)]
    zones += [FakeZone(f"{key}:0", "core", core, **counter)] if core else []
    return zones + ([FakeZone(f"{key}:1", "dram", dram, range_uj=DRAM_UJ)] if dram else [])


class FakePowercap:
    """The tree, in one of three layouts.

    `flat` has a folder for each zone at the top; `nested` has them within their control type and parent; `linux` has
    the folders below `devices` and links to them at the top, as sysfs does.
    """

    def __init__(self, folder: Path, zones: Iterable[FakeZone], layout: str = "linux") -> None:
        self.folder = folder
        self.layout = layout
        self.zones = {zone.key: zone for zone in zones}
        self.root = folder / "class/powercap" if layout == "linux" else folder
        self.fds: dict[str, int] = {}
        self.root.mkdir(parents=True, exist_ok=True)
        for zone in self.zones.values():
            self.add(zone)

    def folder_of(self, key: str) -> Path:
        """Return the folder of a zone."""
        if self.layout == "flat":
            return self.root / key
        parts = key.split(":")
        names = [":".join(parts[: count + 1]) for count in range(len(parts))]
        top = self.folder / "devices/virtual/powercap" if self.layout == "linux" else self.root
        return top.joinpath(*names)

    def add(self, zone: FakeZone) -> None:
        self.zones[zone.key] = zone
        folder = self.folder_of(zone.key)
        folder.mkdir(parents=True, exist_ok=True)
        files = {"name": zone.name, "max_energy_range_uj": zone.range_uj, "enabled": 0}
        if zone.max_power_uw is not None:
            files["constraint_0_max_power_uw"] = zone.max_power_uw
        for name, value in files.items():
            (folder / name).write_text(f"{value}\n")
        self.create_counter(zone.key, zone.counter_uj(0.0))
        if self.layout == "linux":
            self._link(zone.key, folder)

    def _link(self, key: str, folder: Path) -> None:
        control = self.folder_of(key.partition(":")[0])
        for name, target in ((key, folder), (control.name, control)):
            link = self.root / name
            if not link.is_symlink():
                link.symlink_to(os.path.relpath(target, self.root))
        for inner in (folder, control):
            if not (inner / "subsystem").is_symlink():
                (inner / "subsystem").symlink_to(os.path.relpath(self.root, inner))
        if folder.parent != control and not (folder / "device").is_symlink():
            (folder / "device").symlink_to("..")

    def file(self, key: str, name: str = "energy_uj") -> Path:
        return self.folder_of(key) / name

    def create_counter(self, key: str, value_uj: int) -> None:
        """Replace the file of a counter by a new one."""
        self.release(key)
        self.file(key).unlink(missing_ok=True)
        self.fds[key] = os.open(self.file(key), os.O_WRONLY | os.O_CREAT, 0o644)
        self.put(key, value_uj)

    def put(self, key: str, value_uj: int) -> None:
        os.pwrite(self.fds[key], f"{value_uj:0{DIGITS}d}\n".encode(), 0)

    def write(self, elapsed_s: float) -> None:
        """Set all counters to their values this long after the start."""
        for key, fd in list(self.fds.items()):
            os.pwrite(fd, f"{self.zones[key].counter_uj(elapsed_s):0{DIGITS}d}\n".encode(), 0)

    def release(self, key: str) -> None:
        """Stop updating the file of a counter."""
        if key in self.fds:
            os.close(self.fds.pop(key))

    def close(self) -> None:
        for key in list(self.fds):
            self.release(key)

    def follow(self, clock: FakeClock) -> Callable[[], None]:
        """Update the counters with this clock from now on; return the function that does so, a watcher of the clock."""
        born_s = clock()

        def tick() -> None:
            self.write(clock() - born_s)

        clock.watchers.append(tick)
        return tick

    def __del__(self) -> None:
        self.close()


class RealTime:
    """A context that updates the counters of a fake in real time."""

    def __init__(self, fake: FakePowercap, period_s: float = 0.004) -> None:
        self.fake = fake
        self.period_s = period_s
        self.longest_s = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        born_s = written_s = time.monotonic()
        while not self._stop.wait(self.period_s):
            now_s = time.monotonic()
            self.fake.write(now_s - born_s)
            self.longest_s = max(self.longest_s, time.monotonic() - written_s)
            written_s = now_s
