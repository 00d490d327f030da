"""Builds the draft of a subject: scan, arguments, metrics, workspace and, if requested, a test run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mutegreen.draft import program_run
from mutegreen.draft.metric import frameworks, run_output
from mutegreen.draft.metric.candidates import MetricCandidate, metric_candidates
from mutegreen.draft.metric.printed_lines import printed_lines
from mutegreen.draft.options import entries
from mutegreen.draft.options.arguments import GivenArgument, MissingArgument, missing_arguments, parse_arguments
from mutegreen.draft.options.declarations import declared_options
from mutegreen.draft.options.entries import EntryContext
from mutegreen.draft.options.entry import Entry
from mutegreen.draft.program.program import TrainingProgram
from mutegreen.draft.program.workspace_draft import draft_workspace
from mutegreen.draft.subject_draft import SubjectDraft
from mutegreen.errors import UsageError
from mutegreen.model import ConfigSite, FlagSite, Site, SourceSite
from mutegreen.scan.finding import Scan
from mutegreen.scan.reachable_code import ReachableCode
from mutegreen.scan.scanner import scan
from mutegreen.scan.source.module import Module
from mutegreen.scan.source.project import Project

_MAX_METRICS = 20


def build_draft(
    program: TrainingProgram, arguments: Sequence[str] = (), notes: Sequence[str] = (), fixed: bool = False
) -> SubjectDraft:
    """Draft a subject for a program; the program is not run.

    Args:
        program: The training program.
        arguments: The program's own arguments, as its user types them.
        notes: Notes for the user, besides those that the draft finds.
        fixed: Whether the folder stays as it is, even if the program uses files outside it.

    Raises:
        UsageError: The script cannot be read, or has no hyperparameters.
    """
    project, findings = Project(program.script), scan(program.script)
    modules = ReachableCode(project).modules
    if not fixed:
        program = program.holding(_files(modules, findings, program))
    declared = declared_options(modules)
    words = parse_arguments(arguments, declared)
    listed = entries.build_entries(findings, EntryContext(program, modules, declared, words))
    if not any(entry.settable for entry in listed):
        raise UsageError(
            f"{program.script}: no hyperparameters found that can be set",
            "name the script that trains with --script, or write subject.toml by hand (`mutegreen help subject-toml`)",
        )
    seed = entries.seed_site(listed, EntryContext(program, modules, declared, words))
    flags = _set_by_audit(listed, seed)
    needed = [one for one in missing_arguments(words, declared) if one.option.flag not in flags]
    return SubjectDraft(
        program=program,
        command=_command(program, words, needed, flags),
        entries=listed,
        metrics=_metric_candidates(program, modules),
        seed=seed,
        missing=needed,
        workspace=draft_workspace(program, project, modules, _changed_files(listed)),
        notes=tuple(notes),
    )


def _set_by_audit(listed: Sequence[Entry], seed: Site | None) -> set[str]:
    """Return the flags that an audit passes to the program; the command must not have them."""
    sites = [seed, *(entry.hyperparameter.site for entry in listed if entry.why_not is None)]
    return {site.flag for site in sites if isinstance(site, FlagSite)}


def _changed_files(listed: Sequence[Entry]) -> set[str]:
    sites = (entry.hyperparameter.site for entry in listed)
    return {site.file for site in sites if isinstance(site, (SourceSite, ConfigSite))}


def _files(modules: Sequence[Module], findings: Scan, program: TrainingProgram) -> list[Path]:
    """Return the project's files that the program uses."""
    named = [program.script.parent / finding.file for finding in findings.hyperparameters]
    return [path.resolve() for path in (*(module.path for module in modules), *named)]


def _command(
    program: TrainingProgram, words: Sequence[GivenArgument], needed: Sequence[MissingArgument], set_by_audit: set[str]
) -> tuple[str, ...]:
    kept = [word for word in words if not (word.option and set_by_audit & set(word.option.flags))]
    own = [part for word in kept for part in word.words]
    return (*program.start, *own, *(part for one in needed for part in one.words))


def _metric_candidates(program: TrainingProgram, modules: Sequence[Module]) -> list[MetricCandidate]:
    """Return the metrics that the program itself prints, and those that libraries print for it."""
    tensors = any("torch" in module.roots for module in modules)
    named = [(module, program.relative(module.path.resolve())) for module in modules]
    lines = [line for module, file in named for line in printed_lines(module, file)]
    metrics = [
        *metric_candidates(lines, tensors),
        *(metric for module, file in named for metric in frameworks.library_metrics(module, file)),
    ]
    return sorted(metrics, key=lambda metric: -metric.score)[:_MAX_METRICS]


@dataclass(frozen=True)
class TriedDraft:
    """A draft after a test run, and that run."""

    draft: SubjectDraft
    run: program_run.ProgramRun


def try_draft(drafted: SubjectDraft, timeout_s: float) -> TriedDraft:
    """Run a drafted program once, and put that metric first whose pattern finds values in the output.

    Raises:
        MuteGreenError: The program cannot be copied or started.
    """
    run = program_run.run_once(drafted, timeout_s)
    if run.fault is not None:
        # The messages of a failed program contain numbers, too: `<urlopen error [Errno -3] ...>`.
        return TriedDraft(drafted, run)
    seen = metric_candidates(run_output.line_templates(run.output))
    match = run_output.first_matching([*drafted.metrics, *seen], run.output)
    if match is None:
        return TriedDraft(drafted, run)
    metric, readings = match
    others = [other for other in drafted.metrics if other is not metric]
    return TriedDraft(replace(drafted, metrics=[metric, *others], readings=readings), run)
