"""Trends: exact laws recovered, other libraries, simulated coverage, and the published data."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import ArrayLike
from rich.console import Console
from scipy import optimize, stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from mutegreen.model import METRICS, Goal, Quality
from mutegreen.report.terminal.trend_table import trend_legend, trend_sentence, trend_table
from mutegreen.report.wording import reason_text
from mutegreen.stats.interval import Interval
from mutegreen.stats.model.arms import Arms
from mutegreen.stats.model.metric_model import fit_metric
from mutegreen.stats.model.scenario import scenarios_of
from mutegreen.stats.model.scenario_model import ScenarioModel, fit_scenario
from mutegreen.stats.reason import Reason, ReasonCode
from mutegreen.stats.settings import Settings
from mutegreen.stats.trend.curve import Shape
from mutegreen.stats.trend.trend import Trend, TrendFinding
from mutegreen.stats.trend.trend_analysis import trends
from mutegreen.stats.trend.trend_fit import fit_trend
from mutegreen.store.rows import read_csv, rows_frame
from support.paths import DATA

NOISE = np.array([-0.011, 0.004, 0.013, -0.009, 0.003])
"""Relative noise of five repetitions, with a mean of 0."""


def model(
    by_value: Mapping[Any, Any],
    name: str = "epochs",
    metric: str = "gpu_j",
    settings: Settings | None = None,
    **more: Any,
) -> ScenarioModel:
    """The original, at the first value, and a mutant for each other value, each with its observations."""
    default, *_ = by_value
    records = []
    for value, several in by_value.items():
        is_original = value == default
        label = {"mutant": "original" if is_original else f"{name}={value}", "hyperparameter": name, "value": value}
        label |= {"default": default} | more
        if is_original:
            label |= dict.fromkeys(("hyperparameter", "value", "default"))
        for repetition, observation in enumerate(np.atleast_1d(np.asarray(several, dtype=object))):
            empty = {"subject": "s", "background": "", "repetition": repetition, "block": repetition}
            records.append(empty | dict.fromkeys(METRICS) | label | {metric: observation})
    (scenario,) = scenarios_of(rows_frame(records))
    return fit_scenario(scenario, Goal.MAXIMIZE, settings or Settings(), None)


def trend(by_value: Mapping[Any, Any], **options: Any) -> Trend:
    (found,) = trends(model(by_value, **options))
    return found


def law(f: Callable[[float], float], values: list[float], noise: ArrayLike = NOISE) -> Mapping[Any, Any]:
    """Observations of a law with the same relative noise at every value, in another order."""
    return {value: f(value) * np.exp(np.roll(noise, at)) for at, value in enumerate(values)}


def flat(by_value: Mapping[Any, Any]) -> tuple[np.ndarray, np.ndarray]:
    values = np.repeat(np.array(list(by_value), dtype=float), [np.size(cell) for cell in by_value.values()])
    return values, np.concatenate([np.atleast_1d(cell) for cell in by_value.values()]).astype(float)


@pytest.fixture(scope="module")
def published() -> dict[tuple[str, str, str], Trend]:
    """Trends of the exclusive scenarios by subject, hyperparameter and metric."""
    scenarios = scenarios_of(read_csv(DATA / "measurements.csv"))
    models = [
        fit_scenario(scenario, Goal.MAXIMIZE, Settings(), None) for scenario in scenarios if not scenario.background
    ]
    return {(row.subject, row.hyperparameter, row.metric): row for each in models for row in trends(each)}


def test_an_exact_power_law_is_recovered() -> None:
    found = trend({x: [900 * x**-0.4] * 3 for x in (32.0, 8.0, 64.0, 512.0)}, name="batch_size")
    assert (found.finding, found.model, found.shape) == (TrendFinding.TREND, Shape.POWER_LAW, Shape.POWER_LAW)
    assert found.exponent.value == pytest.approx(-0.4)
    assert found.relative_slope.value == pytest.approx(2**-0.4 - 1)
    assert found.change.value == pytest.approx(64**-0.4 - 1)
    assert found.at([8, 100]) == pytest.approx([900 * 8**-0.4, 900 * 100**-0.4])
    assert found.reason == Reason(ReasonCode.NO_VARIATION_AROUND_CURVE)


def test_an_exact_line_is_recovered_from_logarithms() -> None:
    found = trend({x: [5 + 40 * x] * 3 for x in (14.0, 1.0, 16.0, 30.0)})
    assert (found.finding, found.model) == (TrendFinding.TREND, Shape.LINEAR)
    assert (found.step, found.slope.value, found.level.value) == pytest.approx((1, 40, 565))
    assert found.relative_slope.value == pytest.approx(40 / 565)
    assert found.at([1, 20]) == pytest.approx([45, 805])


def test_an_exact_logarithm_of_performance_is_recovered() -> None:
    found = trend({x: [0.7 + 0.02 * math.log(x)] * 3 for x in (1e-4, 1e-5, 1e-3, 1e-2)}, metric="performance")
    assert found.model is Shape.LOGARITHMIC
    assert (found.step, found.slope.value) == pytest.approx((2, 0.02 * math.log(2)))
    assert found.at([1e-2]) == pytest.approx([0.7 + 0.02 * math.log(1e-2)])


def test_a_power_law_is_the_line_through_the_logarithms() -> None:
    data = law(lambda x: 900 * x**-0.4, [32.0, 8.0, 64.0, 256.0, 512.0])
    found = trend(data)
    x, y = flat(data)
    assert found.exponent.value == pytest.approx(stats.linregress(np.log(x), np.log(y)).slope, rel=1e-9)


def test_a_line_is_the_one_that_another_fit_finds() -> None:
    data = law(lambda x: 100 + 50 * x, [14.0, 3.0, 7.0, 20.0, 30.0])
    found = trend(data)
    x, y = flat(data)
    (a, b), _ = optimize.curve_fit(lambda x, a, b: np.log(a + b * x), x, np.log(y), (90, 60))
    assert found.shape is Shape.LINEAR
    assert (found.slope.value, found.level.value) == pytest.approx((b, a + b * 14), rel=1e-6)


def test_models_are_compared_by_the_aicc_of_all_observations() -> None:
    data = law(lambda x: 100 * x**0.3, [4.0, 1.0, 16.0, 64.0])
    (found,) = trends(study_without_blocks(data))
    x, y = flat(data)
    frame = pd.DataFrame({"x": np.log(x), "y": np.log(y)})

    def aicc(formula: str, parameters: int) -> float:
        n = len(y)
        return float(-2 * ols(formula, frame).fit().llf + 2 * parameters * n / (n - parameters - 1))

    difference = aicc("y ~ x", 3) - aicc("y ~ 1", 2)
    assert found.aicc["power_law"] - found.aicc["constant"] == pytest.approx(difference)
    assert found.aicc["power_law"] < found.aicc["linear"]


def test_with_two_values_the_interval_is_welchs() -> None:
    data = {2.0: [100.0, 103.0, 99.0, 104.0], 8.0: [141.0, 160.0, 150.0]}
    (mutant,) = trends(study_without_blocks(data))
    welch = stats.ttest_ind(np.log(data[8.0]), np.log(data[2.0]), equal_var=False)
    expected = np.expm1(welch.confidence_interval())
    assert (mutant.change.low, mutant.change.high) == pytest.approx(tuple(expected))
    assert mutant.p == pytest.approx(welch.pvalue)
    assert mutant.reason == Reason(ReasonCode.SHAPE_ASSUMED)


def study_without_blocks(data: Mapping[Any, Any], metric: str = "gpu_j") -> ScenarioModel:
    scenario = model(data, metric=metric).scenario
    return fit_scenario(replace(scenario, rows=scenario.rows.drop(columns="block")), Goal.MAXIMIZE, Settings(), None)


def test_the_lack_of_fit_is_nearly_the_classical_test_where_all_values_are_equally_noisy() -> None:
    data = {x: y + 0.01 * NOISE for x, y in ((3.0, 0.9), (1.0, 0.9001), (2.0, 0.90013), (5.0, 0.90016))}
    (found,) = trends(study_without_blocks(data, "performance"))
    x, y = flat(data)
    frame = pd.DataFrame({"x": x if found.shape is Shape.LINEAR else np.log(x), "y": y, "group": x})
    table = anova_lm(ols("y ~ x", frame).fit(), ols("y ~ C(group)", frame).fit())
    classical = table["Pr(>F)"].iloc[1]
    assert 0.01 < classical < 0.1
    assert classical < found.lack_of_fit_p < 1.2 * classical


def test_drift_from_block_to_block_is_no_trend_and_no_noise() -> None:
    generator = np.random.default_rng(3)
    data = {x: (100 + 50 * x) * np.exp(generator.normal(0, 0.01, 5)) for x in (14.0, 3.0, 7.0, 20.0, 30.0)}
    drift = np.exp([0.0, 0.1, 0.2, -0.3, 0.5])
    still, drifting = trend(data), trend({x: observations * drift for x, observations in data.items()})
    scale = float(np.exp(np.log(drift).mean()))
    assert drifting.slope.high - drifting.slope.low == pytest.approx(scale * (still.slope.high - still.slope.low))
    assert drifting.change.value == pytest.approx(still.change.value)


def test_constant_metrics_are_shown_to_be_flat_within_the_margin_only() -> None:
    data = law(lambda _: 500.0, [4.0, 3.0, 6.0, 9.0, 12.0], NOISE / 3)
    found = trend(data)
    assert (found.finding, found.model) == (TrendFinding.NO_TREND, Shape.CONSTANT)
    bound = max(-found.change.low, found.change.high)
    assert 0 < bound < 0.02
    assert trend(data, settings=Settings(margin=bound * 0.99)).finding is TrendFinding.UNDECIDED
    assert trend(data, settings=Settings(margin=bound * 1.01)).finding is TrendFinding.NO_TREND


def test_few_noisy_observations_decide_nothing() -> None:
    found = trend(law(lambda _: 500.0, [4.0, 3.0, 6.0, 9.0], NOISE * 10))
    assert found.finding is TrendFinding.UNDECIDED
    assert found.change.low < -found.margin < found.margin < found.change.high


def test_a_rise_and_fall_is_no_simple_trend() -> None:
    found = trend(law(lambda x: 500 * (1 + 0.05 * (x - 6) ** 2), [6.0, 2.0, 4.0, 8.0, 10.0]))
    assert found.finding is TrendFinding.NO_SIMPLE_TREND
    assert found.lack_of_fit_p_adjusted < 0.001
    assert found.spread == pytest.approx(0.8, abs=0.02)


def test_scatter_around_a_trend_widens_its_interval() -> None:
    bumps = dict(zip([14.0, 3.0, 7.0, 20.0, 30.0, 40.0], [0.05, -0.04, 0.05, -0.05, 0.04, -0.05], strict=True))
    smooth = trend(law(lambda x: 100 + 50 * x, list(bumps)))
    rough = trend(law(lambda x: (100 + 50 * x) * (1 + bumps[x]), list(bumps)))
    assert rough.finding is TrendFinding.TREND
    assert rough.slope.high - rough.slope.low > 3 * (smooth.slope.high - smooth.slope.low)


SIMULATED = {
    "all alike": {},
    "a noisy end": {"noise": [1, 1, 1, 1, 1, 4]},
    "a noisy original": {"noise": [4, 1, 1, 1, 1, 1]},
    "values that scatter": {"scatter": 0.03},
}


@pytest.mark.parametrize("conditions", SIMULATED.values(), ids=SIMULATED.keys())
def test_simulated_intervals_hold_and_false_alarms_are_rare(conditions: dict[str, Any]) -> None:
    """Six arms of five observations in drifting blocks: a power law, then no trend."""
    values = np.array([32.0, 8.0, 16.0, 64.0, 256.0, 512.0])
    held = np.mean([low <= -0.4 <= high for low, high, _ in simulated(values, -0.4, **conditions)])
    alarms = np.mean([p <= 0.05 for _, _, p in simulated(values, 0.0, **conditions)])
    assert held > 0.91
    assert alarms < 0.08
    if not conditions:
        assert held < 0.995


def simulated(
    values: np.ndarray, exponent: float, noise: ArrayLike = (1,), scatter: float = 0.0, audits: int = 400
) -> list[tuple[float, float, float]]:
    generator = np.random.default_rng(1)
    arms = Arms(tuple(map(str, values)), np.repeat(np.arange(6), 5), np.tile(np.arange(5), 6), True)
    empty = Trend(subject="", background="", hyperparameter="", metric="gpu_j", n=30, default=None)
    found = []
    for _ in range(audits):
        means = exponent * np.log(values) + generator.normal(0, scatter, 6)
        logs = means[:, None] + generator.normal(0, 0.05, 5) + 0.01 * generator.normal(size=(6, 5)) * np.c_[noise]
        fit = fit_trend(empty, fit_metric(np.exp(logs).ravel(), arms, "gpu_j"), np.arange(6), values, 0.02)
        found.append((*(fit.exponent.ends or (math.nan, math.nan)), fit.p))
    return found


def test_the_published_epochs_cost_a_line(published: dict[tuple[str, str, str], Trend]) -> None:
    for subject, slope_j, relative in (("mnist", 1143, 0.0716), ("siamese_network", 4298, 0.0686)):
        found = published[subject, "epochs", "gpu_j"]
        assert (found.finding, found.model, found.step) == (TrendFinding.TREND, Shape.LINEAR, 1)
        assert found.slope.value == pytest.approx(slope_j, rel=0.001)
        assert found.relative_slope.value == pytest.approx(relative, rel=0.001)
    rows = read_csv(DATA / "measurements.csv")
    rows = rows[(rows["subject"] == "mnist") & (rows["background"] == "")]
    rows = rows[(rows["hyperparameter"] == "epochs") | (rows["mutant"] == "original")]
    values = rows["value"].where(rows["mutant"] != "original", 14.0).astype(float)
    plain = stats.linregress(values, rows["gpu_j"]).slope
    found = published["mnist", "epochs", "gpu_j"]
    assert found.slope.low < plain < found.slope.high


def test_the_published_learning_rates_of_resnet_are_an_effect_of_order_not_a_trend(
    published: dict[tuple[str, str, str], Trend],
) -> None:
    for metric in ("package_j", "gpu_j", "duration_s"):
        assert published["pytorch_resnet_cifar10", "learning_rate", metric].finding is TrendFinding.NO_SIMPLE_TREND


def test_gamma_that_was_not_applied_shows_no_trend(published: dict[tuple[str, str, str], Trend]) -> None:
    for metric in ("package_j", "dram_j", "gpu_j", "duration_s", "performance", "total_j"):
        assert published["mnist", "gamma", metric].finding is TrendFinding.NO_TREND


def test_p_values_are_adjusted_over_all_trends_of_a_scenario(published: dict[tuple[str, str, str], Trend]) -> None:
    for column in ("p", "lack_of_fit_p"):
        rows = [row for (subject, *_), row in published.items() if subject == "mnist"]
        p = np.array([getattr(row, column) for row in rows])
        order = np.argsort(p)
        holm = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
        assert [getattr(rows[at], f"{column}_adjusted") for at in order] == pytest.approx(list(holm))


NO_ANSWER = {
    ReasonCode.MEASURED_FOR_ONE_VALUE: {2.0: [1.0, 2.0], 3.0: [None, None]},
    ReasonCode.VALUE_INFINITE: {2.0: [1.0, 2.0], 3.0: [math.inf, 2.0], 4.0: [1.0, 3.0]},
    ReasonCode.ORIGINAL_NOT_MEASURED: {2.0: [None, None], 3.0: [1.0, 2.0], 4.0: [1.0, 3.0]},
    ReasonCode.EQUAL_TO_ORIGINAL: {2.0: [0.1] * 3, 3.0: [0.1] * 7, 4.0: [0.1] * 6},
    ReasonCode.NO_NOISE_ESTIMATE: {2.0: [1.0], 3.0: [2.0]},
    ReasonCode.NOT_NUMBERS: {2.0: [1.0, 2.0], "adam": [2.0, 3.0], 4.0: [1.0, 2.0]},
}


@pytest.mark.parametrize(("why", "data"), NO_ANSWER.items(), ids=NO_ANSWER.keys())
def test_a_missing_trend_has_a_reason(why: ReasonCode, data: dict[Any, Any]) -> None:
    found = trend(data)
    reason = reason_text(Reason(why))
    assert (found.finding, found.reason, found.slope.value, found.p) == (
        TrendFinding.UNDECIDED,
        Reason(why),
        None,
        None,
    )
    assert trend_sentence(found).endswith(f"no result, because {reason}")
    assert reason in printed([found], 200)
    with pytest.raises(ValueError, match=why):
        found.at([2.0])


@pytest.mark.parametrize(
    "data",
    [
        {2.0: [0.0, 0.0, 0.0], 4.0: [0.0, 0.0, 1.0], 8.0: [3.0, 4.0, 0.0]},
        {2.0: [10.0, 10.1], 0.0: [20.0, 20.3], -8.0: [20.0, 30.0]},
        {2.0: [10.0, 10.1], 1e-300: [20.0, 20.3], 1e300: [1e300, 1.1e300]},
        {2.0: [10.0, 10.1], 2.0000001: [20.0, 20.3], 2.0000002: [30.0, 30.1]},
        {2.0: [10.0], 4.0: [20.0], 8.0: [41.0]},
        {2.0: [10.0] * 3, 4.0: [12.0] * 3, 8.0: [10.0] * 3},
    ],
    ids=["observations of 0", "values of 0 and less", "extremes", "nearly one value", "one repetition", "no noise"],
)
def test_extreme_observations_give_no_warning_and_no_wrong_result(data: dict[Any, Any]) -> None:
    found = trend(data)
    assert found.p is None or 0 <= found.p <= 1
    cells = list(vars(found).values())
    cells += [part for cell in cells if isinstance(cell, Interval) for part in vars(cell).values()]
    assert all(math.isfinite(cell) for cell in cells if isinstance(cell, float))
    assert printed([found], 80)


def test_with_one_repetition_a_power_law_has_the_interval_of_any_regression() -> None:
    data = {2.0: 10.0, 4.0: 20.3, 8.0: 38.0, 16.0: 81.0, 32.0: 158.0}
    found = trend(data)
    expected = stats.linregress(np.log(list(data)), np.log(list(data.values())))
    half = stats.t.ppf(0.975, 3) * expected.stderr
    assert (found.shape, found.lack_of_fit_p) == (Shape.POWER_LAW, None)
    ends = (expected.slope - half, expected.slope + half)
    assert (found.exponent.low, found.exponent.high) == pytest.approx(ends)
    assert found.p == pytest.approx(2 * expected.pvalue), "two curves were tried"


def test_with_one_repetition_a_line_has_the_interval_of_any_regression() -> None:
    data = {8.0: 501.0, 2.0: 203.0, 4.0: 298.0, 9.0: 556.0, 12.0: 699.0}
    found = trend(data)
    x, y = np.array(list(data)), np.array(list(data.values()))
    (_, b), covariance = optimize.curve_fit(lambda x, a, b: np.log(a + b * x), x, np.log(y), (90, 60))
    half = stats.t.ppf(0.975, 3) * math.sqrt(covariance[1, 1])
    assert found.shape is Shape.LINEAR
    assert (found.slope.low, found.slope.high) == pytest.approx((b - half, b + half), rel=1e-4)


@pytest.mark.parametrize(
    ("values", "shape", "step"),
    [
        ([0.2, 0.05, 0.5], Shape.POWER_LAW, 2.0),
        ([0.2, 0.06, 0.5], Shape.LINEAR, 0.1),
        ([2e-4, 3e-5, 2.9e-4], Shape.LINEAR, 1e-4),
        ([14.0, 9.0, 16.0], Shape.LINEAR, 1.0),
        ([0.0, 0.3, 0.9], Shape.LINEAR, 0.1),
        ([32.0, 8.0, 512.0], Shape.POWER_LAW, 2.0),
    ],
)
def test_of_equal_curves_the_preferred_one_is_chosen(values: list[float], shape: Shape, step: float) -> None:
    found = trend(law(lambda _: 500.0, values))
    assert (found.shape, found.step) == (shape, step)


def test_a_mutant_of_two_hyperparameters_at_once_is_in_no_trend() -> None:
    both = model({2.0: [1.0, 2.0], "2,3": [1.0, 2.0]}, name="epochs,lr")
    assert trends(both) == []


def printed(rows: list[Trend], width: int) -> str:
    console = Console(file=(output := io.StringIO()), width=width, color_system=None)
    console.print(trend_table(rows))
    return output.getvalue()


LINE = Trend(
    subject="s",
    background="",
    hyperparameter="epochs",
    metric="gpu_j",
    n=30,
    default=14.0,
    finding=TrendFinding.TREND,
    lowest=9.0,
    highest=16.0,
    shape=Shape.LINEAR,
    step=1.0,
    slope=Interval(1140.0, 1100.0, 1180.0),
    relative_slope=Interval(0.0712),
    change=Interval(0.5, 0.48, 0.52),
    spread=0.5,
    p=1e-9,
    margin=0.02,
)
DOUBLING = replace(LINE, shape=Shape.POWER_LAW, step=2.0, hyperparameter="batch_size", relative_slope=Interval(-0.242))
DOUBLING = replace(DOUBLING, slope=Interval(-3870.0, -4300.0, -3400.0))
DOUBLING = replace(DOUBLING, exponent=Interval(-0.4, -0.45, -0.35))
SENTENCES = {
    "GPU energy, epochs 9 to 16: each further epoch costs 1.14 kJ (+7.12% of the original), 1.10 to 1.18 kJ": LINE,
    "GPU energy, batch_size 9 to 16: doubling batch_size saves 3.87 kJ (-24.2% of the original), 3.40 to 4.30 kJ; "
    "power law, exponent -0.40 [-0.45, -0.35]": DOUBLING,
    "time, epochs 9 to 16: each further epoch costs about 12.0 s (+7.12% of the original), -1.00 to 14.0 s": replace(
        LINE, metric="duration_s", slope=Interval(12.0, -1.0, 14.0), lack_of_fit_p_adjusted=0.01
    ),
    "performance, dropout 9 to 16: each further 0.1 of dropout lowers it by 0.02 (-2.00% of the original), "
    "0.01 to 0.03; over all values less than the margin of 2.0%": replace(
        LINE,
        metric="performance",
        hyperparameter="dropout",
        step=0.1,
        slope=Interval(-0.02, -0.03, -0.01),
        relative_slope=Interval(-0.02),
        change=Interval(0.5, -0.019, -0.001),
    ),
    "CPU energy (est.), epochs 9 to 16: no trend; it changes by less than 1.3% (95 % confidence)": replace(
        LINE,
        metric="package_j",
        quality=Quality.ESTIMATED,
        finding=TrendFinding.NO_TREND,
        change=Interval(0.5, -0.01201, 0.0021),
    ),
    "GPU energy, epochs 9 to 16: irregular; values differ by up to 26%": replace(
        LINE, finding=TrendFinding.NO_SIMPLE_TREND, spread=0.258
    ),
    (
        "GPU energy, epochs 9 to 16: no significant trend, but a change of -4.00% to +7.00% cannot be excluded "
        "(95 % CI)"
    ): replace(LINE, finding=TrendFinding.UNDECIDED, change=Interval(0.5, -0.04, 0.07)),
}


@pytest.mark.parametrize(("words", "row"), SENTENCES.items())
def test_sentences(words: str, row: Trend) -> None:
    assert trend_sentence(row) == words


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits_and_names_every_trend_once(published: dict[tuple[str, str, str], Trend], width: int) -> None:
    rows = [row for (subject, *_), row in published.items() if subject == "pytorch_resnet_cifar10"]
    text = printed(rows, width)
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= width
    words = text.partition("\n")[2].split()
    assert sum(words.count(name) for name in ("CPU", "DRAM", "GPU", "time", "all", "performance")) == len(rows)
    assert len(text.splitlines()) <= 18


def test_the_legend_explains_the_words_used(published: dict[tuple[str, str, str], Trend]) -> None:
    own = [row for (subject, *_), row in published.items() if subject == "mnist"]
    starts = [line.partition(":")[0] for line in trend_legend(own)]
    assert starts == ["no trend", "about"]
    assert list(trend_legend([LINE])) == []
