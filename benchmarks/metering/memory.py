"""Memory over an hour of sampling, in simulated time: one window open, all meters read ten times a second."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import psutil
from machine import Simulated
from table import show

from mutegreen.meters.base import Meter
from mutegreen.meters.estimate import EstimateMeter
from mutegreen.meters.nvml import NvmlMeter
from mutegreen.meters.rapl import RaplMeter
from mutegreen.meters.recorder import PERIOD_S, Recorder

REPORTS = 6
MIB = 2**20


def main() -> None:
    """Sample for so many simulated seconds, the first argument, and print the memory along the way."""
    samples = round(float(sys.argv[1]) / PERIOD_S)
    with tempfile.TemporaryDirectory() as name:
        machine = Simulated(Path(name))
        clock = machine.clock
        meters: list[Meter] = [
            EstimateMeter(clock=clock),
            RaplMeter(machine.powercap.root, clock=clock, boot_clock=clock, sleep=clock.advance),
            NvmlMeter(clock=clock, sleep=clock.advance),
        ]
        for meter in meters:
            meter.open()
        # The estimate reads the same classes as rapl, of another name: the recorder takes any domains that differ.
        recorder = Recorder(_distinct(meters), clock=clock, boot_clock=clock, sleep=clock.advance)
        recorder.begin("hour")
        rows = [_row(machine, recorder, samples // REPORTS * part, samples // REPORTS) for part in range(REPORTS)]
        show(f"3. Memory over {samples} samples of {len(recorder.domains)} domains", HEADS, rows)
        recorder.close()


HEADS = ("simulated minutes", "RSS, MiB", "growth, KiB")


if __name__ == "__main__":
    main()
