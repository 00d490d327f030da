"""The declaration of data: whatever shows what a subject reached says what it was trained on."""

from __future__ import annotations

import csv
import io
import itertools
import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from rich.console import Console

from mutegreen.errors import RowsError
from mutegreen.model import Data
from mutegreen.report.figures import correlation, pareto, value_panels, win_tie_loss
from mutegreen.report.json_document import as_json
from mutegreen.report.pages.builders import tables_of
from mutegreen.report.pages.csv_records import NAMES, csv_of
from mutegreen.report.pages.latex import latex
from mutegreen.report.pages.markdown import markdown
from mutegreen.report.scenario_report import ScenarioReport, scenario_reports
from mutegreen.report.terminal.tables import render
from mutegreen.stats import careful, paper
from mutegreen.stats.analysis import Analysis
from mutegreen.stats.model.scenario import scenarios_of
from mutegreen.store.rows import read_csv
from support.commands import Ended, Run
from support.simulated import noisy, rows_of
from support.tiny import SUBJECT, write_subject

ARMS = noisy({"original": (0.0, 0.0), "epochs=1": (-0.3, 0.0), "epochs=3": (0.3, 0.01), "identity": (0.0, 0.0)})
LONG = "several hundred thousand coloured shapes on photographs of nothing in particular"
SHAPES = "generated: coloured shapes"
TITLE = "data: generated coloured shapes"


def rows(**labels: Any) -> pd.DataFrame:
    return rows_of(ARMS, **labels)


@pytest.mark.parametrize("data", [Data("MNIST"), Data("coloured shapes", generated=True)])
def test_a_label_says_both_and_is_read_back(data: Data) -> None:
    assert Data.of(data.label) == data
    assert ("generated" in data.label, "generated" in str(data)) == (data.generated, data.generated)


@pytest.mark.parametrize("protocol", [careful, paper])
def test_tables_in_the_terminal_say_it_of_each_section(protocol: ModuleType) -> None:
    analysis = protocol.analyse(pd.concat([rows(data=SHAPES), rows(data="MNIST", subject="other")]))
    for width, metric in itertools.product((80, 120), (None, "gpu_j", "performance")):
        console = Console(width=width, record=True, file=io.StringIO())
        console.print(render(analysis, metric))
        text = console.export_text()
        said = [line.rstrip() for line in text.splitlines() if line.startswith("Data: ")]
        assert sorted(said) == ["Data: MNIST.", "Data: generated coloured shapes."]


@cache
def of_shapes() -> Analysis:
    return careful.analyse(rows(data=SHAPES))


def test_pages_say_it_of_each_section_or_table() -> None:
    tables = list(tables_of(of_shapes()))
    assert len({table.name for table in tables}) >= 6
    page = markdown("Title", tables)
    assert [line for line in page.splitlines() if line.startswith("## ")] == [f"## simulated, exclusive, {TITLE}"]
    document = latex("Title", tables)
    captions = document.count(r"\caption{") + document.count(r"\paragraph{")
    assert document.count(f"(simulated, exclusive, {TITLE}).") == captions > 0
    assert r"\label{tab:simulated-trained-alone-trust}" in document, "labels stay what they are"


def test_every_line_of_a_csv_table_says_it() -> None:
    written = [text for text in (csv_of(of_shapes(), name) for name in NAMES) if text]
    assert len(written) >= 6
    for text in written:
        assert {row["data"] for row in csv.DictReader(io.StringIO(text))} == {SHAPES}


def test_every_figure_says_it_in_its_title() -> None:
    found = rows(data=SHAPES)
    (group,), (scenario,) = scenarios_of(found), scenario_reports(paper.analyse(found))
    drawings = [*win_tie_loss.draw(scenario), *correlation.draw(scenario), *pareto.draw(scenario)]
    assert {drawing.kind for drawing in drawings} == {win_tie_loss.KIND, correlation.KIND, pareto.KIND}
    for drawing in (*drawings, *value_panels.draw(group, scenario.full_title)):
        title = drawing.figure.get_suptitle().replace("\n", " ")
        assert title == drawing.title == f"simulated, exclusive, {TITLE}"


def test_a_long_title_goes_over_lines_within_the_figure() -> None:
    found = rows(data=LONG)
    (group,), (scenario,) = scenarios_of(found), scenario_reports(paper.analyse(found))
    for drawing in (*value_panels.draw(group, scenario.full_title), *win_tie_loss.draw(scenario)):
        canvas = FigureCanvasAgg(drawing.figure)
        canvas.draw()
        title = drawing.figure.texts[0].get_window_extent(canvas.get_renderer())
        assert drawing.figure.get_suptitle().count("\n") >= 1
        assert title.x1 <= drawing.figure.bbox.x1
        assert all(title.y0 >= axes.get_tightbbox(canvas.get_renderer()).y1 for axes in drawing.figure.axes)


