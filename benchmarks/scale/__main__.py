"""Measure time and memory of `mutegreen stats --csv FILE --json` on ten thousand to a million rows.

Cliff's delta is compared with the package cliffs-delta.

    python benchmarks/scale [--rows 10000 100000 1000000] [--rounds 1] [--quick]

Every file has 100 repetitions of each mutant; `export` has the columns of an export of ours, `bare` only those of the
contract. A run is one process from start to end: wall time, processor time and largest resident memory. The growth is
the exponent of the power law from one size to ten times as much: 1 is proportional, and the start of Python, one to
two seconds, makes it smaller.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.scale import deltas

HERE = Path(__file__).parent
REPETITIONS = 100


@dataclass(frozen=True)
class ScaleRun:
    """Time and memory of one process."""

    rows: int
    wall_s: float
    cpu_s: float
    peak_gb: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=1, help="the fastest counts: other programs only slow down")
    parser.add_argument("--quick", action="store_true", help="the smallest sizes, to see that it works")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rows = [1000, 2000]
    for kind, options in (("export", []), ("bare", ["--bare"])):
        runs = [fastest(rows // REPETITIONS, options, arguments.rounds) for rows in arguments.rows]
        report(kind, runs)
    deltas.report(deltas.QUICK if arguments.quick else deltas.FULL)


def fastest(mutants: int, options: list[str], rounds: int) -> ScaleRun:
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "rows.csv"
        words = [str(HERE / "files.py"), str(file), str(mutants), str(REPETITIONS), *options]
        # A separate process: the memory that this process has held would count as the peak of those that it starts.
        subprocess.run([sys.executable, *words], check=True)
        return min((analysed(file, mutants * REPETITIONS) for _ in range(rounds)), key=lambda run: run.wall_s)


def analysed(file: Path, rows: int) -> ScaleRun:
    command = [sys.executable, "-m", "mutegreen", "stats", "--csv", str(file), "--json"]
    with (file.parent / "stats.json").open("wb") as output:
        began = time.monotonic()
        process = subprocess.Popen(command, stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.monotonic() - began
    assert status == 0, f"exit status {os.waitstatus_to_exitcode(status)}"
    return ScaleRun(rows, wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e9)


def report(kind: str, runs: list[ScaleRun]) -> None:
    print(f"{kind:10} {'wall s':>8} {'cpu s':>8} {'peak GB':>8}   growth of wall, cpu, memory")
    for before, run in zip([None, *runs], runs, strict=False):
        growth = "" if before is None else " ".join(f"{each:6.2f}" for each in exponents(before, run))
        print(f"{run.rows:>10,} {run.wall_s:8.1f} {run.cpu_s:8.1f} {run.peak_gb:8.2f}   {growth}", flush=True)


def exponents(before: ScaleRun, run: ScaleRun) -> list[float]:
    times = math.log(run.rows / before.rows)
    pairs = ((before.wall_s, run.wall_s), (before.cpu_s, run.cpu_s), (before.peak_gb, run.peak_gb))
    return [math.log(large / small) / times for small, large in pairs]


if __name__ == "__main__":
    main()
