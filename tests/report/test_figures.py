"""Figures: what is drawn is what was measured, every text can be read, every file is what its name says."""

import io
import itertools
import json
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from matplotlib.text import Text
from PIL import Image

from mutegreen.model import DomainEnergy, Goal, Phase, Quality, Verdict
from mutegreen.report.figures import correlation, pareto, power, scales, value_panels, win_tie_loss
from mutegreen.report.figures.files import file_stems, write
from mutegreen.report.figures.heat import COUNTS, SIGNED, heat_map
from mutegreen.report.figures.labels import spread_positions
from mutegreen.report.figures.positions import Positions, value_labels_of
from mutegreen.report.figures.style import FONT_PT, WIDTH_IN, Drawing, figure_style, shorten
from mutegreen.report.metric_names import NAMES
from mutegreen.report.scenario_report import ScenarioReport, scenario_reports
from mutegreen.stats import paper
from mutegreen.stats.analysis import CarefulComparison, WinTieLoss
from mutegreen.stats.interval import UNKNOWN, Interval
from mutegreen.stats.model.scenario import Scenario, scenarios_of
from mutegreen.store.rows import read_csv, rows_frame
from support.commands import Run
from support.paths import DATA
from support.tiny import command, environment

PUBLISHED = DATA / "measurements.csv"
COLUMNS = ("subject", "background", "mutant", "hyperparameter", "value", "default", "repetition")


@pytest.fixture(scope="module")
def groups() -> list[Scenario]:
    return list(scenarios_of(read_csv(PUBLISHED)))


@pytest.fixture(scope="module")
def scenarios() -> list[ScenarioReport]:
    return list(scenario_reports(paper.analyse(read_csv(PUBLISHED))))


def frame(values: dict[str, tuple[Any, list[Any]]], repetitions: int = 3, **metrics: Any) -> pd.DataFrame:
    """Rows of an original and of mutants, by hyperparameter its default and other values, with energy of some noise."""
    rng = np.random.default_rng(1)
    mutants: list[tuple[str, Any, Any, Any]] = [("original", None, None, None)]
    mutants += [(f"{name}={v}", name, v, default) for name, (default, others) in values.items() for v in others]
    records = []
    for (mutant, name, value, default), repetition in itertools.product(mutants, range(repetitions)):
        row = dict(zip(COLUMNS, ("net", "", mutant, name, value, default, repetition), strict=True))
        measured = {"package_j": 5e3, "dram_j": np.nan, "gpu_j": 2e6, "duration_s": 60.0, "performance": 0.9} | metrics
        records.append(row | {metric: mean * rng.normal(1, 0.01) for metric, mean in measured.items()})
    return rows_frame(records)


def only(rows: pd.DataFrame) -> tuple[Scenario, ScenarioReport]:
    (group,), (scenario,) = scenarios_of(rows), scenario_reports(paper.analyse(rows))
    return group, scenario


HARD = {
    "optimizer": ("adam", ["sgd", "a_very_long_name_of_an_optimizer_indeed", "$x$", "rmsprop", "lion"]),
    "weight_decay": (1e-4, list(np.geomspace(1e-6, 1e-2, 20))),
    "epochs": (100, [90 + k for k in range(18) if k != 10]),
    "epochs,weight_decay": ("100,0.0001", [f"{90 + k},{1.23456e-05 * (k + 1)}" for k in range(9)]),
    "a_long_name_of_a_hyperparameter_beyond_all_measure": (True, [False]),
}


def drawn(by_gid: str, figure: Figure) -> list[list[tuple[float, float]]]:
    """For each panel, the points of the artists with that mark."""
    return [
        [
            (float(x), float(y))
            for line in axes.lines
            if line.get_gid() == by_gid
            for x, y in np.asarray(line.get_xydata())
        ]
        for axes in figure.axes
    ]


def same_points(found: Iterable[tuple[float, float]], expected: Iterable[tuple[float, float]]) -> bool:
    """Whether both are the same points, in any order, but for rounding."""
    return bool(np.array(sorted(found)) == pytest.approx(np.array(sorted(expected))))


