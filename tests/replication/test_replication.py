"""The published study done again: its published side, its rules on data whose answer is known, its tables and pages."""

from __future__ import annotations

import csv
import io
import json
import math
import runpy
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from mutegreen.model import Kind, Verdict
from mutegreen.replication import rules
from mutegreen.replication.design import PUBLISHED_SIZE, SIZES, SUBJECTS, Skipped, study_parts
from mutegreen.replication.findings import ReplicatedFinding, claims
from mutegreen.replication.measurements import Measurements
from mutegreen.replication.pages import page, write
from mutegreen.replication.published import COUNTERPARTS, NEVER_APPLIED, counterpart, measured_program, published
from mutegreen.replication.relations import Relation, relations, relations_of
from mutegreen.replication.results import Results, results
from mutegreen.replication.rules import Holds, Spread
from mutegreen.replication.tables import render
from mutegreen.stats import careful, paper
from mutegreen.store.rows import read_csv
from support.paths import ROOT
from support.simulated import noisy, nothing, rows_of

DATA = ROOT / "tests" / "data"
OURS = {program: subject for subject, program in COUNTERPARTS.items()}


@pytest.fixture(scope="module")
def expected() -> dict[str, list[dict[str, object]]]:
    return dict(json.loads((DATA / "expected.json").read_text(encoding="utf-8")))


def here_of(rows: pd.DataFrame) -> Measurements:
    return Measurements(paper.analyse(rows), careful.analyse(rows))


@pytest.fixture(scope="module")
def again() -> Results:
    """The published trainings as though our subjects had been trained: ours must be the published results."""
    rows = read_csv(DATA / "measurements.csv")
    rows["subject"] = rows["subject"].map(OURS)
    return results(here_of(rows), "default", PUBLISHED_SIZE, [Skipped("keras_cnn", "no keras", "pip install keras")])


def shown(found: Results, width: int) -> str:
    console = Console(file=(output := io.StringIO()), width=width, color_system=None)
    console.print(render(found))
    return output.getvalue()


# The published side.


def test_the_published_tables_are_those_calculated_independently(expected: dict[str, Any]) -> None:
    found = published()
    assert len(found.correlations) == len(expected["correlation"]) == 75
    by_key = {(r["subject"], r["background"], r["hyperparameter"], r["metric"]): r for r in expected["correlation"]}
    for row in found.correlations:
        theirs = by_key[row.subject, row.background, row.hyperparameter, row.metric]
        assert (row.spearman.value, row.spearman_p) == pytest.approx(
            (theirs["spearman"], theirs["spearman_p"]), rel=1e-6
        )
        assert row.n == theirs["n"]
    keys = ("subject", "background", "mutant", "metric", "verdict")
    assert {tuple(r[key] for key in keys) for r in expected["verdict"]} == {
        tuple(str(getattr(row, key)) for key in keys) for row in found.comparisons
    }
    counts = {
        (r["subject"], r["background"], r["hyperparameter"], r["energy"]): r["counts"] for r in expected["win_tie_loss"]
    }
    ours = {
        (r.subject, r.background, r.hyperparameter, r.energy): [list(line) for line in r.counts]
        for r in found.win_tie_loss
    }
    assert ours == counts


def test_the_script_makes_the_bundled_tables(tmp_path: Path) -> None:
    script = runpy.run_path(str(ROOT / "benchmarks" / "published_study.py"))
    script["write"](DATA / "measurements.csv", tmp_path)
    made = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert len(made) == 2
    assert made == {name: (ROOT / "mutegreen" / "replication" / name).read_bytes() for name in made}


def test_every_subject_mutates_what_the_study_mutates_in_its_program() -> None:
    found, skipped = study_parts(SUBJECTS, "default", co_located=True)
    assert not skipped
    mutated = {part.name: {str(mutant.hyperparameter) for mutant in part.plan.mutants[1:]} for part in found}
    assert len(mutated) == 8
    assert mutated["mnist_cnn"] == mutated["mnist_cnn beside siamese_resnet"] == {"epochs", "learning_rate", "gamma"}
    assert mutated["forward_forward"] == {"epochs", "learning_rate", "threshold"}
    assert mutated["resnet20_cifar"] == mutated["reid_hrnet18"] == {"epochs", "learning_rate", "weight_decay"}
    assert mutated["keras_cnn"] == {"epochs", "learning_rate"}
    for row in published().correlations:
        ours = mutated[OURS[row.subject]]
        assert row.hyperparameter in ours


def test_smoke_waits_two_seconds_at_most_and_the_others_as_long_as_the_subject_says() -> None:
    waits = {preset: study_parts(("mnist_cnn",), preset, co_located=False)[0][0].limits.cooldown_s for preset in SIZES}
    assert waits == {"smoke": 2.0, "default": None, "paper": None}


