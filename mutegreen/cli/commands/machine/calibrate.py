"""`mutegreen calibrate`: the power model of the meter `estimate`, fitted on this machine."""

from __future__ import annotations

from dataclasses import asdict

import click

from mutegreen import units
from mutegreen.cli import common
from mutegreen.errors import MeterUnavailable


@click.command("calibrate")
@click.option(
    "--seconds",
    type=common.SecondsType(1),
    default=10.0,
    show_default=True,
    help="Measure each of the three loads for this many seconds.",
)
@common.meter_option
@common.json_option
def command(seconds: float, meters: tuple[str, ...], as_json: bool) -> int:
    """Fit the power model of the meter `estimate` to this machine.

    This needs a hardware meter that reads the CPU. Power is measured with no, half and all of the CPUs busy, and a
    straight line is fitted. The result is an option --meter for machines of the same kind on which no hardware meter
    works. Run this command on an idle machine.
    """
    from mutegreen.meters.estimate.calibration import calibrate, reads_hardware
    from mutegreen.meters.recorder import Recorder
    from mutegreen.meters.selection import select_meters

    choice = select_meters(meters or None)
    with Recorder(choice.meters, choice.unavailable) as recorder:
        cpus = [(m.name, q) for m in choice.meters for d, q in m.quality.items() if d.startswith("cpu:")]
        if not cpus or not all(reads_hardware(quality) for _, quality in cpus):
            raise MeterUnavailable(
                "no hardware meter reads the CPU on this machine", "`mutegreen doctor` shows how to enable one"
            )
        calibration = calibrate(recorder, seconds)
    if as_json:
        common.write_json(asdict(calibration) | {"option": calibration.option, "meter": cpus[0][0]})
        return 0
    console = common.results()
    for level in calibration.levels:
        memory = "" if level.dram_w is None else f", memory {units.power(level.dram_w)}"
        console.print(f"CPUs {level.busy:4.0%} busy: {units.power(level.cpu_w)}{memory}")
    console.print(
        f"Largest error of the fitted line: {units.power(calibration.worst_w)}. On machines of this kind, use:"
    )
    console.print(f"  --meter {calibration.option}", soft_wrap=True)
    return 0
