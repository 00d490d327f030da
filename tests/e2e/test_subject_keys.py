"""How results are read, seeds, presets, timeouts and workspaces, as docs/subject-toml.md shows them, end to end.

They are slow, as each of the twenty examples is an audit of its own.
"""

from __future__ import annotations

import json
import re

import pytest

from mutegreen.store.store import Store
from support.documented import FIRST, ONCE, AuditedFolder, DocumentedExample, audit_all, files

pytestmark = pytest.mark.slow

LEARNING_RATE = ("--values", "learning_rate=0.25", "--operators", "identity", *ONCE)
MAIN = 'command = "{python} main.py"\n'
RATE = '\n[hyperparameters]\nlearning_rate = { flag = "--lr", default = 0.5 }\n'

PERCENT = {
    "main.py": """\
import sys

from train import fit

print(f"Test set: Accuracy: {100 * fit(20, float(sys.argv[2]))[-1]:.1f}%, done")
""",
    "subject.toml": f"{MAIN}\n[performance]\npattern = 'Accuracy: (\\S+)'\n{RATE}",
}
SILENT = {"main.py": "from train import fit\n\nfit(epochs=20, learning_rate=0.5)\n", "results.json": '{"test": 0.99}'}
FURTHER_FILE = {
    "main.py": """\
import json

from train import fit

accuracies = fit(epochs=20, learning_rate=0.5)
with open("results.json", "w") as file:
    json.dump({"test": {"accuracy": accuracies, "errors": [1 - a for a in accuracies], "note": "none"}}, file)
print("figures:", len(accuracies))
""",
    "subject.toml": f"""\
{MAIN}
[performance]
file = "results.json"
key = "test.accuracy"

[performance.also]
errors = {{ key = "test.errors", goal = "minimize" }}
note = "test.note"
nowhere = "test.gain"
count = {{ pattern = 'figures: (.+)' }}

[hyperparameters]
learning_rate = {{ source = {{ file = "main.py", name = "learning_rate" }}, default = 0.5 }}
""",
}
STALE = {"results.json": '{"test": {"accuracy": [0.99]}}'}
LEAST_SQUARES = """\
import argparse

parser = argparse.ArgumentParser()
for flag in ("--epochs", "--lr", "--gamma"):
    parser.add_argument(flag, type=float)
options = parser.parse_args()
weight = 0.0
for epoch in range(2000):
    errors = [(weight * x - 2 * x, x) for x in (-2, -1, 1, 2)]
    weight -= options.lr * sum(error * x for error, x in errors) / 4
    print(f"cost={sum(error * error for error, _ in errors)}")
    print(f"accuracy={sum((weight * x > 0) == (x > 0) for _, x in errors) / 4}")
"""
SEED_IN_SOURCE = {
    "main.py": "from train import fit\n\nRATE = 0.5\nfit(20, RATE, seed=0)\n",
    "subject.toml": f"""{MAIN}
seed = {{ source = {{ file = "main.py", name = "seed" }} }}

[hyperparameters]
learning_rate = {{ source = {{ file = "main.py", name = "RATE" }}, default = 0.5 }}
""",
}
BRACKETS = {
    "main.py": """\
import sys

from train import fit

fit(20, float(sys.argv[2]))
if sys.argv[2] == "0.25":
    sys.exit("KeyError: '[/INST]' :boom:")
""",
    "subject.toml": f"{MAIN}{RATE}",
}
SLOW = {
    "main.py": """\
import sys
import time

from train import fit

fit(20, float(sys.argv[2]))
time.sleep(600 if sys.argv[2] == "0.25" else 0)
""",
    "subject.toml": f"{MAIN}timeout_s = 5\n{RATE}",
}
WORKSPACE = {
    "train.py": """\
import pathlib
import sys

paths = pathlib.Path().rglob("*")
print(sorted(str(path) for path in paths if path.is_file() or path.is_symlink()))
print("a link to", pathlib.Path("data").resolve().parent.name, pathlib.Path("data/points.txt").read_text())

from model import fit

fit(int(sys.argv[2]), float(sys.argv[4]))
pathlib.Path("checkpoint").write_text("weights")
pathlib.Path("model.py").write_text("spoilt")
""",
    "model.py": files(FIRST)["train.py"],
    "data/points.txt": "the data",
    "old.ckpt": "x",
    "runs/yesterday/log.txt": "x",
    ".git/HEAD": "x",
    "notes/todo.md": "x",
}

