"""`mutegreen stats --format`: pages say what the analysis says, in every format and whatever the names are."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from markdown_it import MarkdownIt

from mutegreen.model import TOTAL, Quality
from mutegreen.report.json_document import as_json
from mutegreen.report.pages.builders import BUILDERS, tables_of
from mutegreen.report.pages.cells import column_format
from mutegreen.report.pages.csv_records import NAMES, csv_of
from mutegreen.report.pages.latex import latex
from mutegreen.report.pages.markdown import markdown
from mutegreen.report.pages.table import PlainTable, TableRow
from mutegreen.report.wording import note_text
from mutegreen.stats import careful, paper
from mutegreen.stats.advice.target import TargetComparison, TargetReach
from mutegreen.stats.analysis import Analysis
from mutegreen.stats.careful import CarefulAnalysis
from mutegreen.stats.interaction.interaction import Interaction
from mutegreen.stats.interval import Interval
from mutegreen.store.rows import read_csv
from support.commands import Run
from support.paths import MEASUREMENTS
from support.simulated import noisy, rows_of

DATA = MEASUREMENTS
NASTY = r"a_b _c_ %&#${}~^\ | <b> *x* `y` [z](u) -- it's"
"""A name with everything that LaTeX, Markdown or HTML could take for markup."""
HEAD = r"\documentclass{article}\usepackage{booktabs,longtable,pdflscape}\begin{document}"
FEW_PT = 3.0


@cache
def published() -> CarefulAnalysis:
    return careful.analyse(read_csv(DATA))


@cache
def published_by_paper() -> Analysis:
    return paper.analyse(read_csv(DATA))


@cache
def everything(name: str = NASTY) -> CarefulAnalysis:
    """An analysis with something in each table, estimates among it; all names are nasty."""
    effects = {f"{name}=3": -0.2, f"{name}=[8 4]": 0.1, "identity": 0.0, "other=3": 0.1, "other=4": 0.3}
    arms = noisy({"original": (0, 0)} | {mutant: (effect, 0) for mutant, effect in effects.items()}, drift=0.2)
    about: dict[str, Any] = {"subject": name, "quality_package_j": "estimated", "quality_gpu_j": "counter"}
    rows, exclusive = (rows_of(arms, background=background, **about) for background in (name, ""))
    slower = rows.assign(background_slowdown=1.5, background_restarts=2.0)
    report = careful.analyse(pd.concat([exclusive, slower], ignore_index=True)).colocation
    found = replace(careful.analyse(rows), colocation=report)
    mutant, extra = f"{name}=3,other=1", Interval(0.25)
    pair = Interaction(name, name, (name, "other"), "package_j", "term", 20, 1, mutant=mutant, extra=extra)
    compared = vars(found.comparisons[0]) | {"metric": "duration_s"}
    target = TargetComparison(
        **compared, target=0.89, reach=TargetReach(4, 5, 2.5), reach_original=TargetReach(5, 5, 7.0)
    )
    return replace(found, interactions=(pair,), targets=(target,))


def a_table(headings: tuple[tuple[str, str], ...], *rows: TableRow, **options: Any) -> PlainTable:
    return PlainTable("verdict", "here", "What it shows", headings, rows, **options)


def the_table(analysis: Analysis, name: str, part: str = "") -> PlainTable:
    return next(table for table in tables_of(analysis, [name]) if table.part == part)


def frame_of(analysis: Analysis, name: str) -> pd.DataFrame:
    return pd.read_csv(
        io.StringIO(csv_of(analysis, name)), keep_default_na=False, na_values=[""], dtype_backend="pyarrow"
    )


def grids(text: str) -> list[list[list[str]]]:
    """The tables of a Markdown document as a parser of it understands them: rows of the texts of their cells."""
    found: list[list[list[str]]] = []
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    for token, inner in pairwise(tokens):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type in ("th_open", "td_open"):
            assert {child.type for child in inner.children or ()} <= {"text", "text_special"}, inner.content
            found[-1][-1].append("".join(child.content for child in inner.children or ()))
    return found


# The values


def test_the_table_of_verdicts_has_the_means_and_changes_of_the_rows() -> None:
    rows = pd.read_csv(DATA)
    exclusive = rows[(rows["subject"] == "mnist") & rows["background"].isna()]
    mean = exclusive.groupby("mutant")["gpu_j"].mean()
    table = the_table(published(), "verdict", "gpu_j")
    by_label = {(row.group, row.cells[0]): row.cells for row in table.rows}
    assert by_label["", "original"][:3] == ("original", "5", f"{mean['original'] / 1000:.2f}")
    label, n, shown, change, *_ = by_label["epochs", "11"]
    assert (label, n, shown) == ("11", "5", f"{mean['pe11'] / 1000:.2f}")
    assert change == f"{100 * (mean['pe11'] / mean['original'] - 1):+.2f}"
    assert table.headings[2] == ("Mean", "(kJ)")


def test_intervals_and_p_values_of_a_table_are_those_of_the_analysis() -> None:
    row = next(row for row in published().comparisons if (row.mutant, row.metric) == ("pe11", TOTAL))
    cells = next(r.cells for r in the_table(published(), "verdict", TOTAL).rows if r.cells[0] == "11")
    low, high = 100 * row.relative_change.low, 100 * row.relative_change.high
    assert cells[4] == f"[{low:+.2f}, {high:+.2f}]"
    assert cells[5:8] == ("<0.001", "win", "-1.00")


def test_the_published_protocol_has_no_columns_of_intervals() -> None:
    headings = [own for _, own in the_table(published_by_paper(), "verdict", "gpu_j").headings]
    assert "95 % CI" not in headings
    assert [own for _, own in the_table(published(), "verdict", "gpu_j").headings].count("95 % CI") == 2
    assert {table.name for table in tables_of(published_by_paper())} == {
        "correlation",
        "overview",
        "verdict",
        "win_tie_loss",
    }


def test_counts_of_a_page_add_up_to_the_mutants() -> None:
    table = the_table(published_by_paper(), "win_tie_loss")
    own = [row.cells[1:4] for row in table.rows if row.group == "epochs"]
    assert sum(int(cell or 0) for cells in own for cell in cells) == 5


def test_one_metric_restricts_the_table_of_verdicts_only() -> None:
    found = [(table.name, table.part) for table in tables_of(everything(), ["verdict", "trend"], "dram_j")]
    assert sorted(found) == [("trend", ""), ("verdict", "dram_j")]


def test_every_table_is_there_where_there_is_something_to_show() -> None:
    assert {table.name for table in tables_of(everything())} == set(BUILDERS)


def test_estimates_are_marked_in_every_format() -> None:
    tables = list(tables_of(everything()))
    for text in (markdown("t", tables), latex("t", tables)):
        assert "CPU (est.)" in text
        assert "GPU (est.)" not in text
        assert "not measured, but estimated" in text
    assert set(frame_of(everything(), "verdict").query("metric == 'package_j'")["quality"]) == {Quality.ESTIMATED}


@pytest.mark.parametrize(
    ("metric", "numbers", "unit", "cells"),
    [
        ("gpu_j", [15948.062, 159.48], "kJ", ["15.95", "0.16"]),
        ("gpu_j", [0.25], "mJ", ["250.0"]),
        ("gpu_j", [5100.0, 0.0004, 0.0], "kJ", ["5.100", "4e-07", "0.000"]),
        ("duration_s", [200000.0, 5.0], "days", ["2.315", "5.787e-05"]),
        ("gpu_j", [0.0], "J", ["0.000"]),
        ("total_j", [-2.5e9], "GJ", ["-2.500"]),
        ("duration_s", [119.0], "s", ["119.0"]),
        ("duration_s", [185.3], "min", ["3.088"]),
        ("duration_s", [7200.0], "h", ["2.000"]),
        ("performance", [0.9915], "", ["0.9915"]),
        ("performance", [0.00046, -0.00114], "1e-3", ["0.460", "-1.140"]),
        ("performance", [1e-15], "", ["1e-15"]),
        ("performance", [3.5e20], "", ["3.5e+20"]),
        ("performance", [float("inf")], "", [None]),
    ],
)
def test_a_column_has_one_unit(metric: str, numbers: list[float], unit: str, cells: list[str | None]) -> None:
    scale = column_format(metric, numbers)
    assert (scale.unit, [scale.cell(number) for number in numbers]) == (unit, cells)


def test_a_change_that_rounds_to_0_is_0() -> None:
    assert column_format("gpu_j", [3.73, 0.004], 3).cell(0.004, "+") == "+0.00"


# CSV


@pytest.mark.parametrize("name", NAMES)
def test_csv_has_every_value_in_full(name: str) -> None:
    """Read back by pandas, a column is what `--json` says under that key."""
    said = as_json(published())
    if name not in said or name in ("advice", "verdict", "win_tie_loss"):
        return
    records = said[name]
    assert isinstance(records, list)
    if not records:
        assert csv_of(published(), name) == ""
        return
    frame = frame_of(published(), name)
    assert len(frame) == len(records)
    for key in (key for key, value in records[0].items() if not isinstance(value, (dict, list))):
        values = [None if pd.isna(cell) else cell for cell in frame[key]] if key in frame else [None] * len(records)
        assert values == [None if record[key] == "" else record[key] for record in records], key


def test_csv_of_verdicts_has_all_comparisons_the_total_too() -> None:
    said = as_json(published())
    frame = frame_of(published(), "verdict")
    records = [*said["verdict"], *said["total"]["verdict"]]
    assert list(frame.columns) == list(records[0])
    both = [sorted((r["subject"], r["background"] or "", r["mutant"], r["metric"], r["p_adjusted"]) for r in records)]
    columns = ["subject", "background", "mutant", "metric", "p_adjusted"]
    both.append(sorted(frame[columns].astype({"background": "object"}).fillna("").itertuples(index=False, name=None)))
    assert both[0] == [tuple(row) for row in both[1]]


def test_csv_of_counts_says_which_verdicts_they_are_of() -> None:
    frame = frame_of(published_by_paper(), "win_tie_loss")
    first, record = frame.iloc[0], published_by_paper().win_tie_loss[0]
    assert first["energy_loss_performance_tie"] == record.counts[2][1]
    assert first["energy_win_performance_loss"] == record.counts[0][2]


def test_csv_lays_nested_fields_flat() -> None:
    frame = frame_of(everything(), "trust")
    drift = {row.metric: row.drift for row in everything().trust}
    for metric, p in zip(frame["metric"], frame["drift_p_adjusted"], strict=True):
        assert p == drift[metric].p_adjusted
    assert frame.set_index("metric").loc["package_j", "qualities_estimated"] == 30
    assert list(frame_of(everything(), "interaction")["hyperparameters"]) == [f"{NASTY},other"]
    assert list(frame_of(everything(), "energy_to_target")["reach_trainings"]) == [5]
    assert list(frame_of(published(), "advice").query("subject == 'mnist'")["mutant"])[:1] == ["pe11"]


@pytest.mark.parametrize("name", ["=1+2", "+1", "-x", "@SUM(A1)", "\tx", "\rx", '=HYPERLINK("http://a", "b")'])
def test_no_cell_of_csv_is_a_formula(name: str) -> None:
    row = replace(published().comparisons[0], subject=name, value=name, default=-1.5)
    text = csv_of(replace(published(), comparisons=(row,)), "verdict")
    (read,) = csv.DictReader(io.StringIO(text, newline=""))
    shown = "'" + name.replace("\r", "\n")
    assert (read["subject"], read["value"], read["default"]) == (shown, shown, "-1.5")


# Markdown


def test_markdown_is_read_as_it_was_meant() -> None:
    cells = (NASTY, "<0.001", None, "[-1.0, +2.0]", "a & b", "&amp;", "[ ]", "two\nlines", "~~x~~")
    table = a_table((*(("", NASTY) for _ in cells[:-1]), (NASTY, "p")), TableRow(cells), TableRow(cells, group=NASTY))
    head, *lines = grids(markdown(NASTY, [table]))[0]
    shown = ["two lines" if cell == "two\nlines" else cell or "-" for cell in cells]
    assert head == ["Hyperparameter", *[NASTY] * 8, f"{NASTY} p"]
    assert lines == [["", *shown], [NASTY, *shown]]


def test_markdown_of_an_analysis_keeps_every_cell() -> None:
    tables = list(tables_of(everything()))
    read = grids(markdown("t", tables, [note_text(note) for note in everything().notes]))
    for table, lines in zip([table for table in tables if table.rows], read, strict=True):
        start = 1 if table.is_grouped else 0
        assert [line[start:] for line in lines[1:]] == [
            [c if c is not None else "-" for c in r.cells] for r in table.rows
        ]


def test_markdown_has_a_heading_for_each_place_and_table() -> None:
    text = markdown("Title", tables_of(published_by_paper()), ["a note"])
    headings = re.findall(r"^(#+) (.*)$", text, re.MULTILINE)
    assert headings[0] == ("#", "Title")
    assert [name for level, name in headings if level == "##"] == [
        "mnist, exclusive",
        "mnist, co-located with mnist_forward_forward",
        "mnist, co-located with siamese_network",
        "pytorch_resnet_cifar10, exclusive",
        "siamese_network, exclusive",
    ]
    assert text.endswith("\n\nNote: a note\n")


# LaTeX


def compiled(body: str, folder: Path) -> tuple[str, str]:
    """The log of pdfLaTeX and the text of the pages."""
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    (folder / "a.tex").write_text(f"{HEAD}\n{body}\n\\end{{document}}\n", encoding="utf-8")
    words = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "a.tex"]
    for _ in range(2):
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, errors="replace", timeout=120)
        assert done.returncode == 0, done.stdout[-2000:]
    if shutil.which("pdftotext") is None:
        return done.stdout, ""
    pages = subprocess.run(["pdftotext", "-layout", "a.pdf", "-"], cwd=folder, capture_output=True, text=True)
    return done.stdout, pages.stdout


def overfull_pt(log: str) -> list[float]:
    return [size for found in re.findall(r"Overfull \\hbox \((.*?)pt", log) if (size := float(found)) > FEW_PT]


@pytest.mark.parametrize("protocol", ["careful", "paper"])
def test_latex_of_the_published_data_compiles_within_the_text_width(protocol: str, tmp_path: Path) -> None:
    log, _ = compiled(
        latex("published", tables_of(published() if protocol == "careful" else published_by_paper())), tmp_path
    )
    assert overfull_pt(log) == []
    assert "multiply defined" not in log


def test_latex_with_any_names_compiles(tmp_path: Path) -> None:
    _, pages = compiled(latex(f"{NASTY}\n\\undefined", tables_of(everything()), [f"{NASTY}\n\\undefined"]), tmp_path)
    if pages:
        assert "[8 4]" in pages


def test_latex_shows_names_as_they_are(tmp_path: Path) -> None:
    cells = ("[8, 4]", r"a_b%&#${}~^\x", "<b>|", "--lr", "-1.5", '"q"', "x,,y", "1e-05")
    table = a_table(tuple(("", "h") for _ in cells), TableRow(("*", *cells[1:])), TableRow(cells))
    _, pages = compiled(latex("t", [table]), tmp_path)
    if not pages:
        pytest.skip("pdftotext is not installed")
    for shown in ("[8, 4]", r"%&#${}", "--lr", "−1.5", "x,,y", "1e-05"):
        assert shown in pages


def test_latex_escapes_everything_that_is_a_command() -> None:
    text = latex("t", [a_table((("", "h"), ("", "&")), TableRow(("*", r"%&#_${}~^\<>|`")), TableRow(("[1]", "-1--2")))])
    assert r"{}* & \%\&\#\_\$\{\}\textasciitilde{}\textasciicircum{}\textbackslash{}" in text
    assert r"\textless{}\textgreater{}\textbar{}\textasciigrave{} \\" in text
    assert r"{}[1] & $-$1-{}-2 \\" in text


def test_latex_says_which_packages_it_needs_and_where_it_comes_from() -> None:
    head = latex("MuteGreen 1.2, protocol paper", [a_table((("", "h"),), TableRow(("x",)))], ["a\nnote"]).splitlines()[
        :3
    ]
    assert head == ["% MuteGreen 1.2, protocol paper", r"% Needs \usepackage{booktabs}.", "% a note"]


def test_latex_labels_are_unique() -> None:
    table = a_table((("", "h"),), TableRow(("x",)))
    labels = re.findall(r"\\label\{(.*?)\}", latex("t", [table, replace(table, scenario="HERE!"), table]))
    assert labels == ["tab:here-verdict", "tab:here-verdict-2", "tab:here-verdict-3"]


def test_a_long_table_is_broken_over_pages_and_a_wide_one_is_rotated(tmp_path: Path) -> None:
    long = a_table((("", "h"), ("", "n")), *(TableRow((str(n), "1.0"), group=f"g{n // 30}") for n in range(90)))
    wide = replace(long, rows=tuple(TableRow(("x" * 40, "y" * 60)) for _ in range(3)), notes=("a note",))
    text = latex("t", [long, wide])
    assert r"\usepackage{booktabs,longtable,pdflscape}" in text
    assert text.count(r"\begin{landscape}") == 1
    log, pages = compiled(text, tmp_path)
    assert overfull_pt(log) == []
    assert int(re.findall(r"\((\d+) pages", log)[0]) >= 4
    if pages:
        assert pages.count("Continued on next page") >= 1


def test_small_tables_are_in_the_size_of_the_text() -> None:
    assert r"\small" not in latex("t", [a_table((("", "h"), ("", "n")), TableRow(("x", "1")))]).replace(
        r"\smallskip", ""
    )


# The command


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--table", "trend"), "--table needs --format"),
        (("--json", "--format", "csv"), "--json and --format cannot be combined"),
        (("--format", "latex", "--table", "trends"), "--table trends: no such table in --format latex"),
        (("--format", "csv", "--table", "overview"), "--table overview: no such table in --format csv"),
        (("--format", "csv", "--table", "trend", "--table", "trust"), "--format csv writes one table"),
        (("--format", "markdown", "--metric", "gpu_j", "--table", "trend"), "--metric needs the table verdict"),
        (("--format", "csv", "--table", "interaction"), "table interaction is empty"),
        (
            ("--format", "markdown", "--protocol", "paper", "--metric", "total_j"),
            "table verdict is empty for the metric total_j",
        ),
    ],
)
def test_wrong_options_are_said_in_a_line(options: tuple[str, ...], message: str, mutegreen: Run) -> None:
    done = mutegreen("stats", "--csv", DATA, "--protocol", "paper", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr.splitlines()[0]


def test_csv_to_stdout_is_csv_and_nothing_else(mutegreen: Run) -> None:
    done = mutegreen("stats", "--csv", DATA, "--protocol", "paper", "--format", "csv", "--metric", "gpu_j")
    assert (done.returncode, done.stderr) == (0, "")
    frame = pd.read_csv(io.StringIO(done.stdout))
    assert set(frame["metric"]) == {"gpu_j"}
    assert len(frame) == 75


def test_messages_on_an_audit_go_to_stderr(subject: Path, mutegreen: Run) -> None:
    assert mutegreen("run", subject, "--mutants", "1", "--repetitions", "2", "--cooldown", "0").returncode == 0
    done = mutegreen("stats", "--format", "markdown", "--table", "overview", "--table", "interaction")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("# MuteGreen")
    assert "trials ended ok" in done.stderr
    assert "these tables are empty: interaction" in done.stderr
    assert json.loads(mutegreen("stats", "--json").stdout)
