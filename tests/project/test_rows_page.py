"""docs/rows.md: its example is analysed, and it names every column."""

from __future__ import annotations

import json
import re
from pathlib import Path

from mutegreen.store import export_rows
from support.commands import Run
from support.paths import ROOT

PAGE = (ROOT / "docs" / "rows.md").read_text(encoding="utf-8")


def test_the_example_is_analysed(mutegreen: Run, tmp_path: Path) -> None:
    (example,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "rows.csv").write_text(example)
    found = json.loads(mutegreen("stats", "--csv", "rows.csv", "--json").stdout)
    assert found["goals"] == {"digits": "maximize"}
    assert {row["verdict"] for row in found["verdict"] if row["metric"] == "package_j"} == {"win"}


def test_every_column_of_an_export_is_described_once() -> None:
    cells = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("|")]
    described = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    assert set(export_rows.COLUMNS) <= set(described)
    assert len(described) == len(set(described))
