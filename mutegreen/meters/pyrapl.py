"""A meter that reads through pyRAPL, to compare with studies that used it; `rapl` is more accurate."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from typing_extensions import override

from mutegreen.clock import Clock
from mutegreen.errors import MeterError, MeterPermissionError, MeterUnavailable
from mutegreen.meters.base import Meter, Reading
from mutegreen.model import Flag, Quality

RESOLUTION_S = 0.001
"""Time between two updates of a counter, seconds: about 1 ms (Intel SDM, volume 3B)."""

POWERCAP = Path("/sys/class/powercap/intel-rapl")
"""The folder that pyRAPL reads; it has no option to read another one."""

DOMAINS = ("cpu:package-{}", "dram:package-{}")
"""The domains of the even and of the odd items in pyRAPL's list of energies, which has two items for each socket."""

HINT = "use the meter `rapl`, which reads the same counters and needs no package"


class PyRaplMeter(Meter):
    """Energy of CPU packages and their memory, as pyRAPL reads it.

    pyRAPL does not know the range of a counter, so it cannot undo a wrap-around: it returns None or, on machines of
    several sockets, a negative energy for that socket. This meter reports the joules of that interval as unknown.

    Args:
        clock: The clock of the readings.
        make_sensor: Creates a sensor of pyRAPL.
    """

    name = "pyrapl"
    resolution_s = RESOLUTION_S

    def __init__(self, *, clock: Clock = time.monotonic, make_sensor: Callable[[], Any] | None = None) -> None:
        self._clock, self._make_sensor = clock, make_sensor or _sensor
        self._sensor: Any = None

    @override
    def open(self) -> None:
        """Create a sensor of pyRAPL and start at 0 J.

        Raises:
            MeterUnavailable: pyRAPL is not installed, or finds no counters that it can read.
            MeterPermissionError: The counters are there but may not be read.
        """
        with _quiet():
            self._sensor = self._make_sensor()
            try:
                first_uj = self._energies_uj()
            except (OSError, ValueError) as error:
                self.close()
                raise MeterUnavailable(f"pyrapl: the counters cannot be read: {error}", HINT) from error
        self._latest_uj = first_uj
        self._total_uj = dict.fromkeys(first_uj, 0.0)
        self.domains = tuple(first_uj)
        self.quality = dict.fromkeys(self.domains, Quality.COUNTER)

    @override
    def read(self) -> Reading:
        """Read the joules so far. After a wrap-around those since the previous reading are unknown."""
        if self._sensor is None:
            raise RuntimeError("the meter is not open")
        t_s = self._clock()
        try:
            before_uj, now_uj = self._latest_uj, self._energies_uj()
        except (OSError, ValueError) as error:
            return Reading(t_s, {}, failed=dict.fromkeys(self.domains, f"pyRAPL cannot read its counters: {error}"))
        wrapped = {domain for domain in self.domains if now_uj[domain] < before_uj[domain]}
        for domain in self.domains:
            if domain not in wrapped:
                self._total_uj[domain] += now_uj[domain] - before_uj[domain]
        self._latest_uj = now_uj
        return Reading(
            t_s,
            {domain: energy_uj / 1e6 for domain, energy_uj in self._total_uj.items()},
            flags=dict.fromkeys(wrapped, frozenset({Flag.COUNTER_WRAPPED})),
            unknown=dict.fromkeys(wrapped, "the counter wrapped around or was reset, and pyRAPL does not correct that"),
        )

    @override
    def close(self) -> None:
        """Close the files that the sensor keeps open."""
        for device in getattr(self._sensor, "_device_api", {}).values():
            for file in device._sys_files:  # noqa: SLF001 - pyRAPL has no public way to close them
                file.close()
        self._sensor = None

    def _energies_uj(self) -> dict[str, float]:
        """Return the microjoules of each domain; pyRAPL returns -1 for domains that do not exist."""
        energies = enumerate(self._sensor.energy())
        return {DOMAINS[index % 2].format(index // 2): energy for index, energy in energies if energy >= 0}


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Suppress warnings: pyRAPL warns of packages that only its outputs need, and leaks files when it starts."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _sensor() -> Any:
    try:
        package = importlib.import_module("pyRAPL")
    except ImportError as error:
        raise MeterUnavailable(f"pyrapl: {error}", f"pip install 'mutegreen[pyrapl]', or {HINT}") from None
    try:
        return package.Sensor()
    except PermissionError as error:
        raise MeterPermissionError(
            f"pyrapl: this user may not read {error.filename}",
            f"sudo chmod -R a+r {POWERCAP} (until the machine restarts)",
        ) from error
    except Exception as error:
        # pyRAPL's own errors have no text, and it does not catch those of other libraries.
        raise _no_counters(error) from error


def _no_counters(error: Exception) -> MeterError:
    if not os.path.exists(POWERCAP):
        return MeterUnavailable(f"pyrapl: no energy counters here: {POWERCAP} does not exist", "measure on the host")
    reason = str(error) or type(error).__name__
    return MeterUnavailable(
        f"pyrapl: pyRAPL finds no counters that it can read ({reason}): it needs one zone `package-<n>` per socket, "
        "and fails on processors of several dies",
        HINT,
    )
