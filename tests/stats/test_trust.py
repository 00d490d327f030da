"""Diagnostics of an audit: noise, minimum detectable effect, drift, outliers, controls, qualities."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.power import TTestIndPower

from mutegreen.model import METRICS, TOTAL, Verdict
from mutegreen.stats.advice.trust import Trust, _smallest_effect
from mutegreen.stats.careful import analyse
from support.simulated import noisy, nothing, rows_of


def trust(rows: pd.DataFrame, metric: str = "gpu_j") -> Trust:
    (row,) = (row for row in analyse(rows).trust if row.metric == metric)
    return row


def test_every_metric_measured_has_diagnostics_and_the_total_of_several() -> None:
    assert [row.metric for row in analyse(rows_of(noisy(nothing(1)))).trust] == [*METRICS, TOTAL]
    assert [
        row.metric
        for row in analyse(rows_of({"original": {"gpu_j": [1.0, 2.0]}, "epochs=3": {"gpu_j": [1.0, 2.0]}})).trust
    ] == ["gpu_j"]


def test_noise_is_the_coefficient_of_variation_around_arm_and_block() -> None:
    rows = rows_of(noisy(nothing(20), 10, noise=0.03, drift=0.8))
    assert trust(rows).noise == pytest.approx(0.03, rel=0.15)
    assert trust(rows, "performance").noise == pytest.approx(0.003 / 0.9, rel=0.15)


def test_minimum_detectable_effect_is_that_of_a_power_calculation_where_arms_are_alike() -> None:
    """Two arms without blocks, alike in noise: then it is Student's t test."""
    shape = stats.norm.ppf((np.arange(12) + 0.5) / 12)
    observations = {
        "original": {"gpu_j": np.exp(0.01 * shape).tolist()},
        "epochs=3": {"gpu_j": np.exp(0.01 * shape).tolist()},
    }
    found = trust(rows_of(observations, blocked=False)).smallest_effect
    size = TTestIndPower().solve_power(nobs1=12, alpha=0.05, power=0.8)
    # The usual sum of two quantiles is a little more than the noncentral t says.
    assert found == pytest.approx(np.expm1(size * 0.01 * shape.std(ddof=1)), rel=0.03)


def test_more_comparisons_and_fewer_repetitions_detect_less() -> None:
    def seen(mutants: int, repetitions: int) -> float:
        found = [trust(rows_of(noisy(nothing(mutants), repetitions, seed=s))).smallest_effect for s in range(8)]
        return float(np.mean([each for each in found if each is not None]))

    assert seen(20, 5) > seen(6, 5)
    assert seen(6, 3) > seen(6, 5) > seen(6, 20)


@pytest.mark.slow
def test_the_minimum_detectable_effect_has_a_power_of_80_percent() -> None:
    size = float(np.median([trust(rows_of(noisy(nothing(8), seed=seed))).smallest_effect for seed in range(5)]))
    arms = nothing(8) | {"epochs=10": (size, 0.0)}
    seen = [
        any((row.mutant, row.metric, row.verdict) == ("epochs=10", "gpu_j", Verdict.LOSS) for row in found)
        for found in (analyse(rows_of(noisy(arms, seed=50 + seed))).comparisons for seed in range(25))
    ]
    assert np.mean(seen) == pytest.approx(0.8, abs=0.2)


# Drift.


@pytest.mark.parametrize("drift", [0.1, -0.1])
def test_drift_is_detected_and_measured(drift: float) -> None:
    found = trust(rows_of(noisy(nothing(8), drift=drift))).drift
    assert found is not None
    assert found.seen
    assert found.trend == pytest.approx(drift, abs=0.04)
    assert found.spread == pytest.approx(0.1, abs=0.03)


@pytest.mark.slow
def test_drift_is_rarely_detected_where_there_is_none() -> None:
    seen = [
        any(row.drift is not None and row.drift.seen for row in analyse(rows_of(noisy(nothing(8), seed=seed))).trust)
        for seed in range(20)
    ]
    assert sum(seen) <= stats.binom.ppf(0.99, 20, 0.05)


def test_a_trend_is_the_slope_of_least_squares() -> None:
    """By hand: one arm at each position of a block; observations and times minus the arms' means."""
    rows = rows_of(noisy(nothing(3), 4, drift=0.05)).assign(position=lambda frame: frame.groupby("block").cumcount())
    ordered = rows.sort_values(["block", "position"])
    time = pd.Series(np.linspace(0, 1, len(rows)), ordered.index)
    centred = [each - each.groupby(rows["mutant"]).transform("mean") for each in (time, np.log(rows["gpu_j"]))]
    slope = float((centred[0] * centred[1]).sum() / (centred[0] ** 2).sum())
    found = trust(rows).drift
    assert found is not None
    assert found.trend == pytest.approx(np.expm1(slope))


