"""`mutegreen stats`: its options, its JSON, its errors."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from support.commands import Run
from support.paths import DATA

CSV = DATA / "measurements.csv"
METRICS = {"package_j", "dram_j", "gpu_j", "duration_s", "performance"}


def found(mutegreen: Run, *words: object) -> dict[str, Any]:
    done = mutegreen("stats", "--csv", CSV, "--json", *words)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return dict(json.loads(done.stdout))


def test_the_published_protocol_gives_the_published_results(mutegreen: Run) -> None:
    expected = json.loads((DATA / "expected.json").read_text())
    rows = found(mutegreen, "--protocol", "paper")
    for name, keys in (
        ("correlation", ("subject", "background", "hyperparameter", "metric")),
        ("verdict", ("subject", "background", "mutant", "metric")),
        ("win_tie_loss", ("subject", "background", "hyperparameter", "energy")),
    ):
        own = {tuple(row[key] for key in keys): row for row in rows[name]}
        for row in expected[name]:
            mine = own[tuple(row[key] for key in keys)]
            for key, result in row.items():
                near = isinstance(result, float) and math.isclose(result, mine[key], rel_tol=1e-6, abs_tol=1e-9)
                assert near or result == mine[key], (name, row, mine)


def test_the_default_protocol_keeps_the_contract_and_adds_to_it(mutegreen: Run) -> None:
    rows = found(mutegreen)
    assert rows["protocol"] == "careful"
    assert {row["metric"] for row in rows["verdict"]} == METRICS
    assert {row["metric"] for row in rows["correlation"]} == METRICS
    assert {row["energy"] for row in rows["win_tie_loss"]} == {"package_j", "dram_j", "gpu_j"}
    assert {row["metric"] for row in rows["total"]["verdict"]} == {"total_j"}
    assert {row["verdict"] for row in rows["verdict"]} <= {"win", "tie", "loss", "undecided"}
    for row in rows["verdict"]:
        assert row["relative_low"] <= row["relative_change"] <= row["relative_high"]
        assert row["p"] <= row["p_adjusted"]
    assert {"trend", "interaction", "energy_to_target", "advice", "trust", "flags", "settings"} <= rows.keys()


def test_the_careful_protocol_calls_fewer_copies_different(mutegreen: Run) -> None:
    """In these data gamma were never applied: every mutant of it is the original once more."""
    alarms = {}
    for protocol in ("paper", "careful"):
        rows = found(mutegreen, "--protocol", protocol)["verdict"]
        copies = [row for row in rows if row["hyperparameter"] == "gamma"]
        assert len(copies) == 100
        alarms[protocol] = sum(row["verdict"] in ("win", "loss") for row in copies)
    # The rest is one scenario whose original was trained at another time than its mutants.
    assert alarms["paper"] == 19
    assert alarms["careful"] <= 6


def test_benjamini_and_hochberg_decide_more(mutegreen: Run) -> None:
    decided = {}
    for adjustment in ("holm", "bh"):
        rows = found(mutegreen, "--adjust", adjustment)["verdict"]
        decided[adjustment] = sum(row["verdict"] in ("win", "loss") for row in rows)
    assert decided["bh"] > decided["holm"]


def test_a_wider_margin_gives_more_ties_and_a_tolerance_more_recommendations(mutegreen: Run) -> None:
    ties = {
        margin: sum(row["verdict"] == "tie" for row in found(mutegreen, "--margin", margin)["verdict"])
        for margin in ("1%", "0.05")
    }
    assert ties["1%"] < ties["0.05"]
    advised = {
        tolerance: sum(len(row["recommended"]) for row in found(mutegreen, "--tolerance", tolerance)["advice"])
        for tolerance in ("0", "0.05")
    }
    assert advised["0"] < advised["0.05"]


def test_one_metric_in_full(mutegreen: Run) -> None:
    done = mutegreen("stats", "--csv", CSV, "--metric", "gpu_j")
    assert done.returncode == 0
    assert "GPU: each mutant against the original" in done.stdout
    assert "CPU" not in done.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--margin", "2"), "2 is not between 0 and 1 (0% and 100%); give for example 2% or 0.02"),
        (("--margin", "two"), "two is not between 0 and 1"),
        (("--margin", "0%"), "0% is not between 0 and 1"),
        (("--tolerance", "nan"), "--tolerance nan is not a finite number"),
        (("--tolerance", "-1"), "-1"),
        (("--metric", "watts"), "watts"),
        (("--adjust", "none"), "none"),
        (("--protocol", "bayes"), "bayes"),
        (("some-audit",), "an audit and --csv cannot be combined"),
        (("--phases",), "--phases and --csv cannot be combined: a CSV file holds no phases"),
    ],
)
def test_wrong_usage_is_one_clear_line(mutegreen: Run, words: tuple[str, ...], message: str) -> None:
    done = mutegreen("stats", "--csv", CSV, *words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert message in done.stderr
    assert "Traceback" not in done.stderr
