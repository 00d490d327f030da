"""Opens the meters of an audit, and closes them again; the option `--idle`."""

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
"""Environment variable that sets `--idle` where the option is missing."""


def idle_option(function: Any) -> Any:
    """Add the option `--idle S`; its default is the environment variable `MUTEGREEN_IDLE`."""
    return click.option(
        "--idle",
        type=SecondsType(0, min_open=True),
        envvar=IDLE_VARIABLE,
        metavar="S",
        help="Measure idle power for S seconds before the first training and between blocks.  "
        f"[default: the environment variable {IDLE_VARIABLE}, else {IDLE_S:g}]",
    )(function)


@dataclass(frozen=True)
class Meters:
    """Meters that are open and sample.

    Attributes:
        recorder: Reads the meters.
        quality: The quality of each domain (`counter`, `estimated`, ...), by the name of the domain.
        unavailable: Meters and domains that cannot be read, with the reason.
    """

    recorder: Recorder
    quality: dict[str, str]
    unavailable: tuple[Unavailable, ...]


@contextmanager
def open_meters(metering: Metering, what: str = "", wait: bool = True) -> Iterator[Meters]:
    """Open the meters of the user, or the best that work; wait until no other audit measures on their devices.

    Args:
        metering: The meters and required domains that the user chose.
        what: A description of the audit; other audits that wait for it print it.
        wait: Whether to wait for other audits.

    Raises:
        MeterError: A chosen meter cannot be used, or a required domain is not measured.
        UsageError: Another audit measures on a device, and `wait` is false.
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
        f"waiting: {who} measures on {device}; two audits at a time would measure each other's energy. "
        "Ctrl-C ends this one.",
        style="yellow",
        soft_wrap=True,
    )


def export_cuda_variables(subject: Subject) -> None:
    """Set the `CUDA_*` variables of the subject in this process: the meters then read the GPUs of the training."""
    os.environ.update({name: value for name, value in subject.environment.items() if name.startswith("CUDA_")})
