"""Finds the devices of zeus, and reads the cumulative millijoules of each."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from mutegreen.errors import MeterError, MeterPermissionError, MeterUnavailable
from mutegreen.model import Quality

SOC_DOMAINS = {
    "cpu_total_mj": "cpu:package-0",
    "cpu_energy_mj": "cpu:package-0",
    "dram_mj": "dram:package-0",
    "gpu_mj": "gpu:soc",
    "gpu_energy_mj": "gpu:soc",
}
"""The fields that are read from a system on a chip of Apple (`cpu_total_mj`) or Jetson (`cpu_energy_mj`). The other
fields are parts of these, or the whole board, or have no class of domains (Apple's neural engine)."""

JETSON_FIELD = "total_energy_mj"
"""A measurement with this field is from a Jetson, on which zeus integrates power that it polls."""

GROWTH_TRIES = 10
GROWTH_WAIT_S = 0.125
"""A GPU's counter must grow within these tries: every GPU that is switched on draws power."""

HINT = "NVIDIA: use the meter `nvml`; AMD: zeus needs ROCm 6.3 or later; Apple: pip install zeus-apple-silicon"

Answers = Mapping[str, float | Exception]
"""For each domain the cumulative millijoules, or the error of reading them."""


class InvalidAnswer(Exception):  # noqa: N818 - no user sees it as an exception
    """The answer of a counter is not a valid energy; the text says why."""


@dataclass(frozen=True)
class Devices:
    """Devices with a counter that works.

    Args:
        first_mj: The first reading of each counter, millijoules.
        quality: How zeus obtains the energies.
        faults: Why the other devices cannot be read.
        read: Reads all counters; never raises.
    """

    first_mj: dict[str, float]
    quality: Quality
    faults: dict[str, Exception]
    read: Callable[[], Answers]


def find_devices(layer: Any, sleep: Callable[[float], None]) -> Devices:
    """Find the GPUs; if none can be read, the system on a chip.

    Args:
        layer: The module `zeus.device`.
        sleep: Waits for a number of seconds.

    Raises:
        MeterUnavailable: zeus finds no device with a counter; the text has its reasons.
        MeterPermissionError: One of the reasons is that this user may not read a device.
    """
    finders: tuple[Callable[[], Devices], ...] = (
        lambda: _gpus(layer.get_gpus(), sleep),
        lambda: _soc(layer.get_soc()),
    )
    faults: list[Exception] = []
    for find in finders:
        try:
            devices = find()
        except Exception as error:  # noqa: BLE001
            # zeus raises errors of its own and those of the libraries below it.
            faults.append(error)
            continue
        if devices.first_mj:
            return devices
        faults += devices.faults.values()
    raise _no_devices(faults)


def _no_devices(faults: list[Exception]) -> MeterError:
    text = "zeus: " + "; ".join(map(reason_of, faults))
    if any(type(fault).__name__ == "ZeusGPUNoPermissionError" for fault in faults):
        return MeterPermissionError(text, "add this user to the groups `render` and `video`, and log in again")
    return MeterUnavailable(text, HINT)


def reason_of(error: Exception) -> str:
    """Return the text of an error, or the name of its class if it has none."""
    return str(error) or type(error).__name__


def _gpus(manager: Any, sleep: Callable[[float], None]) -> Devices:
    gpus = {f"gpu:{gpu.gpu_index}": gpu for gpu in manager.gpus}

    def read() -> dict[str, float | Exception]:
        return {domain: _answer(gpu.get_total_energy_consumption) for domain, gpu in gpus.items()}

    start = now = read()
    for _ in range(GROWTH_TRIES):
        sleep(GROWTH_WAIT_S)
        now = read()
        if all(_grew(start[domain], now[domain]) for domain in gpus):
            break
    first_mj = {domain: mj for domain, mj in now.items() if _grew(start[domain], mj) and not isinstance(mj, Exception)}
    faults = {domain: _fault(domain, mj) for domain, mj in now.items() if domain not in first_mj}
    return Devices(first_mj, Quality.COUNTER, faults, read)


def _fault(domain: str, answer: float | Exception) -> Exception:
    return answer if isinstance(answer, Exception) else InvalidAnswer(f"the counter of {domain} stays at {answer} mJ")


def _grew(before: float | Exception, after: float | Exception) -> bool:
    return not isinstance(before, Exception) and not isinstance(after, Exception) and after > before


def _answer(read: Callable[[], Any]) -> float | Exception:
    """Return the millijoules of a counter, or an error: zeus returns None for what it cannot read."""
    try:
        energy_mj = read()
    except Exception as error:  # noqa: BLE001
        return error
    if isinstance(energy_mj, (int, float)) and math.isfinite(energy_mj) and energy_mj >= 0:
        return energy_mj
    return InvalidAnswer(f"zeus returned {energy_mj!r} for its energy")


def _soc(chip: Any) -> Devices:
    first = chip.get_total_energy_consumption()
    fields = {domain: field for field, domain in SOC_DOMAINS.items() if getattr(first, field, None) is not None}

    def answers(measured: Any) -> dict[str, float | Exception]:
        return {domain: _answer(partial(getattr, measured, field)) for domain, field in fields.items()}

    def read() -> dict[str, float | Exception]:
        try:
            return answers(chip.get_total_energy_consumption())
        except Exception as error:  # noqa: BLE001
            return dict.fromkeys(fields, error)

    first_mj = {domain: mj for domain, mj in answers(first).items() if not isinstance(mj, Exception)}
    quality = Quality.INTEGRATED if hasattr(first, JETSON_FIELD) else Quality.COUNTER
    faults: dict[str, Exception] = (
        {} if first_mj else {"soc": InvalidAnswer("zeus reads no CPU, memory or GPU of this chip")}
    )
    return Devices(first_mj, quality, faults, read)