def texts(figure: Figure, gid: str) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts if text.get_gid() == gid]


# What is drawn


def test_every_trial_is_a_dot_at_its_value(groups: list[Scenario]) -> None:
    table = pd.read_csv(PUBLISHED)
    table = table[(table["subject"] == "pytorch_resnet_cifar10")]
    group = next(group for group in groups if group.subject == "pytorch_resnet_cifar10")
    (drawing,) = value_panels.draw(group, "resnet")
    dots, originals = drawn("dots", drawing.figure), drawn("original", drawing.figure)
    names = ("epochs", "learning_rate", "weight_decay")
    metrics = {"package_j": 1e3, "dram_j": 1e3, "gpu_j": 1e3, "duration_s": 60.0, "performance": 1.0}
    for panel, ((metric, unit), name) in enumerate(itertools.product(metrics.items(), names)):
        rows = table[table["hyperparameter"] == name]
        assert same_points(dots[panel], zip(rows["value"], rows[metric] / unit, strict=True))
        default = rows["default"].iloc[0]
        measured = table.loc[table["mutant"] == "original", metric] / unit
        assert same_points(originals[panel], ((default, value) for value in measured))


def test_the_line_joins_the_means(groups: list[Scenario]) -> None:
    table = pd.read_csv(PUBLISHED)
    own = (table["subject"] == "mnist") & table["background"].isna()
    epochs = table[own & ((table["hyperparameter"] == "epochs") | (table["mutant"] == "original"))]
    means = epochs.groupby(epochs["value"].fillna(14.0))["package_j"].mean() / 1e3
    (drawing,) = value_panels.draw(groups[0], "mnist")
    assert same_points(drawn("means", drawing.figure)[0], zip(means.index, means, strict=True))


def test_axes_say_unit_and_estimate() -> None:
    rows = frame({"lr": (0.1, [0.001, 1.0])}).assign(quality_package_j="estimated")
    (drawing,) = value_panels.draw(only(rows)[0], "net", Goal.MINIMIZE)
    labels = [axes.get_ylabel() for axes in drawing.figure.axes]
    assert labels == ["CPU energy,\nestimated (kJ)", "GPU energy (MJ)", "time (s)", "performance,\nlower is better"]
    assert drawing.figure.axes[-1].get_xlabel() == "lr"
    assert drawing.figure.axes[-1].get_xscale() == "log"
    assert "3 trials of the original, 3 of each of 2 mutants" in drawing.caption


def test_words_are_equidistant_with_the_original_first() -> None:
    group, _ = only(frame({"optimizer": ("adam", ["sgd", "lion"])}))
    (drawing,) = value_panels.draw(group, "net")
    axes = drawing.figure.axes[-1]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["adam", "lion", "sgd"]
    assert {x for x, _ in drawn("original", drawing.figure)[0]} == {0.0}
    assert {x for x, _ in drawn("dots", drawing.figure)[0]} == {1.0, 2.0}


def test_values_that_are_not_finite_are_counted_not_drawn() -> None:
    rows = frame({"lr": (0.1, [0.2, 0.3])})
    rows.loc[rows["value"] == 0.2, "performance"] = [np.nan, np.inf, 0.5]
    (drawing,) = value_panels.draw(only(rows)[0], "net")
    assert len(drawn("dots", drawing.figure)[-1]) == 4
    assert "Not drawn (not measured or not finite): performance of 2 trials" in drawing.caption


def test_win_tie_loss_cells_hold_the_counts_of_the_study() -> None:
    expected = json.loads((DATA / "expected.json").read_text())["win_tie_loss"]
    for scenario in scenario_reports(paper.analyse(read_csv(PUBLISHED))):
        (drawing,) = win_tie_loss.draw(scenario)
        own = [r for r in expected if (r["subject"], r["background"] or "") == (scenario.subject, scenario.background)]
        order = {
            name: place for place, name in enumerate(dict.fromkeys(r.hyperparameter for r in scenario.win_tie_loss))
        }
        energies = ["package_j", "dram_j", "gpu_j"]
        for row in own:
            panel = order[row["hyperparameter"]] * 3 + energies.index(row["energy"])
            assert cells(drawing.figure, panel) == [[str(count) for count in line] for line in row["counts"]]


