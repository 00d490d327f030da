"""Seeds: each repetition its own or one for all, what is kept of it, and the caution where chance is not seen."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import statistics
from contextlib import closing
from pathlib import Path

import pytest

from mutegreen.model import Seeding
from mutegreen.stats import careful, paper
from support.commands import Run
from support.notes import sentences
from support.simulated import noisy, nothing, rows_of
from support.tiny import SUBJECT, write_subject

CHANCE = """\
import argparse, random
parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int)
parser.add_argument("--lr", type=float)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
print(f"accuracy={0.8 + args.epochs / 100 + random.Random(args.seed).random() / 10:.6f}")
"""
SMALL = ("--operators", "epochs", "--mutants", "1", "--repetitions", "3", "--cooldown", "0")
NO_SEED = SUBJECT.replace('seed = { flag = "--seed" }\n', "")
ONE_SEED = "all repetitions used one seed, and the performance of the original was always"


@pytest.fixture
def subject(tmp_path: Path) -> Path:
    return write_subject(tmp_path / "points", CHANCE)


def originals(mutegreen: Run) -> list[dict[str, str]]:
    rows = list(csv.DictReader(io.StringIO(mutegreen("export").stdout)))
    assert len(rows) == 6
    return [row for row in rows if row["mutant"] == "original"]


def notes(mutegreen: Run, *words: str) -> str:
    return "\n".join(json.loads(mutegreen("stats", "--json", *words).stdout)["notes"])


def test_the_same_seed_leaves_a_deterministic_training_no_variance(mutegreen: Run, subject: Path) -> None:
    done = mutegreen("run", subject, *SMALL, "--same-seed")
    assert done.returncode == 0, done.stderr
    rows = originals(mutegreen)
    assert len({row["seed"] for row in rows}) == 1
    assert statistics.pvariance(float(row["performance"]) for row in rows) == 0
    for protocol in ("careful", "paper"):
        assert ONE_SEED in notes(mutegreen, "--protocol", protocol)
    assert f"all trials have the seed {rows[0]['seed']}" in mutegreen("show").stdout
    assert " same " in mutegreen("audits").stdout


def test_by_default_each_repetition_has_its_own_seed(mutegreen: Run, subject: Path) -> None:
    assert mutegreen("run", subject, *SMALL).returncode == 0
    rows = originals(mutegreen)
    assert len({row["seed"] for row in rows}) == 3
    assert statistics.pvariance(float(row["performance"]) for row in rows) > 0
    assert "seed" not in notes(mutegreen)
    assert "each repetition has its own" in mutegreen("show").stdout
    assert json.loads(mutegreen("audits", "--json").stdout)[0]["options"]["seeding"] == "own"


def test_the_first_block_and_all_orders_are_those_of_the_default(mutegreen: Run, subject: Path) -> None:
    own, same = (
        json.loads(mutegreen("run", subject, *SMALL, *words, "--dry-run", "--json").stdout)
        for words in ((), ("--same-seed",))
    )
    assert (own["seeding"], same["seeding"]) == ("own", "same")
    assert [trial["mutant"] for trial in own["trials"]] == [trial["mutant"] for trial in same["trials"]]
    assert {trial["seed"] for trial in same["trials"]} == {own["trials"][0]["seed"]}


def test_resume_keeps_it(mutegreen: Run, subject: Path) -> None:
    mutegreen("run", subject, *SMALL, "--same-seed")
    with closing(sqlite3.connect(subject.parent / "reports" / "mutegreen.sqlite")) as db, db:
        db.execute("UPDATE trial SET outcome = 'interrupted' WHERE block = 1")
        (audit,) = db.execute("SELECT id FROM audit").fetchone()
    resumed = mutegreen("run", "--resume", audit, "--json")
    assert json.loads(resumed.stdout)["trials"]["ok"] == 6
    assert len({row["performance"] for row in originals(mutegreen)}) == 1
    refused = mutegreen("run", "--resume", audit, "--same-seed")
    assert refused.returncode == 2
    assert "--resume cannot be combined with --dry-run, or with options that change the plan" in refused.stderr


def test_a_program_without_a_seed_varies_by_chance_and_cannot_have_the_same(mutegreen: Run, tmp_path: Path) -> None:
    folder = write_subject(tmp_path / "left", CHANCE.replace("default=0", "default=None"), NO_SEED)
    assert "no seeds: the program takes no seed" in mutegreen("run", folder, *SMALL, "--dry-run").stdout
    refused = mutegreen("run", folder, *SMALL, "--same-seed", "--dry-run")
    assert refused.returncode == 2
    assert "points takes no seed" in refused.stderr
    assert 'seed = { flag = "--seed" }' in refused.stderr


@pytest.mark.parametrize(
    ("seeds", "seeding"),
    [
        ([5, 6, 7], Seeding.OWN),
        ([5, 5, 5], Seeding.SAME),
        ([None, None], Seeding.NONE),
        ([5], Seeding.OWN),
    ],
)
def test_seeds_say_what_was_left_to_chance(seeds: list[int | None], seeding: Seeding) -> None:
    assert Seeding.of(seeds) is seeding


@pytest.mark.parametrize("seeds", [None, [1, 2, 3, 4, 5], [9, 9, 9, 9, 9], [None] * 5])
@pytest.mark.parametrize("varies", [True, False])
def test_the_warning_names_only_what_is_wrong(seeds: list[int | None] | None, varies: bool) -> None:
    values = noisy(nothing(2))
    if not varies:
        values["original"]["performance"] = [0.9] * 5
    rows = rows_of(values)
    if seeds is not None:
        rows["seed"] = [seeds[repetition] for repetition in rows["repetition"]]
    same = seeds is not None and seeds[0] == seeds[1] == 9
    for protocol in (careful, paper):
        found = [note for note in sentences(protocol.analyse(rows)) if "zero variance" in note or "one seed" in note]
        assert bool(found) == (same or not varies)
        assert ("are meaningless" in "".join(found)) == (not varies)
        assert ("one seed" in "".join(found)) == same
