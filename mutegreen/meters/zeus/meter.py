"""A meter that reads the device layer of zeus: GPUs of AMD, Apple silicon and NVIDIA Jetson.

It reads the cumulative counters (`zeus.device`, the distribution `zeus` from 0.13 on), not the windows of zeus's
monitor. Importing zeus takes long, so it is imported when the meter is opened.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import time
from collections.abc import Callable
from typing import Any

from typing_extensions import override

from mutegreen.clock import Clock
from mutegreen.errors import MeterUnavailable
from mutegreen.meters.base import Meter, Reading
from mutegreen.meters.zeus.devices import Answers, InvalidAnswer, find_devices, reason_of
from mutegreen.model import Quality, Unavailable

RESOLUTION_S = 0.1
"""Used for all devices, because zeus does not state it. On Jetson it integrates power every 0.1 s; other counters are
faster."""

FINAL = frozenset(
    {"ZeusGPULostError", "ZeusGPUNotFoundError", "ZeusGPUNotSupportedError", "ZeusGPUResetRequiredError", "Empty"}
)
"""Errors after which a device is not read again. `Empty` means that zeus's helper process for Jetson was late: from
then on each of its answers would belong to the previous request."""


class ZeusMeter(Meter):
    """Measures the energy of the GPUs, or of the system on a chip, that zeus finds.

    A GPU is `gpu:<index>` with zeus's index. GPUs that zeus hides because of `HIP_VISIBLE_DEVICES` or
    `CUDA_VISIBLE_DEVICES` are not read. A GPU whose counter does not grow is not read; `unavailable` has the reason. A
    device whose counter decreases is lost.

    Args:
        clock: The clock of the readings.
        sleep: Waits for a number of seconds.
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

    @override
    def open(self) -> None:
        """Find the devices and start at 0 J. This takes seconds: zeus is imported, and it tests AMD's counters.

        Raises:
            MeterUnavailable: zeus is not installed, or finds no device with a counter that works.
            MeterPermissionError: A device may not be read by this user.
        """
        # zeus prints a message for a missing library, and standard output is for results.
        with contextlib.redirect_stdout(sys.stderr):
            devices = find_devices(self._load(), self._sleep)
        self.domains = tuple(devices.first_mj)
        self.quality: dict[str, Quality] = dict.fromkeys(self.domains, devices.quality)
        self.unavailable = tuple(
            Unavailable(self.name, f"{domain} is not read: {reason_of(fault)}")
            for domain, fault in devices.faults.items()
        )
        self._first_mj, self._latest_mj = devices.first_mj, dict(devices.first_mj)
        self._lost: dict[str, str] = {}
        self._answers = devices.read

    @override
    def read(self) -> Reading:
        """Read the joules so far. A device that is gone or whose counter decreases is lost; other errors may pass."""
        if self._answers is None:
            raise RuntimeError("the meter is not open")
        t_s, answers = self._clock(), self._answers()
        failed: dict[str, str] = {}
        for domain in self.domains:
            if domain not in self._lost:
                self._add(domain, answers[domain], failed)
        alive = [domain for domain in self.domains if domain not in self._lost and domain not in failed]
        energy_j = {domain: (self._latest_mj[domain] - self._first_mj[domain]) / 1e3 for domain in alive}
        return Reading(t_s, energy_j, dict(self._lost), failed=failed)

    @override
    def close(self) -> None:
        """Release the devices; zeus itself keeps them until the process ends."""
        self._answers = None

    def _add(self, domain: str, answer: float | Exception, failed: dict[str, str]) -> None:
        if isinstance(answer, Exception):
            final = type(answer).__name__ in FINAL or isinstance(answer, InvalidAnswer)
            (self._lost if final else failed)[domain] = reason_of(answer)
        elif answer < self._latest_mj[domain]:
            self._lost[domain] = f"its counter decreased from {self._latest_mj[domain]} mJ to {answer} mJ"
        else:
            self._latest_mj[domain] = answer


def _device_layer() -> Any:
    try:
        return importlib.import_module("zeus.device")
    except ImportError as error:
        raise MeterUnavailable(f"zeus: {error}", "pip install 'mutegreen[zeus]'") from None