def cells(figure: Figure, panel: int) -> list[list[str]]:
    """The texts of a panel's cells as they are seen: from the top, from the left."""
    axes = figure.axes[panel]
    placed = [
        (axes.transData.transform(text.get_position()), text.get_text())
        for text in axes.texts
        if text.get_gid() == "cell"
    ]
    rows: dict[int, list[tuple[float, str]]] = {}
    for (x, y), text in placed:
        rows.setdefault(round(-y), []).append((x, text))
    return [[text for _, text in sorted(row)] for _, row in sorted(rows.items())]


def test_every_panel_has_wins_on_top_and_says_who_is_undecided() -> None:
    counts = ((1, 2, 3), (4, 5, 6), (7, 8, 9))
    rows = [WinTieLoss("net", "", name, "gpu_j", counts, undecided) for name, undecided in (("lr", 4), ("epochs", 0))]
    (drawing,) = win_tie_loss.draw(ScenarioReport("net", "", [], [], rows))
    for panel in (0, 1):
        assert cells(drawing.figure, panel) == [list("123"), list("456"), list("789")]
    assert [axes.get_title() for axes in drawing.figure.axes] == ["GPU energy\n4 undecided", ""]
    assert "undecided" in drawing.caption


def test_correlations_are_those_of_the_study(scenarios: list[ScenarioReport]) -> None:
    expected = json.loads((DATA / "expected.json").read_text())["correlation"]
    for scenario in scenarios:
        (drawing,) = correlation.draw(scenario)
        own = [r for r in expected if (r["subject"], r["background"] or "") == (scenario.subject, scenario.background)]
        names = list(dict.fromkeys(r.hyperparameter for r in scenario.correlations))
        metrics = [metric for metric in NAMES if metric != "total_j"]
        for panel, which in enumerate(("spearman", "pearson")):
            seen = cells(drawing.figure, panel)
            for row in own:
                text = seen[names.index(row["hyperparameter"])][metrics.index(row["metric"])]
                found = float(text.splitlines()[0].rstrip("*").replace("−", "-"))
                assert found == pytest.approx(row[which], abs=0.0051)
                assert ("*" in text) == (row[f"{which}_p"] <= 0.05)


def test_text_on_cells_has_contrast() -> None:
    for colours, low in ((COUNTS, 0.0), (SIGNED, -1.0)):
        axes = Figure().subplots()
        shares = np.linspace(low, 1, 21)[None]
        heat_map(axes, shares, [["x"] * 21], colours, low)
        for share, text in zip(shares[0], axes.texts, strict=True):
            background = luminance(colours((share - low) / (1 - low)))
            letters = 1.0 if text.get_color() == "white" else 0.0
            brighter, darker = max(background, letters), min(background, letters)
            assert (brighter + 0.05) / (darker + 0.05) >= 4.5, "what WCAG asks of text"


def luminance(colour: tuple[float, ...]) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


@pytest.mark.parametrize("goal", list(Goal))
def test_the_front_is_what_no_other_point_beats(goal: Goal) -> None:
    rng = np.random.default_rng(2)
    sign = 1 if goal is Goal.MAXIMIZE else -1
    for _ in range(50):
        several = [pareto.PlottedArm(str(k), "lr", "", *rng.integers(0, 6, 2).astype(float)) for k in range(9)]
        best = pareto.pareto_front(several, goal)
        for point in several:
            beaten = any(
                other.energy_j <= point.energy_j
                and sign * other.performance >= sign * point.performance
                and (other.energy_j, other.performance) != (point.energy_j, point.performance)
                for other in several
            )
            same = [(each.energy_j, each.performance) for each in best].count((point.energy_j, point.performance))
            assert same == (0 if beaten else 1)


def test_a_copy_of_the_original_is_not_on_the_front() -> None:
    lucky = pareto.PlottedArm("identity", "identity", "identity", 1.0, 1.0)
    original = pareto.PlottedArm("original", "", "original", 2.0, 0.5)
    assert pareto.pareto_front([original, lucky]) == [original]