EXAMPLES = {
    "count of all": DocumentedExample(FIRST, LEARNING_RATE),
    "small": DocumentedExample("Smaller is better", LEARNING_RATE),
    "further": DocumentedExample("Extra metrics", LEARNING_RATE),
    "further in a file": DocumentedExample("A file of results", LEARNING_RATE, FURTHER_FILE),
    "data": DocumentedExample("`data`", (*LEARNING_RATE, "--preset", "census")),
    "percent": DocumentedExample(FIRST, LEARNING_RATE, PERCENT),
    "file": DocumentedExample("A file of results", LEARNING_RATE, STALE),
    "file not written": DocumentedExample("A file of results", LEARNING_RATE, SILENT),
    "loss": DocumentedExample(
        "The loss", ("--values", "learning_rate=1000.0", "--operators", "identity", *ONCE), {"train.py": LEAST_SQUARES}
    ),
    "seed": DocumentedExample(
        "`seed`", ("--values", "gamma=0.5", "--operators", "identity", *ONCE, "--repetitions", "2")
    ),
    "seed in the source": DocumentedExample("`seed`", LEARNING_RATE, SEED_IN_SOURCE),
    "brackets": DocumentedExample(FIRST, LEARNING_RATE, BRACKETS),
    "preset": DocumentedExample("`[presets]`", ("--preset", "smoke")),
    "timeout": DocumentedExample(FIRST, LEARNING_RATE, SLOW),
    "workspace": DocumentedExample("`[workspace]`", LEARNING_RATE, WORKSPACE),
}


@pytest.fixture(scope="module")
def audits(tmp_path_factory: pytest.TempPathFactory) -> dict[str, AuditedFolder]:
    return audit_all(EXAMPLES, tmp_path_factory.mktemp("keys"))


def values(log: str, pattern: str) -> list[float]:
    return [float(text) for text in re.findall(pattern, log)]


def test_a_count_is_divided_by_its_whole_and_each_match_is_an_epoch(audits: dict[str, AuditedFolder]) -> None:
    assert audits["count of all"].outcomes == {"ok": 3}
    for (result, log), *_ in audits["count of all"].results.values():
        assert [epoch.performance for epoch in result.epochs] == [n / 60 for n in values(log, r"accuracy (\d+)/60")]
        assert len(result.epochs) == 20
        assert result.performance == result.epochs[-1].performance


def test_a_metric_to_be_small_has_its_goal_and_tolerance(audits: dict[str, AuditedFolder]) -> None:
    assert audits["small"].outcomes == {"ok": 3}
    for (result, log), *_ in audits["small"].results.values():
        assert result.performance == values(log, r"loss ([\d.]+),")[-1]
    with Store.open(audits["small"].store) as store:
        assert (store.audit().goal, store.audit().tolerance) == ("minimize", 0.01)


def test_the_last_value_of_each_extra_metric_is_recorded(audits: dict[str, AuditedFolder]) -> None:
    audited = audits["further"]
    assert audited.outcomes == {"ok": 3}, audited.stderr
    for (result, log), *_ in audited.results.values():
        (right, loss) = values(log, r"accuracy (\d+)/60")[-1], values(log, r"loss ([\d.]+),")[-1]
        assert result.also == {"right": right, "loss": loss}
        assert result.performance == right / 60
    assert "extra metric" not in audited.stderr
    rows = json.loads(audited.mutegreen("export", "--format", "json"))
    results = {mutant: trainings[0][0] for mutant, trainings in audited.results.items()}
    for row in rows:
        assert (row["performance_loss"], row["goal_loss"]) == (results[row["mutant"]].also["loss"], "minimize")


def test_extra_metrics_may_be_in_the_file_of_the_performance_and_may_be_missing(
    audits: dict[str, AuditedFolder],
) -> None:
    audited = audits["further in a file"]
    assert audited.outcomes == {"ok": 3}, audited.stderr
    for (result, _), *_ in audited.results.values():
        assert result.performance is not None
        assert result.also == {"errors": 1 - result.performance, "count": 20}
    for name in ("note", "nowhere"):
        assert f"warning: {name}: this extra metric was not found" in audited.stderr


def test_the_data_of_a_preset_are_those_of_its_audit(audits: dict[str, AuditedFolder]) -> None:
    audited = audits["data"]
    assert audited.outcomes == {"ok": 3}, audited.stderr
    assert "data: the census of 1994\n" in audited.stderr
    assert "data: the census of 1994\n" in audited.mutegreen("show")
    assert {row["data"] for row in json.loads(audited.mutegreen("export", "--format", "json"))} == {
        "the census of 1994"
    }


def test_percents_stay_percents(audits: dict[str, AuditedFolder]) -> None:
    assert audits["percent"].outcomes == {"ok": 3}
    for (result, log), *_ in audits["percent"].results.values():
        assert result.performance == values(log, r"Accuracy: ([\d.]+)%,")[0] > 1


