"""`mutegreen calibrate`: the estimate's watts fitted on this machine."""

from __future__ import annotations

from dataclasses import asdict

import click

from mutegreen import units
from mutegreen.cli import common
from mutegreen.errors import MeterUnavailable


@click.command("calibrate")
@click.option(
    "--seconds", type=common.SecondsType(1), default=10.0, show_default=True, help="Time for each of three loads."
)
@common.meter_option
@common.json_option
def command(seconds: float, meters: tuple[str, ...], as_json: bool) -> int:
    """Fit the watts of the meter `estimate` where a meter of hardware reads the CPU.

    Power is measured at rest, with half of the CPUs busy and with all of them, and a straight line is fitted. The
    result is for machines of the same kind on which no counter can be read. Run it while the machine has nothing
    else to do.
    """
    from mutegreen.meters.estimate.calibration import calibrate, reads_hardware
    from mutegreen.meters.recorder import Recorder
    from mutegreen.meters.selection import select_meters

    choice = select_meters(meters or None)
    with Recorder(choice.meters, choice.unavailable) as recorder:
        cpus = [(m.name, q) for m in choice.meters for d, q in m.quality.items() if d.startswith("cpu:")]
        if not cpus or not all(reads_hardware(quality) for _, quality in cpus):
            raise MeterUnavailable(
                "no meter of hardware reads the CPU here", "mutegreen doctor says what would mend that"
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
        f"The line misses these by {units.power(calibration.worst_w)} at most. On machines of this kind, use:"
    )
    console.print(f"  --meter {calibration.option}", soft_wrap=True)
    return 0