def test_the_plane_shows_means_and_labels_all(scenarios: list[ScenarioReport]) -> None:
    scenario = scenarios[0]
    drawings = pareto.draw(scenario)
    assert [drawing.part for drawing in drawings] == ["package", "dram", "gpu"]
    figure = drawings[2].figure
    means = {(row.mutant, row.metric): row.mean for row in scenario.comparisons}
    shown = {line.get_gid(): np.asarray(line.get_xydata())[0] for line in figure.axes[0].lines if line.get_gid()}
    for mutant in {row.mutant for row in scenario.comparisons}:
        gpu_j, performance = means[mutant, "gpu_j"], means[mutant, "performance"]
        assert gpu_j is not None
        assert shown[mutant] == pytest.approx((gpu_j / 1e3, performance))
    assert len(texts(figure, "label")) == 16
    assert {"original", "epochs 11 *", "learning_rate 7.66"} <= set(texts(figure, "label"))


def careful_comparison(metric: str, difference: float, low: float, high: float) -> CarefulComparison:
    return CarefulComparison(
        n=5, n_original=5,
        relative_change=UNKNOWN, p=None, cliffs_delta=UNKNOWN, reason=None,
        subject="net", background="", hyperparameter="lr", mutant="lr=2", value=2.0, default=1.0, metric=metric,
        mean=100.0, mean_original=100.0, verdict=Verdict.TIE, quality=Quality.ESTIMATED,
        difference=Interval(difference, low, high),
    )  # fmt: skip


def test_intervals_are_crosses_around_the_difference_from_the_original() -> None:
    rows = [careful_comparison("total_j", -10, -15, -4), careful_comparison("performance", 1, -2, 3)]
    (drawing,) = pareto.draw(ScenarioReport("net", "", [], list(rows), []))
    assert drawn("interval", drawing.figure)[0] == [(85, 101), (96, 101), (90, 98), (90, 103)]
    assert drawing.figure.axes[0].get_xlabel() == "all energy, estimated (J)"
    assert "95 % confidence intervals" in drawing.caption


def timeline(power_w: np.ndarray[Any, Any], every_s: float) -> tuple[tuple[float, float], ...]:
    return tuple((every_s * (k + 1), float(watts)) for k, watts in enumerate(power_w))


def test_merged_steps_preserve_energy() -> None:
    power_w = np.random.default_rng(3).uniform(50, 300, 10_007)
    steps = power.power_steps(timeline(power_w, 0.1), most=100)
    assert len(steps.mean_w) <= 101
    assert (steps.mean_w * np.diff(steps.edges_s)).sum() == pytest.approx(power_w.sum() * 0.1)
    assert (steps.low_w.min(), steps.high_w.max()) == (power_w.min(), power_w.max())
    few = power.power_steps(timeline(power_w[:50], 0.1))
    assert few.mean_w == pytest.approx(power_w[:50])


def test_a_sample_right_after_another_makes_no_spike() -> None:
    steps = power.power_steps(((0.001, 4000.0), (1.0, 50.0), (2.0, 60.0), (3.0, 55.0)))
    assert steps.mean_w == pytest.approx([0.001 * 4000 + 0.999 * 50, 60, 55])


def training(**changes: Any) -> power.TrialPower:
    watts = np.tile([100.0, 300.0], 50)
    given: dict[str, Any] = {
        "title": "net, exclusive",
        "about": "One training",
        "duration_s": 100.0,
        "timelines": {"gpu:GPU-1": timeline(watts, 1.0), "cpu:package-0": timeline(watts / 1e6, 1.0)},
        "domains": [DomainEnergy("gpu:GPU-1", "nvml", Quality.ESTIMATED, 20_000.0, 100.0, idle_w=30.0)],
        "phases": [Phase("first epoch", 0, 50, {}), Phase("epoch", 50, 100, {}), Phase("validate", 40, 50, {})],
    }
    return power.TrialPower(**(given | changes))


