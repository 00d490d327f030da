"""From a program to the draft of its subject: scan, arguments, figures, surroundings, and a trial run if asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mutegreen.draft import trial
from mutegreen.draft.draft import Draft
from mutegreen.draft.metric import frameworks, observed
from mutegreen.draft.metric.candidates import Figure, figures
from mutegreen.draft.metric.printed import printed
from mutegreen.draft.options import entries
from mutegreen.draft.options.arguments import Missing, Word, given, missing
from mutegreen.draft.options.entries import Context
from mutegreen.draft.options.entry import Entry
from mutegreen.draft.options.options import options
from mutegreen.draft.program.program import Program
from mutegreen.draft.program.surroundings import surroundings
from mutegreen.errors import UsageError
from mutegreen.model import ConfigSite, FlagSite, Site, SourceSite
from mutegreen.scan.finding import Scan
from mutegreen.scan.reach import Reach
from mutegreen.scan.scanner import scan
from mutegreen.scan.source.module import Module
from mutegreen.scan.source.project import Project

_MOST_FIGURES = 20


def draft(program: Program, arguments: Sequence[str] = (), notes: Sequence[str] = (), fixed: bool = False) -> Draft:
    """A draft for a program; nothing of it is run.

    Args:
        program: What to train.
        arguments: The program's own arguments, as its user gives them.
        notes: What is to be looked at, besides what is found.
        fixed: Whether the folder stays as it is, whatever the program uses outside of it.

    Raises:
        UsageError: The script cannot be read, or has no hyperparameters.
    """
    project, found = Project(program.script), scan(program.script)
    modules = Reach(project).modules
    if not fixed:
        program = program.holding(_files(modules, found, program))
    declared = options(modules)
    words = given(arguments, declared)
    listed = entries.entries(found, Context(program, modules, declared, words))
    if not any(entry.settable for entry in listed):
        raise UsageError(
            f"{program.script}: no hyperparameters found that can be set",
            "name the script that trains with --script, or write subject.toml by hand: docs/subject-toml.md",
        )
    seed = entries.seed(listed, Context(program, modules, declared, words))
    flags = _set_by_audit(listed, seed)
    needed = [one for one in missing(words, declared) if one.option.flag not in flags]
    return Draft(
        program=program,
        command=_command(program, words, needed, flags),
        entries=listed,
        figures=_figures(program, modules),
        seed=seed,
        missing=needed,
        around=surroundings(program, project, modules, _changed_files(listed)),
        notes=tuple(notes),
    )


def _set_by_audit(listed: Sequence[Entry], seed: Site | None) -> set[str]:
    """The flags that an audit gives to the program; the command must not."""
    sites = [seed, *(entry.hyperparameter.site for entry in listed if entry.why_not is None)]
    return {site.flag for site in sites if isinstance(site, FlagSite)}


def _changed_files(listed: Sequence[Entry]) -> set[str]:
    sites = (entry.hyperparameter.site for entry in listed)
    return {site.file for site in sites if isinstance(site, (SourceSite, ConfigSite))}


def _files(modules: Sequence[Module], found: Scan, program: Program) -> list[Path]:
    """The files of the project that the program uses."""
    named = [program.script.parent / finding.file for finding in found.hyperparameters]
    return [path.resolve() for path in (*(module.path for module in modules), *named)]


def _command(
    program: Program, words: Sequence[Word], needed: Sequence[Missing], set_by_audit: set[str]
) -> tuple[str, ...]:
    kept = [word for word in words if not (word.option and set_by_audit & set(word.option.flags))]
    own = [part for word in kept for part in word.words]
    return (*program.start, *own, *(part for one in needed for part in one.words))


def _figures(program: Program, modules: Sequence[Module]) -> list[Figure]:
    """What the program itself prints, and what libraries print for it."""
    tensors = any("torch" in module.roots for module in modules)
    named = [(module, program.relative(module.path.resolve())) for module in modules]
    lines = [line for module, file in named for line in printed(module, file)]
    found = [
        *figures(lines, tensors),
        *(figure for module, file in named for figure in frameworks.figures(module, file)),
    ]
    return sorted(found, key=lambda figure: -figure.score)[:_MOST_FIGURES]


@dataclass(frozen=True)
class Tried:
    """A draft after a trial run, and what there is to say of the run."""

    draft: Draft
    ran: trial.Ran


def tried(drafted: Draft, timeout_s: float) -> Tried:
    """The draft with a pattern that finds figures in what the program really prints, if it ran without a fault.

    Raises:
        MuteGreenError: The program cannot be copied or started.
    """
    ran = trial.run(drafted, timeout_s)
    if ran.fault is not None:
        # The last words of a program that failed have numbers too: `<urlopen error [Errno -3] ...>`.
        return Tried(drafted, ran)
    seen = figures(observed.seen_lines(ran.output))
    found = observed.confirmed([*drafted.figures, *seen], ran.output)
    if found is None:
        return Tried(drafted, ran)
    figure, readings = found
    others = [other for other in drafted.figures if other is not figure]
    return Tried(replace(drafted, figures=[figure, *others], readings=readings), ran)
