"""Compute the tables of the published study that `mutegreen study` shows next to ours, by the study's own protocol.

python benchmarks/published_study.py [--rows tests/data/measurements.csv] [--into mutegreen/replication]
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

from mutegreen.replication.published import CORRELATIONS, VERDICTS
from mutegreen.report.records import flat_record
from mutegreen.stats import paper
from mutegreen.store.rows import read_csv

ROOT = Path(__file__).parent.parent
LABELS = ("subject", "background", "hyperparameter")
TABLES = {
    CORRELATIONS: ("correlations", (*LABELS, "metric", "n", "spearman", "spearman_p")),
    VERDICTS: (
        "comparisons",
        (*LABELS, "mutant", "value", "default", "metric", "n", "n_original", "relative_change", "verdict"),
    ),
}
"""By file, the records of an analysis and their fields."""


def write(rows: Path, into: Path) -> None:
    analysis = paper.analyse(read_csv(rows))
    for name, (records, fields) in TABLES.items():
        write_table(into / name, fields, getattr(analysis, records))


def write_table(file: Path, fields: Sequence[str], records: Sequence[object]) -> None:
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(fields)
        writer.writerows([record[field] for field in fields] for record in map(flat_record, records))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=Path, default=ROOT / "tests/data/measurements.csv")
    parser.add_argument("--into", type=Path, default=ROOT / "mutegreen/replication")
    arguments = parser.parse_args()
    write(arguments.rows, arguments.into)
