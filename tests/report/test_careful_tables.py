"""The tables of the careful protocol: what was found is said, in 80 columns, and nothing that was not."""

from __future__ import annotations

import io
import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from rich.table import Table

from mutegreen.report.layout import FittingTable
from mutegreen.report.terminal.tables import render
from mutegreen.stats.careful import CarefulAnalysis, analyse
from mutegreen.store.rows import read_csv, rows_frame
from support.paths import DATA

MUTANTS = {"epochs=10": 10.0, "epochs=15": 15.0, "epochs=25": 25.0, "epochs=30": 30.0}
SHORT_CELL = re.compile(r"(?:[+-][\d.]+|0\.00)% (?:w|t|l|\?)(?= |\n|$)")


def shown(analysis: CarefulAnalysis, width: int = 80, metric: str | None = None) -> str:
    console = Console(file=(output := io.StringIO()), width=width, color_system=None)
    console.print(render(analysis, metric))
    return output.getvalue()


def joined(text: str) -> str:
    """Sentences as they were before the terminal folded them."""
    return re.sub(r" *\n *", " ", text)


def rows(*, drift: float = 0.0, loss: float = 0.0, noise: float = 0.01, repetitions: int = 6) -> pd.DataFrame:
    """An audit in blocks: 20 epochs cost 1,400 J, each epoch 60 J; `loss` is that of performance for each epoch less.

    Args:
        drift: Relative rise of energy over the audit.
        loss: Of performance, for each epoch less than 20.
        noise: Coefficient of variation.
        repetitions: Blocks.
    """
    random = np.random.default_rng(11)
    records = []
    arms = {"original": 20.0, "identity": 20.0, **MUTANTS}
    for block in range(repetitions):
        for position, (mutant, epochs) in enumerate(random.permutation(list(arms.items()))):
            done = (block + position / len(arms)) / repetitions
            spent = (200 + 60 * float(epochs)) * (1 + drift * done) * math.exp(random.normal(0, noise))
            changed = mutant not in ("original", "identity")
            records.append(
                {
                    "subject": "demo",
                    "background": None,
                    "mutant": str(mutant),
                    "hyperparameter": "epochs" if changed else {"identity": "identity"}.get(str(mutant)),
                    "value": float(epochs) if changed else None,
                    "default": 20.0 if changed else None,
                    "repetition": block,
                    "package_j": spent,
                    "dram_j": None,
                    "gpu_j": 2 * spent * math.exp(random.normal(0, noise)),
                    "duration_s": spent / 10,
                    "performance": 0.9 + random.normal(0, 0.001) - loss * max(0.0, 20 - float(epochs)),
                    "block": block,
                    "position": position,
                    "flags": "other_load" if block == 0 and position == 0 else "",
                }
            )
    return rows_frame(records)


@pytest.fixture(scope="module")
def published() -> CarefulAnalysis:
    return analyse(read_csv(DATA / "measurements.csv"))


