"""Turns the findings of a scan into hyperparameters of a subject: sites, names, kinds, reasons not to mutate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mutegreen.config import CONFIG_SUFFIXES
from mutegreen.draft.options import unused_defaults
from mutegreen.draft.options.arguments import GivenArgument, value_of
from mutegreen.draft.options.declarations import DeclaredOption
from mutegreen.draft.options.entry import Entry, as_number, named, unsuited
from mutegreen.draft.program.program import TrainingProgram
from mutegreen.errors import MuteGreenError
from mutegreen.model import ConfigSite, FlagSite, Hyperparameter, Kind, Site, SourceSite, Value
from mutegreen.mutation import source
from mutegreen.mutation.site_values import file_value, same_value
from mutegreen.mutation.text import TextFile
from mutegreen.scan.finding import Finding, Form, Scan
from mutegreen.scan.names.vocabulary import meaning
from mutegreen.scan.source.module import Module

_UNMUTATED = frozenset({Kind.SEED, Kind.EVAL_BATCH_SIZE})
"""Kinds that are not mutated: the evaluation does not train, and every repetition gets its own seed."""


@dataclass(frozen=True)
class EntryContext:
    """What entries are built from, besides the findings.

    Attributes:
        program: The training program.
        modules: The source files that it uses.
        options: The options that it declares.
        words: The arguments that the user passed.
    """

    program: TrainingProgram
    modules: Sequence[Module]
    options: Sequence[DeclaredOption]
    words: Sequence[GivenArgument]

    def option(self, flag: str) -> DeclaredOption | None:
        """Return the option with that flag; None: there is none."""
        return next((option for option in self.options if flag in option.flags), None)

    def given_value(self, flag: str) -> str | None:
        """Return the value that the user passed with a flag; None: none was passed."""
        option = self.option(flag)
        flags = {flag, *(option.flags if option else ())}
        return next((w.value for w in self.words if w.option and flags & set(w.option.flags) and w.value), None)


def build_entries(scan: Scan, context: EntryContext) -> list[Entry]:
    """Return all findings as entries: first those to mutate, then those for the user to judge."""
    all_entries = [_entry(finding, context) for finding in (*scan.hyperparameters, *scan.unsure)]
    unique = {entry.hyperparameter.site: entry for entry in reversed([*all_entries, *_without_default(context)])}
    entries = [_with_reason(entry) for entry in reversed(unique.values())]
    entries = _with_something_to_set(_with_doubts_about_other_files(entries, context))
    return named(sorted(entries, key=lambda entry: entry.why_not is not None))


def _with_reason(entry: Entry) -> Entry:
    """Add the reason if no operator suits the hyperparameter."""
    return replace(entry, why_not=entry.why_not or unsuited(entry.hyperparameter))


def _with_doubts_about_other_files(entries: list[Entry], context: EntryContext) -> list[Entry]:
    """Add a reason to literals in other files whose kind the script itself sets: often one of several models."""
    script = context.program.relative(context.program.script)
    own = {e.hyperparameter.kind for e in entries if e.why_not is None and _file_of(e) in {None, script}}
    reason = "the script sets another one of this kind: check that this one is used, too"
    return [
        replace(e, why_not=reason)
        if e.why_not is None and e.hyperparameter.kind in own and _file_of(e) not in {None, script}
        else e
        for e in entries
    ]


def _file_of(entry: Entry) -> str | None:
    """Return the Python file of a value; None: a flag or a configuration file sets it."""
    site = entry.hyperparameter.site
    return site.file if isinstance(site, SourceSite) else None


def _with_something_to_set(entries: list[Entry]) -> list[Entry]:
    """Return the entries, one of them mutated at least: if none was, those with an operator, else all settable ones."""
    if any(entry.why_not is None for entry in entries):
        return entries
    fitting = [entry for entry in entries if entry.settable and unsuited(entry.hyperparameter) is None]
    chosen = fitting or [entry for entry in entries if entry.settable]
    return [replace(entry, why_not=None) if entry in chosen else entry for entry in entries]


def _entry(finding: Finding, context: EntryContext) -> Entry:
    value = finding.value if isinstance(finding.value, (bool, int, float, str)) else None
    place, text = _place(finding, context), finding.source.strip()
    site, why_not = _site(finding, context)
    default: Value = value if value is not None else str(finding.value)
    if isinstance(site, FlagSite):
        typed = context.given_value(site.flag)
        default = value_of(typed) if typed is not None else as_number(default)
    if value is None:
        why_not = "a list, and only single values can be mutated"
    doubt = why_not or finding.why or unused_defaults.reason_unused(finding, context.modules)
    return Entry(Hyperparameter(finding.name, finding.kind, default, site), place, text, doubt, why_not is None)


def _place(finding: Finding, context: EntryContext) -> str:
    return f"{_file(finding, context)}:{finding.line}"


def _file(finding: Finding, context: EntryContext) -> str:
    return context.program.relative(context.program.script.parent / finding.file)


def _site(finding: Finding, context: EntryContext) -> tuple[Site, str | None]:
    """Return the site of a value, and a reason not to mutate it there."""
    if finding.flag is not None:
        option = context.option(finding.flag)
        if option is None or (option.takes_value and option.single) or finding.form is Form.FLAG:
            return FlagSite(finding.flag), None
        return FlagSite(finding.flag), "the option takes no value, or several"
    file = _file(finding, context)
    path = finding.site.partition(":")[2]
    if file.endswith(CONFIG_SUFFIXES):
        site: SourceSite | ConfigSite = ConfigSite(file, path)
    else:
        site = _source_site(context.program.folder, file, finding, path)
    return site, _fault(context.program.folder, site, finding.value)


def _source_site(folder: Path, file: str, finding: Finding, path: str) -> SourceSite:
    """Return the site by plain name if that is unique, else by the path that `mutegreen scan` shows."""
    stable = SourceSite(file, f"{Path(file).name}:{path}")
    plain = SourceSite(file, finding.name)
    try:
        text = TextFile.read(folder / file, python=True)
        same = source.locate(text, plain).span == source.locate(text, stable).span
    except MuteGreenError:
        return stable
    return plain if same else stable


def _fault(folder: Path, site: SourceSite | ConfigSite, value: object) -> str | None:
    """Why a literal cannot be mutated in its file (the program runs in a copy of the folder); None: it can."""
    if site.file.startswith(".."):
        return f"is outside of {folder}"
    if any((folder / part).is_symlink() for part in (Path(site.file), *Path(site.file).parents)):
        return "is behind a symbolic link"
    try:
        current = file_value(folder, site)
    except MuteGreenError as error:
        return error.message
    return None if same_value(current, value) else f"{site} is {current!r}, not {value!r}"


def _without_default(context: EntryContext) -> Iterator[Entry]:
    """Yield options without a default that the user passed: `init train.py -- --epochs 5`."""
    for word in context.words:
        if word.option is not None and word.option.flag and not word.option.default and word.value is not None:
            value = value_of(word.value)
            by_name = meaning(word.option.name, value, word.option.help)
            if by_name.sure and by_name.kind is not None and by_name.kind not in _UNMUTATED:
                site = FlagSite(word.option.flag)
                yield Entry(Hyperparameter(word.option.name, by_name.kind, value, site), "the command", "")


def seed_site(entries: Sequence[Entry], context: EntryContext) -> Site | None:
    """Return the site of the seed: a flag if there is one, else the likeliest literal; None: there is none."""
    options = [o for o in context.options if o.takes_value and meaning(o.name, 1).kind is Kind.SEED]
    flags = [option.flag for option in sorted(options, key=lambda option: len(option.name)) if option.flag]
    if flags:
        return FlagSite(flags[0])
    literals = [e.hyperparameter for e in entries if e.hyperparameter.kind is Kind.SEED and _is_usable(e)]
    ordered = sorted(literals, key=lambda h: "random_state" in str(h.site))
    return next((h.site for h in ordered), None)


def _is_usable(entry: Entry) -> bool:
    default = entry.hyperparameter.default
    return entry.settable and isinstance(default, int) and not isinstance(default, bool)
