"""Co-located against exclusive training: pairs of mutants, tests against scipy, and the published data."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mutegreen.model import ORIGINAL, TOTAL, Verdict
from mutegreen.report.json_document import as_json
from mutegreen.report.susceptibility_sentences import claim_text
from mutegreen.stats.careful import CarefulAnalysis, analyse
from mutegreen.stats.colocation.susceptibility import SusceptibilityFinding
from mutegreen.store.rows import read_csv, rows_frame
from support.notes import sentences
from support.paths import MEASUREMENTS
from support.simulated import noisy, rows_of, trainings

DATA = MEASUREMENTS
EFFECTS = {ORIGINAL: (0.0, 0.0), "epochs=3": (-0.1, 0.0), "epochs=4": (0.1, 0.0), "epochs=5": (0.3, -0.1)}


def pair(
    exclusive_effects: dict[str, tuple[float, float]] = EFFECTS,
    colocated_effects: dict[str, tuple[float, float]] = EFFECTS,
    *,
    colocated_noise: float = 0.005,
    **columns: Any,
) -> pd.DataFrame:
    """Return rows of a subject without and with the background load `other`; `columns` are of the latter."""
    exclusive = rows_of(noisy(exclusive_effects, seed=1))
    colocated = rows_of(noisy(colocated_effects, seed=2, noise=colocated_noise), background="other")
    return pd.concat([exclusive, colocated.assign(**columns)], ignore_index=True)


@pytest.fixture(scope="module")
def published() -> CarefulAnalysis:
    return analyse(read_csv(DATA))


def test_rows_of_one_kind_have_nothing_to_compare() -> None:
    report = analyse(rows_of(noisy(EFFECTS))).colocation
    assert report.pairs == ()
    assert report.claim is None
    colocated = analyse(rows_of(noisy(EFFECTS), background="other"))
    assert colocated.colocation.pairs == ()
    assert any(
        note.startswith(
            "simulated co-located with other: not compared with simulated without background load, for which"
        )
        for note in sentences(colocated)
    )


def test_mutants_are_the_same_by_what_they_change_and_not_by_name() -> None:
    rows = pair()
    named = rows.assign(mutant=rows["mutant"].where(rows["background"] == "", "b" + rows["mutant"]))
    named.loc[rows["mutant"] == ORIGINAL, "mutant"] = ORIGINAL
    (found,) = analyse(named).colocation.pairs
    assert (found.mutants, found.only_alone, found.only_beside) == (3, (), ())


def test_mutants_of_one_side_only_are_named() -> None:
    (found,) = analyse(
        pair(exclusive_effects=EFFECTS | {"epochs=9": (0.0, 0.0)}, colocated_effects=EFFECTS | {"rate=1": (0, 0)})
    ).colocation.pairs
    assert (found.mutants, found.only_alone, found.only_beside) == (3, ("epochs=9",), ("rate=1",))


def test_originals_with_other_values_are_not_compared() -> None:
    rows = pair()
    rows["default"] = rows["default"].where((rows["background"] == "") | rows["default"].isna(), 7.0)
    found = analyse(rows)
    assert found.colocation.pairs == ()
    assert any(
        note.endswith("without background load, where the original has other values (epochs).")
        for note in sentences(found)
    )


def test_every_background_is_compared_with_the_exclusive_scenario() -> None:
    rows = pair()
    other = rows_of(noisy(EFFECTS, seed=3), background="third")
    stranger = rows_of(noisy(EFFECTS, seed=4), subject="stranger")
    found = analyse(pd.concat([rows, other, stranger], ignore_index=True)).colocation
    assert [(each.subject, each.background) for each in found.pairs] == [("simulated", "other"), ("simulated", "third")]
    assert {row.background for row in found.at("simulated", "third").verdict} == {"third"}


# What mutants do


def test_equal_effects_are_tested_by_welchs_test_of_two_differences() -> None:
    """Each arm has its own noise, and rows are independent: the difference of two differences of means."""
    random = np.random.default_rng(3)
    observations = {key: np.exp(0.02 * random.standard_normal(9)) for key in ("a0", "a1", "b0", "b1")}
    parts = [
        rows_of({arm: {"gpu_j": observations[key].tolist()} for arm, key in keys}, blocked=False, background=background)
        for keys, background in (
            ((("original", "a0"), ("epochs=3", "a1")), ""),
            ((("original", "b0"), ("epochs=3", "b1")), "other"),
        )
    ]
    (row,) = analyse(pd.concat(parts, ignore_index=True)).colocation.verdict
    logs = {key: np.log(each) for key, each in observations.items()}
    parts_ = [each.var(ddof=1) / 9 for each in logs.values()]
    extra = logs["b1"].mean() - logs["b0"].mean() - logs["a1"].mean() + logs["a0"].mean()
    df = sum(parts_) ** 2 / sum(part**2 / 8 for part in parts_)
    assert row.extra.value == pytest.approx(np.expm1(extra))
    assert row.p == pytest.approx(2 * stats.t.sf(abs(extra) / math.sqrt(sum(parts_)), df), rel=0.02)
    half = stats.t.ppf(0.975, df) * math.sqrt(sum(parts_))
    assert row.extra.high == pytest.approx(np.expm1(extra + half), rel=0.02)


def test_a_verdict_lost_to_noise_is_not_a_changed_effect() -> None:
    found = analyse(pair(colocated_noise=0.2)).colocation
    own = [row for row in found.verdict if row.mutant == "epochs=3" and row.metric == "gpu_j"]
    assert [(row.verdict_alone, row.verdict, row.changes) for row in own] == [(Verdict.WIN, Verdict.UNDECIDED, True)]
    assert own[0].p_adjusted > 0.05


def test_an_effect_that_co_location_reverses_is_shown() -> None:
    found = analyse(pair(colocated_effects=EFFECTS | {"epochs=3": (0.1, 0.0)})).colocation
    rows = {(row.mutant, row.metric): row for row in found.verdict}
    turned = rows["epochs=3", "gpu_j"]
    assert (turned.verdict_alone, turned.verdict) == (Verdict.WIN, Verdict.LOSS)
    assert turned.extra.value == pytest.approx(1.1 / 0.9 - 1, abs=0.03)
    assert turned.p_adjusted < 0.05 < rows["epochs=4", "gpu_j"].p_adjusted


def test_performance_is_compared_in_its_own_unit() -> None:
    found = analyse(pair(colocated_effects=EFFECTS | {"epochs=5": (0.3, -0.3)})).colocation
    (row,) = (row for row in found.verdict if (row.mutant, row.metric) == ("epochs=5", "performance"))
    assert row.extra.value == pytest.approx(-0.2, abs=0.01)


# Correlations


def test_correlations_are_compared_by_fishers_z(published: CarefulAnalysis) -> None:
    for row in published.colocation.correlation:
        z = [math.atanh(r) for r in (row.pearson_alone, row.pearson)]
        oracle = 2 * stats.norm.sf(abs(z[0] - z[1]) / math.sqrt(1 / (row.n_alone - 3) + 1 / (row.n - 3)))
        assert row.pearson_p == pytest.approx(oracle)
        rho = (row.spearman_alone, row.spearman)
        error = math.sqrt(sum((1 + each**2 / 2) / 27 for each in rho))
        oracle = 2 * stats.norm.sf(abs(math.atanh(rho[0]) - math.atanh(rho[1])) / error)
        assert row.spearman_p == pytest.approx(oracle)


def test_equal_correlations_rarely_differ() -> None:
    random = np.random.default_rng(1)
    values = np.repeat(np.arange(6.0), 5)
    alarms = 0
    for _ in range(200):
        z = [math.atanh(stats.spearmanr(values, 0.3 * values + random.standard_normal(30))[0]) for _ in range(2)]
        rho = np.tanh(z)
        alarms += 2 * stats.norm.sf(abs(z[0] - z[1]) / math.sqrt(sum((1 + rho**2 / 2) / 27))) <= 0.05
    assert alarms <= stats.binom.ppf(0.999, 200, 0.05)


def test_different_values_are_reported(published: CarefulAnalysis) -> None:
    assert not any(row.same_values for row in published.colocation.correlation)
    assert all(row.same_values for row in analyse(pair()).colocation.correlation)


def test_perfect_correlations_have_no_test() -> None:
    cells = {f"epochs={v}": {"gpu_j": [10.0 * v] * 3} for v in (3, 4, 5)}
    original = {"original": {"gpu_j": [20.0] * 3}}
    parts = [rows_of(original | cells, background=background) for background in ("", "other")]
    (row,) = analyse(pd.concat(parts, ignore_index=True)).colocation.correlation
    assert (row.spearman_alone, row.spearman_p, row.spearman_p_adjusted) == (pytest.approx(1.0), None, None)


# Slowdown


def test_slowdown_is_the_ratio_of_geometric_means_with_welchs_interval(published: CarefulAnalysis) -> None:
    rows = pd.read_csv(DATA)
    mnist = rows[(rows["subject"] == "mnist") & (rows["mutant"] == "original")]
    exclusive = np.log(mnist.loc[mnist["background"].isna(), "duration_s"])
    colocated = np.log(mnist.loc[mnist["background"] == "siamese_network", "duration_s"])
    row = next(row for row in published.colocation.slowdown if row.background == "siamese_network")
    assert (row.mutant, row.n_alone, row.n) == (ORIGINAL, 5, 5)
    assert row.slowdown.value == pytest.approx(stats.gmean(np.exp(colocated)) / stats.gmean(np.exp(exclusive)))
    interval = stats.ttest_ind(colocated, exclusive, equal_var=False).confidence_interval(0.95)
    assert row.slowdown.ends == pytest.approx(tuple(np.exp(interval)))


def test_the_slowdowns_of_mutants_and_of_the_background_are_reported() -> None:
    random = np.random.default_rng(2)
    slow = np.exp(random.normal(math.log(2), 0.1, 20))
    rows = pair()
    rows.loc[rows["background"] == "other", "background_slowdown"] = slow
    rows.loc[rows["background"] == "other", "background_restarts"] = 1.0
    found = analyse(rows).colocation
    assert [row.mutant for row in found.slowdown] == [ORIGINAL, "epochs=3", "epochs=4", "epochs=5"]
    (background,) = found.background_slowdown
    assert background.slowdown.value == pytest.approx(stats.gmean(slow))
    ends = stats.t.interval(0.95, 19, np.log(slow).mean(), stats.sem(np.log(slow)))
    assert background.slowdown.ends == pytest.approx(tuple(np.exp(ends)))
    assert (background.n, background.restarts) == (20, 20)
    assert analyse(pair()).colocation.background_slowdown == ()


def test_one_training_has_a_slowdown_without_an_interval() -> None:
    records = [
        row
        for background, count in (("", 2), ("other", 1))
        for mutant in ("original", "epochs=3")
        for row in trainings(
            mutant, {"duration_s": [10.0, 11.0][:count], "gpu_j": [5.0, 5.1][:count]}, background=background
        )
    ]
    (original, _) = analyse(rows_frame(records)).colocation.slowdown
    assert original.slowdown.value == pytest.approx(10 / math.sqrt(110))
    assert original.slowdown.ends is None


# The published data


def test_win_tie_loss_counts_of_both_are_reported(published: CarefulAnalysis) -> None:
    mnist = [row for row in published.win_tie_loss if row.subject == "mnist"]
    counts = {(row.background, row.hyperparameter, row.energy): row.counts for row in mnist}
    for row in published.colocation.win_tie_loss:
        if row.hyperparameter:
            assert row.counts_alone == counts["", row.hyperparameter, row.energy]
            assert row.counts == counts[row.background, row.hyperparameter, row.energy]
        else:
            assert sum(map(sum, row.counts_alone)) + row.undecided_alone == 15
    assert {row.energy for row in published.colocation.win_tie_loss} == {"package_j", "dram_j", "gpu_j", TOTAL}


def test_the_claim_on_the_published_data(published: CarefulAnalysis) -> None:
    """Only mutants of epochs happened to be drawn with the same value in both: four, and three."""
    report = published.colocation
    assert [(each.background, each.mutants) for each in report.pairs] == [
        ("mnist_forward_forward", 4),
        ("siamese_network", 3),
    ]
    shown = {(row.background, row.metric): row.finding for row in report.susceptibility}
    assert [key for key, finding in shown.items() if finding is SusceptibilityFinding.MORE] == [
        ("mnist_forward_forward", "dram_j")
    ]
    assert SusceptibilityFinding.LESS not in shown.values()
    assert all(row.fisher_p > 0.2 for row in report.susceptibility)
    assert report.claim is not None
    assert claim_text(report.claim) == (
        "When co-located, energy is significantly more susceptible to change in 1 of 8 comparisons, less in 0 "
        "(one for each energy metric and background load; p adjusted for all of them)."
    )


def test_json_holds_the_whole_report(published: CarefulAnalysis) -> None:
    document = json.loads(json.dumps(as_json(published), allow_nan=False))["company"]
    assert set(document) == {
        "pairs", "correlation", "verdict", "win_tie_loss", "slowdown", "background_slowdown", "susceptibility",
        "conclusion",
    }  # fmt: skip
    assert document["susceptibility"][0]["conclusion"]
    assert len(document["verdict"]) == (4 + 3) * 6
