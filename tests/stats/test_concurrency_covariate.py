"""Analysis of covariance: against ordinary least squares, and on simulated queues with known effects."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from mutegreen.model import Verdict
from mutegreen.report.json_document import as_json
from mutegreen.stats.adjustment import adjust
from mutegreen.stats.careful import CarefulAnalysis, analyse
from mutegreen.stats.model.arms import Arms
from mutegreen.stats.model.block_model import fit
from mutegreen.stats.model.concurrency_covariate import MIN_RANGE, fit_with_concurrency
from mutegreen.stats.model.contrast import contrasts_with_original
from mutegreen.stats.model.metric_model import fit_metric
from mutegreen.stats.model.moderation import ModeratedVariances
from mutegreen.stats.model.noisy_arms import fit_weighted
from mutegreen.stats.reason import Reason, ReasonCode
from support.simulated import noisy, nothing, rows_of
from support.simulated_queue import queue, queue_rows

ARMS, BLOCKS = 5, 4
CODE, BLOCK = (codes.ravel() for codes in np.indices((ARMS, BLOCKS)))


@pytest.fixture
def drawn() -> tuple[np.ndarray, np.ndarray, Any]:
    random = np.random.default_rng(4)
    concurrency = random.uniform(0, 1.4, len(CODE))
    observations = 0.3 * CODE + 2.0 * BLOCK + 0.7 * concurrency + 0.05 * random.standard_normal(len(CODE))
    columns = [CODE[:, None] == np.arange(ARMS), BLOCK[:, None] == np.arange(1, BLOCKS), concurrency[:, None]]
    return observations, concurrency, sm.OLS(observations, np.column_stack(columns).astype(float)).fit()


def test_slope_effects_and_residuals_are_those_of_least_squares(drawn: tuple[np.ndarray, np.ndarray, Any]) -> None:
    observations, concurrency, ols = drawn
    fitted = fit_with_concurrency(observations, CODE, BLOCK, ARMS, concurrency)
    assert fitted.slope is not None
    assert fitted.slope.value == pytest.approx(ols.params[-1])
    np.testing.assert_allclose(fitted.effect - fitted.effect[0], ols.params[:ARMS] - ols.params[0], atol=1e-9)
    np.testing.assert_allclose(fitted.adjusted - fitted.effect[CODE], ols.resid, atol=1e-9)


def test_one_degree_of_freedom_is_taken_by_leverage(drawn: tuple[np.ndarray, np.ndarray, Any]) -> None:
    observations, concurrency, ols = drawn
    fitted = fit_with_concurrency(observations, CODE, BLOCK, ARMS, concurrency)
    assert fitted.df.sum() == pytest.approx(ols.df_resid)
    assert fitted.df.sum() == pytest.approx(fit(observations, CODE, BLOCK, ARMS).df.sum() - 1)
    np.testing.assert_allclose(fitted.df, np.bincount(CODE, 1 - ols.get_influence().hat_matrix_diag))
    assert np.nansum(fitted.variance * fitted.df) / fitted.df.sum() == pytest.approx(ols.mse_resid)


def test_errors_of_differences_are_those_of_least_squares_where_arms_are_alike(
    drawn: tuple[np.ndarray, np.ndarray, Any],
) -> None:
    observations, concurrency, ols = drawn
    fitted = fit_with_concurrency(observations, CODE, BLOCK, ARMS, concurrency)
    total = fitted.df.sum()
    alike = ModeratedVariances(np.full(ARMS, ols.mse_resid), np.full(ARMS, total), float(ols.mse_resid), total, np.inf)
    found = contrasts_with_original(fitted, alike)
    for arm in range(1, ARMS):
        contrast = np.zeros(len(ols.params))
        contrast[[0, arm]] = -1, 1
        assert found.error[arm] == pytest.approx(ols.t_test(contrast).sd.item())
    assert (found.stretch[1:] > 1).all()


@pytest.mark.parametrize("concurrency", [np.full(20, 0.7), 0.7 + 0.99 * MIN_RANGE * np.linspace(0, 1, 20)])
def test_even_concurrency_changes_nothing(concurrency: np.ndarray) -> None:
    observations = np.random.default_rng(1).standard_normal(20)
    plain, fitted = (
        fit_weighted(observations, CODE, BLOCK, ARMS),
        fit_with_concurrency(observations, CODE, BLOCK, ARMS, concurrency),
    )
    assert fitted.slope is None
    for name in ("effect", "variance", "df", "adjusted", "residual"):
        assert (getattr(plain, name) == getattr(fitted, name)).all()


def _printed(analysis: CarefulAnalysis) -> str:
    document = as_json(analysis)
    return json.dumps({name: table for name, table in document.items() if name != "attribution"})


def test_rows_of_even_concurrency_have_the_results_of_rows_without_it() -> None:
    rows = rows_of(noisy(nothing(5) | {"epochs=20": (-0.1, 0.0)}, drift=0.05))
    assert _printed(analyse(rows.assign(companions=3.0))) == _printed(analyse(rows))


def test_concurrency_of_one_arm_only_is_confounded_with_the_arm() -> None:
    rows = rows_of(noisy(nothing(4)))
    found = analyse(rows.assign(companions=np.where(rows["mutant"] == "epochs=3", 0.0, 3.0)))
    own = {row.metric: row for row in found.comparisons if row.mutant == "epochs=3"}
    assert own["gpu_j"].verdict is Verdict.UNDECIDED
    assert own["gpu_j"].reason == Reason(ReasonCode.CONFOUNDED)
    assert own["performance"].verdict is Verdict.TIE
    others = [row for row in found.comparisons if row.metric == "gpu_j" and row.mutant != "epochs=3"]
    assert all(row.p is not None for row in others)


def test_the_only_trial_with_another_concurrency_only_affects_the_slope() -> None:
    """Its leverage is 1: the result is that of the audit without it."""
    rows = rows_of(noisy(nothing(4)))
    changed = rows.assign(companions=3.0)
    changed.loc[7, "companions"] = 0.0
    for one, other in zip(
        analyse(changed).comparisons, analyse(rows.drop(7).reset_index(drop=True)).comparisons, strict=True
    ):
        if one.metric != "performance":
            assert one.relative_change.value == pytest.approx(other.relative_change.value)
            assert one.p == pytest.approx(other.p, rel=0.05)


def test_performance_is_not_adjusted_for_concurrency() -> None:
    rows = rows_of(noisy(nothing(4)))
    random = np.random.default_rng(2)
    one, other = (analyse(each) for each in (rows, rows.assign(companions=random.uniform(0, 3, len(rows)))))
    p_values = [[row.p for row in found.comparisons if row.metric == "performance"] for found in (one, other)]
    assert p_values[0] == p_values[1]


# Queues, in which the last trials have fewer concurrent trials.


@pytest.mark.parametrize(("metric", "slowing"), [("energy_j", 0.6), ("duration_s", 0.3), ("duration_s", 1.0)])
def test_lower_concurrency_at_the_end_is_no_effect_of_the_arms_there(metric: str, slowing: float) -> None:
    work = np.array([1.0, 1.0, 1.0, 1.0, 0.9, 1.2, 1.0])
    truth = np.log(work[1:] / work[0])
    squares: dict[bool, list[float]] = {True: [], False: []}
    alarms, held = 0, []
    for seed in range(60):
        found = queue(work, 5, 4, slowing=slowing, seed=seed)
        code, block = found["arm"].to_numpy(), found["block"].to_numpy()
        for known in (True, False):
            concurrency = np.log1p(found["companions"].to_numpy()) if known else None
            arms = Arms(tuple(map(str, range(7))), code, block, True, concurrency)
            contrast = fit_metric(found[metric].to_numpy(), arms, "gpu_j").contrasts
            errors = contrast.estimate[1:] - truth
            squares[known].append(float(np.mean(errors**2)))
            if known:
                alarms += bool((adjust(contrast.differ()[1:])[np.abs(truth) < 1e-12] <= 0.05).any())
                held.append(np.abs(errors) <= contrast.half_width()[1:])
    assert alarms <= stats.binom.ppf(0.999, 60, 0.05)
    assert np.mean(held) > 0.92
    # As precise as with equal concurrency of all trials: two means of five observations with noise of 0.8 %.
    assert np.sqrt(np.mean(squares[True])) < 1.4 * 0.008 * np.sqrt(2 / 5)
    assert np.mean(squares[True]) < 0.25 * np.mean(squares[False])


def test_the_effect_of_concurrency_is_reported() -> None:
    """Trials that take turns take twice as long if they are twice as many."""
    rows = queue_rows(queue([1.0] * 7, 5, 2, slowing=1.0))
    effects = {row.metric: row for row in analyse(rows).concurrency_effects}
    assert effects["duration_s"].doubling.value == pytest.approx(1.0, abs=0.03)
    assert effects["duration_s"].doubling.low < 1.0 < effects["duration_s"].doubling.high
    assert effects["duration_s"].p < 0.001
    assert (effects["duration_s"].fewest, effects["duration_s"].most) == (
        pytest.approx(rows["companions"].min()),
        pytest.approx(1.0),
    )


def test_lower_concurrency_at_the_end_is_no_drift() -> None:
    rows = queue_rows(queue([1.0] * 7, 5, 4, slowing=1.0))
    (without, adjusted) = (
        next(row.drift for row in analyse(each).trust if row.metric == "duration_s")
        for each in (rows.drop(columns="companions"), rows)
    )
    assert adjusted is not None
    assert without is not None
    assert not adjusted.seen
    assert without.trend < -0.1 < adjusted.trend
