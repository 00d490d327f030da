"""Mutants of several hyperparameters at once: planned, applied, recorded and shown."""

import csv
import io
import itertools
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mutegreen import config
from mutegreen.errors import UsageError
from mutegreen.harness.plan import launch, plan
from mutegreen.model import Change, Mutant, PlanOptions
from support.commands import Run
from support.tiny import SUBJECT, TRAIN, write_subject

QUICK = ("--repetitions", "2", "--cooldown", "0")
PAIR = ("--values", "epochs=6", "--values", "learning_rate=2.0", "--order", "2", *QUICK)
THIRD = '\n[hyperparameters.threads]\ndefault = 1\nenv = "OMP_NUM_THREADS"\n'
VALUES = {"epochs": ("6", "10"), "learning_rate": ("0.1", "2"), "threads": ("2", "3")}

FILES = """\
import json, pathlib
settings = json.loads(pathlib.Path("settings.json").read_text())
epochs = 8
gamma = 0.5
print(f"accuracy={settings['rate'] * gamma ** epochs}")
"""
FILES_SUBJECT = """\
name = "files"
command = "{python} train.py"

[performance]
pattern = 'accuracy=(\\S+)'

[hyperparameters]
epochs = { source = { file = "train.py", name = "epochs" }, default = 8 }
gamma = { source = { file = "train.py", name = "gamma" }, default = 0.5 }
learning_rate = { config = { file = "settings.json", key = "rate" }, default = 0.1 }
"""


def test_a_mutant_lists_its_changes_separately_and_joined() -> None:
    one, other = Change("epochs", 6, 8, "epochs"), Change("optimizer", "sgd", "adam", "given")
    assert [Mutant.of(one).value, Mutant.of(one).default, Mutant.of(one).id] == [6, 8, "epochs=6"]
    pair = Mutant.of(one, other)
    assert (pair.id, pair.order, pair.operator) == ("epochs=6,optimizer=sgd", 2, "epochs,given")
    assert (pair.hyperparameter, pair.value, pair.default) == ("epochs,optimizer", "6,sgd", "8,adam")
    for name, shown in (("original", None), ("identity", "identity")):
        unchanged = Mutant(name)
        assert (unchanged.hyperparameter, unchanged.value, unchanged.default, unchanged.order) == (shown, None, None, 0)
        assert unchanged.operator == (shown or "")


def planned(folder: Path, **options: Any) -> plan.Plan:
    return plan.make(config.load(folder), PlanOptions(**options))


def changed(mutant: Mutant) -> dict[str, object]:
    return {change.hyperparameter: change.value for change in mutant.changes}


@pytest.fixture
def three(tmp_path: Path) -> Path:
    return write_subject(tmp_path / "three", toml=SUBJECT + THIRD)


def test_every_pair_has_a_mutant_at_values_that_are_also_trained_singly(three: Path) -> None:
    made = planned(three, order=2, values=VALUES)
    doubles = [changed(m) for m in made.mutants if m.order == 2]
    singles = [changed(m) for m in made.mutants if m.order == 1]
    assert [set(each) for each in doubles] == [set(pair) for pair in itertools.combinations(VALUES, 2)]
    assert all({name: value} in singles for each in doubles for name, value in each.items())
    assert len(made.trials) == 5 * (1 + 3 * 2 + 3)


def test_a_higher_order_only_adds_mutants_and_leaves_no_corner_out(three: Path) -> None:
    first, second, third = (planned(three, order=order, values=VALUES).mutants for order in (1, 2, 3))
    assert first == planned(three, values=VALUES).mutants == second[: len(first)]
    assert second == third[: len(second)]
    (triple,) = third[len(second) :]
    corners = [changed(m) for m in third]
    for kept in itertools.chain.from_iterable(itertools.combinations(triple.changes, n) for n in range(4)):
        assert {change.hyperparameter: change.value for change in kept} in corners


def test_the_seed_draws_the_values_that_are_changed_together(three: Path) -> None:
    drawn = {planned(three, order=2, seed=seed, values=VALUES).mutants[-1].id for seed in range(40)}
    assert drawn == {f"learning_rate={rate},threads={n}" for rate in (0.1, 2.0) for n in (2, 3)}


def test_a_preset_may_set_the_order_and_the_option_has_precedence(tmp_path: Path) -> None:
    folder = write_subject(tmp_path / "p", toml=SUBJECT + "\n[presets.pairs]\norder = 2\n")
    assert max(m.order for m in planned(folder, preset="pairs").mutants) == 2
    assert max(m.order for m in planned(folder, preset="pairs", order=1).mutants) == 1


def test_the_control_is_no_part_of_a_pair(subject: Path) -> None:
    made = planned(subject, order=2, operators=("identity", "epochs", "learning_rate"), mutants=1)
    assert [m.order for m in made.mutants] == [0, 0, 1, 1, 2]


def test_more_hyperparameters_than_are_mutated_cannot_be_changed_at_once(subject: Path) -> None:
    with pytest.raises(UsageError, match="--order 2 needs 2 mutated hyperparameters; mutated here: epochs") as caught:
        planned(subject, order=2, operators=("epochs",))
    assert "lower the order" in str(caught.value.hint)
    assert len(planned(subject, order=1, operators=("identity",)).mutants) == 2


def test_a_dry_run_says_what_is_changed_together_and_what_it_costs(subject: Path, mutegreen: Run) -> None:
    said = mutegreen("run", subject, *PAIR, "--dry-run").stdout
    assert "(each value also has a mutant of its own): epochs=6,learning_rate=2.0" in said
    assert "8 trials of 3 mutants (1 of several hyperparameters) and the original" in said
    last = json.loads(mutegreen("run", subject, *PAIR, "--dry-run", "--json").stdout)["mutants"][-1]
    assert last == {
        "id": "epochs=6,learning_rate=2.0",
        "operator": "given,given",
        "hyperparameter": "epochs,learning_rate",
        "value": "6,2.0",
        "default": "8,0.5",
        "changes": {"epochs": 6, "learning_rate": 2.0},
    }
    assert "several" not in mutegreen("run", subject, "--dry-run").stdout


