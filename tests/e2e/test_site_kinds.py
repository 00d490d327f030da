"""Each kind of site, from a training script to a mutant's result: the examples of docs/subject-toml.md, and more."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

from support.documented import FIRST, ONCE, AuditedFolder, DocumentedExample, Files, audit_all


@dataclass(frozen=True)
class Mutated:
    """What is expected of one mutant: the lines of its difference, what its training prints, and the evidence."""

    changes: list[str]
    printed: str
    how: str


@dataclass(frozen=True)
class SiteKind:
    """An example and its mutants by id."""

    section: str
    mutants: dict[str, Mutated]
    other: Files = field(default_factory=dict)

    @property
    def example(self) -> DocumentedExample:
        """With each mutant's value given by hand."""
        values = [word for mutant in self.mutants for word in ("--values", mutant)]
        return DocumentedExample(self.section, (*values, *ONCE), self.other)


def command(before: str, after: str, printed: str, how: str) -> Mutated:
    """A mutant by a flag or a variable."""
    return Mutated([f"- {before}", f"+ {after}"], printed, how)


def line(file: str, before: str, after: str, printed: str, how: str = " by the training") -> Mutated:
    """A mutant by one line of a file."""
    changes = [f"--- a/{file}", f"+++ b/{file}", f"-{before}", f"+{after}"]
    return Mutated(changes, printed, f"the mutated {file} was read{how}")


BY_PARSER = "{program} got {flag} = {value} from its parser ({parser})".format
BY_ARGUMENTS = "{word} is on the command line of main.py".format

SCRIPT = """\
command = "{python} main.py"

[hyperparameters]
epochs = { flag = "--epochs", default = 20 }
learning_rate = { flag = "--lr", default = 0.5 }
"""
CLICK = """\
import click

from train import fit


@click.command()
@click.option("--epochs", "-e", default=1)
@click.option("--lr", "rate", default=9.0)
def main(epochs, rate):
    fit(epochs, rate)


main()
"""
BY_HAND = """\
import sys

from train import fit

options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
fit(int(options["--epochs"]), float(options["--lr"]))
"""

KINDS = {
    "flag": SiteKind(
        FIRST,
        {
            "learning_rate=0.25": command(
                "python train.py --epochs 20 --lr 0.5 --gamma 0.9",
                "python train.py --epochs 20 --lr 0.25 --gamma 0.9",
                "learning_rate=0.25",
                BY_PARSER(program="train.py", flag="--lr", value=0.25, parser="argparse"),
            ),
            "gamma=1e-05": command(
                "python train.py --epochs 20 --lr 0.5 --gamma 0.9",
                "python train.py --epochs 20 --lr 0.5 --gamma 1e-05",
                "gamma=1e-05",
                BY_PARSER(program="train.py", flag="--gamma", value="1e-05", parser="argparse"),
            ),
        },
    ),
    "joined flag": SiteKind(
        "A flag joined to its value",
        {
            "learning_rate=0.25": command(
                "python train.py --lr=0.5",
                "python train.py --lr=0.25",
                "learning_rate=0.25",
                BY_PARSER(program="train.py", flag="--lr", value=0.25, parser="argparse"),
            )
        },
    ),
    "override": SiteKind(
        "An override",
        {
            "learning_rate=0.25": command(
                "python main.py epochs=20 optimizer.lr=0.5",
                "python main.py epochs=20 optimizer.lr=0.25",
                "epochs=20 learning_rate=0.25",
                BY_ARGUMENTS(word="optimizer.lr=0.25"),
            )
        },
    ),
    "literal": SiteKind(
        "A literal in the source",
        {
            "epochs=12": line("main.py", "EPOCHS = 20", "EPOCHS = 12", "epochs=12", ", and EPOCHS was 12 at the end"),
            "learning_rate=0.25": line(
                "main.py", "fit(EPOCHS, learning_rate=0.5)", "fit(EPOCHS, learning_rate=0.25)", "learning_rate=0.25"
            ),
        },
    ),
    "configuration": SiteKind(
        "A key in a configuration file",
        {
            "epochs=12": line(
                "schedule.json",
                '{"phases": [{"epochs": 20, "shuffle": true}]}',
                '{"phases": [{"epochs": 12, "shuffle": true}]}',
                "epochs=12",
            ),
            "learning_rate=0.25": line(
                "optimizer.toml",
                "learning_rate = 0.5  # tuned by hand",
                "learning_rate = 0.25  # tuned by hand",
                "learning_rate=0.25",
            ),
            "gamma=0.001": line("decay.yaml", "gamma: 0.9  # each epoch", "gamma: 0.001  # each epoch", "gamma=0.001"),
        },
    ),
    "variable": SiteKind(
        "An environment variable",
        {
            "learning_rate=0.25": command(
                "LR=0.5 python main.py", "LR=0.25 python main.py", "learning_rate=0.25", "LR was 0.25 in the training"
            ),
            "threads=1": command(
                "OMP_NUM_THREADS=2 python main.py",
                "OMP_NUM_THREADS=1 python main.py",
                "threads=1",
                "OMP_NUM_THREADS was 1 in the training",
            ),
        },
    ),
    "package": SiteKind(
        "`command`, `workdir` and `environment`",
        {
            "epochs=12": command(
                "python -m trainer --epochs 20 --lr 0.5 fit",
                "python -m trainer --epochs 12 --lr 0.5 fit",
                "epochs=12 learning_rate=0.5",
                BY_PARSER(program="__main__.py", flag="--epochs", value=12, parser="argparse"),
            )
        },
    ),
    "click": SiteKind(
        FIRST,
        {
            "epochs=12": command(
                "python main.py --epochs 20 --lr 0.5",
                "python main.py --epochs 12 --lr 0.5",
                "epochs=12 learning_rate=0.5",
                BY_PARSER(program="main.py", flag="--epochs", value=12, parser="click"),
            )
        },
        {"main.py": CLICK, "subject.toml": SCRIPT},
    ),
    "arguments by hand": SiteKind(
        FIRST,
        {
            "learning_rate=0.25": command(
                "python main.py --epochs 20 --lr 0.5",
                "python main.py --epochs 20 --lr 0.25",
                "learning_rate=0.25",
                BY_ARGUMENTS(word="--lr=0.25"),
            )
        },
        {"main.py": BY_HAND, "subject.toml": SCRIPT},
    ),
}
EACH_MUTANT = [(kind, mutant) for kind in KINDS for mutant in KINDS[kind].mutants]


