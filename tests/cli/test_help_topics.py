"""`mutegreen help`: every page of the documentation can be read on a terminal, and its links can be followed there."""

from __future__ import annotations

import re

import pytest

from mutegreen.cli import topics
from mutegreen.cli.main import COMMANDS
from support.commands import Run
from support.paths import ROOT

PAGES = sorted(page.stem for page in (ROOT / "docs").glob("*.md") if page.stem not in topics.SITE_ONLY)


def test_the_list_names_every_page(mutegreen: Run) -> None:
    listed = mutegreen("help").stdout.splitlines()
    assert [line.split()[0] for line in listed[1 : len(PAGES) + 1]] == PAGES


@pytest.mark.parametrize("topic", PAGES)
def test_a_page_shows_its_title_and_the_topics_that_it_links_to(mutegreen: Run, topic: str) -> None:
    source = (ROOT / "docs" / f"{topic}.md").read_text(encoding="utf-8")
    shown = mutegreen("help", topic).stdout
    assert topics.title(ROOT / "docs" / f"{topic}.md").replace("`", "") in shown
    flat = re.sub(r"\s+", " ", shown)
    for linked in set(re.findall(r"\]\(([\w-]+)\.md[)#]", source)) & set(PAGES):
        assert f"mutegreen help {linked}" in flat
    assert ".md)" not in shown


def test_the_name_of_a_command_shows_its_help(mutegreen: Run) -> None:
    assert mutegreen("help", "stats").stdout.startswith("Usage: mutegreen stats [OPTIONS]")


def test_a_page_with_the_name_of_a_command_points_to_its_options(mutegreen: Run) -> None:
    both = set(PAGES) & set(COMMANDS)
    assert both == {"operators", "study"}
    assert mutegreen("help", "study").stderr == "`mutegreen study --help` shows the options of the command study.\n"


def test_an_unknown_topic_is_refused_with_the_valid_ones(mutegreen: Run) -> None:
    done = mutegreen("help", "statistic")
    assert done.returncode == 2
    assert "topic 'statistic' not found: no page and no command of that name" in done.stderr
    assert "statistics" in done.stderr