def test_both_values_reach_the_training_and_its_rows(subject: Path, mutegreen: Run) -> None:
    done = mutegreen("run", subject, *PAIR, "--json")
    assert done.returncode == 0, done.stderr
    shown = mutegreen("show", "learning_rate=2,epochs=6").stdout
    assert "- python train.py --epochs 8 --lr 0.5\n+ python train.py --epochs 6 --lr 2.0\n" in shown
    number = shown.split("trial ")[1].split(":")[0]
    trial = mutegreen("show", number).stdout
    assert "evidence for epochs: train.py got --epochs = 6 from its parser" in trial
    assert "evidence for learning_rate: train.py got --lr = 2.0 from its parser" in trial
    rows = list(csv.DictReader(io.StringIO(mutegreen("export").stdout)))
    changes = {row["mutant"]: row["changes"] for row in rows}
    assert changes.pop("original") == ""
    assert {name: json.loads(text) for name, text in changes.items()} == {
        "epochs=6": {"epochs": 6},
        "learning_rate=2.0": {"learning_rate": 2.0},
        "epochs=6,learning_rate=2.0": {"epochs": 6, "learning_rate": 2.0},
    }
    verdicts = json.loads(mutegreen("stats", "--json").stdout)["verdict"]
    assert {row["mutant"] for row in verdicts} == set(changes)


def test_a_pair_with_one_value_not_applied_is_not_applied(tmp_path: Path, mutegreen: Run) -> None:
    parse = "import sys; at = sys.argv.index('--lr'); args = parser.parse_args(sys.argv[1:at] + sys.argv[at + 2:])"
    subject = write_subject(tmp_path / "deaf", TRAIN.replace("args = parser.parse_args()", parse))
    done = mutegreen("run", subject, *PAIR, "--json")
    assert done.returncode == 1
    summary = json.loads(done.stdout)
    assert (summary["trials"]["ok"], summary["trials"]["not_applied"]) == (4, 4)
    with closing(sqlite3.connect(tmp_path / summary["store"])) as db:
        query = "SELECT reason, evidence FROM trial WHERE mutant = 'epochs=6,learning_rate=2.0'"
        found = db.execute(query).fetchall()
    for reason, evidence in found:
        assert reason.startswith("learning_rate: train.py got --lr = 0.5")
        assert [(e["hyperparameter"], e["arrived"]) for e in json.loads(evidence)] == [
            ("epochs", True),
            ("learning_rate", False),
        ]


def test_a_pair_that_was_not_trained_is_trained_on_resuming(subject: Path, mutegreen: Run, tmp_path: Path) -> None:
    summary = json.loads(mutegreen("run", subject, *PAIR, "--json").stdout)
    with closing(sqlite3.connect(tmp_path / summary["store"])) as db:
        db.execute("UPDATE trial SET outcome = NULL, evidence = NULL WHERE mutant LIKE '%,%'")
        db.commit()
    done = mutegreen("run", "--resume", summary["audit"], "--json")
    assert json.loads(done.stdout)["trials"]["ok"] == 8, done.stderr
    with closing(sqlite3.connect(tmp_path / summary["store"])) as db:
        (evidence,) = db.execute("SELECT DISTINCT evidence FROM trial WHERE mutant LIKE '%,%'").fetchone()
    assert [(e["requested"], e["arrived"]) for e in json.loads(evidence)] == [(6, True), (2.0, True)]


def test_values_in_files_are_both_written_and_both_shown(tmp_path: Path, mutegreen: Run) -> None:
    subject = write_subject(tmp_path / "files", FILES, FILES_SUBJECT)
    (subject / "settings.json").write_text('{"rate": 0.1}\n')
    values = ("--values", "epochs=1", "--values", "gamma=0.25", "--values", "learning_rate=2.0")
    done = mutegreen("run", subject, *values, "--order", "3", "--repetitions", "1", "--cooldown", "0", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(mutegreen("export", "--format", "json").stdout)
    found = {row["mutant"]: row["performance"] for row in rows}
    assert found["epochs=1,gamma=0.25"] == pytest.approx(0.1 * 0.25)
    assert found["gamma=0.25,learning_rate=2.0"] == pytest.approx(2 * 0.25**8)
    assert found["epochs=1,gamma=0.25,learning_rate=2.0"] == pytest.approx(2 * 0.25)
    lines = mutegreen("show", "epochs=1,gamma=0.25,learning_rate=2.0").stdout.splitlines()
    assert [line for line in lines if line[0] in "+-"] == [
        "--- a/settings.json",
        "+++ b/settings.json",
        '-{"rate": 0.1}',
        '+{"rate": 2.0}',
        "--- a/train.py",
        "+++ b/train.py",
        "-epochs = 8",
        "-gamma = 0.5",
        "+epochs = 1",
        "+gamma = 0.25",
    ]


def test_a_flag_and_a_variable_are_shown_in_one_command(three: Path, tmp_path: Path) -> None:
    made = planned(three, order=2, values=VALUES)
    pair = next(m for m in made.mutants if set(changed(m)) == {"epochs", "threads"})
    epochs, threads = changed(pair).values()
    assert launch.diff(made, pair, three, tmp_path).splitlines() == [
        "- OMP_NUM_THREADS=1 python train.py --epochs 8 --lr 0.5",
        f"+ OMP_NUM_THREADS={threads} python train.py --epochs {epochs} --lr 0.5",
    ]
