"""A meter that asks the device layer of zeus: for GPUs of AMD, for Apple silicon and for NVIDIA Jetson.

Only its cumulative counters are read (`zeus.device`, the distribution `zeus` from 0.13 on), not its monitor's windows.
zeus is heavy, so it is imported when the meter is opened and not before.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import time
from collections.abc import Callable
from typing import Any

from mutegreen.clock import Clock
from mutegreen.errors import MeterUnavailable
from mutegreen.meters.base import Meter, Reading
from mutegreen.meters.zeus.devices import Answers, InvalidAnswer, find_devices, reason_of
from mutegreen.model import Quality, Unavailable

RESOLUTION_S = 0.1
"""Taken for all devices, as zeus does not say: on Jetson it sums up power every 0.1 s; other counters are faster."""

FINAL = frozenset(
    {"ZeusGPULostError", "ZeusGPUNotFoundError", "ZeusGPUNotSupportedError", "ZeusGPUResetRequiredError", "Empty"}
)
"""Errors after which a device is not asked again. `Empty` is Jetson's helper process being late: from then on each of
its answers would be the one to the question before."""


class ZeusMeter(Meter):
    """Energy of the GPUs, or of the system on a chip, that zeus finds.

    A GPU is `gpu:<index>` with zeus's index of it, and those that zeus hides by `HIP_VISIBLE_DEVICES` or
    `CUDA_VISIBLE_DEVICES` are not read. GPUs without a counter that grows are left out; `unavailable` says why.
    A counter that goes back loses its device.

    Args:
        clock: The clock of the readings.
        sleep: Waits for that many seconds.
        load: Imports the module `zeus.device`.
    """

    name = "zeus"
    resolution_s = RESOLUTION_S

    def __init__(
        self,
        *,
        clock: Clock = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        load: Callable[[], Any] | None = None,
    ) -> None:
        self._clock, self._sleep, self._load = clock, sleep, load or _device_layer
        self._answers: Callable[[], Answers] | None = None

    def open(self) -> None:
        """Find the devices and start at 0 J. This takes seconds: zeus is imported, and tries AMD's counters.

        Raises:
            MeterUnavailable: zeus is not installed, or finds no device with a counter that works.
            MeterPermissionError: A device may not be read by this user.
        """
        # Libraries below zeus print when they are missing, and standard output is for results.
        with contextlib.redirect_stdout(sys.stderr):
            devices = find_devices(self._load(), self._sleep)
        self.domains = tuple(devices.first_mj)
        self.quality: dict[str, Quality] = dict.fromkeys(self.domains, devices.quality)
        self.unavailable = tuple(
            Unavailable(self.name, f"{domain} is left out: {reason_of(fault)}")
            for domain, fault in devices.faults.items()
        )
        self._first_mj, self._latest_mj = devices.first_mj, dict(devices.first_mj)
        self._lost: dict[str, str] = {}
        self._answers = devices.read

    def read(self) -> Reading:
        """The joules so far. A device that is gone or whose counter goes back is lost; other errors may pass."""
        if self._answers is None:
            raise RuntimeError("the meter is not open")
        t_s, answers = self._clock(), self._answers()
        failed: dict[str, str] = {}
        for domain in self.domains:
            if domain not in self._lost:
                self._take(domain, answers[domain], failed)
        alive = [domain for domain in self.domains if domain not in self._lost and domain not in failed]
        energy_j = {domain: (self._latest_mj[domain] - self._first_mj[domain]) / 1e3 for domain in alive}
        return Reading(t_s, energy_j, dict(self._lost), failed=failed)

    def close(self) -> None:
        """Forget the devices; zeus itself keeps them until the process ends."""
        self._answers = None

    def _take(self, domain: str, answer: float | Exception, failed: dict[str, str]) -> None:
        if isinstance(answer, Exception):
            final = type(answer).__name__ in FINAL or isinstance(answer, InvalidAnswer)
            (self._lost if final else failed)[domain] = reason_of(answer)
        elif answer < self._latest_mj[domain]:
            self._lost[domain] = f"its counter went back from {self._latest_mj[domain]} mJ to {answer} mJ"
        else:
            self._latest_mj[domain] = answer


def _device_layer() -> Any:
    try:
        return importlib.import_module("zeus.device")
    except ImportError as error:
        raise MeterUnavailable(f"zeus: {error}", "pip install 'mutegreen[zeus]'") from None