def test_each_program_of_the_study_has_a_subject_and_an_additional_subject_has_none() -> None:
    assert measured_program("mnist_cnn") == counterpart("mnist") == "mnist"
    assert counterpart("reid_hrnet18") == "person_reid"
    assert measured_program("reid_hrnet18") is None
    assert counterpart("keras_cnn") is None


# The same data on both sides.


def test_the_published_trainings_give_the_published_tables(again: Results) -> None:
    assert len(again.correlations) == len(again.verdict_counts) == 75
    for line in again.correlations:
        assert line.published is not None
        assert (line.paper.spearman.value, line.paper.spearman_p) == pytest.approx(
            (line.published.spearman.value, line.published.spearman_p)
        )
        assert line.careful.spearman_p_adjusted >= line.published.spearman_p
    for counted in again.verdict_counts:
        assert counted.published == counted.paper
        assert counted.published.mutants == counted.careful.mutants == 5
        assert counted.published.undecided == 0
    for greener in again.greener:
        assert greener.published == greener.paper


def test_the_published_trainings_give_the_published_answers(again: Results) -> None:
    for finding in again.findings:
        if finding.claim.is_comparable:
            assert finding.published.holds is finding.paper.holds
    by_text = {finding.claim.text.split()[0]: finding for finding in again.findings}
    assert by_text["gamma"].paper.holds is Holds.UNKNOWN
    assert "were never applied" in str(by_text["gamma"].claim.caution)
    assert by_text["epochs"].careful.holds is Holds.YES


def test_greener_mutants_are_counted_as_by_hand(expected: dict[str, Any], again: Results) -> None:
    """From the independent verdicts: a win in some domain, no loss in any, performance not lost."""
    verdicts: dict[tuple[str, ...], dict[str, str]] = {}
    for row in expected["verdict"]:
        mutant = (row["subject"], row["background"], row["hyperparameter"], row["mutant"])
        verdicts.setdefault(mutant, {})[row["metric"]] = row["verdict"]
    count: Counter[tuple[str, ...]] = Counter()
    for key, by_metric in verdicts.items():
        energy = {by_metric[metric] for metric in ("package_j", "dram_j", "gpu_j")}
        count[key[:3]] += "win" in energy and "loss" not in energy and by_metric["performance"] != "loss"
    found = {(COUNTERPARTS[r.subject], r.background, r.hyperparameter): r.published.greener for r in again.greener}
    assert found == dict(count)
    assert "10 of 45 mutants" in next(f for f in again.findings if f.claim.question == "RQ2").published.evidence


def test_co_located_verdicts_are_counted_as_by_hand(expected: dict[str, Any], again: Results) -> None:
    evidence = next(f for f in again.findings if f.claim.question == "RQ3").published.evidence
    energy = [r for r in expected["verdict"] if r["subject"] == "mnist" and str(r["metric"]).endswith("_j")]
    for background, words in (("", "exclusive"), ("siamese_network", "co-located with siamese_network")):
        changed = sum(r["verdict"] != "tie" for r in energy if r["background"] == background)
        assert f"mnist {changed} of 45 {words}" in evidence


# Rules, on data whose answer is known.


def effects(epochs: float, rate: float, *, noise: float = 0.005, repetitions: int = 8, **more: float) -> pd.DataFrame:
    """Rows of two subjects: each epoch more costs a share `epochs`, each unit of the learning rate a share `rate`."""
    arms = nothing(0)
    arms |= {f"epochs={value}": (epochs * (value - 2), more.get("loss", 0.0)) for value in (1, 3, 4, 5)}
    arms |= {f"learning_rate={value}": (rate * (value - 2), 0.0) for value in (1, 3, 4, 5)}
    parts = [
        rows_of(noisy(arms, repetitions, noise=noise, seed=seed), subject=subject)
        for seed, subject in enumerate(("one", "two"))
    ]
    return pd.concat(parts, ignore_index=True)


def answers(rows: pd.DataFrame, judge: rules.Rule) -> tuple[Holds, Holds]:
    found = here_of(rows)
    return judge(found.paper).holds, judge(found.careful).holds


def test_an_effect_is_found_and_its_absence_is_shown() -> None:
    rows = effects(0.05, 0.0)
    found = relations(careful.analyse(rows))
    assert set(relations_of(found, "epochs")) == {Relation.RISES}
    assert set(relations_of(found, "learning_rate")) == {Relation.NONE}
    assert answers(rows, rules.correlates("epochs", Spread.EVERY)) == (Holds.YES, Holds.YES)
    assert rules.correlates("learning_rate", Spread.NONE)(careful.analyse(rows)).holds is Holds.YES
    assert rules.correlates("learning_rate", Spread.EVERY)(careful.analyse(rows)).holds is Holds.NO
    assert answers(rows, rules.many_correlate)[1] is Holds.YES