@pytest.fixture(scope="module")
def audits(tmp_path_factory: pytest.TempPathFactory) -> dict[str, AuditedFolder]:
    """All of `KINDS`, audited."""
    return audit_all({name: kind.example for name, kind in KINDS.items()}, tmp_path_factory.mktemp("kinds"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_training_ends_ok(audits: dict[str, AuditedFolder], kind: str) -> None:
    audited = audits[kind]
    assert audited.status == 0, audited.stderr
    assert set(audited.outcomes) == {"ok"}
    assert {"original", *KINDS[kind].mutants} <= set(audited.results)


@pytest.mark.parametrize(("kind", "mutant"), EACH_MUTANT)
def test_the_value_is_used_by_the_program_and_only_in_its_mutant(
    audits: dict[str, AuditedFolder], kind: str, mutant: str
) -> None:
    expected = KINDS[kind].mutants[mutant]
    for name, trainings in audits[kind].results.items():
        assert (expected.printed in trainings[0][1]) is (name == mutant)
    evidence = audits[kind].results[mutant][0][0].evidence
    assert [(item.applied, item.how) for item in evidence] == [(True, expected.how)]


@pytest.mark.parametrize(("kind", "mutant"), EACH_MUTANT)
def test_show_prints_exactly_what_is_changed(audits: dict[str, AuditedFolder], kind: str, mutant: str) -> None:
    heading, *shown = audits[kind].mutegreen("show", mutant).splitlines()
    assert heading.startswith(f"{mutant} (operator given, default")
    assert [text for text in shown if text.startswith(("-", "+"))] == KINDS[kind].mutants[mutant].changes


@pytest.mark.parametrize("kind", KINDS)
def test_the_users_folder_stays_byte_for_byte(audits: dict[str, AuditedFolder], kind: str) -> None:
    assert audits[kind].after == audits[kind].before


@pytest.mark.parametrize("kind", KINDS)
def test_exports_have_the_values(audits: dict[str, AuditedFolder], kind: str) -> None:
    rows = json.loads(audits[kind].mutegreen("export", "--format", "json"))
    found = {row["mutant"]: (row["hyperparameter"], row["value"]) for row in rows}
    assert found["original"] == (None, None)
    for mutant in KINDS[kind].mutants:
        name, value = mutant.split("=")
        assert found[mutant] == (name, float(value))