def test_without_blocks_there_is_no_drift() -> None:
    assert trust(rows_of(noisy(nothing(8), drift=0.5), blocked=False)).drift is None


# Outliers.


def test_an_outlier_is_found_and_named() -> None:
    observations = noisy(nothing(8), 6)
    observations["epochs=5"]["gpu_j"][3] *= 1.1
    outliers = trust(rows_of(observations)).outliers
    assert (outliers[0].mutant, outliers[0].repetition) == ("epochs=5", 3)
    assert outliers[0].figure == observations["epochs=5"]["gpu_j"][3]
    assert outliers[0].score > 3.5
    scores = [abs(one.score) for one in outliers]
    assert scores == sorted(scores, reverse=True)


def test_a_drifting_machine_has_no_outliers() -> None:
    steady, drifting = (trust(rows_of(noisy(nothing(8), drift=drift))) for drift in (0.0, 0.5))
    assert len(drifting.outliers) == len(steady.outliers) <= 1


# Controls and qualities.


def test_the_control_is_reported_with_its_verdict() -> None:
    (control,) = trust(rows_of(noisy(nothing(3) | {"identity": (0.0, 0.0)}))).controls
    assert (control.mutant, control.verdict) == ("identity", Verdict.TIE)
    assert control.p_adjusted is not None
    assert abs(control.relative_change) < 0.02
    assert trust(rows_of(noisy(nothing(3)))).controls == ()


def test_qualities_are_counted() -> None:
    rows = rows_of(noisy(nothing(1), 3))
    rows["quality_gpu_j"] = ["counter", "counter", "integrated", "counter", "", "counter"]
    rows["quality_package_j"] = "estimated"
    assert trust(rows).qualities == {"counter": 4, "integrated": 1}
    assert trust(rows, TOTAL).qualities == {"counter": 4, "integrated": 1, "estimated": 6}
    assert trust(rows, "duration_s").qualities == {}


# Too few data for a statement.


def test_one_observation_each() -> None:
    found = trust(rows_of(noisy(nothing(3), 1)))
    assert (found.noise, found.smallest_effect, found.drift, found.outliers) == (None, None, None, ())


def test_nothing_varies() -> None:
    found = trust(rows_of({"original": {"gpu_j": [5.0] * 4}, "epochs=3": {"gpu_j": [6.0] * 4}}))
    assert found.noise == 0.0
    assert (found.smallest_effect, found.drift, found.outliers) == (None, None, ())


def test_a_mean_of_zero_has_no_relative_noise() -> None:
    found = trust(
        rows_of({"original": {"performance": [0.0] * 3}, "epochs=3": {"performance": [0.0, 0.1, 0.0]}}), "performance"
    )
    assert found.noise is None
    assert found.smallest_effect is None


class ContrastErrors(SimpleNamespace):
    """What `_smallest_effect` reads of a metric's model: standard errors and degrees of freedom, shape (A,)."""

    def __init__(self, error: list[float], df: list[float]) -> None:
        super().__init__(
            contrasts=SimpleNamespace(error=np.array(error), df=np.array(df)), as_relative=lambda difference: difference
        )


def smallest_effect(error: list[float], df: list[float]) -> float:
    model: Any = ContrastErrors(error, df)
    return _smallest_effect(model, 0.05)


def test_a_mutant_with_hardly_a_degree_of_freedom_has_no_power() -> None:
    """Its critical value is beyond all floats; the others must reach the mean power without it, or none does."""
    alike = smallest_effect([0.01] * 10, [8.0] * 10)
    assert smallest_effect([0.01] * 10, [8.0] * 9 + [1e-5]) > alike
    assert smallest_effect([0.01] * 10, [8.0] * 7 + [1e-5] * 3) == np.inf
    assert smallest_effect([0.01], [1e-5]) == np.inf


def test_a_mutant_without_an_error_is_not_counted() -> None:
    assert smallest_effect([0.01, 0.0], [8.0, 8.0]) == pytest.approx(smallest_effect([0.01], [8.0]))
    assert np.isnan(smallest_effect([0.0], [8.0]))
