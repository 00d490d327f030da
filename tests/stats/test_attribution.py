"""Verdicts on attributed energy: which are weak for some attribution of the blind parts."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from mutegreen.model import Verdict
from mutegreen.report.terminal.tables import render
from mutegreen.stats.careful import CarefulAnalysis, analyse
from mutegreen.stats.colocation.attribution import Attribution
from support.simulated import noisy, rows_of
from support.simulated_queue import queue, queue_rows

ARMS = {"original": (0.0, 0.0), "epochs=3": (-0.1, 0.0), "epochs=4": (0.1, 0.0), "epochs=5": (0.0, 0.0)}


def shared(*, by_use: float | None, idle: float | None, companions: float = 1.0, **columns: Any) -> pd.DataFrame:
    """Rows with GPU energy only, of which `by_use` was divided by use and `idle` is idle power."""
    observations = {arm: {"gpu_j": cells["gpu_j"]} for arm, cells in noisy(ARMS, 6, noise=0.003).items()}
    rows = rows_of(observations).assign(companions=companions, by_use=by_use, **columns)
    return rows.assign(net_gpu_j=np.nan if idle is None else (1 - idle) * rows["gpu_j"])


def the(found: CarefulAnalysis) -> Attribution:
    (row,) = found.attribution
    return row


def text_of(found: CarefulAnalysis) -> str:
    console = Console(file=(output := io.StringIO()), width=80, color_system=None)
    console.print(render(found))
    return " ".join(output.getvalue().split())


def test_exclusive_trials_have_no_attribution() -> None:
    assert analyse(rows_of(noisy(ARMS))).attribution == ()
    assert analyse(shared(by_use=None, idle=0.3, companions=0.0)).attribution == ()


def test_with_a_background_load_nothing_is_attributed() -> None:
    assert analyse(shared(by_use=0.4, idle=0.3, background="other")).attribution == ()


def test_no_verdict_is_weak_if_all_active_power_is_divided_by_use() -> None:
    found = analyse(shared(by_use=0.7, idle=0.3))
    assert (the(found).blind, the(found).weak, the(found).decided) == (pytest.approx(0.0, abs=1e-12), (), 3)
    assert "(all active energy divided by use). All 3 verdicts on GPU hold." in text_of(found)


@pytest.mark.parametrize(
    ("by_use", "idle", "blind"), [(0.5, 0.3, 0.2), (0.5, None, 0.5), (None, 0.3, 0.7), (None, None, 1.0)]
)
def test_energy_neither_idle_nor_by_use_is_blind(by_use: float | None, idle: float | None, blind: float) -> None:
    row = the(analyse(shared(by_use=by_use, idle=idle)))
    assert row.blind == pytest.approx(blind)
    assert (row.trainings, row.of) == (24, 24)


@pytest.mark.parametrize("companions", [1.0, 3.0])
def test_the_range_is_that_of_the_extreme_attributions(companions: float) -> None:
    """By hand: a tenth of each energy is blind, and belongs to the original or to the mutant."""
    found = analyse(shared(by_use=0.6, idle=0.3, companions=companions))
    changes = {row.mutant: row.relative_change.value for row in found.comparisons}
    for each in the(found).weak:
        ratio = 1 + changes[each.mutant]
        assert each.low == pytest.approx(ratio * 0.9 / (1 + companions * 0.1) - 1)
        assert each.high == pytest.approx(ratio * (1 + companions * 0.1) / 0.9 - 1)


def test_a_verdict_is_weak_exactly_if_an_attribution_changes_it() -> None:
    """A saving of 10 % with a blind share b and one other trial is not weak while 0.9 (1 + b) / (1 - b) < 1."""
    most = 0.1 / 1.9
    for blind, weak in ((most - 0.005, {"epochs=5"}), (most + 0.005, {"epochs=3", "epochs=4", "epochs=5"})):
        row = the(analyse(shared(by_use=0.7 - blind, idle=0.3)))
        assert {each.mutant for each in row.weak} == weak
    assert {each.verdict for each in row.weak} == {Verdict.WIN, Verdict.LOSS, Verdict.TIE}


def test_a_tie_is_weak_if_the_attribution_could_hide_more_than_the_margin() -> None:
    for blind, weak in ((0.004, 0), (0.02, 1)):
        assert len(the(analyse(shared(by_use=0.7 - blind, idle=0.3))).weak) == weak


def test_without_measured_use_every_verdict_on_energy_is_weak() -> None:
    """Without measured use, attributed energy only reflects durations, and every verdict on it is weak."""
    found = analyse(queue_rows(queue([1.0, 0.8, 1.3, 1.0], 6, 2), by_use=0.0))
    row = the(found)
    assert row.decided == len(row.weak) > 0
    assert "depend on how that part is divided" in text_of(found)
    assert "Measure these mutants without --jobs to be sure." in text_of(found)


def test_exclusive_trials_are_not_blind() -> None:
    rows = shared(by_use=0.0, idle=0.0).assign(companions=[0.0, 1.0] * 12)
    row = the(analyse(rows))
    assert (row.trainings, row.of, row.blind) == (12, 24, pytest.approx(1.0))


def test_the_total_is_used_where_several_domains_are_measured() -> None:
    rows = rows_of(noisy(ARMS)).assign(companions=1.0, by_use=0.2)
    assert the(analyse(rows)).metric == "total_j"
