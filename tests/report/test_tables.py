"""Tables: everything that was found is there, on terminals of any width, with and without colours."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from mutegreen.model import Goal, Verdict
from mutegreen.report import units
from mutegreen.report.terminal.tables import render
from mutegreen.stats.analysis import Analysis, Comparison
from mutegreen.stats.interval import UNKNOWN, Interval
from mutegreen.stats.paper import analyse
from mutegreen.stats.reason import Reason, ReasonCode
from mutegreen.stats.verdicts.win_tie_loss import win_tie_loss
from mutegreen.store.rows import read_csv, rows_frame
from support.paths import DATA

CELL = re.compile(r"(?:[+-][\d.]+|0\.00)% +(win|tie|loss|\?)")


@pytest.fixture(scope="module")
def published() -> Analysis:
    return analyse(read_csv(DATA / "measurements.csv"))


def shown(analysis: Analysis, width: int = 80, **options: Any) -> str:
    console = Console(file=(output := io.StringIO()), width=width, **{"color_system": None} | options)
    console.print(render(analysis))
    return output.getvalue()


def audit(
    *,
    repetitions: int = 3,
    metrics: Sequence[str] = ("package_j", "duration_s", "performance"),
    goals: dict[str, Goal] | None = None,
    **columns: Any,
) -> Analysis:
    """A small audit of one subject: epochs 4 saves a half and loses performance, 6 saves a quarter for nothing."""
    arms = [
        ("original", None, None, None, 1.0, 0.9),
        ("identity", "identity", None, None, 1.0, 0.9),
        ("epochs=4", "epochs", 4, 8, 0.5, 0.6),
        ("epochs=6", "epochs", 6, 8, 0.75, 0.9),
        ("optimizer=sgd", "optimizer", "sgd", "adam", 1.25, 0.95),
    ]
    records = []
    for mutant, hyperparameter, value, default, cost, performance in arms:
        for repetition in range(repetitions):
            relative_cost = cost + repetition / 1000
            costs = {
                "package_j": 800 * relative_cost,
                "gpu_j": 2000 * relative_cost,
                "dram_j": 90 * relative_cost,
                "duration_s": 20 * relative_cost,
            }
            record = {
                "subject": "digits",
                "background": "",
                "mutant": mutant,
                "hyperparameter": hyperparameter,
                "value": value,
                "default": default,
                "repetition": repetition,
                **dict.fromkeys(("package_j", "dram_j", "gpu_j", "duration_s", "performance")),
            }
            measured = costs | {"performance": performance + repetition / 1000}
            records.append(record | {metric: measured[metric] for metric in metrics} | columns)
    return analyse(rows_frame(records), goals)


def line_of(text: str, start: str) -> str:
    return next(line for line in text.splitlines() if line.strip().startswith(start))


@pytest.mark.parametrize("width", [80, 100, 140])
def test_every_published_verdict_is_shown_once(published: Analysis, width: int) -> None:
    expected = json.loads((DATA / "expected.json").read_text(encoding="utf-8"))["verdict"]
    text = shown(published, width)
    assert Counter(CELL.findall(text)) == Counter(row["verdict"] for row in expected)
    lines = [CELL.findall(line) for line in text.splitlines()]
    assert Counter(len(cells) for cells in lines if cells) == {5: 75}


@pytest.mark.parametrize("width", [60, 80, 140])
def test_nothing_is_cut_off_or_too_wide(published: Analysis, width: int) -> None:
    for analysis in (published, audit()):
        text = shown(analysis, width)
        assert max(map(len, text.splitlines())) <= width
        assert "…" not in text
        assert "..." not in text


def test_a_line_of_the_published_data(published: Analysis) -> None:
    epochs = line_of(shown(published), "11 *")
    assert CELL.findall(epochs) == ["win", "win", "win", "win", "tie"]
    # From the table of measurements: package 5095.064 J and 4047.95 J.
    assert "-20.6%" in epochs
    assert "4.05 kJ -20.6%  win" in line_of(shown(published, 140), "11 *")


def test_correlations_of_the_published_data(published: Analysis) -> None:
    wanted = json.loads((DATA / "expected.json").read_text(encoding="utf-8"))["correlation"]
    lines = [
        line
        for line in shown(published).splitlines()
        if re.match(r"(epochs|gamma|learning_rate|weight_decay) *│", line)
    ]
    given = [re.findall(r"([+-]\d\.\d\d) +(<0\.001|\d\.\d{3})", line) for line in lines]
    assert len(given) == 15
    for row, cells in zip(range(0, 75, 5), given, strict=True):
        for expected, (rho, p) in zip(wanted[row : row + 5], cells, strict=True):
            assert float(rho) == pytest.approx(expected["spearman"], abs=0.00501)
            assert (p == "<0.001") == (expected["spearman_p"] < 0.001)
            assert p == "<0.001" or float(p) == pytest.approx(expected["spearman_p"], abs=0.000501)


def test_counts_of_the_published_data(published: Analysis) -> None:
    wanted = json.loads((DATA / "expected.json").read_text(encoding="utf-8"))["win_tie_loss"]
    total = sum(sum(map(sum, row["counts"])) for row in wanted)
    lines = [line for line in shown(published).splitlines() if re.search(r" (win|tie|loss)(  +[\d.]){9}$", line)]
    assert len(lines) == 45
    assert sum(int(number) for line in lines for number in re.findall(r"\d+(?= |$)", line)) == total
    assert re.findall(r"[\d.]+", lines[0].split("win")[1]) == [".", "3", "."] * 3


def test_greener_mutants_are_named() -> None:
    text = shown(audit())
    assert "* Greener without a significant loss of performance: epochs 6." in text
    assert "6 *" in text
    assert "4 *" not in text
    assert "identity *" not in text


def test_a_mutant_that_costs_more_somewhere_is_not_called_greener() -> None:
    verdicts = {"package_j": Verdict.WIN, "gpu_j": Verdict.LOSS, "performance": Verdict.TIE}
    assert "Greener without a significant loss of performance: none." in shown(mixed(verdicts))
    assert "performance: h 3." in shown(mixed(verdicts | {"gpu_j": Verdict.TIE}))
    assert "performance: none." in shown(mixed(verdicts | {"gpu_j": Verdict.TIE, "performance": Verdict.LOSS}))


def mixed(verdicts: dict[str, Verdict]) -> Analysis:
    """An analysis of one mutant with these verdicts."""
    rows = tuple(
        Comparison(
            "s",
            "",
            "h",
            "h=3",
            3.0,
            2.0,
            metric,
            5,
            5,
            1.0,
            1.0,
            Interval(0.0),
            0.5,
            Interval(0.0),
            verdict,
            None,
            None,
        )
        for metric, verdict in verdicts.items()
    )
    return Analysis("paper", (), rows, tuple(win_tie_loss(rows)))


def test_values_that_are_text_and_the_control_have_their_lines() -> None:
    text = shown(audit())
    assert line_of(text, "sgd")
    assert line_of(text, "identity  ")
    assert "identity (A/A control) changes nothing" in text
    assert "Original: epochs 8, optimizer adam." in " ".join(text.split())
    assert "identity (A/A control) changes nothing" not in shown(published_without_control())


def published_without_control() -> Analysis:
    return analyse(read_csv(DATA / "measurements.csv").query("subject == 'mnist'"))


def test_wide_terminals_show_means_p_and_delta() -> None:
    line = line_of(shown(audit(), 140), "6 *")
    assert re.search(r"601 J -25\.0%  win <0\.001 -1\.00", line)


def test_what_was_not_measured_has_no_column_but_a_note() -> None:
    text = shown(audit())
    assert text.count("GPU") == 1
    assert "Note: GPU energy was not measured." in text


@pytest.mark.parametrize("width", [80, 140])
def test_estimates_are_called_estimates_in_every_table(width: int) -> None:
    metrics = ("package_j", "dram_j", "gpu_j", "duration_s", "performance")
    qualities: dict[str, Any] = {
        "quality_package_j": "estimated",
        "quality_dram_j": "counter",
        "quality_gpu_j": "attributed",
    }
    text = shown(audit(metrics=metrics, **qualities), width)
    headings = re.findall(r"^.*\bCPU\b.*\bGPU\b.*$", text, re.MULTILINE)
    assert len(headings) == 3
    assert all("CPU (est.)" in line for line in headings)
    assert text.count("(est.)") == len(headings) + 1
    assert "(est.): not measured, but estimated" in text
    assert "est." not in shown(audit(metrics=metrics), width)


def test_one_repetition_is_undecided_and_says_why() -> None:
    text = shown(audit(repetitions=1))
    assert set(CELL.findall(text)) == {"?"}
    assert "only one trial of the original; at least two are needed" in " ".join(text.split())
    assert "?: undecided" in text
    assert "Greener" not in text


def test_a_value_missing_for_one_mutant() -> None:
    verdicts = {"package_j": Verdict.WIN, "performance": Verdict.UNDECIDED}
    analysis = mixed(verdicts)
    energy, performance = analysis.comparisons
    reason = Reason(ReasonCode.MUTANT_NOT_MEASURED)
    gone = replace(performance, n=0, mean=None, relative_change=UNKNOWN, reason=reason)
    text = shown(Analysis("paper", (), (energy, gone), analysis.win_tie_loss))
    assert line_of(text, "3 ").endswith("-")
    assert "performance of h 3: not measured for the mutant." in text


def test_undecided_mutants_are_reported_as_not_counted() -> None:
    few = read_csv(DATA / "measurements.csv").query("subject == 'mnist' and background == ''")
    single = few[(few["mutant"] != "pe11") | (few["repetition"] == 0)]
    assert "Not counted, because undecided: 1 of epochs for CPU" in shown(analyse(single))
    assert "Not counted" not in shown(analyse(few))


def test_the_goal_of_the_performance_is_shown() -> None:
    assert "Lower performance is better." in shown(audit(goals={"digits": Goal.MINIMIZE}))
    assert "Higher performance is better." in shown(audit())


def test_the_legend_says_what_a_tie_is_not() -> None:
    text = " ".join(shown(audit()).split())
    assert "protocol paper" in text
    assert "A tie does not prove that nothing was lost" in text


def test_colours_only_repeat_what_words_say(published: Analysis) -> None:
    coloured = shown(published, force_terminal=True, color_system="truecolor")
    assert "\x1b[32m" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == shown(published)


def test_terminals_without_unicode_get_plain_ascii(published: Analysis) -> None:
    raw = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    console = Console(file=raw, width=80, color_system=None)
    console.print(render(published))
    raw.flush()
    text = raw.buffer.getvalue().decode("ascii")
    assert Counter(CELL.findall(text)).total() == 375
    assert max(map(len, text.splitlines())) <= 80


def test_an_analysis_without_any_comparison_still_shows_its_notes() -> None:
    assert "Note: t: only the original was trained." in shown(
        Analysis("paper", (), (), (), notes=("t: only the original was trained.",))
    )


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (-0.12345, "-12.3%"),
        (0.0123, "+1.23%"),
        (-0.00001, "0.00%"),
        (0, "0.00%"),
        (0.09996, "+10.0%"),
        (0.9996, "+100%"),
        (12.5, "+1250%"),
        (5.8e35, ">+99999%"),
        (-1, "-100%"),
    ],
)
def test_percent(ratio: float, text: str) -> None:
    assert units.percent(ratio) == text


@pytest.mark.parametrize(("p", "text"), [(0, "<0.001"), (0.00099, "<0.001"), (0.001, "0.001"), (1, "1.000")])
def test_p_value(p: float, text: str) -> None:
    assert units.p_value(p) == text


def test_values_get_as_many_digits_as_keep_them_apart() -> None:
    assert units.value_labels([0.15200, 0.23128]) == ["0.152", "0.231"]
    assert units.value_labels([2.05578e-05, 2.07521e-05]) == ["2.06e-05", "2.08e-05"]
    assert units.value_labels([0.12345678, 0.12345679]) == ["0.12345678", "0.12345679"]
    assert units.value_labels([11.0, "sgd", None]) == ["11", "sgd", "none"]
    assert units.value_labels([1000000.0, 2.0]) == ["1000000", "2"]
    assert units.value_labels([1500.0, 1234.5, 60000.0]) == ["1500", "1234", "60000"]
    assert units.value_labels([1e22, 1e-5]) == ["1e+22", "1e-05"]