def test_power_is_drawn_by_domain_with_epochs_and_windows() -> None:
    (drawing,) = power.draw(training())
    lanes, gpu, cpu = drawing.figure.axes
    assert [label.get_text() for label in lanes.get_yticklabels()] == ["epochs", "validate"]
    epochs, windows = ([path.get_extents().intervalx.tolist() for path in c.get_paths()] for c in lanes.collections)
    assert (epochs, windows) == ([[0, 50], [50, 100]], [[40, 50]])
    assert (gpu.get_ylabel(), cpu.get_ylabel()) == ("GPU power,\nestimated (W)", "CPU power (µW)")
    (stairs,) = gpu.patches
    assert isinstance(stairs, StepPatch)
    assert stairs.get_data()[0].tolist() == [100.0, 300.0] * 50
    assert [np.asarray(line.get_ydata())[0] for line in gpu.lines if line.get_gid() == "idle"] == [30.0]
    assert gpu.get_legend().get_texts()[0].get_text() == "gpu:GPU-1: 20.0 kJ, estimated"


def test_nothing_gives_no_drawing() -> None:
    empty = ScenarioReport("net", "", [], [], [])
    assert not [*win_tie_loss.draw(empty), *correlation.draw(empty), *pareto.draw(empty)]
    assert power.draw(training(timelines={})) == []


# What can be read


def all_drawings() -> Iterator[Drawing]:
    published = read_csv(PUBLISHED)
    exclusive = published[published["background"] == ""]
    for rows in (exclusive, frame(HARD), frame({"lr": (1.0, [2.0])}, repetitions=1)):
        scenarios = list(scenario_reports(paper.analyse(rows)))
        for group, scenario in zip(scenarios_of(rows), scenarios, strict=True):
            yield from value_panels.draw(group, scenario.title)
            yield from [*win_tie_loss.draw(scenario), *correlation.draw(scenario), *pareto.draw(scenario)]
    domains = [f"gpu:GPU-{k}3f2a1c0e-aaaa-bbbb-cccc-ddddeeeeffff" for k in range(8)] + ["cpu:package-0", "psys"]
    phases = [Phase(f"a window with a long name {k}", k, k + 1, {}) for k in range(12)]
    energies = [DomainEnergy(d, "nvml", Quality.INTEGRATED, 12_345.0, 100.0) for d in domains]
    lines = {domain: timeline(np.full(100, 123.0), 1.0) for domain in domains}
    yield from power.draw(training(timelines=lines, domains=energies, phases=phases))


@pytest.mark.slow  # it draws all figures in all their forms, and asks each text for its place
def test_no_text_overlaps_another_leaves_the_page_or_is_small() -> None:
    for drawing in all_drawings():
        figure = drawing.figure
        assert figure.get_figwidth() <= WIDTH_IN + 1e-9, "printed at its own size"
        with figure_style():
            FigureCanvasAgg(figure).draw()
        shown = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]
        hidden = hidden_texts(figure)
        boxes = [(text, text.get_window_extent()) for text in shown if text not in hidden]
        for text, box in boxes:
            assert float(text.get_fontsize()) >= FONT_PT
            frame = figure.bbox.padded(1)
            inside = frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1
            assert inside, f"{drawing.kind} of {drawing.title}: {text.get_text()!r} leaves the page"
        for (one, box), (other, next_box) in itertools.combinations(boxes, 2):
            assert not box.padded(-0.7).overlaps(next_box.padded(-0.7)), (
                f"{drawing.kind} of {drawing.title}: {one.get_text()!r} on {other.get_text()!r}"
            )


def hidden_texts(figure: Figure) -> set[Text]:
    """Labels of ticks outside an axis' limits, and of axes switched off: matplotlib keeps but does not draw them."""
    hidden: set[Text] = set()
    for axis in figure.findobj(Axis):
        low, high = sorted(axis.get_view_interval())
        margin = 1e-6 * (high - low)
        for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
            if not axis.axes.axison or not low - margin <= tick.get_loc() <= high + margin:
                hidden |= {tick.label1, tick.label2}
    return hidden