def test_a_list_in_a_file_is_a_value_for_each_epoch(audits: dict[str, AuditedFolder]) -> None:
    audited = audits["file"]
    assert audited.outcomes == {"ok": 3}
    for (result, log), *_ in audited.results.values():
        assert [epoch.performance for epoch in result.epochs] == [n / 60 for n in values(log, r"accuracy (\d+)/60")]
        assert {epoch.time_s for epoch in result.epochs} == {None}
    assert audited.after == audited.before


def test_an_old_file_of_results_is_not_taken_for_a_new_one(audits: dict[str, AuditedFolder]) -> None:
    audited = audits["file not written"]
    assert audited.status == 1
    assert "preflight: failed: results.json cannot be read: No such file" in audited.stderr


def test_a_loss_by_another_name_reveals_a_divergence(audits: dict[str, AuditedFolder]) -> None:
    audited = audits["loss"]
    assert audited.status == 1
    result, log = audited.results["learning_rate=1000.0"][0]
    assert (result.outcome, result.reason) == ("diverged", "the loss is nan")
    assert "cost=nan" in log.splitlines()[-2]
    assert result.performance == 0.5, "finite, as nothing is above 0: only the loss shows the divergence"
    assert {trainings[0][0].outcome for mutant, trainings in audited.results.items() if "rate" not in mutant} == {"ok"}


def test_a_repetition_has_one_seed_for_original_and_mutants(audits: dict[str, AuditedFolder]) -> None:
    seeds = {m: [values(log, r" seed=(\d+)") for _, log in t] for m, t in audits["seed"].results.items()}
    assert set(seeds) == {"original", "identity", "gamma=0.5"}
    assert seeds["original"] == seeds["identity"] == seeds["gamma=0.5"]
    assert seeds["original"][0] != seeds["original"][1]
    rows = json.loads(audits["seed"].mutegreen("export", "--format", "json"))
    assert {(row["repetition"], row["seed"]) for row in rows} == {(n, s[0]) for n, s in enumerate(seeds["original"])}


def test_the_same_seed_gives_the_same_result(audits: dict[str, AuditedFolder]) -> None:
    results = audits["seed"].results
    assert [r.performance for r, _ in results["original"]] == [r.performance for r, _ in results["identity"]]


def test_a_seed_may_be_in_the_same_source_as_a_hyperparameter(audits: dict[str, AuditedFolder]) -> None:
    audited = audits["seed in the source"]
    assert audited.outcomes == {"ok": 3}, audited.stderr
    seeds = {values(log, r" seed=(\d+)")[0] for ((_, log),) in audited.results.values()}
    assert len(seeds) == 1
    assert seeds != {0.0}
    shown = audited.mutegreen("show", "learning_rate=0.25").splitlines()
    assert [text for text in shown if text[0] in "-+"][2:] == ["-RATE = 0.5", "+RATE = 0.25"]


def test_last_words_that_look_like_markup_are_printed_as_they_are(audits: dict[str, AuditedFolder]) -> None:
    audited = audits["brackets"]
    assert (audited.status, audited.outcomes) == (1, {"ok": 2, "failed": 1}), audited.stderr
    reason = "exit status 1: KeyError: '[/INST]' :boom:"
    assert f"learning_rate=0.25: failed: {reason}" in audited.stderr
    assert "'[/INST]'" in audited.mutegreen("show")


def test_a_preset_says_how_large_an_audit_is_and_what_its_original_is(audits: dict[str, AuditedFolder]) -> None:
    audited = audits["preset"]
    assert audited.outcomes == {"ok": 3}
    assert [mutant.partition("=")[0] for mutant in sorted(audited.results)] == ["epochs", "learning_rate", "original"]
    assert "epochs=8 learning_rate=0.5 gamma=0.9 seed=7" in audited.results["original"][0][1]
    assert all(" seed=7" in trainings[0][1] for trainings in audited.results.values())


def test_a_training_over_its_timeout_is_ended(audits: dict[str, AuditedFolder]) -> None:
    audited = audits["timeout"]
    assert (audited.status, audited.outcomes) == (1, {"ok": 2, "timeout": 1}), audited.stderr
    result, _ = audited.results["learning_rate=0.25"][0]
    assert result.outcome == "timeout"
    assert re.fullmatch(r"ended after \d+\.\d+ s, its timeout", result.reason or "")
    assert result.duration_s >= 5


def test_every_training_has_a_fresh_copy_with_links_and_without_what_is_excluded(
    audits: dict[str, AuditedFolder],
) -> None:
    audited = audits["workspace"]
    assert audited.outcomes == {"ok": 3}, audited.stderr
    for (_, log), *_ in audited.results.values():
        assert "['data', 'model.py', 'notes/todo.md', 'subject.toml', 'train.py']" in log
        assert "a link to points the data" in log
    assert audited.after == audited.before
