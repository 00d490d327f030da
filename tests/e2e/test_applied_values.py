"""Values that are applied and values that are not: wrappers, other languages, helpers, files that are not read."""

from __future__ import annotations

import json
import shutil

import pytest

from support.documented import FIRST, ONCE, AuditedFolder, DocumentedExample, audit_all, files

WRAPPER = "A wrapper that renames flags"
AWK = "A program that is not Python"
VALUES = ("--values", "epochs=12", "--values", "learning_rate=0.25", "--values", "gamma=0.45", *ONCE)
LEARNING_RATE = ("--values", "learning_rate=0.25", *ONCE)

DROPPING = files(WRAPPER)["run.sh"].replace("getopts e:l:g:", "getopts e:l:")
NO_EVIDENCE = """\
command = "awk -f train.awk {args} points.txt"

[performance]
pattern = 'loss (\\S+)'
goal = "minimize"

[hyperparameters]
learning_rate = { flag = "learning_rate=", default = 0.1 }
"""
UNKNOWN_FLAG = {
    "main.py": """\
import argparse

from train import fit

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.5)
fit(20, parser.parse_known_args()[0].lr)
""",
    "subject.toml": """\
command = "{python} main.py"

[hyperparameters]
learning_rate = { flag = "--lr", default = 0.5 }
gamma = { flag = "--gamma", default = 0.9 }
""",
}
OVERRIDES = {
    "main.py": """\
import argparse

from train import fit

parser = argparse.ArgumentParser()
parser.add_argument("overrides", nargs="*")
fit(20, float(dict(word.split("=") for word in parser.parse_args().overrides)["lr"]))
""",
    "subject.toml": """\
command = "{python} main.py"

[hyperparameters]
learning_rate = { flag = "lr=", default = 0.5 }
""",
}
HELPERS = {
    "main.py": """\
import multiprocessing
import os
import subprocess
import sys

from train import fit

if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.map(abs, [-1]))
    fit(20, float(sys.argv[2]))
    print("threads=" + os.environ["OMP_NUM_THREADS"])
    subprocess.run([sys.executable, "-m", "timeit", "-n1"], env={**os.environ, "OMP_NUM_THREADS": "16"}, check=True)
""",
    "subject.toml": """\
command = "{python} main.py"

[hyperparameters]
learning_rate = { flag = "--lr", default = 0.5 }
threads = { env = "OMP_NUM_THREADS", default = 2 }
""",
}
ROUNDED = {
    "main.py": """\
import sys

from train import fit

fit(20, float(sys.argv[2]))
print(f"rate {float(sys.argv[2]):.1f}")
""",
    "subject.toml": """\
command = "{python} main.py"

[hyperparameters]
learning_rate = { flag = "--lr", default = 0.5, evidence = 'rate (\\S+)' }
""",
}
UNREAD = {
    "optimizer.toml": "learning_rate = 0.5\n",
    "main.py": "from train import fit\n\nfit(20, 0.5)\n",
    "subject.toml": """\
command = "{python} main.py"

[hyperparameters]
learning_rate = { config = { file = "optimizer.toml", key = "learning_rate" }, default = 0.5 }
""",
}

EXAMPLES = {
    "relayed": DocumentedExample(WRAPPER, VALUES),
    "dropped": DocumentedExample(WRAPPER, VALUES, {"run.sh": DROPPING}),
    "unknown flag": DocumentedExample(FIRST, LEARNING_RATE, UNKNOWN_FLAG),
    "overrides": DocumentedExample(FIRST, LEARNING_RATE, OVERRIDES),
    "helpers": DocumentedExample(FIRST, (*LEARNING_RATE, "--values", "threads=1"), HELPERS),
    "rounded": DocumentedExample(FIRST, LEARNING_RATE, ROUNDED),
    "unread": DocumentedExample(FIRST, LEARNING_RATE, UNREAD),
}
AWK_EXAMPLES = {
    "awk": DocumentedExample(AWK, LEARNING_RATE),
    "awk without evidence": DocumentedExample(AWK, LEARNING_RATE, {"subject.toml": NO_EVIDENCE}),
}