def test_what_noise_hides_is_left_open_by_the_careful_protocol_only() -> None:
    rows = effects(0.0, 0.0, noise=0.2, repetitions=3)
    found = careful.analyse(rows)
    assert set(relations(found).values()) == {Relation.OPEN}
    for judge in (rules.many_correlate, rules.correlates("epochs", Spread.NONE), rules.some_are_greener):
        assert judge(found).holds is Holds.UNKNOWN
    assert Relation.OPEN not in relations(paper.analyse(rows)).values()


def test_falling_energy_is_distinguished_from_rising_energy() -> None:
    found = relations(careful.analyse(effects(-0.05, 0.05)))
    assert set(relations_of(found, "epochs")) == {Relation.FALLS}
    assert set(relations_of(found, "learning_rate")) == {Relation.RISES}


def test_greener_needs_performance_to_be_kept() -> None:
    assert answers(effects(0.05, 0.0), rules.some_are_greener) == (Holds.YES, Holds.YES)
    lost = effects(0.05, 0.0, loss=-0.2)
    for analysis in (paper.analyse(lost), careful.analyse(lost)):
        assert "epochs 0 of 8" in rules.some_are_greener(analysis).evidence


def test_co_location_is_compared_by_both_protocols() -> None:
    quiet, loud = effects(0.0, 0.0), effects(0.1, 0.1)
    assert answers(quiet, rules.more_change_co_located) == (Holds.UNKNOWN, Holds.UNKNOWN)
    more = pd.concat([quiet, loud.assign(background="other")], ignore_index=True)
    less = pd.concat([loud, quiet.assign(background="other")], ignore_index=True)
    assert answers(more, rules.more_change_co_located) == (Holds.YES, Holds.YES)
    assert answers(less, rules.more_change_co_located) == (Holds.NO, Holds.NO)


def test_without_energy_every_claim_is_unknown() -> None:
    rows = effects(0.05, 0.05)
    rows[["package_j", "dram_j", "gpu_j"]] = np.nan
    for claim in claims():
        assert claim.check(careful.analyse(rows)).holds is Holds.UNKNOWN


@pytest.mark.parametrize(
    ("found", "spread"),
    [
        ([Relation.RISES, Relation.FALLS], Spread.EVERY),
        ([Relation.RISES, Relation.NONE], Spread.SOME),
        ([Relation.NONE, Relation.NONE], Spread.NONE),
    ],
)
def test_spread(found: list[Relation], spread: Spread) -> None:
    assert rules.spread(found) is spread


# What is shown.


@pytest.mark.parametrize("width", [80, 120])
def test_nothing_is_too_wide_or_cut_off(again: Results, width: int) -> None:
    text = shown(again, width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert "gamma †" in text
    assert "3 of 5" in text


def test_an_additional_subject_and_a_small_study_are_reported_as_such() -> None:
    rows = effects(0.05, 0.0, repetitions=2).assign(quality_gpu_j="estimated")
    text = " ".join(shown(results(here_of(rows), "smoke", SIZES["smoke"]), 120).split())
    assert "Not in the study: there are no published results." in text
    assert f"{SIZES['smoke'].repetitions} repetitions, fewer than the 5 and 5 of the study" in text
    assert "energy is not measured, but estimated" in text
    assert "GPU (est.)" in text


def test_the_page_and_the_csv_files_hold_the_same_values(again: Results, tmp_path: Path) -> None:
    files = write(again, tmp_path / "new" / "folder")
    assert [file.name for file in files] == ["study.md", "correlations.csv", "verdicts.csv", "findings.csv"]
    rows = list(csv.DictReader(files[1].read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 75
    for row, line in zip(rows, again.correlations, strict=True):
        assert math.isclose(float(row["published_spearman"]), line.published.spearman.value)
        assert row["published_value_arrived"] == str(line.hyperparameter not in NEVER_APPLIED)
    text = page(again)
    assert "| 2. epochs correlates with energy in every program. (RQ1) " in text
    assert "Skipped: keras_cnn: no keras" in text
    assert text.count("### Number of mutants by verdict") == 5


def test_json_holds_finite_numbers_only(again: Results) -> None:
    found = json.loads(json.dumps(again.as_json(), allow_nan=False))
    assert len(found["correlation"]) == len(found["verdict_counts"]) == 75
    assert found["findings"][0]["published"]["holds"] == "holds"


def test_every_finding_says_when_it_holds(again: Results) -> None:
    def texts(finding: ReplicatedFinding) -> list[str]:
        return [finding.claim.rule, finding.published.evidence, finding.paper.evidence, finding.careful.evidence]

    assert all(all(texts(finding)) for finding in again.findings)
    assert {finding.claim.question for finding in again.findings} == {"RQ1", "RQ2", "RQ3"}
    assert {Kind.GAMMA, Kind.THRESHOLD} == NEVER_APPLIED
    assert Verdict.UNDECIDED not in {row.verdict for row in published().comparisons}
