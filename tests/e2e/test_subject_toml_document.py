"""docs/subject-toml.md against the code: every key in its section, every example valid, every number right."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from mutegreen import config
from mutegreen.harness.plan import plan
from mutegreen.harness.process import workspace
from mutegreen.model import Kind, Outcome, limits
from support.documented import DOCUMENT, FIRST, DocumentedExample, audit, files, run, sections, subject_files
from support.paths import ROOT

SECTION_OF = {
    "": "",
    "hyperparameters": "`[hyperparameters]`",
    "source": "A literal in the source",
    "config": "A key in a configuration file",
    "seed": "`seed`",
    "performance": "`[performance]`",
    "also": "Extra metrics",
    "data": "`data`",
    "workspace": "`[workspace]`",
    "presets": "`[presets]`",
}
"""The tables with the keys; those of the file itself are headings."""

SCHEMAS: dict[str, type[BaseModel]] = {"": config.SubjectFile, **config.TABLES}
KEYS = [(table, key) for table, schema in SCHEMAS.items() for key in schema.model_fields]
FRAGMENTS = re.findall(r"^```toml\n(.*?)```$", DOCUMENT, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize(("table", "key"), KEYS)
def test_every_key_is_described_in_its_section(table: str, key: str) -> None:
    place = " ".join(sections()) if table == "" else sections()[SECTION_OF[table]]
    assert re.search(rf"`\[?{key}\]?`|\b{key} = ", place), f"{key} of [{table}]"


def test_every_heading_of_a_key_is_one() -> None:
    headed = re.findall(r"`\[?([a-z_]+)\]?`", " ".join(sections()))
    assert set(headed) == set(config.SubjectFile.model_fields)


def test_every_kind_and_every_outcome_is_listed() -> None:
    listed = re.search(r"^The kinds are (.*?)\.\n", DOCUMENT, re.DOTALL | re.MULTILINE)
    assert listed is not None
    assert re.findall(r"`(\w+)`", listed[1]) == list(Kind)
    assert set(re.findall(r"^\| `(\w+)` \|", sections()["Outcomes"], re.MULTILINE)) == set(Outcome)


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_every_fragment_is_valid(fragment: str, tmp_path: Path) -> None:
    given = tomllib.loads(fragment)
    if not set(given) <= set(config.SubjectFile.model_fields):
        assert fragment in files("A key in a configuration file").values(), "a program's own file"
        return
    section = next(name for name, text in sections().items() if fragment in text)
    (tmp_path / "data").mkdir()
    for name, text in subject_files(section, {"subject.toml": fragment}).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    config.load(tmp_path)


def test_the_three_commands_of_the_first_example(tmp_path: Path) -> None:
    commands = re.findall(r"^mutegreen (.*)$", sections()[FIRST], re.MULTILINE)
    assert commands == ["run points", "stats", "show"]
    for name, text in files(FIRST).items():
        (tmp_path / "points").mkdir(exist_ok=True)
        (tmp_path / "points" / name).write_text(text, encoding="utf-8")
    for words in commands:
        small = ("--mutants", "1", "--repetitions", "2", "--cooldown", "0") if words.startswith("run") else ()
        ended = run(tmp_path, *words.split(), *small)
        assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count(" ok ") == 8
    assert (tmp_path / "reports" / "mutegreen.sqlite").is_file()


def test_the_shell_passes_the_arguments_on(tmp_path: Path) -> None:
    command = re.search(r"`(command = \[.*\])`", DOCUMENT)
    assert command is not None
    options = ("--values", "gamma=0.5", "--operators", "identity", "--repetitions", "1", "--cooldown", "0")
    audited = audit(DocumentedExample(FIRST, options, {"subject.toml": command[1]}), tmp_path)
    assert audited.outcomes == {"ok": 3}, audited.stderr
    assert "gamma=0.5" in audited.results["gamma=0.5"][0][1]


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("`duration_s` and `timeout_s`", f"at least {limits.MIN_TIMEOUT_S:.0f} s"),
        ("`[workspace]`", f"More than {workspace.MAX_SUBJECT_BYTES >> 20} MiB"),
        ("`[presets]`", f"| mutants of each hyperparameter; {plan.DEFAULT_MUTANTS} |"),
        ("`[presets]`", f"| trainings of the original and of each mutant; {plan.DEFAULT_REPETITIONS} |"),
        ("`[presets]`", f"to come near idle; {limits.COOLDOWN_S:.0f} |"),
        *(("A key in a configuration file", f"`{suffix}`") for suffix in config.CONFIG_SUFFIXES),
    ],
)
def test_numbers_are_those_of_the_code(section: str, words: str) -> None:
    assert words in sections()[section]
    assert limits.TIMEOUT_FACTOR == 10
    assert "ten times the preflight's time" in " ".join(sections()["`duration_s` and `timeout_s`"].split())


def test_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)]+)\)", DOCUMENT)
    headings = {heading.lower().replace(" ", "-") for heading in sections()}
    for target in targets:
        file, _, anchor = target.partition("#")
        assert (ROOT / "docs" / file).exists()
        assert not anchor or anchor in headings
