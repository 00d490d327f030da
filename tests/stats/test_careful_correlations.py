"""Correlations with intervals: against scipy and pingouin, closed forms, simulated coverage, and the published data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pingouin
import pytest
from scipy import stats

from mutegreen.model import METRICS
from mutegreen.report.records import flat_record
from mutegreen.stats import paper
from mutegreen.stats.adjustment import Adjustment
from mutegreen.stats.model.scenario import Scenario, scenarios_of
from mutegreen.stats.reason import Reason, ReasonCode
from mutegreen.stats.verdicts.careful_correlations import careful_correlations
from mutegreen.store.rows import read_csv, rows_frame
from support.paths import DATA


def scenario(
    *hyperparameters: tuple[str, Sequence[object], Sequence[float | None]], original: float = 1.0, **more: Any
) -> Scenario:
    """One row of the original, at value 0, and one of each mutant, by hyperparameter: values and GPU energies."""
    records: list[tuple[object, ...]] = [("original", None, None, None, original)]
    for name, values, observations in hyperparameters:
        mutants = enumerate(zip(values, observations, strict=True))
        records += [(f"{name}={at}", name, value, 0.0, observation) for at, (value, observation) in mutants]
    empty = {"subject": "s", "background": "", "repetition": 0} | dict.fromkeys(METRICS) | more
    names = ("mutant", "hyperparameter", "value", "default", "gpu_j")
    (found,) = scenarios_of(rows_frame([empty | dict(zip(names, record, strict=True)) for record in records]))
    return found


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    return read_csv(DATA / "measurements.csv")


def test_coefficients_are_those_of_the_published_protocol(published: pd.DataFrame) -> None:
    ours = [row for each in scenarios_of(published) for row in careful_correlations(each)]
    theirs = paper.analyse(published).correlations
    assert len(ours) == 75
    for our, their in zip(ours, theirs, strict=True):
        assert flat_record(their).items() <= flat_record(our).items()


def test_pearson_intervals_are_those_of_scipy_and_pingouin(published: pd.DataFrame) -> None:
    (mnist, *_) = scenarios_of(published)
    rows = mnist.of_hyperparameter("epochs")
    values = rows["value"].where(rows["mutant"] != "original", 14.0).astype(float)
    for row in careful_correlations(mnist)[:5]:
        assert row.hyperparameter == "epochs"
        expected = stats.pearsonr(values, rows[row.metric]).confidence_interval()
        assert (row.pearson.low, row.pearson.high) == pytest.approx(tuple(expected), rel=1e-9)
        rounded = pingouin.corr(values, rows[row.metric])["CI95"].iloc[0]
        assert (row.pearson.low, row.pearson.high) == pytest.approx(tuple(rounded), abs=0.005)


def test_the_spearman_interval_is_that_of_bonett_and_wright() -> None:
    values, observations = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [3.0, 2.0, 6.0, 4.0, 8.0, 5.0]
    (row,) = careful_correlations(scenario(("epochs", values, observations)))
    rho = stats.spearmanr([0.0, *values], [1.0, *observations]).statistic
    half = 1.959963984540054 * math.sqrt((1 + rho**2 / 2) / (7 - 3))
    lower = 0.5 * math.log((1 + rho) / (1 - rho)) - half
    assert row.spearman.value == pytest.approx(rho)
    assert row.spearman.low == pytest.approx((math.exp(2 * lower) - 1) / (math.exp(2 * lower) + 1))
    assert row.spearman.low < row.spearman.value < row.spearman.high < 1


@pytest.mark.parametrize("r", [0.0, 0.8])
def test_intervals_have_their_nominal_coverage(r: float) -> None:
    """400 audits with normal values and observations; Spearman's true coefficient is 6/pi asin(r/2)."""
    generator = np.random.default_rng(5)
    several = []
    for number in range(400):
        x, noise = generator.normal(size=(2, 30))
        several.append((f"h{number}", list(x), list(100 + r * x + math.sqrt(1 - r * r) * noise)))
    rows = careful_correlations(scenario(*several, original=100.0))
    truth = 6 / math.pi * math.asin(r / 2)
    spearman = np.mean([row.spearman.low <= truth <= row.spearman.high for row in rows])
    pearson = np.mean([row.pearson.low <= r <= row.pearson.high for row in rows])
    assert 0.92 < spearman < 0.98
    assert 0.92 < pearson < 0.98


def test_p_values_are_adjusted_over_all_correlations_of_one_kind(published: pd.DataFrame) -> None:
    (mnist, *_) = scenarios_of(published)
    for kind in ("spearman", "pearson"):
        rows = careful_correlations(mnist)
        p = np.array([getattr(row, f"{kind}_p") for row in rows])
        order = np.argsort(p)
        holm = np.empty(len(p))
        holm[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
        assert [getattr(row, f"{kind}_p_adjusted") for row in rows] == pytest.approx(list(holm))
        shares = [getattr(row, f"{kind}_p_adjusted") for row in careful_correlations(mnist, Adjustment.BH)]
        assert shares == pytest.approx(list(stats.false_discovery_control(p)))


def test_what_has_no_interval_has_none() -> None:
    (three,) = careful_correlations(scenario(("epochs", [1.0, 2.0], [3.0, 2.0])))
    assert three.n == 3
    assert three.spearman.value is not None
    assert three.spearman.low is three.pearson.high is None
    (perfect,) = careful_correlations(scenario(("epochs", [1.0, 2.0, 3.0, 4.0], [2.0, 3.0, 4.0, 5.0])))
    assert perfect.spearman.value == pytest.approx(1)
    assert perfect.spearman.low is perfect.spearman.high is None


def test_a_missing_coefficient_has_a_reason_and_is_not_part_of_the_family() -> None:
    rows = careful_correlations(
        scenario(
            ("constant", [1.0, 2.0, 3.0], [1.0, 1.0, 1.0]),
            ("epochs", [1.0, 2.0, 3.0, 4.0], [2.0, 5.0, 3.0, 6.0]),
            ("identity", [0.0], [1.1]),
            ("infinite", [1.0, 2.0, 3.0], [1.0, math.inf, 2.0]),
            ("optimizer", ["adam", "sgd", "lion"], [1.0, 2.0, 3.0]),
            ("unmeasured", [1.0, 2.0, 3.0], [None, None, None]),
        )
    )
    found = {row.hyperparameter: row for row in rows}
    assert list(found) == ["constant", "epochs", "infinite", "unmeasured"]
    assert found["constant"].reason == Reason(ReasonCode.ALL_EQUAL)
    assert found["infinite"].reason == Reason(ReasonCode.VALUE_INFINITE)
    assert found["unmeasured"].reason == Reason(ReasonCode.TOO_FEW_TRIALS, count=3)
    assert found["constant"].spearman_p_adjusted is found["infinite"].pearson.low is None
    assert found["epochs"].spearman_p_adjusted == found["epochs"].spearman_p