def test_labels_are_spread_without_losing_their_order() -> None:
    rng = np.random.default_rng(4)
    for count in (1, 2, 7, 20, 40):
        wanted = np.sort(rng.uniform(-0.2, 1.2, count))
        places = spread_positions(wanted, 0.05)
        assert places.min() >= -1e-12
        assert places.max() <= 1 + 1e-12
        assert (np.diff(places) >= min(0.05, 1 / max(count - 1, 1)) - 1e-12).all()
    free = np.array([0.1, 0.5, 0.9])
    assert spread_positions(free, 0.1) == pytest.approx(free), "labels with free space stay at their points"
    assert spread_positions(np.array([0.5, 0.5]), 0.1) == pytest.approx([0.45, 0.55])


@pytest.mark.parametrize(
    ("low", "high"), [(1e-4, 1e-2), (2e-5, 2.4e-4), (0.14, 2.0), (1.0, 1e9), (0.3, 3.1), (1e-8, 1e-7)]
)
def test_logarithmic_axes_have_a_few_plain_ticks(low: float, high: float) -> None:
    axes = Figure().subplots()
    scales.make_logarithmic(axes, "x", low, high)
    ticks = axes.get_xticks()
    assert 2 <= len(ticks) <= 8
    labels = [axes.xaxis.get_major_formatter()(tick) for tick in ticks]
    assert [float(label) for label in labels] == pytest.approx(ticks)


@pytest.mark.parametrize(
    ("metric", "largest", "unit"),
    [
        ("gpu_j", 999.0, "J"),
        ("gpu_j", 1000.0, "kJ"),
        ("gpu_j", 3.2e6, "MJ"),
        ("gpu_j", 0.5, "mJ"),
        ("gpu_j", 0.0, "J"),
        ("duration_s", 119.0, "s"),
        ("duration_s", 121.0, "min"),
        ("duration_s", 7200.0, "h"),
        ("performance", 1e6, ""),
    ],
)
def test_units_follow_the_largest_figure(metric: str, largest: float, unit: str) -> None:
    assert scales.axis_scale(metric, [largest, largest / 7, np.nan]).unit == unit


def test_labels_of_values_are_short_and_different() -> None:
    assert value_labels_of([0.12345, 0.2]) == ["0.123", "0.2"]
    assert value_labels_of(["10,0.123456", "20,0.5"]) == ["10, 0.123", "20, 0.5"]
    assert value_labels_of(["10,0.1234561", "10,0.1234562"]) == ["10,0.1234561", "10,0.1234562"]
    assert Positions.of([1.0, "none"]).at == {1.0: 0.0, "none": 1.0}
    assert shorten("a_name_of_many_characters", 11) == "a_nam…cters"


# Files and the command


def test_files_are_what_they_say_and_the_same_each_time(tmp_path: Path) -> None:
    group, _ = only(frame({"$\\frac$": (1.0, [2.0])}))
    for form in ("png", "svg", "pdf"):
        twice = []
        for _ in range(2):
            (drawing,) = value_panels.draw(group, "what $\\a$ name")
            path = write(drawing, tmp_path, "net", form)
            twice.append(path.read_bytes())
        assert path.name == f"mutegreen-net-values.{form}"
        assert twice[0] == twice[1]
        check_file(twice[0], form)
    assert len(list(tmp_path.iterdir())) == 3, "nothing else is left"


def check_file(data: bytes, form: str) -> None:
    if form == "png":
        image = Image.open(io.BytesIO(data))
        image.load()
        assert image.width >= 300 * 2, "300 dots an inch"
    elif form == "svg":
        assert ElementTree.fromstring(data).tag.endswith("svg")
    else:
        assert data.startswith(b"%PDF-")
        assert data.rstrip().endswith(b"%%EOF")
        assert b"/Type3" not in data, "publishers refuse Type 3 fonts"


def test_names_of_files_are_safe_and_different() -> None:
    assert file_stems(["a/b", "a b", "../../etc", "A-B", "", "été"]) == [
        "a-b",
        "a-b-2",
        "etc",
        "A-B-3",
        "unnamed",
        "été",
    ]


