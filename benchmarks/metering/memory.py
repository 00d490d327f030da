"""Measure the memory over an hour of sampling, in simulated time: one open window, all meters read ten times a second.

Run as `python memory.py SECONDS`.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

from benchmarks.metering.machine import SimulatedDevices
from benchmarks.metering.table import show
from mutegreen.meters.base import Meter
from mutegreen.meters.estimate import meter as estimate
from mutegreen.meters.estimate.meter import EstimateMeter
from mutegreen.meters.nvml.meter import NvmlMeter
from mutegreen.meters.rapl.meter import RaplMeter
from mutegreen.meters.recorder import PERIOD_S, Recorder

PARTS = 6
KIB = 2**10


def main() -> None:
    samples = round(float(sys.argv[1]) / PERIOD_S)
    with tempfile.TemporaryDirectory() as name:
        machine = SimulatedDevices(Path(name))
        recorder = Recorder(open_all(machine), clock=machine.clock, boot_clock=machine.clock)
        recorder.begin("hour")
        rows = list(sample(machine, recorder, samples))
        energies = recorder.end("hour").domains
        recorder.close()
    title = f"3. Memory over {samples} samples of {len(energies)} domains"
    show(title, ("simulated minutes", "resident, KiB", "growth, KiB"), rows)
    assert all(one.energy_j is not None for one in energies)


def open_all(machine: SimulatedDevices) -> list[Meter]:
    """Open all three meters. The estimate gets domains of its own: a recorder accepts a domain from one meter only."""
    estimate.CPU, estimate.DRAM = "cpu:estimate", "dram:estimate"
    clock = machine.clock
    meters: list[Meter] = [
        EstimateMeter(clock=clock),
        RaplMeter(machine.powercap.root, clock=clock, boot_clock=clock, sleep=clock.advance),
        NvmlMeter(clock=clock, cpu_clock=lambda: 0.0, sleep=clock.advance),
    ]
    for meter in meters:
        meter.open()
    return meters


def sample(machine: SimulatedDevices, recorder: Recorder, samples: int) -> Iterator[list[str]]:
    """Sample, with a row of the table at the beginning and after each part."""
    before = resident_kib()
    yield ["0", f"{before:.0f}", ""]
    for part in range(1, PARTS + 1):
        for _ in range(samples // PARTS):
            machine.clock.advance(PERIOD_S)
            recorder.sample()
        now = resident_kib()
        yield [f"{part * (samples // PARTS) * PERIOD_S / 60:.0f}", f"{now:.0f}", f"{now - before:+.0f}"]
        before = now


def resident_kib() -> float:
    return float(psutil.Process().memory_info().rss) / KIB


if __name__ == "__main__":
    main()
