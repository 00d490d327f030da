"""The meters of a run, opened, sampling and closed again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from mutegreen.cli.common import SecondsType, messages
from mutegreen.model.limits import IDLE_S

if TYPE_CHECKING:
    from mutegreen.harness.machine.device_locks import Holder
    from mutegreen.meters.recorder import Recorder
    from mutegreen.model import Metering, Subject, Unavailable


IDLE_VARIABLE = "MUTEGREEN_IDLE"
"""Environment variable that gives `--idle` where the option is not there."""


def idle_option(function: Any) -> Any:
    """The option `--idle S`; without it the environment variable `MUTEGREEN_IDLE` counts."""
    return click.option(
        "--idle",
        type=SecondsType(0, min_open=True),
        envvar=IDLE_VARIABLE,
        metavar="S",
        help="Time over which idle power is measured before the first training, and between blocks, seconds.  "
        f"[default: {IDLE_VARIABLE}, or {IDLE_S:g}]",
    )(function)


@dataclass(frozen=True)
class Meters:
    """The meters of a run, sampling, and what there is to say of them."""

    recorder: Recorder
    quality: dict[str, str]
    unavailable: tuple[Unavailable, ...]


@contextmanager
def open_meters(metering: Metering, what: str = "", wait: bool = True) -> Iterator[Meters]:
    """Opens the meters that were named, or the best that work here, once no other audit measures on their devices.

    Args:
        metering: The meters wanted.
        what: The audit, for others that come to wait for it.
        wait: Whether to wait for other audits.

    Raises:
        MeterError: One that was named cannot be used, or a domain that was required is not measured.
        UsageError: Another audit measures on a device, and is not to be waited for.
    """
    from mutegreen.harness.machine import device_locks
    from mutegreen.meters.recorder import Recorder
    from mutegreen.meters.selection import select_meters

    chosen = select_meters(metering.meters or None, metering.require)
    quality = {domain: str(meter.quality[domain]) for meter in chosen.meters for domain in meter.domains}
    locks = device_locks.locked(device_locks.lock_names(quality), device_locks.Holder.this(what), _print_waiting, wait)
    with locks, Recorder(chosen.meters, chosen.unavailable) as recorder:
        yield Meters(recorder, quality, chosen.unavailable)


def _print_waiting(device: str, holder: Holder | None) -> None:
    who = str(holder) if holder else "another audit"
    messages().print(
        f"waiting: {who} measures on {device}; two audits at a time would measure each other. Ctrl-C ends this one.",
        style="yellow",
        soft_wrap=True,
    )


def export_cuda_variables(subject: Subject) -> None:
    """The meters read the GPUs that the training will see, also where the subject itself chooses them."""
    os.environ.update({name: value for name, value in subject.environment.items() if name.startswith("CUDA_")})
