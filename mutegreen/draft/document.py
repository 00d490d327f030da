"""Writes the text of a drafted `subject.toml`, with comments that name the source of each value."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import tomlkit

from mutegreen.draft.metric.candidates import SPLITS, MetricCandidate
from mutegreen.draft.options.entry import Entry
from mutegreen.draft.subject_draft import NO_METRIC, SubjectDraft, site_record
from mutegreen.model import Goal, Site

_WIDTH = 118
_ALIGNED = 80
_SOURCE = 90
_LONGEST_OTHER = 90
_OTHERS = 3


def text(draft: SubjectDraft) -> str:
    """Return the text of the whole file."""
    parts = (
        _head(draft),
        _command(draft),
        _seed(draft),
        _workspace(draft),
        _performance(draft),
        _hyperparameters(draft),
    )
    blocks = ["\n".join(lines) for part in parts if (lines := list(part))]
    return "\n\n".join(blocks) + "\n"


def _head(draft: SubjectDraft) -> Iterator[str]:
    origin = draft.program.relative(_origin(draft))
    yield from _comment(f"Drafted by `mutegreen init` from {origin}. All keys: `mutegreen help subject-toml`")
    yield from _comment("Check it, then type: mutegreen run FOLDER --dry-run, mutegreen run FOLDER, mutegreen stats")
    review = draft.review()
    if review:
        yield "#"
        yield "# To check:"
        for line in review:
            yield from _comment(line, "# - ", "#   ")


def _origin(draft: SubjectDraft) -> Any:
    return draft.program.notebook or draft.program.script


def _command(draft: SubjectDraft) -> Iterator[str]:
    for missing in draft.missing:
        yield from _comment(missing.text)
    yield f"command = {_value(' '.join(draft.command) if _is_plain(draft.command) else list(draft.command))}"
    if draft.program.workdir != ".":
        yield f"workdir = {_value(draft.program.workdir)}"
    if draft.workspace.environment:
        yield f"environment = {_table(dict(draft.workspace.environment))}"


def _is_plain(words: Sequence[str]) -> bool:
    """Whether a command can be one text: words that need quotes are clearer in a list."""
    return all(shlex.quote(word) == word or word in {"{python}", "{args}"} for word in words)


def _seed(draft: SubjectDraft) -> Iterator[str]:
    if draft.seed is not None:
        yield "# Every repetition has another seed; the original and all mutants share it."
        yield f"seed = {_site(draft.seed)}"


def _workspace(draft: SubjectDraft) -> Iterator[str]:
    if draft.workspace.link or draft.workspace.exclude:
        yield "# Every trial runs in a copy of this folder, in which these are linked or left out."
        yield "[workspace]"
        if draft.workspace.link:
            yield f"link = {_value(list(draft.workspace.link))}"
        if draft.workspace.exclude:
            yield f"exclude = {_value(list(draft.workspace.exclude))}"


def _performance(draft: SubjectDraft) -> Iterator[str]:
    metric = draft.metric
    yield "# The performance of the trained model: the last match of the pattern in the output."
    yield "[performance]"
    if metric is None:
        yield f"pattern = {_value(NO_METRIC)}"
        yield f'goal = "{Goal.MAXIMIZE}"'
        return
    yield from _comment(_explained(metric, draft.readings))
    yield f"pattern = {_value(metric.pattern)}"
    yield f'goal = "{metric.goal}"'
    others = {f.pattern: f for f in draft.metrics if f.pattern != metric.pattern and len(f.pattern) < _LONGEST_OTHER}
    for number, other in enumerate(list(others.values())[:_OTHERS]):
        if number == 0:
            yield "# Other candidates:"
        yield f"# pattern = {_value(other.pattern)}  # {other.metric}, {other.goal}{_at(other)}"


def _explained(metric: MetricCandidate, readings: Sequence[float] | None) -> str:
    split = SPLITS[metric.split]
    data = "data that the output does not name" if split == "unnamed" else f"the {split} data"
    explanation = f"{metric.metric} on {data}{_at(metric)}"
    if metric.source:
        explanation += f": {_short(metric.source)}"
    if readings:
        times = "once" if len(readings) == 1 else f"{len(readings)} times"
        explanation += f" (a test run printed it {times}, last {readings[-1]:g})"
    return explanation


def _at(metric: MetricCandidate) -> str:
    return f", {metric.place}" if metric.place else ""


def _hyperparameters(draft: SubjectDraft) -> Iterator[str]:
    yield "# Each is mutated separately, by the operator in its comment. Delete the lines of those not to mutate."
    yield "[hyperparameters]"
    yield from _aligned([(_key(e), f"{e.operator or 'no operator'}; {e.place}") for e in draft.active])
    plain = [
        entry for entry in draft.for_review if entry.only_lacks_operator and entry.hyperparameter.site != draft.seed
    ]
    if plain:
        yield ""
        yield "# No operator mutates these. Remove the # to use them with `mutegreen run --values NAME=A,B`."
        yield from _aligned([(f"# {_key(entry)}", entry.place) for entry in plain])
    doubtful = [entry for entry in draft.for_review if not entry.only_lacks_operator]
    if doubtful:
        yield ""
        yield "# Not mutated, for the reason below each. Remove the # where the reason does not apply."
        for entry in doubtful:
            yield f"# {_key(entry)}" if entry.settable else f"# {entry.hyperparameter.name}:"
            yield from _comment(f"{entry.why_not} ({_from(entry)})", "#   ", "#   ")


def _aligned(lines: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Entries followed by their comments; the comments are aligned unless an entry is too long."""
    width = max((len(entry) for entry, _ in lines if len(entry) <= _ALIGNED), default=0)
    yield from (f"{entry.ljust(width)}  # {comment}" for entry, comment in lines)


def _from(entry: Entry) -> str:
    return f"{entry.place}: {_short(entry.source)}" if entry.source else entry.place


def _key(entry: Entry) -> str:
    hyperparameter = entry.hyperparameter
    keys = site_record(hyperparameter.site) | {"default": hyperparameter.default}
    if hyperparameter.name != str(hyperparameter.kind):
        keys["kind"] = str(hyperparameter.kind)
    return f"{hyperparameter.name} = {_table(keys)}"


def _site(site: Site) -> str:
    return _table(site_record(site))


def _table(keys: dict[str, Any]) -> str:
    return "{ " + ", ".join(f"{key} = {_value(value)}" for key, value in keys.items()) + " }"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return _table(value)
    if isinstance(value, str) and "\\" in value and "'" not in value and value.isprintable():
        return f"'{value}'"
    return str(tomlkit.item(value).as_string())


def _short(source: str) -> str:
    plain = "".join(c if c.isprintable() else " " for c in source)
    return plain if len(plain) <= _SOURCE else f"{plain[:_SOURCE]}..."


def _comment(text: str, first: str = "# ", rest: str = "# ") -> list[str]:
    plain = "".join(c if c.isprintable() else " " for c in text)
    return textwrap.wrap(
        plain, _WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
