"""`mutegreen doctor`: which meters work on this machine, and how to enable the others."""

from __future__ import annotations

from dataclasses import asdict

import click

from mutegreen import catalog, units
from mutegreen.cli import common
from mutegreen.model import Quality
from mutegreen.model.limits import IDLE_S


@click.command("doctor")
@common.meter_option
@common.require_option
@common.json_option
def command(meters: tuple[str, ...], require: tuple[str, ...], as_json: bool) -> int:
    """Show which energy meters work on this machine, and how to enable the others.

    A domain is a part of the machine whose energy is measured: GPU, CPU package, DRAM. For each domain the table
    shows the meter that is used, its quality and the idle power, a mean over 1 second.
    """
    from mutegreen.meters.recorder import Recorder
    from mutegreen.meters.selection import select_meters

    choice = select_meters(meters or None, require)
    with Recorder(choice.meters, choice.unavailable) as recorder:
        idle_w = recorder.mean_power(IDLE_S)
    domains = [
        {"domain": domain, "meter": meter.name, "quality": str(meter.quality[domain]), "idle_w": idle_w.get(domain)}
        for meter in choice.meters
        for domain in meter.domains
    ]
    if as_json:
        common.write_json({"domains": domains, "unavailable": [asdict(item) for item in choice.unavailable]})
        return 0
    from rich import box
    from rich.table import Table

    table = Table("domain", "meter", "quality", "idle power", box=box.SIMPLE_HEAD)
    for row in domains:
        power = "not measured" if row["idle_w"] is None else units.power(float(row["idle_w"]))
        table.add_row(str(row["domain"]), str(row["meter"]), str(row["quality"]), power)
    console = common.results()
    console.print(table)
    if any(row["quality"] == Quality.ESTIMATED for row in domains):
        console.print("estimated: watts from a model of CPU time, not measured", soft_wrap=True)
    common.print_unavailable(console, choice.unavailable)
    for problem in catalog.problems():
        console.print(f"warning: {problem}", style="yellow", soft_wrap=True)
    console.print(
        "`mutegreen help metering` explains the meters, their accuracy and how to enable them", soft_wrap=True
    )
    return 0
