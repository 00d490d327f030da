"""`mutegreen stats` of audits with a background load: what it compares them with, and its output without one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mutegreen.model import (
    AuditOptions,
    Change,
    DomainEnergy,
    Goal,
    Measurement,
    Mutant,
    Outcome,
    PlanOptions,
    Quality,
    Trial,
    TrialResult,
)
from mutegreen.store.audit_records import AuditRecord, BackgroundRecord, MutantRecord
from mutegreen.store.store import Store
from support.commands import Run
from support.simulated import noisy, rows_of

MUTANTS = [Mutant("original"), *(Mutant.of(Change("epochs", value, 2, "epochs")) for value in (3, 4, 5))]
REPETITIONS = 4


def result(mutant: int, noise: float, slow: float) -> TrialResult:
    spent_j = 100.0 * (1 + 0.1 * mutant) * slow * (1 + noise)
    domains = (DomainEnergy("gpu:GPU-1", "nvml", Quality.COUNTER, spent_j, 10.0, 5.0),)
    return TrialResult(
        outcome=Outcome.OK,
        reason=None,
        started_at="2026-01-01T00:00:00+00:00",
        duration_s=10.0 * slow * (1 + noise),
        cpu_s=1.0,
        peak_rss_bytes=1,
        status=0,
        performance=0.9 + noise,
        epochs=(),
        measurement=Measurement(10.0, domains),
    )


def add(
    path: Path,
    name: str,
    background: str = "",
    *,
    at: int = 0,
    finished: bool = True,
    preset: str | None = None,
    jobs: int | None = None,
    subject: str = "demo",
) -> None:
    """Add an audit of three mutants in four blocks; with a background load its trials take twice as long."""
    random = np.random.default_rng(at)
    record = AuditRecord(
        id=name,
        subject=subject,
        folder=f"/subjects/{subject}",
        digest="0",
        goal=Goal.MAXIMIZE,
        tolerance=0.05,
        options=AuditOptions(plan=PlanOptions(preset=preset), jobs=jobs),
        environment={},
        notes=(),
        created_at=f"2026-01-01T00:00:{at:02}+00:00",
        backgrounds=(BackgroundRecord(background, f"/subjects/{background}"),) if background else (),
    )
    cells = [(block, place) for block in range(REPETITIONS) for place in range(len(MUTANTS))]
    trials = [Trial(n, MUTANTS[p].id, b, p, b, None) for n, (b, p) in enumerate(cells, start=1)]
    with Store.create(path) as store:
        store.add_audit(record, [MutantRecord(mutant, "") for mutant in MUTANTS], trials)
        store.set_start(name, 1.0, {}, [])
        for trial in trials:
            noise = 0.004 * random.standard_normal()
            store.finish_trial(name, trial, result(trial.position, noise, 2.0 if background else 1.0))
        if finished:
            store.finish_audit(name)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


def stats(mutegreen: Run, store: Path, *words: str) -> dict[str, Any]:
    done = mutegreen("stats", *words, "--store", store, "--json")
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_a_co_located_audit_is_compared_with_the_newest_exclusive_one(mutegreen: Run, store: Path) -> None:
    add(store, "old", at=1)
    add(store, "new", at=2)
    add(store, "unfinished", at=3, finished=False)
    add(store, "parallel", at=4, jobs=4)
    add(store, "small", at=5, preset="smoke")
    add(store, "stranger", at=6, subject="stranger")
    add(store, "colocated", "other", at=7)
    document = stats(mutegreen, store)
    assert (document["audit"], document["compared_with"]) == ("colocated", ["new"])
    assert document["company"]["pairs"] == [
        {"subject": "demo", "background": "other", "mutants": 3, "only_alone": [], "only_beside": []}
    ]
    assert document["company"]["slowdown"][0]["slowdown"] == pytest.approx(2.0, rel=0.01)
    assert document["company"]["conclusion"]
    shown = mutegreen("stats", "colocated", "--store", store)
    assert "compared with the exclusive audit new" in shown.stderr
    assert "Susceptibility of energy" in shown.stdout


def test_the_energy_of_an_audit_is_its_own(mutegreen: Run, store: Path) -> None:
    add(store, "exclusive", at=1)
    add(store, "colocated", "other", at=2)
    advice = {each["background"]: each["audit_j"] for each in stats(mutegreen, store)["advice"]}
    assert advice["other"] == pytest.approx(2 * advice[""], rel=0.01)


def test_without_an_exclusive_audit_the_message_says_how_to_get_one(mutegreen: Run, store: Path) -> None:
    add(store, "colocated", "other", preset="smoke")
    document = stats(mutegreen, store)
    hint = "for a comparison with the subject without background load, run: mutegreen run /subjects/demo --preset smoke"
    assert (document["compared_with"], document["company"]["pairs"], document["hints"]) == ([], [], [hint])
    done = mutegreen("stats", "--store", store)
    assert hint in done.stderr
    assert "demo co-located with other: not compared with demo without background load, for which" in done.stdout


def test_an_exclusive_audit_is_compared_with_no_other(mutegreen: Run, store: Path) -> None:
    add(store, "colocated", "other", at=1)
    add(store, "exclusive", at=2)
    document = stats(mutegreen, store)
    assert (document["audit"], document["compared_with"]) == ("exclusive", [])
    assert {row["background"] for row in document["verdict"]} == {""}


def test_several_audits_are_analysed_together(mutegreen: Run, store: Path) -> None:
    add(store, "old", at=1)
    add(store, "new", at=2)
    add(store, "colocated", "other", at=3)
    document = stats(mutegreen, store, "old", "colocated")
    assert [each["audit"] for each in document["audits"]] == ["old", "colocated"]
    assert document["company"]["pairs"]
    assert "compared_with" not in document
    together = stats(mutegreen, store, "old", "new")
    assert any("2 audits are analysed together" in note for note in together["notes"])
    assert together["verdict"][0]["n"] == 2 * REPETITIONS


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("exclusive", "colocated", "--phases"), "--phases needs exactly one audit"),
        (("exclusive", "nothing"), "no audit nothing"),
        (("exclusive", "--csv", "x.csv"), "an audit and --csv cannot be combined"),
    ],
)
def test_wrong_usage_is_one_clear_line(mutegreen: Run, store: Path, words: Sequence[str], message: str) -> None:
    add(store, "exclusive", at=1)
    add(store, "colocated", "other", at=2)
    done = mutegreen("stats", *words, "--store", store)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def _file(path: Path, background: str, seed: int) -> Path:
    arms = {"original": (0.0, 0.0), "epochs=3": (0.1, 0.0), "epochs=4": (0.2, 0.0)}
    rows_of(noisy(arms, seed=seed), background=background).to_csv(path, index=False)
    return path


def test_files_are_taken_together(mutegreen: Run, tmp_path: Path) -> None:
    one, two = _file(tmp_path / "one.csv", "", 1), _file(tmp_path / "two.csv", "other", 2)
    done = mutegreen("stats", "--csv", one, "--csv", two, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    apart = json.loads(done.stdout)
    both = pd.concat([pd.read_csv(one), pd.read_csv(two)])
    both.to_csv(tmp_path / "both.csv", index=False)
    joined = json.loads(mutegreen("stats", "--csv", tmp_path / "both.csv", "--json").stdout)
    assert apart == joined
    assert apart["company"]["pairs"][0]["mutants"] == 2


def test_a_file_given_twice_counts_nothing_twice(mutegreen: Run, tmp_path: Path) -> None:
    one = _file(tmp_path / "one.csv", "", 1)
    done = mutegreen("stats", "--csv", one, "--csv", one)
    assert done.returncode == 2
    assert "the files together, one.csv, row 1: repetition 0 of original of simulated occurs twice" in done.stderr


def test_figures_of_several_audits_have_names_of_their_own(mutegreen: Run, store: Path, tmp_path: Path) -> None:
    add(store, "exclusive", at=1)
    add(store, "colocated", "other", at=2)
    words = ("plot", "exclusive", "colocated", "--kind", "pareto", "--out", tmp_path / "out")
    done = mutegreen(*words, "--store", store, "--json")
    assert done.returncode == 0, done.stderr
    files = [each["file"] for each in json.loads(done.stdout)["figures"]]
    assert len(set(files)) == 2
    done = mutegreen("plot", "exclusive", "colocated", "--trial", "1", "--store", store)
    assert (done.returncode, "--trial needs exactly one audit" in done.stderr) == (2, True)