def test_further_lines_of_a_title_take_nothing_from_the_axes() -> None:
    (scenario,) = scenario_reports(paper.analyse(rows(data=LONG)))
    wrapped, plain = (pareto.draw(each)[0] for each in (scenario, replace(scenario, data=None)))
    for drawing in (wrapped, plain):
        FigureCanvasAgg(drawing.figure).draw()
    heights = [drawing.figure.axes[0].get_window_extent().height for drawing in (wrapped, plain)]
    assert heights[0] == pytest.approx(heights[1], rel=0.02)


def test_the_json_says_it_by_subject_and_is_silent_where_it_is_not_declared() -> None:
    both = pd.concat([rows(data=SHAPES), rows(subject="other", data=None)])
    analysis = paper.analyse(both)
    assert {scenario.about_data for scenario in scenario_reports(analysis)} == {TITLE, ""}
    for each in (analysis, of_shapes()):
        assert as_json(each)["data"] == {"simulated": {"name": "coloured shapes", "generated": True}}
    assert as_json(paper.analyse(rows()))["data"] == {}
    assert ScenarioReport("net", "", [], [], []).full_title == "net, exclusive"


def test_rows_of_two_sets_of_data_are_not_compared(tmp_path: Path) -> None:
    parts = [rows(data=SHAPES, audit="a-1"), rows(data="MNIST", audit="a-2")]
    file = tmp_path / "rows.csv"
    pd.concat(parts).to_csv(file, index=False)
    with pytest.raises(RowsError, match=r"simulated was trained on MNIST, and before on other data") as caught:
        read_csv(file)
    assert f"line {len(parts[0]) + 2}:" in caught.value.message
    pd.concat([parts[0], rows(audit="a-2")]).to_csv(file, index=False)
    assert paper.analyse(read_csv(file)).data == {"simulated": Data("coloured shapes", generated=True)}


def declared(folder: Path) -> Path:
    toml = f'data = {{ name = "coloured shapes", generated = true }}\n{SUBJECT}\n[presets.real]\ndata = "MNIST"\n'
    return write_subject(folder / "points", toml=toml)


def invoked(*words: object) -> Ended:
    return Run(Path.cwd()).inside(*words)


@pytest.mark.parametrize(("preset", "data"), [((), "generated coloured shapes"), (("--preset", "real"), "MNIST")])
def test_a_plan_says_what_will_be_trained_on(tmp_path: Path, preset: tuple[str, ...], data: str) -> None:
    words = ("run", declared(tmp_path), "--dry-run", "--store", tmp_path / "none.sqlite", *preset)
    assert f"\ndata: {data}\n" in invoked(*words).stdout
    document = json.loads(invoked(*words, "--json").stdout)
    assert document["data"] == {"name": data.removeprefix("generated "), "generated": "generated" in data}


def test_an_audit_says_it_from_its_beginning_to_its_figures(tmp_path: Path, mutegreen: Run) -> None:
    options = ("--values", "epochs=4", "--operators", "identity", "--repetitions", "2", "--cooldown", "0")
    ran = mutegreen("run", declared(tmp_path), *options)
    assert ran.returncode == 0, ran.stderr
    assert f"\n{TITLE}\n" in ran.stderr
    store = ("--store", tmp_path / "reports" / "mutegreen.sqlite")
    for words in (("show",), ("show", "1"), ("stats", "--format", "markdown")):
        assert TITLE in invoked(*words, *store).stdout, words
    assert "Data: generated coloured shapes." in invoked("stats", *store).stdout
    (audit,) = json.loads(invoked("audits", "--json", *store).stdout)
    assert audit["data"] == {"name": "coloured shapes", "generated": True}
    listed = " ".join(mutegreen("audits", COLUMNS="80").stdout.split())
    assert "generated" in listed
    figures = json.loads(invoked("plot", "--json", "--out", tmp_path / "figures", *store).stdout)["figures"]
    assert {figure["kind"] for figure in figures} >= {"values", "power"}
    assert all(figure["title"].endswith(TITLE) for figure in figures)


def test_the_packaged_subjects_are_listed_with_their_data(mutegreen: Run) -> None:
    subjects = {found["name"]: found for found in json.loads(mutegreen("subjects", "--json").stdout)}
    siamese = subjects["siamese_resnet"]
    assert siamese["data"] == {"name": "digits of scikit-learn", "generated": False}
    assert siamese["presets_data"] == {"paper": {"name": "MNIST", "generated": False}}
    assert "Data: digits of scikit-learn; paper: MNIST" in mutegreen("subjects", COLUMNS="300").stdout
    assert all(found["data"] for found in subjects.values()), "each says what it trains on"
