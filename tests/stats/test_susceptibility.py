"""Susceptibility: against closed forms, independent tests, and simulated effects."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.typing import ArrayLike
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from mutegreen.model import ORIGINAL, TOTAL
from mutegreen.report.susceptibility_sentences import susceptibility_text
from mutegreen.stats.careful import CarefulAnalysis, analyse
from mutegreen.stats.colocation import susceptibility
from mutegreen.stats.colocation.susceptibility import LogRatios, Susceptibility, SusceptibilityFinding, equal_size_p
from mutegreen.stats.reason import Reason, ReasonCode
from support.simulated import noisy, rows_of

NAMES = [f"epochs={value}" for value in range(3, 13)]


def both(
    exclusive: list[float],
    colocated: list[float],
    *,
    noise: float = 0.005,
    colocated_noise: float = 0.005,
    seed: int = 0,
) -> pd.DataFrame:
    """Return rows of an exclusive and a co-located audit, in which each mutant changes the energy by these ratios."""
    parts = [
        rows_of(
            noisy(
                {ORIGINAL: (0.0, 0.0)} | {n: (e, 0.0) for n, e in zip(NAMES, effects, strict=False)},
                noise=sigma,
                seed=own_seed,
            ),
            background=background,
        )
        for effects, background, sigma, own_seed in (
            (exclusive, "", noise, seed),
            (colocated, "other", colocated_noise, seed + 1000),
        )
    ]
    return pd.concat(parts, ignore_index=True)


def of(found: CarefulAnalysis, metric: str = "gpu_j") -> Susceptibility:
    (row,) = (row for row in found.colocation.susceptibility if row.metric == metric)
    return row


def differences(estimate: ArrayLike, sigma: float, df: float = 4.0) -> LogRatios:
    """Log ratios of arms with five observations each."""
    estimate = np.asarray(estimate)
    k = len(estimate)
    return LogRatios(np.asarray(estimate), np.full(k, sigma**2 / 5), np.full(k, df), np.asarray(sigma**2 / 5), df)


def test_the_mean_square_is_unbiased_and_its_error_is_that_of_repeated_simulations() -> None:
    random = np.random.default_rng(5)
    truth, sigma, f = np.array([0.3, -0.1, 0.05, 0.0]), 0.2, 4
    error = sigma / np.sqrt(5)
    shape = (20_000, 4)
    drawn = LogRatios(
        estimate=truth + error * random.standard_normal(shape) - error * random.standard_normal((20_000, 1)),
        variance=error**2 * random.chisquare(f, shape) / f,
        df=np.full(4, float(f)),
        shared=error**2 * random.chisquare(f, 20_000) / f,
        shared_df=float(f),
    )
    assert drawn.mean_square.mean() == pytest.approx(np.mean(truth**2), rel=0.03)
    known = differences(np.sqrt(truth**2 + 2 * error**2), sigma)
    assert drawn.mean_square.var() == pytest.approx(float(known.error_square), rel=0.6)


def test_a_size_is_a_relative_change() -> None:
    assert differences(np.log([1.2, 1.2, 1.2]), 1e-9).size == pytest.approx(0.2)
    assert differences([0.001, -0.001], 0.5).size == 0.0


def test_sizes_and_counts_are_those_of_the_mutants_in_both() -> None:
    row = of(analyse(both([0.1, -0.1, 0.0, 0.0, 0.2, 0.1], [0.2, -0.2, 0.0, 0.15, 0.4, 0.2])))
    assert (row.mutants, row.changed_alone, row.changed, row.newly, row.no_longer) == (6, 4, 5, 1, 0)
    logs, colocated = np.log1p([0.1, -0.1, 0, 0, 0.2, 0.1]), np.log1p([0.2, -0.2, 0, 0.15, 0.4, 0.2])
    assert row.size_alone == pytest.approx(np.expm1(np.sqrt(np.mean(logs**2))), rel=0.05)
    assert row.size == pytest.approx(np.expm1(np.sqrt(np.mean(colocated**2))), rel=0.05)
    assert row.finding is SusceptibilityFinding.MORE
    assert susceptibility_text(row).startswith(
        "Significantly more susceptible to change when co-located: the same 6 mutants change it by 2"
    )


def test_mcnemar_and_wilcoxon_are_those_of_the_libraries() -> None:
    analysis = analyse(both([0.0] * 6 + [0.1] * 2, [0.05, 0.1, 0.15, 0.2, 0.1, 0.0, 0.2, 0.2]))
    row = of(analysis)
    table = [[row.changed_alone - row.no_longer, row.no_longer], [row.newly, row.mutants - row.changed - row.no_longer]]
    assert row.newly == 5
    assert row.mcnemar_p == pytest.approx(mcnemar(table, exact=True).pvalue)
    changes = {
        background: np.log1p([c.relative_change.value for c in analysis.comparisons if (c.background, c.metric) == key])
        for background, key in (("", ("", "gpu_j")), ("other", ("other", "gpu_j")))
    }
    oracle = stats.wilcoxon(np.abs(changes["other"]), np.abs(changes[""])).pvalue
    assert row.wilcoxon_p == pytest.approx(oracle)


def test_with_few_mutants_no_rank_test_can_show_anything() -> None:
    row = of(analyse(both([0.0] * 5, [0.2] * 5)))
    assert (row.mcnemar_p, row.wilcoxon_p) == (None, None)
    assert 2 / 2**susceptibility.MIN_MUTANTS_RANKED <= 0.05 < 2 / 2 ** (susceptibility.MIN_MUTANTS_RANKED - 1)
    assert row.p is not None
    assert row.p < 0.05


def test_mutants_that_differ_are_compared_as_two_samples() -> None:
    rows = both([0.1, 0.1, 0.1], [0.0, 0.0, 0.0, 0.0, 0.0])
    row = of(analyse(rows))
    assert (row.mutants, row.all_alone, row.all_mutants) == (3, 3, 5)
    assert row.fisher_p == pytest.approx(stats.fisher_exact([[3, 0], [0, 5]]).pvalue)
    same = of(analyse(both([0.1, 0.1, 0.1], [0.0, 0.0, 0.0])))
    assert same.fisher_p is None


def test_less_susceptible_is_a_conclusion_too() -> None:
    row = of(analyse(both([0.2, -0.2, 0.3], [0.05, -0.05, 0.1])))
    assert row.finding is SusceptibilityFinding.LESS


def test_one_mutant_in_both_is_too_few() -> None:
    row = of(analyse(both([0.1], [0.2])))
    assert (row.finding, row.p, row.reason) == (
        SusceptibilityFinding.UNKNOWN,
        None,
        Reason(ReasonCode.FEWER_THAN_TWO_IN_BOTH),
    )


@pytest.fixture
def fewer_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(susceptibility, "SIMULATIONS", 499)


@pytest.mark.usefixtures("fewer_resamples")
def test_noise_of_co_location_is_no_susceptibility() -> None:
    """Where the naive test fails: mutants without effect, trials three times as noisy, one original for all."""
    random = np.random.default_rng(6)
    wrong, naive = 0, 0
    for seed in range(60):
        exclusive, colocated = (_drawn(np.zeros(10), sigma, random) for sigma in (0.005, 0.015))
        wrong += equal_size_p(exclusive, colocated, seed) <= 0.05
        naive += stats.wilcoxon(np.abs(colocated.estimate), np.abs(exclusive.estimate)).pvalue <= 0.05
    assert wrong <= stats.binom.ppf(0.999, 60, 0.05)
    assert naive > 30


@pytest.mark.usefixtures("fewer_resamples")
@pytest.mark.parametrize("size", [0.0, 0.01, 0.1])
@pytest.mark.parametrize("noisier", [1.0, 3.0])
def test_false_alarms_stay_near_their_nominal_rate(size: float, noisier: float) -> None:
    random = np.random.default_rng(7)
    alarms = 0
    for seed in range(150):
        truth = size * random.standard_normal(8)
        exclusive, colocated = (_drawn(truth, 0.01 * times, random) for times in (1.0, noisier))
        alarms += equal_size_p(exclusive, colocated, seed) <= 0.05
    # At a true 5 % one such test in a thousand would fail; the seed is fixed.
    assert alarms <= stats.binom.ppf(0.999, 150, 0.05)


@pytest.mark.usefixtures("fewer_resamples")
def test_a_larger_response_is_found() -> None:
    random = np.random.default_rng(8)
    found = [
        equal_size_p(_drawn(truth, 0.01, random), _drawn(1.3 * truth, 0.02, random), seed) <= 0.05
        for seed, truth in enumerate(0.1 * random.standard_normal((40, 8)))
    ]
    assert np.mean(found) > 0.9


def _drawn(truth: np.ndarray, sigma: float, random: np.random.Generator) -> LogRatios:
    observations = sigma * random.standard_normal((len(truth) + 1, 5))
    mean, variance = observations.mean(axis=1), observations.var(axis=1, ddof=1) / 5
    return LogRatios(truth + mean[1:] - mean[0], variance[1:], np.full(len(truth), 4.0), np.asarray(variance[0]), 4.0)


def test_p_values_are_adjusted_over_all_energies_and_backgrounds() -> None:
    rows = both([0.1] * 3, [0.2] * 3)
    third = rows[rows["background"] == "other"].assign(background="third")
    one, two = analyse(rows), analyse(pd.concat([rows, third], ignore_index=True))
    assert len(two.colocation.susceptibility) == 2 * len(one.colocation.susceptibility) == 8
    assert of(one, TOTAL).p == next(row.p for row in two.colocation.susceptibility if row.metric == TOTAL)
    assert all(row.p_adjusted >= row.p for row in two.colocation.susceptibility)


def test_many_mutants_are_simulated_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    exclusive, colocated = differences([0.1, 0.2, -0.1], 0.01), differences([0.12, 0.22, -0.1], 0.02)
    whole = equal_size_p(exclusive, colocated)
    monkeypatch.setattr(susceptibility, "_BATCH", 3 * 700)
    assert equal_size_p(exclusive, colocated) == pytest.approx(whole, abs=0.02)


def test_constant_observations_have_no_test() -> None:
    cells = {"original": [5.0] * 4, "epochs=3": [6.0] * 4, "epochs=4": [7.0] * 4}
    parts = [rows_of({arm: {"gpu_j": each} for arm, each in cells.items()}, background=b) for b in ("", "other")]
    row = of(analyse(pd.concat(parts, ignore_index=True)))
    assert row.finding is SusceptibilityFinding.UNKNOWN
    assert row.reason == Reason(ReasonCode.NO_VARIATION)