@pytest.mark.parametrize("width", [80, 100, 140, 240])
def test_nothing_is_too_wide_or_cut_off(published: CarefulAnalysis, width: int) -> None:
    text = shown(published, width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text


def test_every_comparison_has_its_cell_in_80_columns(published: CarefulAnalysis) -> None:
    tables = re.findall(r"Each mutant against.*?\n\n", shown(published), re.DOTALL)
    assert sum(len(SHORT_CELL.findall(table)) for table in tables) == len(published.comparisons)


def test_a_wide_terminal_shows_intervals(published: CarefulAnalysis) -> None:
    row = next(row for row in published.comparisons if row.mutant == "pe11" and row.metric == "gpu_j")
    ends = f"[{100 * row.relative_change.low:+.1f}, {100 * row.relative_change.high:+.1f}]"
    assert ends in shown(published, 240)
    assert ends in shown(published, 80, metric="gpu_j")


def test_of_very_many_mutants_a_hundred_are_listed_and_the_others_are_counted() -> None:
    few = rows(repetitions=2)
    original = few[few["mutant"] == "original"]
    values = [f"{value}.5" for value in range(500)]
    many = pd.concat(
        [original, *(original.assign(mutant=v, hyperparameter="epochs", value=v, default=20.0) for v in values)]
    )
    analysis = analyse(rows_frame(many.to_dict("records")))
    for text in (shown(analysis), shown(analysis, metric="gpu_j")):
        lines = re.findall(r"^  (\d+\.5) ", text, re.MULTILINE)
        assert len(lines) == len(set(lines)) == 200
        assert (lines[0], lines[-1]) == ("0.5", "499.5")
        assert "200 of 500 mutants, evenly spaced; --json lists all." in joined(text)


def test_recommended_mutants_are_ordered_by_saving() -> None:
    text = shown(analyse(rows()))
    found = re.findall(r"^(epochs \d+) +([\d.]+)% ", text[text.index("Recommended mutants") :], re.MULTILINE)
    assert [name for name, _ in found] == ["epochs 10", "epochs 15"]
    # 60 J of 1,400 J an epoch.
    assert [float(saving) for _, saving in found] == pytest.approx([100 * 600 / 1400, 100 * 300 / 1400], abs=1.5)


def test_the_audits_own_energy_is_set_against_the_saving() -> None:
    frame = rows()
    analysis = analyse(frame)
    best = analysis.advice[0].recommended[0]
    spent_j = frame[["package_j", "gpu_j"]].to_numpy().sum()
    assert best.pays_back_after == math.ceil(spent_j / best.saving_j.value)
    assert f"The audit pays back after {best.pays_back_after:,} trainings with epochs" in joined(shown(analysis))


def test_mutants_that_lose_performance_are_not_recommended_with_a_reason() -> None:
    text = joined(shown(analyse(rows(loss=0.01))))
    assert "Reason: of the mutants that save energy significantly (epochs 10, epochs 15)" in text


def test_required_repetitions_are_shown() -> None:
    analysis = analyse(rows(noise=0.3, repetitions=3))
    text = joined(shown(analysis))
    assert "Reason: no mutant saves energy significantly." in text
    first = analysis.advice[0].needed[0]
    assert f"about {first.more} ({first.repetitions} in all); estimated saving" in text
    assert "Further repetitions needed, beyond the 3 done, to test the most promising mutants" in text


def test_drift_is_warned_of_and_no_drift_is_not() -> None:
    assert "Warning: significant drift during the audit (CPU" in joined(shown(analyse(rows(drift=0.1))))
    assert "significant drift" not in shown(analyse(rows()))


def test_a_default_tolerance_is_labelled_as_such() -> None:
    frame = rows()
    assert "default: 1 % of the original" in joined(shown(analyse(frame)))
    assert "Tolerance of performance: 0.02. " in joined(shown(analyse(frame, tolerances={"demo": 0.02})))


def test_flags_and_the_control_are_shown() -> None:
    text = joined(shown(analyse(rows())))
    assert "Warning: 1 of 36 trials: other processes kept at least" in text
    assert "A/A control: no significant difference; equivalence in" in text


def test_a_control_called_different_is_an_alarm() -> None:
    frame = rows()
    frame.loc[frame["mutant"] == "identity", ["package_j", "gpu_j"]] *= 1.2
    assert "Warning: the A/A control changes nothing, but differs significantly: CPU +" in joined(shown(analyse(frame)))


def test_an_outlier_is_named() -> None:
    frame = rows()
    frame.loc[(frame["mutant"] == "epochs=25") & (frame["block"] == 3), "package_j"] *= 1.5
    assert "Outliers in CPU (modified z score beyond 3.5; included in all results): epochs 25 repetition 3 (" in joined(
        shown(analyse(frame))
    )


def test_all_hyperparameters_together_are_counted(published: CarefulAnalysis) -> None:
    for row in published.overall:
        parts = [each for each in published.win_tie_loss if each.subject == row.subject]
        same = [each for each in parts if (each.background, each.energy) == (row.background, row.energy)]
        assert (np.array(row.counts) == np.sum([each.counts for each in same], axis=0)).all()
    assert "all together" in shown(published)


def test_a_metric_that_was_not_measured_is_reported() -> None:
    assert "DRAM energy was not measured." in shown(analyse(rows()), metric="dram_j")


def test_equal_performances_have_no_interval_and_no_nan() -> None:
    frame = rows()
    frame["performance"] = 0.9
    text = shown(analyse(frame))
    assert "nan" not in text
    assert "epochs 10" in text[text.index("Recommended mutants") :]


def test_a_detectable_effect_above_100_percent_is_not_given_in_digits() -> None:
    analysis = analyse(rows())
    first, *others = analysis.trust
    lines = shown(replace(analysis, trust=(replace(first, smallest_effect=3.98), *others))).splitlines()
    assert any(line.startswith("CPU") and "> 100%" in line for line in lines)


def test_the_title_of_a_narrow_form_is_its_own() -> None:
    wide, narrow = Table("wide" * 30), Table("narrow")
    fitting = FittingTable("with change", wide, narrow, narrow_title="without")
    for width, title in ((200, "with change"), (80, "without")):
        console = Console(file=(output := io.StringIO()), width=width)
        console.print(fitting)
        assert output.getvalue().splitlines()[0].strip() == title
