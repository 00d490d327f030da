"""Measure what metering costs: slowdown of a training, CPU time and memory of the sampler, compared with other tools.

    python benchmarks/metering [--quick]

The meters are the real ones. The devices are simulated, except the load of this machine's CPUs (`estimate`). The
benchmark therefore needs no hardware, and the true energy is known. A real driver's calls cost more than the simulated
ones.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.metering import cost, slowdown
from benchmarks.metering.child import FOLDER
from benchmarks.metering.machine import BURSTS, ROOT, STEADY, FakeGpu, Machine

ALL = ("estimate", "rapl", "nvml")
UPDATE_S = 0.1
"""Time between two updates of the slower simulated counter."""


class RunSizes(NamedTuple):
    """Durations and numbers of rounds."""

    pairs: int
    piece_s: float
    rounds: int
    window_s: float
    hour_s: float


FULL = RunSizes(pairs=200, piece_s=0.1, rounds=3, window_s=5.0, hour_s=3600.0)
QUICK = RunSizes(pairs=3, piece_s=0.05, rounds=1, window_s=0.2, hour_s=6.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the smallest sizes, to see that it works")
    parser.add_argument("--parts", default="1234", help="which of the four tables, for example 13")
    arguments = parser.parse_args()
    system = f"Python {platform.python_version()}, {platform.platform()}, {os.cpu_count()} CPUs"
    print(f"{system}, load {os.getloadavg()[0]:.2f}", flush=True)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        machines = {
            label: stack.enter_context(Machine(Path(name) / label.replace(" ", "-"), gpu)) for label, gpu in gpus()
        }
        report(machines, QUICK if arguments.quick else FULL, arguments.parts)


def gpus() -> list[tuple[str, FakeGpu]]:
    """Return GPUs: with a counter that is current, with one updated every 0.1 s and mean power, and with power only."""
    return [
        ("fresh counter", FakeGpu(watts=STEADY)),
        ("slow counter", FakeGpu(watts=BURSTS, counter_period_s=UPDATE_S, power_period_s=0.02, average_s=1.0)),
        ("power alone", FakeGpu(watts=BURSTS, counter=0, power_period_s=0.02)),
    ]


def report(machines: dict[str, Machine], sizes: RunSizes, parts: str) -> None:
    """Print the requested tables."""
    if "1" in parts:
        rates = {"10 Hz": machines["fresh counter"], "10 Hz, GPU at 80 Hz": machines["slow counter"]}
        slowdown.report(rates, ALL, loads(), sizes.pairs, sizes.piece_s)
    if "2" in parts:
        cost.report_sampler(sets(machines), sizes.rounds, sizes.window_s)
    if "3" in parts:
        subprocess.run([sys.executable, FOLDER / "memory.py", str(sizes.hour_s)], check=True, env=python_path())
    if "4" in parts:
        bursting = {label: machines[label] for label in ("slow counter", "power alone")}
        cost.report_others(bursting, sizes.rounds, sizes.window_s)


def sets(machines: dict[str, Machine]) -> dict[str, tuple[Machine, tuple[str, ...]]]:
    """Return the sets of meters whose cost is measured, each with the machine that it reads."""
    fresh, slow, power = machines.values()
    return {
        "none: the recorder alone": (fresh, ()),
        "estimate": (fresh, ("estimate",)),
        "rapl, 4 domains": (fresh, ("rapl",)),
        "nvml, fresh counter": (fresh, ("nvml",)),
        "nvml, counter updated every 0.1 s: sampled at 80 Hz": (slow, ("nvml",)),
        "nvml, power alone: sampled at 80 Hz": (power, ("nvml",)),
        "all three, fresh counter": (fresh, ALL),
        "all three, slow counter": (slow, ALL),
    }


def loads() -> tuple[str, ...]:
    """Return the loads that can run here."""
    if importlib.util.find_spec("torch"):
        return ("numpy", "torch")
    print("torch is not installed: its load is skipped")
    return ("numpy",)


def python_path() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}


if __name__ == "__main__":
    main()
