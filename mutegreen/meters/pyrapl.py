"""A meter that asks pyRAPL, for comparison with studies that measured with it. The meter `rapl` is the better one."""

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

from mutegreen.clock import Clock
from mutegreen.errors import MeterError, MeterPermissionError, MeterUnavailable
from mutegreen.meters.base import Meter, Reading
from mutegreen.model import Flag, Quality

RESOLUTION_S = 0.001
"""Time between two updates of a counter, seconds: about 1 ms (Intel SDM, volume 3B)."""

POWERCAP = Path("/sys/class/powercap/intel-rapl")
"""Where pyRAPL looks; it cannot be told to look elsewhere."""

DOMAINS = ("cpu:package-{}", "dram:package-{}")
"""What stands at even and at odd places of pyRAPL's list of energies, two for each socket."""

OTHERS = "use the meter `rapl`, which reads the same counters and needs no package"


class PyRaplMeter(Meter):
    """Energy of CPU packages and their memory, as pyRAPL reads it.

    pyRAPL does not know where a counter ends. The joules of a time in which one wrapped are unknown here, where
    pyRAPL gives None or, on machines of several sockets, a negative energy for that socket.

    Args:
        clock: The clock of the readings.
        make_sensor: Makes a sensor of pyRAPL.
    """

    name = "pyrapl"
    resolution_s = RESOLUTION_S

    def __init__(self, *, clock: Clock = time.monotonic, make_sensor: Callable[[], Any] | None = None) -> None:
        self._clock, self._make_sensor = clock, make_sensor or _sensor
        self._sensor: Any = None

    def open(self) -> None:
        """Make a sensor of pyRAPL and start at 0 J.

        Raises:
            MeterUnavailable: pyRAPL is not installed, or it finds no counters that it can read.
            MeterPermissionError: The counters are there but may not be read.
        """
        with _quiet():
            self._sensor = self._make_sensor()
            try:
                first_uj = self._energies_uj()
            except (OSError, ValueError) as error:
                self.close()
                raise MeterUnavailable(f"pyrapl: the counters cannot be read: {error}", OTHERS) from error
        self._latest_uj = first_uj
        self._total_uj = dict.fromkeys(first_uj, 0.0)
        self.domains = tuple(first_uj)
        self.quality = dict.fromkeys(self.domains, Quality.COUNTER)

    def read(self) -> Reading:
        """The joules so far. After a wrap those since the reading before are unknown."""
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
            unknown=dict.fromkeys(wrapped, "the counter wrapped or was reset, which pyRAPL does not undo"),
        )

    def close(self) -> None:
        """Close the files that the sensor leaves open."""
        for device in getattr(self._sensor, "_device_api", {}).values():
            for file in device._sys_files:
                file.close()
        self._sensor = None

    def _energies_uj(self) -> dict[str, float]:
        """Microjoules of each domain; pyRAPL has -1 for those that are not there."""
        energies = enumerate(self._sensor.energy())
        return {DOMAINS[place % 2].format(place // 2): energy for place, energy in energies if energy >= 0}


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """PyRAPL warns of missing packages that only its outputs need, and leaks files when it starts."""
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
        raise MeterUnavailable(
            f"pyrapl: {error}", f"pip install 'mutegreen[pyrapl]'; or not at all: {OTHERS}"
        ) from None
    try:
        return package.Sensor()
    except PermissionError as error:
        raise MeterPermissionError(
            f"pyrapl: this user may not read {error.filename}",
            f"sudo chmod -R a+r {POWERCAP} (until the next start of the machine)",
        ) from error
    except Exception as error:
        # pyRAPL's own errors have no text, and it lets any other through.
        raise _nothing(error) from error


def _nothing(error: Exception) -> MeterError:
    if not os.path.exists(POWERCAP):
        return MeterUnavailable(f"pyrapl: no energy counters here: {POWERCAP} does not exist", "measure on the host")
    why = str(error) or type(error).__name__
    return MeterUnavailable(
        f"pyrapl: pyRAPL finds no counters that it can read ({why}): it needs one zone `package-<n>` for each socket, "
        "and fails on processors of several dies",
        OTHERS,
    )
