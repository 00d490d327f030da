"""Compares what `mutegreen scan` finds with the labels, and counts; README.md says how."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpus.labels import SEVEN, CorpusLabel, Labelled, label_files, read_labels, script_file
from mutegreen.cli.main import cli
from mutegreen.errors import MuteGreenError
from mutegreen.model import Kind

UNSURE = "unsure"
"""The reason of a miss that the scanner lists as unsure."""

Finding = dict[str, Any]
"""One hyperparameter of `mutegreen scan --json`."""


@dataclass
class ScanJudgement:
    """The comparison of findings with the labels of one script: hits, misses with their reasons, false alarms."""

    script: Labelled
    hits: list[tuple[CorpusLabel, Finding]] = field(default_factory=list)
    misses: list[tuple[CorpusLabel, str]] = field(default_factory=list)
    false_alarms: list[Finding] = field(default_factory=list)
    error: str | None = None


@dataclass(frozen=True)
class Tally:
    """Numbers of hits, misses and false alarms."""

    hits: int
    misses: int
    false_alarms: int

    @property
    def labels(self) -> int:
        """The number of labels."""
        return self.hits + self.misses

    @property
    def recall(self) -> float:
        """Share of the labels that the scanner found; NaN without labels."""
        return self.hits / self.labels if self.labels else float("nan")

    @property
    def precision(self) -> float:
        """Share of the findings that are right; NaN without findings."""
        findings = self.hits + self.false_alarms
        return self.hits / findings if findings else float("nan")


def run_command(arguments: Sequence[str]) -> bytes:
    """Run `mutegreen ARGUMENTS` in this process; return its standard output."""
    output = io.BytesIO()
    with contextlib.redirect_stdout(io.TextIOWrapper(output, encoding="utf-8", newline="", write_through=True)) as text:
        cli.main(list(arguments), prog_name="mutegreen", standalone_mode=False)
        text.flush()
        return output.getvalue()


def scan(file: Path) -> tuple[list[Finding], list[Finding]]:
    """Return the findings in the file itself, not in others that it uses: the sure ones and the unsure ones."""
    answer = json.loads(run_command(["scan", str(file), "--json"]))
    sure, unsure = (
        [f for f in answer[key] if f.get("file", file.name) == file.name] for key in ("hyperparameters", "unsure")
    )
    return sure, unsure


def judge(script: Labelled, findings: Iterable[Finding], unsure: Iterable[Finding]) -> ScanJudgement:
    """Compare findings with labels, by place and kind."""
    judgement = ScanJudgement(script)
    left = list(findings)
    unsure_places = {_place(finding) for finding in unsure}
    for label in script.labels:
        here = [finding for finding in left if _place(finding) == label.place]
        hit = next((finding for finding in here if finding["kind"] in label.kinds), None)
        if hit is None:
            judgement.misses.append((label, _why_missed(here, label.place in unsure_places)))
        else:
            left.remove(hit)
            judgement.hits.append((label, hit))
    judgement.false_alarms = [finding for finding in left if _is_false_alarm(finding, script)]
    return judgement


def _place(finding: Finding) -> tuple[int, int]:
    return finding["line"], finding["column"]


def _why_missed(here: Sequence[Finding], is_unsure: bool) -> str:
    if here:
        return f"reported as {here[0]['kind']}"
    return UNSURE if is_unsure else "not found"


def trap_note(finding: Finding, script: Labelled) -> str | None:
    """Return the note of the trap at a finding's place; None: there is no trap."""
    here = (trap for trap in script.traps if trap.covers(*_place(finding), finding["kind"]))
    return next((trap.note or trap.name for trap in here), None)


def _is_false_alarm(finding: Finding, script: Labelled) -> bool:
    if finding["kind"] not in SEVEN and trap_note(finding, script) is not None:
        return False
    return not any(region.covers(*_place(finding), finding["kind"]) for region in script.doubtful)


def judge_script(script: Labelled, folder: Path) -> ScanJudgement:
    """Scan a script and judge the findings; if the script cannot be scanned, all its labels are missed."""
    file = script_file(script, folder)
    try:
        return judge(script, *scan(file))
    except MuteGreenError as error:
        return ScanJudgement(script, misses=[(label, "not scanned") for label in script.labels], error=error.message)


def judge_part(part: str, folder: Path) -> list[ScanJudgement]:
    """Judge every script of a part; those that `folder` lacks are downloaded.

    Raises:
        CorpusError: A script cannot be downloaded, or is not the labelled one.
    """
    return [judge_script(read_labels(file), folder) for file in label_files(part)]


def tally(judgements: Iterable[ScanJudgement], kinds: Iterable[str] = tuple(Kind), form: str | None = None) -> Tally:
    """Count over some kinds and, if `form` is not None, over one form only."""
    judgements, kinds = list(judgements), set(kinds)

    def counts(kind: str, its_form: str) -> bool:
        return kind in kinds and form in (None, its_form)

    return Tally(
        sum(counts(label.kind, label.form) for j in judgements for label, _ in j.hits),
        sum(counts(label.kind, label.form) for j in judgements for label, _ in j.misses),
        sum(counts(finding["kind"], finding["form"]) for j in judgements for finding in j.false_alarms),
    )
