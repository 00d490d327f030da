"""Reads graphics cards of Intel: each card's own count of microjoules, which the drivers i915 and xe show."""

import time
from pathlib import Path

from mutegreen.plugins import Clock, Meter, MeterPermissionError, MeterUnavailable, Quality, Reading

DRIVERS = {"i915", "xe"}
REMEDY = "cards of Intel need the driver xe, or i915 of Linux 6.2 or later"


class IntelGpu(Meter):
    """Joules of each card of Intel, by its address on the PCI bus.

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
            raise MeterUnavailable("intel-gpu: no card shows its energy here", REMEDY)
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
        """The joules of each card; one that cannot be read is lost, and the others go on."""
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
                unknown[domain] = "its counter went back"
            else:
                self._energy_j[domain] += counter_j - self._counter_j[domain]
            self._counter_j[domain] = counter_j
        return Reading(self._clock(), dict(self._energy_j), lost=dict(self._lost), unknown=unknown)

    def close(self) -> None:
        """Forget the cards."""
        self._files = None

    def _find(self) -> dict[str, Path]:
        files = {}
        for name in sorted(self._hwmon.glob("hwmon*/name")):
            energy = name.with_name("energy1_input")
            if name.read_text().strip() in DRIVERS and energy.exists():
                files[f"gpu:{name.with_name('device').resolve().name}"] = energy
        return files


def joules(file: Path) -> float:
    """The count of a card, which its driver gives in microjoules."""
    return int(file.read_text()) / 1e6
