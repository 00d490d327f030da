"""Error rates of both protocols on simulated audits with known effects: false alarms, power, coverage.

    OMP_NUM_THREADS=1 python benchmarks/protocol [--quick] [--parts 12345] [--into docs/statistics.md]

Prints tables in markdown. The full run takes about ten minutes on one core, the quick one some seconds.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.protocol import detectable_effect, false_alarms, interval_coverage, power, rows, safety

BEGIN, END = "<!-- begin of benchmarks/protocol -->", "<!-- end of benchmarks/protocol -->"


class Simulation(NamedTuple):
    """A simulation: its title, its function, and its number of audits in a full and in a quick run."""

    title: str
    report: Callable[[int], str]
    full: int
    quick: int


SIMULATIONS = (
    Simulation("False alarms", false_alarms.report, 1000, 2),
    Simulation("Power", power.report, 200, 2),
    Simulation("Recommendations", safety.report, 500, 2),
    Simulation("Intervals", interval_coverage.report, 200, 2),
    Simulation("Minimum detectable effect", detectable_effect.report, 400, 2),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="use the smallest sizes, to check that it works")
    parser.add_argument("--parts", default="12345", help="numbers of the parts to run, for example 13")
    parser.add_argument("--into", type=Path, help="replace the tables of this document")
    arguments = parser.parse_args()
    rows.check()
    reports = []
    for number, simulation in enumerate(SIMULATIONS, start=1):
        if str(number) in arguments.parts:
            start = time.monotonic()
            audits = simulation.quick if arguments.quick else simulation.full
            reports.append(f"### {simulation.title}\n\n{simulation.report(audits)}\n")
            print(reports[-1], flush=True)
            print(f"{simulation.title}: {time.monotonic() - start:.0f} s", file=sys.stderr)
    if arguments.into:
        replace_tables(arguments.into, "\n".join(reports))


def replace_tables(document: Path, tables: str) -> None:
    """Replace the text between the two marks of a document by the tables."""
    before, _, rest = document.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    document.write_text(f"{before}{BEGIN}\n\n{tables}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
