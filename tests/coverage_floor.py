"""Print the branch coverage of packages, and fail below a floor: `python tests/coverage_floor.py [PACKAGE ...]`.

The input is the data of `pytest --cov`. The column `Cover` of coverage's own report counts statements and branches
together; this is the share of only the branches.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
import tempfile
from pathlib import Path

from coverage import Coverage
from coverage.exceptions import CoverageException

FLOOR = 95.0
"""Per cent of the branches of each package."""

PACKAGES = ("attribution", "mutation", "stats", "store")


def branch_coverage(measured: Coverage, package: str) -> tuple[int, int]:
    """Return the number of branches of a package that were taken, and of all its branches."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        file = Path(folder, "coverage.json")
        measured.json_report(outfile=str(file), include=[f"*/mutegreen/{package}/*"])
        totals = json.loads(file.read_text(encoding="utf-8"))["totals"]
    return totals["covered_branches"], totals["num_branches"]


def main(words: list[str]) -> int:
    """Check the packages; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packages", nargs="*", default=PACKAGES, metavar="PACKAGE")
    parser.add_argument("--floor", type=float, default=FLOOR, help="per cent of the branches (default: %(default)s)")
    options = parser.parse_args(words)
    measured = Coverage()
    measured.load()
    low = []
    for package in options.packages:
        try:
            taken, branches = branch_coverage(measured, package)
        except CoverageException as error:
            print(f"{package:<12} not measured: {error}")
            low.append(package)
            continue
        percent = 100 * taken / branches if branches else 100.0
        print(f"{package:<12} {taken:>5} of {branches:>5} branches  {percent:6.2f} %")
        if percent < options.floor:
            low.append(package)
    if low:
        print(f"below {options.floor:g} %: {', '.join(low)}", file=sys.stderr)
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
