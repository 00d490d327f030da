"""The devices that zeus finds, and the cumulative millijoules of each."""

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
"""The fields of a system on a chip, of Apple (`cpu_total_mj`) and of Jetson (`cpu_energy_mj`), that are read. The rest
are parts of these, or the whole board, or have no class of domains (Apple's neural engine)."""

JETSON_FIELD = "total_energy_mj"
"""A measurement with this field is of a Jetson, where zeus sums up power that it polls."""

GROWTH_TRIES = 10
GROWTH_WAIT_S = 0.125
"""A GPU's counter must grow within these tries: any GPU that is switched on draws watts."""

HINT = "GPUs of NVIDIA: the meter `nvml`; AMD: zeus needs ROCm 6.3 or later; Apple: pip install zeus-apple-silicon"

Answers = Mapping[str, float | Exception]
"""For each domain millijoules that never decrease, or why there are none."""


class InvalidAnswer(Exception):  # noqa: N818 - never raised as far as the user
    """A counter's answer is no energy; the text says why."""


@dataclass(frozen=True)
class Devices:
    """Devices with a counter that works.

    Args:
        first_mj: What each counter said at first, millijoules.
        quality: How zeus comes by the figures.
        faults: What is wrong with those that cannot be read.
        read: Reads all counters; raises nothing.
    """

    first_mj: dict[str, float]
    quality: Quality
    faults: dict[str, Exception]
    read: Callable[[], Answers]


def find_devices(layer: Any, sleep: Callable[[float], None]) -> Devices:
    """The GPUs, or where none can be read the system on a chip.

    Args:
        layer: The module `zeus.device`.
        sleep: Waits for that many seconds.

    Raises:
        MeterUnavailable: zeus finds nothing with a counter; the text has its reasons.
        MeterPermissionError: One of the reasons is that this user may not read it.
    """
    finders: tuple[Callable[[], Devices], ...] = (
        lambda: _gpus(layer.get_gpus(), sleep),
        lambda: _soc(layer.get_soc()),
    )
    faults: list[Exception] = []
    for find in finders:
        try:
            devices = find()
        except Exception as error:
            # zeus has errors of its own, and lets through those of the libraries below it.
            faults.append(error)
            continue
        if devices.first_mj:
            return devices
        faults += devices.faults.values()
    raise _nothing(faults)


def _nothing(faults: list[Exception]) -> MeterError:
    text = "zeus: " + "; ".join(map(reason_of, faults))
    if any(type(fault).__name__ == "ZeusGPUNoPermissionError" for fault in faults):
        return MeterPermissionError(text, "add this user to the groups `render` and `video`, and log in again")
    return MeterUnavailable(text, HINT)


def reason_of(error: Exception) -> str:
    """The text of an error, or its name where it has none."""
    return str(error) or type(error).__name__


def _gpus(manager: Any, sleep: Callable[[float], None]) -> Devices:
    gpus = {f"gpu:{gpu.gpu_index}": gpu for gpu in manager.gpus}

    def read() -> dict[str, float | Exception]:
        return {domain: _answer(gpu.get_total_energy_consumption) for domain, gpu in gpus.items()}

    begun = now = read()
    for _ in range(GROWTH_TRIES):
        sleep(GROWTH_WAIT_S)
        now = read()
        if all(_grew(begun[domain], now[domain]) for domain in gpus):
            break
    first_mj = {domain: mj for domain, mj in now.items() if _grew(begun[domain], mj) and not isinstance(mj, Exception)}
    faults = {domain: _fault(domain, mj) for domain, mj in now.items() if domain not in first_mj}
    return Devices(first_mj, Quality.COUNTER, faults, read)


def _fault(domain: str, answer: float | Exception) -> Exception:
    return (
        answer
        if isinstance(answer, Exception)
        else InvalidAnswer(f"the counter of {domain} stands still at {answer} mJ")
    )


def _grew(before: float | Exception, after: float | Exception) -> bool:
    return not isinstance(before, Exception) and not isinstance(after, Exception) and after > before


def _answer(ask: Callable[[], Any]) -> float | Exception:
    """What a counter says, if that can be an energy: zeus gives None for what it cannot read."""
    try:
        energy_mj = ask()
    except Exception as error:
        return error
    if isinstance(energy_mj, (int, float)) and math.isfinite(energy_mj) and energy_mj >= 0:
        return energy_mj
    return InvalidAnswer(f"zeus gave {energy_mj!r} for its energy")


def _soc(chip: Any) -> Devices:
    first = chip.get_total_energy_consumption()
    fields = {domain: field for field, domain in SOC_DOMAINS.items() if getattr(first, field, None) is not None}

    def answers(measured: Any) -> dict[str, float | Exception]:
        return {domain: _answer(partial(getattr, measured, field)) for domain, field in fields.items()}

    def read() -> dict[str, float | Exception]:
        try:
            return answers(chip.get_total_energy_consumption())
        except Exception as error:
            return dict.fromkeys(fields, error)

    first_mj = {domain: mj for domain, mj in answers(first).items() if not isinstance(mj, Exception)}
    quality = Quality.INTEGRATED if hasattr(first, JETSON_FIELD) else Quality.COUNTER
    faults: dict[str, Exception] = (
        {} if first_mj else {"soc": InvalidAnswer("zeus reads no CPU, memory or GPU of this chip")}
    )
    return Devices(first_mj, quality, faults, read)
