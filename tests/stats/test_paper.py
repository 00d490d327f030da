"""The published protocol: the published results, independent oracles, and data without a result."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mutegreen.model import METRICS, Goal, Quality, Verdict
from mutegreen.report.json_document import as_json
from mutegreen.stats.analysis import Analysis, Comparison
from mutegreen.stats.interval import UNKNOWN
from mutegreen.stats.paper import analyse
from mutegreen.stats.reason import Reason, ReasonCode
from mutegreen.stats.verdicts.effect import cliffs_delta, dominance
from mutegreen.store.rows import read_csv, rows_frame
from support.notes import sentences
from support.paths import DATA

KEYS = {
    "correlation": ("subject", "background", "hyperparameter", "metric"),
    "verdict": ("subject", "background", "hyperparameter", "mutant", "metric"),
    "win_tie_loss": ("subject", "background", "hyperparameter", "energy"),
}


Tables = dict[str, list[dict[tuple[Any, ...], dict[str, Any]]]]
"""By name of a table, our rows and the expected ones, each by key."""


def trainings(
    mutant: str,
    observations: Any,
    *,
    hyperparameter: str = "epochs",
    value: object = 3,
    default: object = 2,
    **more: Any,
) -> list[dict[str, Any]]:
    """Records of a mutant's (or the original's) trainings; `observations` are its GPU energies or cells by metric."""
    if not isinstance(observations, dict):
        observations = {"gpu_j": observations}
    changed = {"hyperparameter": hyperparameter, "value": value, "default": default}
    if mutant == "original":
        changed = dict.fromkeys(changed)
    label = {"subject": "s", "background": "", "mutant": mutant} | changed | more
    repetitions = len(next(iter(observations.values())))
    cells = {metric: observations.get(metric, [None] * repetitions) for metric in METRICS}
    return [
        label | {"repetition": number} | {metric: column[number] for metric, column in cells.items()}
        for number in range(repetitions)
    ]


def analysis(*parts: list[dict[str, object]], **options: Any) -> Analysis:
    return analyse(rows_frame([record for part in parts for record in part]), **options)


def only(found: Analysis) -> Comparison:
    (comparison,) = found.comparisons
    return comparison


def against(original: Any, mutant: Any, **options: Any) -> Comparison:
    return only(analysis(trainings("original", original), trainings("epochs=3", mutant), **options))


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    return read_csv(DATA / "measurements.csv")


@pytest.fixture(scope="module")
def tables(published: pd.DataFrame) -> Tables:
    """What we give, after a way through JSON, and what is expected, both by key."""
    given = json.loads(json.dumps(as_json(analyse(published)), allow_nan=False))
    expected = json.loads((DATA / "expected.json").read_text(encoding="utf-8"))
    by_key = {}
    for name, keys in KEYS.items():
        by_key[name] = [{tuple(row[key] for key in keys): row for row in side[name]} for side in (given, expected)]
        assert len(by_key[name][0]) == len(given[name])
    return by_key


def test_all_published_correlations(tables: Tables) -> None:
    given, expected = tables["correlation"]
    assert len(expected) == 75
    assert given.keys() == expected.keys()
    for key, row in expected.items():
        for statistic in ("spearman", "spearman_p", "pearson", "pearson_p"):
            assert given[key][statistic] == pytest.approx(row[statistic], rel=1e-6), (key, statistic)
        assert given[key]["n"] == row["n"]


def test_all_published_verdicts(tables: Tables) -> None:
    given, expected = tables["verdict"]
    assert len(expected) == 375
    assert given.keys() == expected.keys()
    for key, row in expected.items():
        assert given[key]["verdict"] == row["verdict"], key
        assert given[key]["value"] == row["value"]
        for statistic in ("p", "cliffs_delta"):
            assert given[key][statistic] == pytest.approx(row[statistic], rel=1e-6, abs=1e-12), (key, statistic)


def test_all_published_win_tie_loss_counts(tables: Tables) -> None:
    given, expected = tables["win_tie_loss"]
    assert len(expected) == 45
    assert {key: row["counts"] for key, row in given.items()} == {key: row["counts"] for key, row in expected.items()}
    assert all(row["undecided"] == 0 for row in given.values())


def test_means_and_changes_of_the_published_data(published: pd.DataFrame, tables: Tables) -> None:
    means: dict[Any, dict[Any, float]] = (
        published.groupby(["subject", "background", "mutant"])[list(METRICS)].mean().to_dict()
    )
    for (subject, background, _, mutant, metric), row in tables["verdict"][0].items():
        mean, original = (means[metric][subject, background, name] for name in (mutant, "original"))
        assert (row["mean"], row["mean_original"]) == (pytest.approx(mean), pytest.approx(original))
        assert row["relative_change"] == pytest.approx(mean / original - 1, abs=1e-9)
        assert (row["n"], row["n_original"]) == (5, 5)


def test_the_order_of_rows_does_not_matter(published: pd.DataFrame) -> None:
    def facts(rows: Any) -> list[tuple[Any, ...]]:
        found = analyse(rows)
        return [(row.mutant, row.background, row.metric, row.verdict) for row in found.comparisons]

    assert facts(published.sample(frac=1, random_state=4)) == facts(published)


def test_results_are_sorted_by_hyperparameter_and_value(published: pd.DataFrame) -> None:
    one = [row for row in analyse(published).comparisons if (row.subject, row.metric) == ("mnist", "gpu_j")]
    keys = [(row.background, row.hyperparameter, row.value) for row in one]
    assert keys == sorted(keys)


@pytest.mark.parametrize("seed", range(5))
def test_p_and_delta_agree_with_scipy_and_with_counting_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    # Few different values, so that ties between the samples are frequent.
    original = rng.integers(0, 9, size=rng.integers(2, 30)).astype(float)
    mutant = rng.integers(1, 11, size=rng.integers(2, 30)).astype(float)
    found = against(original, mutant)
    assert found.p == pytest.approx(stats.ttest_ind(mutant, original, equal_var=True).pvalue, rel=1e-9)
    pairs = [np.sign(x - y) for x, y in product(mutant, original)]
    assert found.cliffs_delta.value == pytest.approx(np.mean(pairs))
    assert cliffs_delta(mutant, original) == pytest.approx(np.mean(pairs))


def test_cliffs_delta_in_closed_form() -> None:
    assert cliffs_delta([1, 2], [3, 4]) == -1
    assert cliffs_delta([3, 4], [1, 2]) == 1
    assert cliffs_delta([1, 2, 3], [1, 2, 3]) == 0
    assert cliffs_delta([2], [1, 2, 3, 4]) == -0.25
    assert np.isnan(dominance([1.0, math.nan], [])).all()


def test_cliffs_delta_of_large_samples_takes_no_table_of_pairs() -> None:
    count = 300_000
    assert cliffs_delta(np.arange(count) + 0.5, np.arange(count)) == pytest.approx(1 / count, rel=1e-6)


def test_a_significant_but_negligible_difference_is_a_tie() -> None:
    found = against([0.0] * 100, [0.0] * 90 + [1.0] * 10)
    assert found.p < 0.05
    assert found.cliffs_delta.value == pytest.approx(0.10)
    assert found.verdict is Verdict.TIE


def test_effects_count_from_a_delta_of_0_147_on() -> None:
    assert against([0.0] * 100, [0.0] * 86 + [1.0] * 14).verdict is Verdict.TIE
    assert against([0.0] * 100, [0.0] * 85 + [1.0] * 15).verdict is Verdict.LOSS


def test_a_large_but_insignificant_difference_is_a_tie() -> None:
    found = against([1.0, 3.0], [2.0, 4.0])
    assert found.p > 0.05
    assert found.cliffs_delta.value == 0.5
    assert found.verdict is Verdict.TIE


def test_the_mean_decides_even_against_delta() -> None:
    found = against([10.0] * 99 + [10.01], [10.1] * 80 + [0.0] * 20)
    assert found.cliffs_delta.value > 0.147
    assert found.mean < found.mean_original
    assert found.verdict is Verdict.WIN


@pytest.mark.parametrize(
    ("metric", "goal", "verdict"),
    [
        ("gpu_j", Goal.MAXIMIZE, Verdict.LOSS),
        ("duration_s", Goal.MAXIMIZE, Verdict.LOSS),
        ("performance", Goal.MAXIMIZE, Verdict.WIN),
        ("performance", Goal.MINIMIZE, Verdict.LOSS),
    ],
)
def test_more_is_a_loss_except_for_performance_where_the_goal_decides(
    metric: str, goal: Goal, verdict: Verdict
) -> None:
    more = analysis(trainings("original", {metric: [1, 1.1]}), trainings("e", {metric: [9, 9.1]}), goals={"s": goal})
    less = analysis(trainings("original", {metric: [9, 9.1]}), trainings("e", {metric: [1, 1.1]}), goals={"s": goal})
    assert only(more).verdict is verdict
    assert {only(more).verdict, only(less).verdict} == {Verdict.WIN, Verdict.LOSS}
    assert as_json(more)["goals"] == {"s": goal.value}


@pytest.mark.parametrize(("original", "mutant"), [([1.0], [2.0, 3.0]), ([1.0, 2.0], [3.0]), ([1.0], [2.0])])
def test_one_observation_decides_nothing(original: list[Any], mutant: list[Any]) -> None:
    found = against(original, mutant)
    assert (found.verdict, found.p) == (Verdict.UNDECIDED, None)
    assert found.cliffs_delta.value == 1
    why = ReasonCode.ONE_TRIAL_OF_ORIGINAL if len(original) == 1 else ReasonCode.ONE_TRIAL_OF_MUTANT
    assert found.reason == Reason(why)


def test_equal_constants_are_a_tie_without_p() -> None:
    # Summed 13 times and divided by 13, this number comes out different.
    constant = 0.0016527635528529095
    found = against([constant] * 13, [constant] * 2)
    assert (found.verdict, found.p, found.cliffs_delta.value) == (Verdict.TIE, None, 0)
    assert found.reason == Reason(ReasonCode.ALL_EQUAL)


def test_different_constants_have_p_zero() -> None:
    found = against([0.1, 0.1, 0.1], [0.3, 0.3, 0.3])
    assert (found.verdict, found.p, found.cliffs_delta.value) == (Verdict.LOSS, 0, 1)
    assert found.reason == Reason(ReasonCode.NEITHER_VARIES)


def test_one_constant_arm_is_an_ordinary_test() -> None:
    found = against([5.0, 5.0, 5.0], [6.0, 7.0, 8.0])
    # Pooled variance 1/2, standard error sqrt(1/2 * 2/3), 4 degrees of freedom.
    assert found.p == pytest.approx(2 * stats.t.sf(2 / math.sqrt(1 / 3), 4))
    assert found.reason is None


def test_rows_without_the_metric_are_excluded() -> None:
    whole = against([1.0, 2.0, 3.0], [4.0, 5.0])
    gaps = against([1.0, None, 2.0, 3.0], [4.0, None, 5.0, None])
    assert (gaps.n, gaps.n_original, gaps.p, gaps.cliffs_delta) == (2, 3, whole.p, whole.cliffs_delta)


def test_a_mutant_or_an_original_without_observations() -> None:
    rows = trainings("original", [1, 2, 3]), trainings("e", [None, None], value=4), trainings("f", [8, 9, 8])
    undecided, decided = analysis(*rows).comparisons[::-1]
    assert (undecided.n, undecided.mean, undecided.verdict) == (0, None, Verdict.UNDECIDED)
    assert undecided.reason == Reason(ReasonCode.MUTANT_NOT_MEASURED)
    assert decided.verdict is Verdict.LOSS
    assert against([None, None], [1.0, 2.0]).reason == Reason(ReasonCode.ORIGINAL_NOT_MEASURED)


@pytest.mark.parametrize(("original", "mutant"), [([1, math.inf], [2, 3]), ([1, 2], [3, -math.inf])])
def test_an_infinite_observation_decides_nothing(original: list[Any], mutant: list[Any]) -> None:
    found = analysis(trainings("original", {"performance": original}), trainings("e", {"performance": mutant}))
    assert only(found).verdict is Verdict.UNDECIDED
    side = ReasonCode.ORIGINAL_INFINITE if math.inf in original else ReasonCode.MUTANT_INFINITE
    assert only(found).reason == Reason(side)
    assert found.correlations[0].reason == Reason(ReasonCode.VALUE_INFINITE)
    json.dumps(as_json(found), allow_nan=False)


def test_relative_change_has_the_sign_of_the_difference_and_needs_an_original_that_is_not_zero() -> None:
    found = analysis(trainings("original", {"performance": [-9, -11]}), trainings("e", {"performance": [-12, -12]}))
    assert only(found).relative_change.value == pytest.approx(-0.2)
    assert against([0.0, 0.0], [1.0, 2.0]).relative_change == UNKNOWN


def test_a_metric_never_measured_has_a_note_and_no_rows() -> None:
    exclusive = trainings("original", {"gpu_j": [1, 2]}), trainings("e", {"gpu_j": [3, 4]})
    both = {"gpu_j": [1, 2], "dram_j": [1, 2]}
    colocated = trainings("original", both, background="b"), trainings("e", both, background="b")
    found = analysis(*exclusive, *colocated)
    assert {(row.background, row.metric) for row in found.comparisons} == {
        ("", "gpu_j"),
        ("b", "gpu_j"),
        ("b", "dram_j"),
    }
    assert found.win_tie_loss == ()
    assert "CPU energy was not measured." in sentences(found)
    assert "s: DRAM energy was not measured." in sentences(found)
    assert not any(note.startswith("s co-located with b") for note in sentences(found))


def test_a_scenario_without_original_or_without_mutants_is_noted() -> None:
    found = analysis(
        trainings("original", [1, 2]),
        trainings("e", [1, 2], background="b"),
        trainings("original", [1, 2], subject="t"),
    )
    assert (found.comparisons, found.correlations) == ((), ())
    assert "s co-located with b: excluded, because the original was not trained in this scenario." in sentences(found)
    assert "t: only the original was trained." in sentences(found)
    assert as_json(found)["verdict"] == []


def test_values_that_are_not_numbers_have_verdicts_but_no_correlation() -> None:
    rows = [trainings("original", [1, 2, 3])]
    rows += [trainings(f"o={v}", [7, 8, 9], hyperparameter="o", value=v, default="adam") for v in ("sgd", 3)]
    found = analysis(*rows, trainings("e", [4, 5, 6]))
    assert [row.hyperparameter for row in found.correlations] == ["epochs"]
    assert [row.value for row in found.comparisons] == [3.0, 3.0, "sgd"]
    assert "s: no correlation for o, whose values are not all numbers." in sentences(found)


def test_identity_is_compared_but_neither_correlated_nor_counted() -> None:
    observations = {"gpu_j": [1, 2, 3], "performance": [1, 2, 3]}
    control = trainings("identity", observations, hyperparameter="identity", value=None, default=None)
    found = analysis(trainings("original", observations), control, trainings("z", observations, hyperparameter="z"))
    assert [row.mutant for row in found.comparisons] == ["z", "z", "identity", "identity"]
    assert {row.verdict for row in found.comparisons} == {Verdict.TIE}
    assert {row.hyperparameter for row in found.correlations} == {"z"}
    assert {row.hyperparameter for row in found.win_tie_loss} == {"z"}
    assert not any("identity" in note for note in sentences(found))


def test_correlation_takes_the_original_at_its_default_value() -> None:
    parts = [trainings("original", [20, 21])]
    parts += [trainings(f"e{value}", [10 * value, 10 * value + 1], value=value) for value in (1, 3, 7)]
    (found,) = analysis(*parts).correlations
    values, observations = [2, 2, 1, 1, 3, 3, 7, 7], [20, 21, 10, 11, 30, 31, 70, 71]
    assert found.n == 8
    assert (found.spearman.value, found.spearman_p) == pytest.approx(tuple(stats.spearmanr(values, observations)))
    assert (found.pearson.value, found.pearson_p) == pytest.approx(tuple(stats.pearsonr(values, observations)))


@pytest.mark.parametrize(
    ("original", "mutant", "value", "reason"),
    [
        ([1.0], [2.0], 3, Reason(ReasonCode.TOO_FEW_TRIALS, count=3)),
        ([1.0, None], [2.0, None], 3, Reason(ReasonCode.TOO_FEW_TRIALS, count=3)),
        ([5.0, 5.0], [5.0, 5.0], 3, Reason(ReasonCode.ALL_EQUAL)),
        ([1.0, 2.0], [3.0, 4.0], 2, Reason(ReasonCode.ONE_VALUE)),
    ],
)
def test_correlations_that_do_not_exist(original: list[Any], mutant: list[Any], value: float, reason: Reason) -> None:
    (found,) = analysis(trainings("original", original), trainings("e", mutant, value=value)).correlations
    assert (found.spearman, found.spearman_p, found.pearson, found.pearson_p) == (UNKNOWN, None) * 2
    assert found.reason == reason


def test_observations_too_nearly_equal_for_pearson_still_have_ranks() -> None:
    low, high = 1.0, math.nextafter(1.0, 2.0)
    (found,) = analysis(trainings("original", [low, low]), trainings("e", [high, high])).correlations
    assert found.spearman.value == pytest.approx(1)
    assert (found.pearson.value, found.pearson_p) == (None, None)
    assert found.reason == Reason(ReasonCode.NEARLY_EQUAL)


def test_undecided_mutants_are_not_in_the_counts() -> None:
    decided, single = {"gpu_j": [1, 2], "performance": [1, 2]}, {"gpu_j": [9], "performance": [9]}
    (found,) = analysis(
        trainings("original", decided), trainings("e", decided, value=4), trainings("f", single)
    ).win_tie_loss
    assert found.counts == ((0, 0, 0), (0, 1, 0), (0, 0, 0))
    assert found.undecided == 1


def test_the_worst_known_quality_of_the_values_compared() -> None:
    def with_quality(rows: Any, *qualities: str) -> list[dict[str, Any]]:
        return [row | {"quality_gpu_j": quality} for row, quality in zip(rows, qualities, strict=True)]

    found = analysis(
        with_quality(trainings("original", [1, 2, None]), "counter", "integrated", "estimated"),
        with_quality(trainings("a", [1, 2], value=4), "counter", "counter"),
        with_quality(trainings("b", [1, 2], value=5), "", "attributed"),
        with_quality(trainings("c", {"gpu_j": [1, 2], "duration_s": [1, 2]}, value=6), "estimated", "counter"),
    )
    qualities = {row.mutant: row.quality for row in found.comparisons if row.metric == "gpu_j"}
    assert qualities == {"a": Quality.INTEGRATED, "b": Quality.ATTRIBUTED, "c": Quality.ESTIMATED}
    assert {row.quality for row in found.comparisons if row.metric == "duration_s"} == {None}
    assert found.correlations[0].quality is Quality.ESTIMATED
    assert as_json(found)["verdict"][-2]["quality"] == "estimated"


def test_unknown_quality_is_null() -> None:
    assert against([1.0, 2.0], [3.0, 4.0]).quality is None
    unknown = [row | {"quality_gpu_j": ""} for row in trainings("original", [1, 2]) + trainings("e", [3, 4])]
    assert only(analysis(unknown)).quality is None


def test_non_finite_numbers_are_null_in_json() -> None:
    comparison = replace(against([1.0, 2.0], [3.0, 4.0]), mean=math.inf, p=math.nan)
    document = as_json(Analysis("paper", (), (comparison,), ()))
    (row,) = document["verdict"]
    assert (row["mean"], row["p"], row["mean_original"]) == (None, None, 1.5)


def test_rows_of_several_audits_are_noted() -> None:
    parts = (trainings("original", [1, 2], audit="1"), trainings("e", [3, 4], audit="2"))
    assert "The trials of 2 audits are analysed together." in sentences(analysis(*parts))


def test_rows_of_audits_that_are_compared_are_noted() -> None:
    exclusive = [*trainings("original", [1, 2], audit="1"), *trainings("e", [3, 4], audit="1")]
    beside = [row | {"background": "load", "audit": "2"} for row in exclusive]
    assert "The trials are of 2 audits, one for each scenario." in sentences(analysis(exclusive, beside))


def test_notes_of_the_rows_are_copied() -> None:
    lost = [row | {"outcome": "timeout"} for row in trainings("f", [3, 4], value=9)]
    assert "Trials without the outcome ok were dropped: 2 timeout." in sentences(
        analysis(trainings("original", [1, 2]), trainings("e", [3, 4]), lost)
    )
