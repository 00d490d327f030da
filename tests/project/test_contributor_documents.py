"""What contributors read names files that exist, and the version and the citation have one home."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml

import mutegreen
from support.paths import ROOT

DOCUMENTS = ("CONTRIBUTING.md", "SECURITY.md", "docs/architecture.md", "tests/README.md")
TOP = "mutegreen|tests|docs|operators|subjects|benchmarks"


def named_paths(text: str) -> set[str]:
    """The paths in backticks that begin with a top-level folder; those with a NAME to fill in are patterns."""
    paths = re.findall(rf"`((?:{TOP})/[\w./-]*)`", text)
    return {path for path in paths if "NAME" not in path}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_that_a_document_names_exists(document: str) -> None:
    named = named_paths((ROOT / document).read_text(encoding="utf-8"))
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_every_constant_and_private_function_that_contributing_names_is_defined() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(_?[A-Z][A-Z_]{2,}|_[a-z_]+)`", text)) - {"NAME"}
    folders = ("mutegreen", "tests")
    code = "\n".join(file.read_text(encoding="utf-8") for name in folders for file in (ROOT / name).rglob("*.py"))
    defined = set(re.findall(r"^(?:def )?(\w+)(?:: [^=\n]+)? ?[=(]", code, re.MULTILINE))
    assert len(named) > 15
    assert named - defined == set()


def test_the_steps_that_contributing_links_to_are_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    headings = {re.sub(r"[^\w -]", "", line).lower().replace(" ", "-") for line in re.findall(r"^#+ (.+)$", text, re.M)}
    linked = set(re.findall(r"\]\(#([\w-]+)\)", text))
    assert linked
    assert linked <= headings


def test_the_walk_of_one_value_names_every_step() -> None:
    assert len(named_paths((ROOT / "docs/architecture.md").read_text(encoding="utf-8"))) > 20


def test_architecture_shows_the_layers_that_are_checked() -> None:
    configured = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("[[tool.importlinter.contracts]]")[1]
    layers = re.findall(r'^    "(.+)",$', configured, re.MULTILINE)
    shown = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    assert layers
    assert "\n".join(layer.replace(" |", ",") for layer in layers) in shown


def test_the_version_has_one_home() -> None:
    assert metadata.version("mutegreen") == mutegreen.__version__
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "version" not in project
    assert project["dynamic"] == ["version"]


def test_the_citation_can_be_read() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= citation.keys()
    assert "version" not in citation, "it would be a second home of the version"


@pytest.mark.parametrize("form", sorted((ROOT / ".github").rglob("*.yml")), ids=lambda path: path.name)
def test_the_templates_of_issues_can_be_read(form: Path) -> None:
    assert yaml.safe_load(form.read_text(encoding="utf-8"))
