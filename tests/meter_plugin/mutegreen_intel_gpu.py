"""Reads the energy counters of Intel graphics cards, which the drivers i915 and xe show in microjoules."""

import time
from pathlib import Path

from mutegreen.plugins import Clock, Meter, MeterPermissionError, MeterUnavailable, Quality, Reading

DRIVERS = {"i915", "xe"}
REMEDY = "Intel cards need the driver xe, or i915 of Linux 6.2 or later"


class IntelGpu(Meter):
    """Measures the energy of each Intel card, named by its address on the PCI bus.

    Args:
        root: The folder that holds `sys`.
        clock: The clock of the readings.
    """

    name = "intel-gpu"
    resolution_s = 0.01

    def __init__(self, root: Path = Path("/"), clock: Clock = time.monotonic) -> None:
        self._hwmon = root / "sys/class/hwmon"
        self._clock = clock
        self._files: dict[str, Path] | None = None

    def open(self) -> None:
        """Find the cards and start at 0 J."""
        files = self._find()
        if not files:
            raise MeterUnavailable("intel-gpu: no card with an energy counter on this machine", REMEDY)
        try:
            self._counter_j = {domain: joules(file) for domain, file in files.items()}
        except PermissionError as error:
            raise MeterPermissionError(f"intel-gpu: {error}", f"sudo chmod a+r {error.filename}") from error
        except (OSError, ValueError) as error:
            raise MeterUnavailable(f"intel-gpu: {error}", REMEDY) from error
        self._files, self._lost = files, {}
        self._energy_j = dict.fromkeys(files, 0.0)
        self.domains = tuple(files)
        self.quality = dict.fromkeys(files, Quality.COUNTER)

    def read(self) -> Reading:
        """Read the joules of each card; a card that cannot be read is lost, and the others are read."""
        if self._files is None:
            raise RuntimeError("the meter is not open")
        unknown = {}
        for domain in [domain for domain in self.domains if domain not in self._lost]:
            try:
                counter_j = joules(self._files[domain])
            except (OSError, ValueError) as error:
                self._lost[domain] = f"its counter cannot be read: {error}"
                del self._energy_j[domain]
                continue
            if counter_j < self._counter_j[domain]:
                unknown[domain] = "its counter decreased"
            else:
                self._energy_j[domain] += counter_j - self._counter_j[domain]
            self._counter_j[domain] = counter_j
        return Reading(self._clock(), dict(self._energy_j), lost=dict(self._lost), unknown=unknown)

    def close(self) -> None:
        """Release the cards."""
        self._files = None

    def _find(self) -> dict[str, Path]:
        files = {}
        for name in sorted(self._hwmon.glob("hwmon*/name")):
            energy = name.with_name("energy1_input")
            if name.read_text().strip() in DRIVERS and energy.exists():
                files[f"gpu:{name.with_name('device').resolve().name}"] = energy
        return files


def joules(file: Path) -> float:
    """Return the energy counter of a card; its driver shows microjoules."""
    return int(file.read_text()) / 1e6