def test_an_audit_becomes_figures_of_all_kinds(audited: dict[str, Any], mutegreen: Run, tmp_path: Path) -> None:
    done = mutegreen("plot", "--json", "--format", "svg")
    assert (done.returncode, done.stderr) == (0, "")
    figures = json.loads(done.stdout)["figures"]
    assert [each["kind"] for each in figures] == ["values", "win-tie-loss", "correlation", "pareto", "power"]
    for each in figures:
        assert each["file"].startswith(f"reports/figures/mutegreen-{audited['audit']}-")
        check_file((tmp_path / each["file"]).read_bytes(), "svg")
    again = mutegreen("plot", audited["audit"], "--kind", "power", "--trial", "3", "--out", "here")
    assert again.stdout == f"here/mutegreen-{audited['audit']}-power-trial-3.png\n"


def test_a_file_becomes_figures(mutegreen: Run, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    for name in ("mine.png", "mutegreen-mnist-win-tie-loss.png"):
        (folder / name).write_text("there before")
    done = mutegreen("plot", "--csv", PUBLISHED, "--kind", "win-tie-loss", "--protocol", "paper", "--out", "out")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 5
    assert "out/mutegreen-mnist-beside-siamese_network-win-tie-loss.png\n" in done.stdout
    check_file((folder / "mutegreen-mnist-win-tie-loss.png").read_bytes(), "png")
    assert (folder / "mine.png").read_text() == "there before"


def test_only_files_are_printed_without_a_home_or_with_a_matplotlibrc(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\nno_such_key: 1\n")
    nowhere = dict.fromkeys(("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"), "/proc/nowhere")
    frame({"lr": (1.0, [2.0])}).to_csv(tmp_path / "rows.csv", index=False)
    words = command("plot", "--csv", "rows.csv", "--kind", "values", "--protocol", "paper")
    variables = environment(**nowhere, MPLBACKEND="TkAgg")
    variables.pop("DISPLAY", None)
    done = subprocess.run(words, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--csv", PUBLISHED, "--kind", "power"), "--csv cannot be combined with --kind power or --trial"),
        (("--csv", PUBLISHED, "--trial", "1"), "a CSV file holds no power over time"),
        (("--kind", "values", "--trial", "1"), "--trial needs --kind power"),
        (("--csv", "none.csv"), "none.csv cannot be read"),
        (("--store", "none.sqlite"), "there is no store"),
        (
            ("--csv", PUBLISHED, "--kind", "values", "--out", "/proc/nowhere"),
            "/proc/nowhere/mutegreen-mnist-values.png",
        ),
        (("--csv", PUBLISHED, "an-audit"), "an audit and --csv cannot be combined"),
    ],
)
def test_wrong_use_is_one_clear_line(words: tuple[Any, ...], says: str, mutegreen: Run) -> None:
    done = mutegreen("plot", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("audited")
def test_a_trial_that_is_not_there(mutegreen: Run) -> None:
    done = mutegreen("plot", "--kind", "power", "--trial", "99")
    assert done.returncode == 2
    assert re.search(r"has no trial 99\n  its trials have the numbers 1 to 10", done.stderr)


def test_a_figure_that_cannot_be_drawn_is_reported(mutegreen: Run, tmp_path: Path) -> None:
    rows = frame({"lr": (1.0, [2.0, 3.0])}, performance=np.nan)
    rows.to_csv(tmp_path / "rows.csv", index=False)
    done = mutegreen("plot", "--csv", "rows.csv")
    assert done.returncode == 0
    assert "figure pareto not drawn: it needs" in done.stderr
    refused = mutegreen("plot", "--csv", "rows.csv", "--kind", "pareto")
    assert refused.returncode == 2
    assert "no figure can be drawn" in refused.stderr
    rows[rows["mutant"] == "original"].to_csv(tmp_path / "original.csv", index=False)
    ended = mutegreen("plot", "--csv", "original.csv")
    assert "only the original was trained" in ended.stderr
    written = {file.name for file in (tmp_path / "reports" / "figures").iterdir()}
    assert written == {"mutegreen-net-values.png", "mutegreen-net-correlation.png"}
