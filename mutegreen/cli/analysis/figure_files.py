"""Draws the figures of `mutegreen plot`, kind by kind, and writes them to files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from mutegreen.cli.analysis.analysis import AnalysisResult
from mutegreen.errors import UsageError
from mutegreen.model import ORIGINAL, Goal, Outcome, TrialResult
from mutegreen.report.figures import correlation, pareto, power, value_panels, win_tie_loss
from mutegreen.report.figures.files import file_stems, write
from mutegreen.report.figures.power import TrialPower
from mutegreen.report.figures.style import Drawing
from mutegreen.report.scenario_report import ScenarioReport, scenario_reports
from mutegreen.report.wording import scenario_key
from mutegreen.stats.model.scenario import Scenario, scenarios_of
from mutegreen.store.audit_records import AuditRecord, TrialRecord
from mutegreen.store.colocation_columns import background_of
from mutegreen.store.store import Store

_VERDICTS = "it needs an original and mutants, with energy and performance measured"
WHY_NOT = {
    value_panels.KIND: "no hyperparameter was mutated, or nothing was measured",
    win_tie_loss.KIND: _VERDICTS,
    correlation.KIND: "it needs an original and mutants whose values are numbers",
    pareto.KIND: _VERDICTS,
    power.KIND: "no power over time is stored",
}
"""Why a figure cannot be drawn, by kind."""


class FigureWriter:
    """Draws figures and writes them to a folder.

    Attributes:
        files: For each file its path (`file`), `kind`, `title` and `caption`.
        notes: Sentences about figures that could not be drawn.
    """

    def __init__(self, folder: Path, form: str) -> None:
        self.files: list[dict[str, str]] = []
        self.notes: list[str] = []
        self._folder = folder
        self._form = form

    def add_analysis(self, result: AnalysisResult, kinds: Sequence[str]) -> None:
        """Draw each scenario: each subject, together with each of its background loads.

        Raises:
            MuteGreenError: A figure cannot be written.
        """
        scenarios = list(scenarios_of(result.rows))
        reports = {(report.subject, report.background): report for report in scenario_reports(result.analysis)}
        audits = [each["audit"] for each in result.about]
        names = (
            audits
            if len(audits) == len(scenarios) == 1
            else [scenario_key((scenario.subject, scenario.background)) for scenario in scenarios]
        )
        suffix = f"-{result.analysis.extra_metric}" if result.analysis.extra_metric else ""
        stems = file_stems(f"{name}{suffix}" for name in names)
        for scenario, stem in zip(scenarios, stems, strict=True):
            key = (scenario.subject, scenario.background)
            report = reports.get(key, ScenarioReport(*key, [], [], [], data=result.analysis.data.get(scenario.subject)))
            if not scenario.definitions:
                self.notes.append(f"{report.title}: no figures, because only the original was trained")
                continue
            goal = result.analysis.goals.get(scenario.subject, Goal.MAXIMIZE)
            for kind in kinds:
                self._add(kind, _drawings(kind, scenario, report, goal), stem, report.title)

    def add_power(self, store: Path, audit_id: str | None, number: int | None) -> None:
        """Draw the power of one trial over time: of the given trial, else of the original's first one with a timeline.

        Raises:
            UsageError: There is no such audit or trial.
            StoreError: There is no store.
            MuteGreenError: The figure cannot be written.
        """
        with Store.open(store) as opened:
            audit = opened.audit(audit_id)
            trainings = _trainings(opened, audit, number)
            training = next((each for each in trainings if each.timelines), None)
        (stem,) = file_stems([audit.id])
        part = f"trial-{number}" if number is not None else ""
        self._add(power.KIND, power.draw(training, part) if training else [], stem, f"audit {audit.id}")

    def _add(self, kind: str, drawings: Sequence[Drawing], stem: str, title: str) -> None:
        for each in drawings:
            path = write(each, self._folder, stem, self._form)
            self.files.append({"file": str(path), "kind": kind, "title": each.title, "caption": each.caption})
        if not drawings:
            self.notes.append(f"{title}: figure {kind} not drawn: {WHY_NOT[kind]}")


def _drawings(kind: str, scenario: Scenario, report: ScenarioReport, goal: Goal) -> list[Drawing]:
    if kind == value_panels.KIND:
        return value_panels.draw(scenario, report.full_title, goal)
    if kind == pareto.KIND:
        return pareto.draw(report, goal)
    return win_tie_loss.draw(report) if kind == win_tie_loss.KIND else correlation.draw(report)


def _trainings(store: Store, audit: AuditRecord, number: int | None) -> Iterator[TrialPower]:
    """Yield the trial of that number; without a number, all trials that have ended, those of the original first."""
    records = store.trials(audit.id)
    selected = [record for record in records if number in (None, record.trial.number)]
    if not selected:
        raise UsageError(f"audit {audit.id} has no trial {number}", f"its trials have the numbers 1 to {len(records)}")
    phases = store.phases(audit.id)
    for record in sorted(selected, key=lambda record: record.trial.mutant != ORIGINAL):
        if record.result is not None:
            yield TrialPower(
                title=ScenarioReport(audit.subject, _background(audit), [], [], [], data=audit.data).full_title,
                about=_about(audit, record, record.result),
                duration_s=record.result.duration_s,
                timelines=store.timelines(audit.id, record.trial.number),
                domains=record.result.measurement.domains,
                phases=phases.get(record.trial.number, ()),
            )


def _background(audit: AuditRecord) -> str:
    return background_of(audit.backgrounds) or ""


def _about(audit: AuditRecord, record: TrialRecord, result: TrialResult) -> str:
    ended = "" if result.outcome == Outcome.OK else f", which ended as {result.outcome}"
    return f"One training of {record.trial.mutant} (trial {record.trial.number} of audit {audit.id}{ended})"