@pytest.fixture(scope="module")
def audits(tmp_path_factory: pytest.TempPathFactory) -> dict[str, AuditedFolder]:
    awk = AWK_EXAMPLES if shutil.which("awk") else {}
    return audit_all(EXAMPLES | awk, tmp_path_factory.mktemp("applied_values"))


def outcome(audited: AuditedFolder, mutant: str) -> tuple[str, str | None]:
    result = audited.results[mutant][0][0]
    return result.outcome, result.reason


def test_a_wrapper_that_passes_all_flags_on(audits: dict[str, AuditedFolder]) -> None:
    audited = audits["relayed"]
    assert (audited.status, audited.outcomes) == (0, {"ok": 4}), audited.stderr
    result, log = audited.results["gamma=0.45"][0]
    assert "gamma=0.45" in log
    assert result.evidence[0].how == "train.py got --gamma = 0.45 from its parser (argparse)"
    assert "+ sh run.sh -e 20 -l 0.5 -g 0.45" in audited.mutegreen("show", "gamma=0.45").splitlines()


def test_a_wrapper_that_drops_a_flag_gives_mutants_that_are_not_applied(audits: dict[str, AuditedFolder]) -> None:
    audited = audits["dropped"]
    assert (audited.status, audited.outcomes) == (1, {"ok": 3, "not_applied": 1}), audited.stderr
    assert "warning: gamma: its flag did not reach the program, which used its own default" in audited.stderr
    assert outcome(audited, "gamma=0.45") == (
        "not_applied",
        "gamma: train.py got --gamma = 0.9 from its parser, not 0.45",
    )
    assert outcome(audited, "learning_rate=0.25") == ("ok", None)
    exported = json.loads(audited.mutegreen("export", "--format", "json"))
    assert {row["mutant"] for row in exported} == {"original", "epochs=12", "learning_rate=0.25"}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("unknown flag", "gamma: the parser of main.py does not know --gamma"),
        ("unread", "learning_rate: the mutated optimizer.toml was never opened by the training"),
        ("awk without evidence", "learning_rate: no Python process of the training could be observed"),
    ],
)
def test_what_cannot_be_applied_is_found_before_any_mutant_is_trained(
    audits: dict[str, AuditedFolder], name: str, reason: str
) -> None:
    audited = audits.get(name) or pytest.skip("awk is not installed")
    assert (audited.status, audited.stdout) == (1, "")
    assert f"the original does not pass its preflight: not_applied: {reason}" in audited.stderr
    assert json.loads(audited.mutegreen("audits", "--json")) == []
    assert audited.after == audited.before


def test_overrides_are_applied_though_the_parser_has_no_flag_for_them(audits: dict[str, AuditedFolder]) -> None:
    audited = audits["overrides"]
    assert (audited.status, audited.outcomes) == (0, {"ok": 2}), audited.stderr
    assert "learning_rate=0.25" in audited.results["learning_rate=0.25"][0][1]


def test_helpers_that_a_training_starts_do_not_count(audits: dict[str, AuditedFolder]) -> None:
    audited = audits["helpers"]
    assert (audited.status, audited.outcomes) == (0, {"ok": 3}), audited.stderr
    assert "learning_rate=0.25" in audited.results["learning_rate=0.25"][0][1]
    assert "threads=1" in audited.results["threads=1"][0][1]


def test_a_program_that_is_not_python_prints_what_it_uses(audits: dict[str, AuditedFolder]) -> None:
    audited = audits.get("awk") or pytest.skip("awk is not installed")
    assert (audited.status, audited.outcomes["ok"]) == (0, len(audited.results)), audited.stderr
    result, log = audited.results["learning_rate=0.25"][0]
    assert "epochs=20 learning_rate=0.25" in log
    assert result.evidence[0].how == "the program printed 0.25"


def test_a_value_printed_with_too_few_digits_is_another_value(audits: dict[str, AuditedFolder]) -> None:
    audited = audits["rounded"]
    assert (audited.status, audited.outcomes) == (1, {"ok": 1, "not_applied": 1}), audited.stderr
    assert outcome(audited, "learning_rate=0.25") == ("not_applied", "learning_rate: the program printed 0.2")
