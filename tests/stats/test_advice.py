"""Recommendations: which mutants, their error rate, and the reasons where there are none."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestIndPower

from mutegreen.model import TOTAL, Goal, Verdict
from mutegreen.report.wording import reason_text
from mutegreen.stats.advice.advice import Advice
from mutegreen.stats.careful import CarefulAnalysis, analyse
from mutegreen.stats.reason import Reason, ReasonCode
from mutegreen.stats.settings import Settings
from support.simulated import noisy, rows_of

GREENER = {"original": (0.0, 0.0), "epochs=3": (-0.1, 0.0), "epochs=4": (-0.3, 0.0)}
HARMFUL = {"epochs=5": (-0.5, -0.1)}
COSTLIER = {"epochs=6": (0.2, 0.0)}


def advice_on(
    arms: dict[str, tuple[float, float]], repetitions: int = 5, *, noise: float = 0.005, **options: Any
) -> Advice:
    return advice_of(analyse(rows_of(noisy(arms, repetitions, noise=noise)), **options))


def advice_of(found: CarefulAnalysis) -> Advice:
    (advice,) = found.advice
    return advice


def names(advice: Advice) -> list[str]:
    return [one.mutant for one in advice.recommended]


def test_recommends_harmless_savings_the_greatest_first() -> None:
    advice = advice_on(GREENER | HARMFUL | COSTLIER)
    assert names(advice) == ["epochs=4", "epochs=3"]
    assert advice.reason is None
    assert advice.needed == ()
    assert advice.metric == TOTAL


def test_the_saving_is_that_of_the_comparison() -> None:
    found = analyse(rows_of(noisy(GREENER)))
    best = advice_of(found).recommended[0]
    (row,) = (row for row in found.comparisons if (row.mutant, row.metric) == ("epochs=4", TOTAL))
    assert best.saving.value == pytest.approx(0.3, abs=0.02)
    assert best.saving.low < best.saving.value < best.saving.high
    assert best.saving.value == -row.relative_change.value
    assert best.saving_j.value == pytest.approx(0.3 * 2060, rel=0.05)
    assert best.saving_j.low < best.saving_j.value < best.saving_j.high
    assert best.performance_change.low < best.performance_change.value < best.performance_change.high
    assert best.p_saving == row.p_adjusted
    assert best.p_not_worse <= 0.05


def test_not_worse_is_the_one_sided_test_against_the_tolerance() -> None:
    observations = {
        "original": {"gpu_j": [100.0, 101.0, 99.0, 100.5], "performance": [0.91, 0.92, 0.90, 0.915]},
        "epochs=3": {"gpu_j": [80.0, 81.0, 79.5, 80.0], "performance": [0.905, 0.912, 0.90, 0.911]},
    }
    (best,) = advice_of(analyse(rows_of(observations, blocked=False), settings=Settings(tolerance=0.05))).recommended
    original, mutant = (np.array(observations[arm]["performance"]) for arm in observations)
    oracle = stats.ttest_ind(mutant + 0.05, original, equal_var=False, alternative="greater")
    assert best.p_not_worse == pytest.approx(oracle.pvalue)


def test_not_worse_is_adjusted_over_all_mutants() -> None:
    """Three mutants with the same observations: each p is multiplied by three. Four arms are not moderated."""
    observations = noisy({"original": (0.0, 0.0), "epochs=3": (-0.3, -0.0004)}, noise=0.003)
    alike = {f"epochs={3 + number}": observations["epochs=3"] for number in range(3)}
    original, mutant = (np.array(observations[arm]["performance"]) for arm in observations)
    raw = stats.ttest_ind(mutant + 0.0012, original, equal_var=False, alternative="greater").pvalue
    rows = rows_of({"original": observations["original"]} | alike, blocked=False)
    found = advice_of(analyse(rows, settings=Settings(tolerance=0.0012))).recommended
    assert [one.p_not_worse for one in found] == pytest.approx([3 * raw] * 3)


def test_a_smaller_performance_can_be_better() -> None:
    worse_upward = GREENER | {"epochs=5": (-0.5, 0.1)}
    assert names(advice_on(worse_upward)) == ["epochs=5", "epochs=4", "epochs=3"]
    assert names(advice_on(worse_upward, goals={"simulated": Goal.MINIMIZE})) == ["epochs=4", "epochs=3"]


def test_recommendations_depend_on_the_tolerance() -> None:
    arms = GREENER | HARMFUL
    assert "epochs=5" in names(advice_on(arms, settings=Settings(tolerance=0.2)))
    assert "epochs=5" in names(advice_on(arms, tolerances={"simulated": 0.2}))
    for tolerance, given in ((None, False), (0.2, True)):
        advice = advice_on(arms, tolerances={"simulated": tolerance})
        assert advice.tolerance_is_given is given
        assert advice.tolerance == pytest.approx(0.2 if given else 0.009, rel=0.01)


def test_the_number_of_trainings_until_the_audit_pays_back_is_an_integer() -> None:
    rows = rows_of(noisy(GREENER))
    spent = float(rows[["package_j", "dram_j", "gpu_j"]].sum().sum())
    advice = advice_of(analyse(rows))
    assert advice.audit_j == pytest.approx(spent)
    for one in advice.recommended:
        assert one.pays_back_after == math.ceil(spent / one.saving_j.value)
    assert advice_of(analyse(rows, spent_j={("simulated", ""): 1e6})).recommended[0].pays_back_after > 1000


def test_the_control_is_never_recommended() -> None:
    assert names(advice_on(GREENER | {"identity": (-0.4, 0.0)})) == ["epochs=4", "epochs=3"]


def test_the_pareto_front_holds_the_arms_that_no_other_dominates() -> None:
    advice = advice_on(GREENER | HARMFUL | COSTLIER | {"epochs=7": (0.4, 0.05)}, noise=0.001)
    front = [point.mutant for point in advice.pareto]
    assert front[0] == "epochs=5"
    assert front[-1] == "epochs=7"
    assert "epochs=4" in front
    assert [point.energy_j for point in advice.pareto] == sorted(point.energy_j for point in advice.pareto)
    assert [point.performance for point in advice.pareto] == sorted(point.performance for point in advice.pareto)


@pytest.mark.parametrize(
    ("metrics", "arms", "options", "reason"),
    [
        (["performance", "duration_s"], GREENER, {}, "energy was not measured"),
        (["gpu_j"], GREENER, {}, "performance was not measured, so no mutant can be shown to keep it"),
        (None, {"original": (0, 0), "identity": (0, 0)}, {}, "no mutant changes a hyperparameter"),
        (
            None,
            {"original": (0, 0)} | COSTLIER,
            {},
            "no mutant saves energy significantly, and no estimate is a saving",
        ),
        (
            None,
            {"original": (0, -0.9), "epochs=3": (-0.3, -0.9)},
            {"exact": True},
            "the performance of the original is 0",
        ),
        (
            None,
            {"original": (0, 0)} | HARMFUL,
            {},
            "of the mutants that save energy significantly (epochs=5), none significantly",
        ),
    ],
)
def test_the_reason_why_nothing_is_recommended(
    metrics: list[str], arms: dict[str, tuple[float, float]], options: dict[str, Any], reason: str
) -> None:
    observations = noisy(arms)
    if options.get("exact"):
        observations = {arm: cells | {"performance": [0.0] * 5} for arm, cells in observations.items()}
    kept = {
        arm: {m: c for m, c in cells.items() if metrics is None or m in metrics} for arm, cells in observations.items()
    }
    advice = advice_of(analyse(rows_of(kept)))
    assert advice.recommended == ()
    assert advice.reason is not None
    assert reason_text(advice.reason).startswith(reason)


def test_without_an_estimate_of_noise_no_repetitions_are_required() -> None:
    assert advice_on(GREENER, 1).needed == ()
    rows = rows_of(noisy(GREENER, 4))
    advice = advice_of(analyse(rows[(rows["mutant"] != "epochs=4") | (rows["repetition"] == 0)]))
    assert names(advice) == ["epochs=3"]
    single = rows[(rows["mutant"] == "original") | (rows["repetition"] == 0)].reset_index(drop=True)
    assert advice_of(analyse(single.drop(columns="block"))).needed == ()


def test_one_training_each_recommends_nothing() -> None:
    advice = advice_on(GREENER, 1)
    assert advice.recommended == ()
    assert advice.reason == Reason(ReasonCode.NO_SAVING_SHOWN)


def test_constant_equal_performance_is_non_inferior() -> None:
    observations = {arm: cells | {"performance": [0.9] * 5} for arm, cells in noisy(GREENER).items()}
    advice = advice_of(analyse(rows_of(observations)))
    assert names(advice) == ["epochs=4", "epochs=3"]
    assert advice.recommended[0].performance_change.value == 0.0


def test_constant_different_performance_is_not_tested() -> None:
    observations = {
        arm: cells | {"performance": [0.9 - 0.001 * place] * 5}
        for place, (arm, cells) in enumerate(noisy(GREENER).items())
    }
    assert names(advice_of(analyse(rows_of(observations)))) == []


def test_required_repetitions_are_those_of_the_power_calculation() -> None:
    """One mutant and one metric of each kind: one comparison of each kind, so no adjustment."""
    generator = np.random.default_rng(2)
    observations = {
        "original": {"gpu_j": np.exp(generator.normal(0, 0.05, 6)), "performance": generator.normal(0.9, 1e-5, 6)},
        "epochs=3": {"gpu_j": np.exp(generator.normal(-0.03, 0.05, 6)), "performance": generator.normal(0.9, 1e-5, 6)},
    }
    rows = rows_of(
        {arm: {m: c.tolist() for m, c in cells.items()} for arm, cells in observations.items()}, blocked=False
    )
    advice = advice_of(analyse(rows))
    (need,) = advice.needed
    logs = [np.log(observations[arm]["gpu_j"]) for arm in observations]
    size = abs(logs[1].mean() - logs[0].mean()) / np.sqrt(np.mean([part.var(ddof=1) for part in logs]))
    wanted = TTestIndPower().solve_power(size, alpha=0.05 / 2, power=0.8)
    assert need.mutant == "epochs=3"
    assert need.repetitions == math.ceil(wanted)
    assert need.more == need.repetitions - 6


@pytest.mark.slow
def test_required_repetitions_suffice() -> None:
    noise, saving = 0.02, 0.03
    arms = {"original": (0.0, 0.0), "epochs=3": (-saving, 0.0), "epochs=4": (0.0, 0.0)}
    counts = []
    for seed in range(12):
        need = advice_of(analyse(rows_of(noisy(arms, 4, noise=noise, seed=seed)))).needed
        counts += [one.repetitions for one in need if one.mutant == "epochs=3" and abs(one.saving - saving) < 0.01]
    enough = int(np.median(counts))
    shown = [
        any(
            row.mutant == "epochs=3" and row.metric == TOTAL and row.verdict == Verdict.WIN
            for row in analyse(rows_of(noisy(arms, enough, noise=noise, seed=100 + seed))).comparisons
        )
        for seed in range(12)
    ]
    assert np.mean(shown) > 0.5


def test_no_repetitions_are_required_for_an_estimated_loss_of_performance() -> None:
    advice = advice_on({"original": (0.0, 0.0)} | HARMFUL)
    assert advice.needed == ()


def test_required_repetitions_have_a_maximum() -> None:
    generator = np.random.default_rng(1)
    observations = {
        arm: {"gpu_j": generator.normal(100, 20, 4), "performance": generator.normal(0.9, 1e-4, 4)}
        for arm in ("original", "epochs=3")
    }
    observations["epochs=3"]["gpu_j"] = observations["original"]["gpu_j"][::-1] * 0.9999
    rows = rows_of(
        {arm: {m: c.tolist() for m, c in cells.items()} for arm, cells in observations.items()}, blocked=False
    )
    (need,) = advice_of(analyse(rows)).needed
    assert need.repetitions is None
    assert need.more is None


@pytest.mark.slow
def test_recommended_mutants_are_truly_harmless() -> None:
    """20 audits with mutants that lose slightly more than the tolerance, and mutants that lose nothing."""
    arms = {"original": (0.0, 0.0)}
    arms |= {f"epochs={3 + number}": (-0.2, -0.00101 if number % 2 else 0.0) for number in range(6)}
    wrong, right = [], []
    for seed in range(20):
        rows = rows_of(noisy(arms, noise=0.005, seed=seed))
        found = set(names(advice_of(analyse(rows, settings=Settings(tolerance=0.001)))))
        wrong.append(any(arms[one][1] < 0 for one in found))
        right.append(len(found & {name for name, (_, lost) in arms.items() if lost == 0}))
    assert sum(wrong) <= stats.binom.ppf(0.99, 20, 0.05)
    assert sum(right) > 0


def test_the_reason_does_not_ask_for_repetitions_where_performance_seems_lost() -> None:
    advice = advice_on({"original": (0, 0), "epochs=3": (-0.08, -0.2)}, noise=0.06)
    assert advice.needed == ()
    lost = "and those with an estimated saving lose more performance than tolerated"
    assert reason_text(advice.reason) == f"no mutant saves energy significantly, {lost}"
