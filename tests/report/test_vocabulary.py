"""Titles, headings, legends and sentences of all tables and figures use the words of the glossary."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pandas as pd
import pytest
from rich.console import Console

from mutegreen.harness.metered_command import OTHER_CPUS
from mutegreen.meters.recorder import SHORT_RESOLUTIONS
from mutegreen.model import Flag
from mutegreen.replication import pages, tables
from mutegreen.replication.design import SIZES, Skipped
from mutegreen.replication.measurements import Measurements
from mutegreen.replication.published import COUNTERPARTS
from mutegreen.replication.results import results
from mutegreen.report.figures import correlation, pareto, value_panels, win_tie_loss
from mutegreen.report.figures.style import Drawing
from mutegreen.report.pages.builders import tables_of
from mutegreen.report.pages.latex import latex
from mutegreen.report.pages.markdown import markdown
from mutegreen.report.scenario_report import scenario_reports
from mutegreen.report.terminal.tables import render
from mutegreen.report.terminal.trust_table import flag_lines
from mutegreen.report.wording import note_text, reason_text
from mutegreen.stats import careful, paper
from mutegreen.stats.advice.trust import FlagCount
from mutegreen.stats.analysis import Analysis
from mutegreen.stats.model.scenario import scenarios_of
from mutegreen.stats.reason import Note, NoteCode, Reason, ReasonCode
from mutegreen.store.rows import read_csv
from support.banned_phrases import AMBIGUOUS, banned_in, words_to_avoid
from support.paths import MEASUREMENTS
from support.simulated import noisy, rows_of
from support.simulated_queue import queue, queue_rows

IN_TABLES = re.compile(r"\b(alone|beside|arrived|baseline|parameters?|settings?|figures?)\b", re.IGNORECASE)
"""Words that are ambiguous in help texts, but wrong in every table."""


def published() -> pd.DataFrame:
    return read_csv(MEASUREMENTS)


def pair() -> pd.DataFrame:
    """One subject, exclusive and co-located: a saving becomes a loss, and everything takes twice as long."""
    effects = {"original": (0.0, 0.0), "epochs=3": (-0.1, 0.0), "epochs=4": (0.1, 0.0), "identity": (0.0, 0.0)}
    exclusive = rows_of(noisy(effects, seed=1), flags=" ".join(Flag))
    slower = rows_of(noisy(effects | {"epochs=3": (0.1, 0.0)}, seed=2), background="other")
    slower = slower.assign(duration_s=2 * slower["duration_s"], background_slowdown=1.5, background_restarts=1.0)
    return pd.concat([exclusive, slower], ignore_index=True)


def few() -> pd.DataFrame:
    """Two noisy repetitions with estimated energy, in which little can be decided."""
    effects = {"original": (0.0, 0.0), "epochs=3": (-0.1, 0.0), "optimizer=sgd": (0.1, -0.5)}
    return rows_of(noisy(effects, 2, noise=0.3), quality_gpu_j="estimated")


def analyses() -> Iterator[Analysis]:
    for rows in (published(), pair(), few()):
        yield careful.analyse(rows)
        yield paper.analyse(rows)
    yield careful.analyse(queue_rows(queue([1.0, 0.8, 1.2, 1.0], 5, 2, slowing=1.0), by_use=0.3))


def text_of(renderable: object, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(renderable)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def own_words(text: str) -> str:
    """The text without names of subjects and options of `--table`."""
    return re.sub(r"\\label\{.*?\}", "", text)


def check(text: str) -> None:
    text = own_words(text)
    assert banned_in(text) == []
    assert IN_TABLES.findall(text) == []


@pytest.fixture(scope="module")
def all_analyses() -> list[Analysis]:
    return list(analyses())


@pytest.mark.parametrize("width", [80, 200])
def test_tables_of_the_terminal(all_analyses: list[Analysis], width: int) -> None:
    for analysis in all_analyses:
        check(text_of(render(analysis), width))
        check(text_of(render(analysis, "performance"), width))


def test_pages(all_analyses: list[Analysis]) -> None:
    for analysis in all_analyses:
        check(markdown("Results", tables_of(analysis)))
        check(latex("Results", tables_of(analysis)))


def test_captions_of_figures() -> None:
    rows = few()
    (scenario,), (report,) = scenarios_of(rows), scenario_reports(careful.analyse(rows))
    drawings: list[Drawing] = [*value_panels.draw(scenario, report.title), *win_tie_loss.draw(report)]
    for drawing in [*drawings, *correlation.draw(report), *pareto.draw(report)]:
        check(f"{drawing.title}. {drawing.caption}")


def test_the_replication() -> None:
    rows = published()
    rows["subject"] = rows["subject"].map({program: subject for subject, program in COUNTERPARTS.items()})
    measured = Measurements(paper.analyse(rows), careful.analyse(rows))
    found = results(measured, "smoke", SIZES["smoke"], [Skipped("keras_cnn", "no keras", None)])
    check(text_of(tables.render(found), 120))
    check(pages.page(found))


def test_reasons_and_notes() -> None:
    for reason in ReasonCode:
        check(reason_text(Reason(reason, count=1, of=2, bound=0.1, names=("epochs",))))
    for note in NoteCode:
        for value in (0.5, None) if note is NoteCode.ONE_SEED else (0.5,):
            check(note_text(Note(note, (("mnist", "load"),), 1, value, ("epochs",))))


def test_warnings_state_the_thresholds_that_were_used() -> None:
    text = " ".join(line.plain for line in flag_lines([FlagCount("s", "", flag, 1, 2) for flag in Flag]))
    check(text)
    assert f"at least {OTHER_CPUS} CPUs" in text
    assert f"shorter than {SHORT_RESOLUTIONS} updates" in text


def test_a_banned_phrase_is_found() -> None:
    assert banned_in("What one more\nstep costs, in company") == ["What one more step", "in company"]
    assert banned_in("The A/A control of a third-party plug-in: 20 trials") == []


def test_the_ambiguous_words_are_words_of_the_glossary() -> None:
    assert words_to_avoid() >= AMBIGUOUS
