"""Interactions: power, false alarms, and the reasons where there is no estimate."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from rich.console import Group as Together
from scipy import stats
from statsmodels.formula.api import ols

from mutegreen.model import METRICS, Goal
from mutegreen.report.interaction_sentences import interaction_sentence
from mutegreen.report.terminal.interaction_table import interaction_lines, interaction_table
from mutegreen.report.wording import reason_text
from mutegreen.stats.interaction.interaction import Interaction, interactions
from mutegreen.stats.model.scenario import scenarios_of
from mutegreen.stats.model.scenario_model import ScenarioModel, fit_scenario
from mutegreen.stats.reason import Reason, ReasonCode
from mutegreen.stats.settings import Settings

DEFAULTS = {"epochs": 8.0, "dropout": 0.5}
SINGLES = ({"epochs": 4.0}, {"epochs": 16.0}, {"dropout": 0.4}, {"dropout": 0.7})
CORNER = {"epochs": 4.0, "dropout": 0.7}
OTHER = {"epochs": 16.0, "dropout": 0.4}
Values = Mapping[str, Any]


def bent(settings: Values) -> float:
    """An energy in joules whose single effects are strongly curved, and multiply."""
    return float((50 + 3 * settings["epochs"] ** 2) * (1 + 4 * (settings["dropout"] - 0.5) ** 2))


def rows_of(
    energy: Callable[[Values], float],
    mutants: Sequence[Values] = (*SINGLES, CORNER),
    repetitions: int = 5,
    noise: float = 0.03,
    drift: float = 0.1,
    seed: int = 0,
    defaults: Values = DEFAULTS,
    **columns: Any,
) -> pd.DataFrame:
    """Rows of trials in blocks; energy with noise, the other metrics not measured."""
    rng = np.random.default_rng(seed)
    found = []
    for block, level in enumerate(rng.normal(0, drift, repetitions)):
        for changes in ({}, *mutants):
            energy_j = energy({**defaults, **changes}) * np.exp(level + rng.normal(0, noise))
            single = len(changes) == 1
            row = {
                "subject": "s",
                "background": "",
                "mutant": ",".join(f"{name}={value}" for name, value in changes.items()) or "original",
                "hyperparameter": ",".join(changes),
                "value": next(iter(changes.values())) if single else None,
                "default": defaults[next(iter(changes))] if single else None,
                "repetition": block,
                **dict.fromkeys(METRICS, np.nan),
                "package_j": energy_j,
                "block": block,
                "changes": json.dumps(changes) if changes else "",
            }
            found.append(row | columns)
    return pd.DataFrame(found)


def models_of(rows: pd.DataFrame, settings: Settings) -> list[ScenarioModel]:
    scenarios = [scenario for scenario in scenarios_of(rows) if scenario.has_original and scenario.definitions]
    return [fit_scenario(scenario, Goal.MAXIMIZE, settings, None) for scenario in scenarios]


def found_in(rows: pd.DataFrame, **settings: Any) -> list[Interaction]:
    chosen = Settings(**settings)
    return interactions(models_of(rows, chosen), chosen)


def the_only(rows: pd.DataFrame) -> Interaction:
    (found,) = found_in(rows)
    return found


def many(energy: Callable[[Values], float], subjects: int, **options: Any) -> list[Interaction]:
    frames = [rows_of(energy, seed=seed, subject=f"s{seed:03}", **options) for seed in range(subjects)]
    return found_in(pd.concat(frames, ignore_index=True))


def test_a_known_interaction_is_in_its_interval_19_times_of_20() -> None:
    def energy(settings: Values) -> float:
        both = settings["epochs"] == 4 and settings["dropout"] == 0.7
        return bent(settings) * (1.06 if both else 1.0)

    found = many(energy, 300)
    covered = sum(low <= 0.06 <= high for low, high in (row.extra.ends for row in found if row.extra.ends))
    assert stats.binomtest(covered, 300, 0.95).pvalue > 0.001
    assert np.mean([row.extra.value for row in found]) == pytest.approx(0.06, abs=0.006)
    clear = the_only(rows_of(energy, noise=0.005))
    assert clear.matters
    assert clear.mutant == "epochs=4.0,dropout=0.7"


@pytest.mark.parametrize("noise_of_both", [1.0, 3.0])
def test_without_an_interaction_5_of_100_look_like_one_at_most(noise_of_both: float) -> None:
    """And 1 of 100 at least, which an interaction that is never found would not have.

    p is cautious, as moderation only raises variances. If it were exact, fewer than 3 of 300 would be below 0.05 in 3
    of 100,000 such tests.
    """
    rng = np.random.default_rng(9)

    def energy(settings: Values) -> float:
        both = settings["epochs"] != 8 and settings["dropout"] != 0.5
        further = 0.03 * np.sqrt(noise_of_both**2 - 1) if both else 0.0
        return bent(settings) * float(np.exp(rng.normal(0, further)))

    p = [row.p for row in many(energy, 300)]
    assert 3 <= sum(each <= 0.05 for each in p if each is not None) <= stats.binom.ppf(0.999, 300, 0.05)


def test_all_terms_of_a_call_are_one_family() -> None:
    found = sorted(many(bent, 20), key=lambda row: row.p or 0.0)
    holm = np.maximum.accumulate([(20 - at) * (row.p or 0.0) for at, row in enumerate(found)]).clip(max=1.0)
    assert [row.p_adjusted for row in found] == pytest.approx(list(holm))
    assert found[0].p is not None
    loose = found_in(rows_of(bent), alpha=1.0)
    assert [row.matters for row in (*found, *loose)] == [False] * 20 + [True]


def test_one_corner_is_the_ratio_of_geometric_means() -> None:
    rows = rows_of(bent)
    mean = np.exp(np.log(rows["package_j"]).groupby(rows["mutant"]).mean())
    expected = mean["epochs=4.0,dropout=0.7"] * mean["original"] / (mean["epochs=4.0"] * mean["dropout=0.7"]) - 1
    assert the_only(rows).extra.value == pytest.approx(expected)


def test_where_all_arms_are_equally_noisy_it_is_the_test_of_least_squares() -> None:
    rows = rows_of(bent, [{"epochs": 4.0}, {"dropout": 0.7}, CORNER], noise=0.0)
    # Residuals of one size in every arm, that sum to 0 in every arm and every block.
    ups = np.array([[1.0, -1.0, 1.0, -1.0]]) * np.array([[0.02], [-0.03], [0.01], [0.04], [-0.04]])
    rows["package_j"] *= np.exp(ups.ravel())
    cells = [json.loads(text or "{}") for text in rows["changes"]]
    used = rows.assign(a=["epochs" in c for c in cells], b=["dropout" in c for c in cells])
    fit = ols("np.log(package_j) ~ C(block, Sum) + a * b", used).fit()
    found = the_only(rows)
    assert found.n == 20
    assert found.p == pytest.approx(fit.pvalues.iloc[-1])
    assert found.extra.value == pytest.approx(np.expm1(fit.params.iloc[-1]))
    assert found.extra.ends == pytest.approx(tuple(np.expm1(fit.conf_int().iloc[-1])))


def test_two_corners_have_the_test_of_least_squares_but_for_the_degrees_of_freedom() -> None:
    """Those of Welch and Satterthwaite: the arms have unequal weights, and the original is lent no degrees of freedom.

    Seven arms in five complete blocks leave 24 degrees of freedom, 24 / 7 for each arm. Arms that are alike count three
    times their own (`mutegreen.stats.model.moderation`).
    """

    def energy(settings: Values) -> float:
        return bent(settings) * (1.1 if settings["epochs"] == 4 and settings["dropout"] == 0.7 else 1.0)

    rows = rows_of(energy, (*SINGLES, CORNER, OTHER), noise=0.0)
    # Residuals of one size in every arm, that sum to 0 in every arm and every block: a turn in seven steps.
    turn = 2 * np.pi * np.arange(7) / 7
    up, down = np.array([[1.0, -1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, -1.0, 0.0]])
    ups = 0.035 * (np.outer(up, np.cos(turn)) + np.outer(down, np.sin(turn)))
    rows["package_j"] *= np.exp(ups.ravel())
    arms = {name: json.loads(text or "{}") for name, text in zip(rows["mutant"], rows["changes"], strict=True)}
    names = sorted(arms)
    # The model of arms, the term last; its least-squares coefficient is `contrast` times the means of the arms.
    values = [{**DEFAULTS, **arms[name]} for name in names]
    columns = [[1, *(v["epochs"] == e for e in (4, 16)), *(v["dropout"] == d for d in (0.4, 0.7))] for v in values]
    terms = [[np.log2(v["epochs"] / 8) * (v["dropout"] - 0.5)] for v in values]
    contrast = np.linalg.pinv(np.hstack([np.array(columns, float), terms]))[-1]
    fit = ols("np.log(package_j) ~ 0 + C(mutant) + C(block, Sum)", rows).fit()
    assert fit.df_resid == 24
    least_squares = fit.t_test([*contrast, *[0.0] * 4])
    own_df = np.where(np.array(names) == "original", 1, 3) * 24 / 7
    df = (contrast @ contrast) ** 2 / (contrast**4 / own_df).sum()
    error, expected = float(least_squares.sd.item()), float(least_squares.effect.item())
    found = the_only(rows)
    assert found.coefficient.value == pytest.approx(expected)
    assert found.p == pytest.approx(2 * stats.t.sf(abs(expected) / error, df))
    assert 0.001 < found.p < 0.5, "a p that shows a difference"
    half = stats.t.ppf(0.975, df) * error
    assert found.coefficient.ends == pytest.approx((expected - half, expected + half))


@pytest.mark.parametrize("missing", [[], [3, 9, 17, 22, 30]], ids=["complete blocks", "trainings missing"])
def test_two_corners_share_the_product_of_their_scales(missing: list[int]) -> None:
    rows = rows_of(bent, (*SINGLES, CORNER, OTHER), drift=0.5).drop(index=missing)
    found = the_only(rows)
    assert (found.term, found.doubles, found.n) == ("log2(epochs / 8) * (dropout - 0.5)", 2, 35 - len(missing))
    cells = [{**DEFAULTS, **json.loads(text or "{}")} for text in rows["changes"]]
    used = rows.assign(epochs=[c["epochs"] for c in cells], dropout=[c["dropout"] for c in cells])
    formula = "np.log(package_j) ~ C(block) + C(epochs) + C(dropout) + I(np.log2(epochs / 8) * (dropout - 0.5))"
    fit = ols(formula, used).fit()
    assert found.coefficient.value == pytest.approx(fit.params.iloc[-1])
    assert found.coefficient.ends is not None
    assert np.mean(found.coefficient.ends) == pytest.approx(found.coefficient.value)
    assert 0.7 < np.ptp(found.coefficient.ends) / np.ptp(fit.conf_int().iloc[-1]) < 1.5
    assert found.mutant == "epochs=4.0,dropout=0.7", "0.2 from the default, not 0.1"
    assert found.extra.value == pytest.approx(np.expm1(-0.2 * fit.params.iloc[-1]))


def test_a_curved_single_effect_is_no_interaction() -> None:
    rows = rows_of(bent, noise=0.002)
    cells = [{**DEFAULTS, **json.loads(text or "{}")} for text in rows["changes"]]
    used = rows.assign(epochs=[c["epochs"] for c in cells], dropout=[c["dropout"] for c in cells])
    slopes = ols("np.log(package_j) ~ C(block) + np.log2(epochs / 8) * I(dropout - 0.5)", used).fit()
    assert slopes.pvalues.iloc[-1] < 0.01
    found = the_only(rows)
    assert found.p is not None
    assert found.p > 0.05
    assert abs(found.extra.value or 0) < 0.01


def test_a_drift_over_blocks_changes_nothing() -> None:
    steady, drifting = (the_only(rows_of(bent, drift=drift)) for drift in (0.0, 0.5))
    assert drifting.extra.value == pytest.approx(steady.extra.value)
    assert drifting.p == pytest.approx(steady.p)
    unknown = the_only(rows_of(bent, drift=0.5).drop(columns="block"))
    assert unknown.extra.value == pytest.approx(steady.extra.value)
    assert (unknown.coefficient.high or 0) > 5 * (drifting.coefficient.high or 0), "without blocks the drift is noise"


def test_blocks_of_two_audits_are_different() -> None:
    pieces = [rows_of(bent, seed=seed, audit=f"a{seed}", drift=0.5) for seed in (0, 1)]
    found = the_only(pd.concat(pieces, ignore_index=True))
    renumbered = pieces[1].assign(block=pieces[1]["block"] + 5)
    assert found.p == pytest.approx(the_only(pd.concat([pieces[0], renumbered])).p)


def test_values_that_are_not_numbers_have_a_term_each() -> None:
    defaults = {"epochs": 8.0, "optimizer": "sgd"}
    cost = {"sgd": 1.0, "adam": 1.3, "lion": 1.1}
    both: list[Values] = [{"optimizer": "adam", "epochs": 4.0}, {"epochs": 16.0, "optimizer": "lion"}]
    mutants: list[Values] = [{"epochs": 4.0}, {"epochs": 16.0}, {"optimizer": "adam"}, {"optimizer": "lion"}, *both]

    def energy(settings: Values) -> float:
        extra = 1.5 if settings["optimizer"] == "lion" and settings["epochs"] == 16 else 1.0
        return float(settings["epochs"] * cost[settings["optimizer"]] * extra)

    found = found_in(rows_of(energy, mutants, defaults=defaults))
    assert [row.term for row in found] == ["[optimizer=adam] * log2(epochs / 8)", "[optimizer=lion] * log2(epochs / 8)"]
    assert [row.matters for row in found] == [False, True]
    assert found[1].extra.value == pytest.approx(0.5, abs=0.1)
    assert found[1].mutant == "epochs=16.0,optimizer=lion"


def test_true_and_false_are_not_numbers() -> None:
    mutants: list[Values] = [{"epochs": 4.0}, {"nesterov": True}, {"epochs": 4.0, "nesterov": True}]
    rows = rows_of(lambda s: float(s["epochs"]), mutants, defaults={"epochs": 8.0, "nesterov": "False"})
    assert the_only(rows).term == "(epochs - 8) * [nesterov=True]"


def test_effects_on_performance_add_in_its_own_unit() -> None:
    rows = rows_of(bent)
    accuracy = [0.9 - 0.01 * (t.count(":") == 2) - 0.02 * ("epochs" in t) for t in rows["changes"]]
    rows["performance"] = np.array(accuracy) + np.random.default_rng(1).normal(0, 1e-4, len(rows))
    _, found = found_in(rows)
    assert (found.metric, found.matters) == ("performance", True)
    assert found.extra.value == pytest.approx(-0.01, abs=3e-4)
    assert "below the sum of its single effects" in interaction_sentence(found)


def test_controls_and_mutants_of_three_are_in_no_pair() -> None:
    rows = rows_of(bent)
    others = rows_of(bent, [{**CORNER, "momentum": 0.8}], defaults={**DEFAULTS, "momentum": 0.9}, seed=5)
    others = others[others["mutant"] != "original"]
    control = rows[rows["mutant"] == "original"].assign(mutant="identity", hyperparameter="identity", changes="{}")
    with_others, without = the_only(pd.concat([rows, others, control])), the_only(rows)
    assert with_others.coefficient.value == pytest.approx(without.coefficient.value)
    assert (with_others.n, with_others.term, with_others.doubles) == (without.n, without.term, without.doubles)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda r: r[r["repetition"] == 0], "4 trials are too few to estimate the noise"),
        (lambda r: r[r["mutant"] != "epochs=4.0"], "no trial changes only epochs"),
        (lambda r: r.assign(package_j=r["package_j"].mask(r["mutant"] == "original")), "not measured for all four of"),
        (
            lambda r: r[(r["mutant"] != "original") | (r["block"] == 0)],
            "only one trial of the original, of a single change",
        ),
        (
            lambda r: r.assign(companions=np.where(r["mutant"] == "epochs=4.0", 3, 1)),
            "confounded",
        ),
        (
            lambda r: r.assign(block=np.where(r["mutant"] == "epochs=4.0", 9, r["block"])),
            "not measured for all four of",
        ),
        (lambda r: r.assign(package_j=r["package_j"].mask(r["mutant"].str.contains(","))), "not measured for all"),
        (lambda r: r.assign(package_j=r["package_j"].mask(r["repetition"] == 2, np.inf)), "a value is infinite"),
        (lambda r: r.assign(package_j=r["package_j"].mask(r["repetition"] == 2, 0.0)), "which has no logarithm"),
        (lambda r: r.assign(package_j=3.0), "all values are equal"),
        (lambda r: r.assign(package_j=[bent({**DEFAULTS, **json.loads(t or "{}")}) for t in r["changes"]]), "vary"),
    ],
)
def test_a_missing_estimate_has_a_reason_and_no_p(spoil: Callable[[pd.DataFrame], pd.DataFrame], reason: str) -> None:
    found = the_only(spoil(rows_of(bent)))
    assert found.reason is not None
    assert reason in reason_text(found.reason)
    assert (found.p, found.p_adjusted, found.coefficient.low, found.extra.high, found.matters) == (*(None,) * 4, False)
    assert reason in interaction_sentence(found)


def test_without_noise_the_effect_has_no_interval() -> None:
    found = the_only(rows_of(lambda s: bent(s) * (1.5 if s == {**DEFAULTS, **CORNER} else 1), noise=0.0, drift=0.0))
    assert found.extra.value == pytest.approx(0.5)
    assert found.reason == Reason(ReasonCode.NO_VARIATION_OF_REPETITIONS)


def test_without_pairs_there_is_no_interaction() -> None:
    rows = rows_of(bent, SINGLES)
    assert found_in(rows) == found_in(rows.drop(columns="changes")) == []
    assert found_in(rows.assign(package_j=np.nan)) == []
    assert found_in(rows_of(bent).assign(package_j=np.nan)) == []
    assert found_in(rows_of(bent).query("mutant != 'original'")) == []


def test_a_sentence_says_how_much_and_how_sure() -> None:
    found = the_only(rows_of(lambda s: bent(s) * (1.5 if s == {**DEFAULTS, **CORNER} else 1)))
    said = (
        f"epochs and dropout: epochs=4.0,dropout=0.7 costs {100 * (found.extra.value or 0):.2g} % more CPU energy than"
    )
    assert interaction_sentence(found).startswith(said)
    assert interaction_sentence(found).endswith("adjusted p < 0.001).")
    assert "no significant interaction for CPU energy" in interaction_sentence(the_only(rows_of(bent)))


@pytest.mark.parametrize("width", [80, 120, 200])
def test_the_table_fits_and_says_what_matters(width: int) -> None:
    rows = rows_of(lambda s: bent(s) * (1.5 if s == {**DEFAULTS, **CORNER} else 1), quality_package_j="estimated")
    for metric in ("dram_j", "gpu_j", "duration_s"):
        rows[metric] = rows["package_j"]
    rows["performance"] = 0.9
    found = found_in(rows)
    console = Console(width=width, record=True, file=None, force_terminal=False)
    with console.capture() as captured:
        console.print(Together(interaction_table(found), *interaction_lines(found)))
    lines = captured.get().splitlines()
    assert max(map(len, lines)) <= width
    text = " ".join(captured.get().split())
    assert "CPU (est.)" in text
    assert "<0.001" in text
    assert ("95 % CI p" in text) == (width == 200)
    assert "performance of epochs and dropout: all values are equal." in text
    assert text.count("costs") == 4
    assert "No interaction" not in text


def test_the_table_says_when_nothing_is_shown() -> None:
    found = found_in(rows_of(bent))
    assert [str(text) for text in interaction_lines(found)] == [
        "No interaction is significant. This does not prove that there is none."
    ]
