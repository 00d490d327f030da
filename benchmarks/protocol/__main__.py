"""Measure how often the protocols are wrong, on simulated audits with known effects.

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

from benchmarks.protocol import false_alarms, interval_coverage, power, rows, safety, smallest

BEGIN, END = "<!-- begin of benchmarks/protocol -->", "<!-- end of benchmarks/protocol -->"


class Part(NamedTuple):
    """A question, the function that answers it, and the number of audits in a full and in a quick run."""

    title: str
    report: Callable[[int], str]
    full: int
    quick: int


PARTS = (
    Part("False alarms", false_alarms.report, 1000, 2),
    Part("Power", power.report, 200, 2),
    Part("Recommendations", safety.report, 500, 2),
    Part("Intervals", interval_coverage.report, 200, 2),
    Part("The smallest effect", smallest.report, 400, 2),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the smallest sizes, to see that it works")
    parser.add_argument("--parts", default="12345", help="which of the five parts, for example 13")
    parser.add_argument("--into", type=Path, help="a document whose tables are replaced")
    arguments = parser.parse_args()
    rows.check()
    told = []
    for number, part in enumerate(PARTS, start=1):
        if str(number) in arguments.parts:
            began = time.monotonic()
            told.append(f"### {part.title}\n\n{part.report(part.quick if arguments.quick else part.full)}\n")
            print(told[-1], flush=True)
            print(f"{part.title}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    if arguments.into:
        replace_tables(arguments.into, "\n".join(told))


def replace_tables(document: Path, tables: str) -> None:
    """Put the tables between the two marks of a document."""
    before, _, rest = document.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    document.write_text(f"{before}{BEGIN}\n\n{tables}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
