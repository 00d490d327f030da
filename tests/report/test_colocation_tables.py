"""Tables on co-location: they show all results, at any width and on any page."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pandas as pd
import pytest
from rich.console import Console

from mutegreen.report.attribution_sentences import concurrency_effect_lines
from mutegreen.report.pages.builders import tables_of
from mutegreen.report.pages.csv_records import csv_of
from mutegreen.report.terminal.tables import render
from mutegreen.stats.analysis import Analysis
from mutegreen.stats.careful import CarefulAnalysis, analyse
from mutegreen.stats.colocation.attribution import ConcurrencyEffect
from mutegreen.stats.interval import Interval
from mutegreen.store.rows import read_csv
from support.paths import MEASUREMENTS
from support.simulated import noisy, rows_of
from support.simulated_queue import queue, queue_rows

DATA = MEASUREMENTS
EFFECTS = {"original": (0.0, 0.0), "epochs=3": (-0.1, 0.0), "epochs=4": (0.1, 0.0), "identity": (0.0, 0.0)}


def shown(analysis: Analysis, width: int = 80) -> str:
    console = Console(file=(output := io.StringIO()), width=width, color_system=None)
    console.print(render(analysis))
    return output.getvalue()


@pytest.fixture(scope="module")
def published() -> Analysis:
    return analyse(read_csv(DATA))


@pytest.fixture(scope="module")
def turned() -> CarefulAnalysis:
    """An analysis in which the background load turns a saving into a loss and doubles every duration, and its own."""
    exclusive = rows_of(noisy(EFFECTS, seed=1))
    colocated = rows_of(noisy(EFFECTS | {"epochs=3": (0.1, 0.0)}, seed=2), background="other")
    colocated = colocated.assign(
        duration_s=2 * colocated["duration_s"], background_slowdown=1.5, background_restarts=1.0
    )
    return analyse(pd.concat([exclusive, colocated], ignore_index=True))


@pytest.mark.parametrize("width", [80, 100, 120, 220])
def test_nothing_is_too_wide_or_cut_off(published: Analysis, turned: Analysis, width: int) -> None:
    for analysis in (published, turned):
        text = shown(analysis, width)
        assert max(map(len, text.splitlines())) <= width
        assert "…" not in text


def test_a_verdict_that_turned_is_marked(turned: CarefulAnalysis) -> None:
    text = shown(turned, 120)
    line = next(line for line in text.splitlines() if line.startswith("epochs 3") and "→" in line)
    assert line.count("win → loss!") == 5
    assert re.search(r"identity +tie", text)
    assert "5 of 18 verdicts differ when co-located; effects that differ significantly: CPU of epochs 3" in " ".join(
        text.split()
    )


def test_slowdowns_are_shown(turned: CarefulAnalysis) -> None:
    text = " ".join(shown(turned).split())
    assert re.search(r"original when co-located: (1\.9|2\.0)\d\d times that of exclusive trials \(95 % CI \[", text)
    assert (
        "Slowdown of the background load: factor 1.500 per epoch (95 % CI [1.500, 1.500]); restarts in total:" in text
    )


def test_the_conclusion_is_shown_once(published: Analysis) -> None:
    text = " ".join(shown(published).split())
    assert text.count("Co-location: When co-located, energy is significantly more susceptible to change in 1 of 8") == 1
    assert "Mutants trained both exclusively and co-located: 4; only exclusively: 11; only co-located: 11." in text


def test_exclusive_scenarios_have_no_tables_of_co_location(turned: CarefulAnalysis) -> None:
    names = {(table.scenario, table.name) for table in tables_of(turned) if table.name.startswith("company")}
    assert {scenario for scenario, _ in names} == {"simulated, co-located with other"}
    assert {name for _, name in names} == {
        "company_susceptibility", "company_verdict", "company_correlation", "company_win_tie_loss", "company_slowdown",
    }  # fmt: skip


def test_pages_have_the_values_of_the_analysis(turned: CarefulAnalysis) -> None:
    (times,) = tables_of(turned, ["company_slowdown"])
    assert [row.cells[0] for row in times.rows] == ["original", "epochs 3", "epochs 4", "identity"]
    slower = next(row.slowdown for row in turned.colocation.slowdown if row.mutant == "original")
    interval = f"[{slower.low:.3f}, {slower.high:.3f}]"
    assert times.rows[0].cells[1:] == ("5", "5", f"{slower.value:.3f}", interval)
    verdicts = next(table for table in tables_of(turned, ["company_verdict"]) if table.part == "gpu_j")
    own = next(row for row in turned.colocation.verdict if (row.mutant, row.metric) == ("epochs=3", "gpu_j"))
    assert verdicts.rows[0].cells[5] == f"{100 * own.extra.value:+.2f}"


@pytest.mark.parametrize(
    ("name", "records"),
    [
        ("company_susceptibility", "susceptibility"),
        ("company_verdict", "verdict"),
        ("company_correlation", "correlation"),
        ("company_slowdown", "slowdown"),
        ("company_win_tie_loss", "win_tie_loss"),
        ("company_background_slowdown", "background_slowdown"),
    ],
)
def test_csv_has_every_record(turned: CarefulAnalysis, name: str, records: str) -> None:
    assert len(pd.read_csv(io.StringIO(csv_of(turned, name)))) == len(getattr(turned.colocation, records)) > 0


def test_exclusive_and_co_located_counts_have_columns_of_their_own(turned: CarefulAnalysis) -> None:
    frame = pd.read_csv(io.StringIO(csv_of(turned, "company_win_tie_loss")))
    row = frame[(frame["energy"] == "gpu_j") & (frame["hyperparameter"] == "epochs")].iloc[0]
    assert (row["alone_energy_win_performance_tie"], row["energy_win_performance_tie"]) == (1, 0)


def test_varying_concurrency_is_reported_in_the_terminal_and_on_pages() -> None:
    found = analyse(queue_rows(queue([1.0, 0.8, 1.2, 1.0], 5, 2, slowing=1.0), by_use=0.3))
    sentence = "Effect of twice as many concurrent trainings: GPU "
    text = shown(found)
    assert re.search(sentence + r"[-+.\d]+% \(95 % CI [-+.\d]+% to [-+.\d]+%, p ", " ".join(text.split()))
    assert "Comparisons of energy and time are adjusted for it." in " ".join(text.split())
    assert ", concurrent trials" in text.splitlines()[0]
    assert ", exclusive" not in text
    (trust,) = tables_of(found, ["trust"])
    assert any(sentence in note for note in trust.notes)
    assert any("depend on how that part is divided" in note for note in trust.notes)
    assert len(pd.read_csv(io.StringIO(csv_of(found, "weak")))) == len(found.attribution[0].weak)


def test_the_effect_of_concurrency_is_not_shown_with_a_background_load() -> None:
    rows = queue_rows(queue([1.0, 0.8, 1.2, 1.0], 5, 2, slowing=1.0), by_use=0.3).assign(background="load")
    found = analyse(rows)
    assert found.concurrency_effects
    assert "concurrent trainings" not in shown(found)


def test_an_effect_of_concurrency_with_a_wide_interval_is_not_shown() -> None:
    effect = ConcurrencyEffect("s", "", "gpu_j", 0.5, 0.6, Interval.of(7.4, -1.0, 1000.0), 0.65)
    precise = replace(effect, metric="duration_s", doubling=Interval.of(0.5, 0.4, 0.6), p=0.001)
    (text,) = concurrency_effect_lines([effect, precise])
    assert "Effect of twice as many concurrent trainings: time +50.0% (95 % CI +40.0% to +60.0%, p 0.001)" in text.plain
    assert "Effect of twice as many concurrent trainings on GPU: cannot be estimated here" in text.plain
    assert "740" not in text.plain
