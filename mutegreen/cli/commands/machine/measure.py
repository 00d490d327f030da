"""`mutegreen measure`: the energy of any command; its input, output and exit status are unchanged."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from mutegreen import units
from mutegreen.cli import common
from mutegreen.errors import UsageError
from mutegreen.model.limits import IDLE_S

if TYPE_CHECKING:
    from mutegreen.model import DomainEnergy, Measurement

CHUNK_BYTES = 65536


_EXAMPLES = common.examples(
    "mutegreen measure -- python train.py            the energy of a training",
    "mutegreen measure --idle 5 -- make test         5 s of idle power first",
    "mutegreen measure --json -- ./benchmark         the measurement as JSON",
    "mutegreen measure --require gpu -- ./benchmark  fail if no GPU is measured",
)


@click.command(
    "measure",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog=_EXAMPLES,
)
@click.argument("words", metavar="-- COMMAND ...", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option(
    "--idle",
    type=common.SecondsType(0),
    default=IDLE_S,
    show_default=True,
    metavar="S",
    help="Measure idle power for S seconds first, to compute the energy above idle; 0: do not measure it.",
)
@common.meter_option
@common.require_option
@common.json_option
def command(
    words: tuple[str, ...], idle: float, meters: tuple[str, ...], require: tuple[str, ...], as_json: bool
) -> int:
    """Run COMMAND, measure its energy, and exit with its status.

    The result is printed as a table at the end of stderr, or with --json as the last line of stdout.
    """
    from mutegreen.meters.recorder import Recorder
    from mutegreen.meters.selection import select_meters

    choice = select_meters(meters or None, require)
    with Recorder(choice.meters, choice.unavailable) as recorder:
        if idle > 0:
            recorder.set_idle(recorder.mean_power(idle))
        recorder.begin("command")
        status, newline_missing = _run(words, relay=as_json)
        measurement = recorder.end("command")
    if as_json:
        click.echo(newline_missing * "\n", nl=False)
        common.write_json(_document(measurement, status))
    else:
        _show(measurement, status)
    return status


def _run(words: Sequence[str], relay: bool) -> tuple[int, bool]:
    """Run the command; return its exit status as a shell reports it, and whether its output lacks a final newline.

    With `relay` its stdout passes through this process, byte for byte. The measurement can then start on a new line.
    """
    sys.stdout.flush()
    try:
        process = subprocess.Popen(words, stdout=subprocess.PIPE if relay else None)
    except OSError as error:
        raise UsageError(
            f"command {words[0]!r} cannot be started: {error.strerror}", "use mutegreen measure -- COMMAND ..."
        ) from error
    with _forward_signals(process):
        last = _copy(process) if relay else b"\n"
        status = process.wait()
    return (status if status >= 0 else 128 - status), last != b"\n"


def _copy(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    last = b"\n"
    out = sys.stdout.buffer
    while chunk := process.stdout.read1(CHUNK_BYTES):  # type: ignore[attr-defined]
        out.write(chunk)
        out.flush()
        last = chunk[-1:]
    return last


# Guarantees:
#   - Inside the context SIGTERM, SIGHUP and Ctrl-C reach the command once and do not end this process. After it, the
#     handlers are those from before. Exceptions: with a terminal, a SIGINT that is sent to this process alone (`kill`)
#     is not forwarded; a signal before the context begins is not forwarded and interrupts this process.
# Relies on:
#   - The terminal sends Ctrl-C (SIGINT) to the whole foreground process group, hence to the command, too.
#   - `Popen.send_signal` does nothing once the command has been waited for, so no other process gets the signal.
@contextlib.contextmanager
def _forward_signals(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Forward signals to the command, which decides what they mean. This process goes on, to print the measurement."""

    def pass_on(number: int, frame: Any) -> None:
        # With a terminal, the command gets Ctrl-C from it; forwarding would send the signal twice.
        if number != signal.SIGINT or not _has_terminal():
            process.send_signal(number)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, pass_on) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY))
    except OSError:
        return False
    return True


def _document(measurement: Measurement, status: int) -> dict[str, object]:
    return {
        "duration_s": measurement.duration_s,
        "status": status,
        "domains": [_domain(domain) for domain in measurement.domains],
        "unavailable": [asdict(item) for item in measurement.unavailable],
    }


def _domain(domain: DomainEnergy) -> dict[str, object]:
    return {
        "domain": domain.domain,
        "meter": domain.meter,
        "quality": str(domain.quality),
        "energy_j": domain.energy_j,
        "net_j": domain.net_j,
        "flags": sorted(domain.flags),
        "reason": domain.reason,
    }


def _show(measurement: Measurement, status: int) -> None:
    from rich import box
    from rich.table import Table

    table = Table("domain", "energy", "above idle", "mean power", "quality", "meter", "flags", box=box.SIMPLE_HEAD)
    for domain in measurement.domains:
        power = gross = net = "not measured"
        if domain.energy_j is not None:
            gross = units.energy(domain.energy_j)
            net_j = domain.net_j
            net = "not known" if net_j is None else units.energy_difference(net_j, domain.energy_j)
            power = units.power(domain.energy_j / measurement.duration_s)
        flags = ", ".join(sorted(domain.flags)) or (domain.reason or "")
        table.add_row(domain.domain, gross, net, power, str(domain.quality), domain.meter, flags)
    console = common.messages()
    console.print(table)
    console.print(f"{units.duration(measurement.duration_s)}, exit status {status}")
    common.print_unavailable(console, measurement.unavailable)
