"""The text of a drafted `subject.toml`, with comments that say where everything comes from."""

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
    """The whole file."""
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
    yield from _comment(
        f"Drafted by `mutegreen init` from {draft.program.relative(_origin(draft))}. Every key: docs/subject-toml.md"
    )
    yield from _comment("Look through it, then: mutegreen run FOLDER --dry-run, mutegreen run FOLDER, mutegreen stats")
    review = draft.review()
    if review:
        yield "#"
        yield "# To look at:"
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
    """Whether a command reads well as one text: quoted words are clearer in a list."""
    return all(shlex.quote(word) == word or word in {"{python}", "{args}"} for word in words)


def _seed(draft: SubjectDraft) -> Iterator[str]:
    if draft.seed is not None:
        yield "# Each repetition has a seed of its own, the same for the original and all mutants."
        yield f"seed = {_site(draft.seed)}"


def _workspace(draft: SubjectDraft) -> Iterator[str]:
    if draft.workspace.link or draft.workspace.exclude:
        yield "# Every training gets a copy of this folder, but for these."
        yield "[workspace]"
        if draft.workspace.link:
            yield f"link = {_value(list(draft.workspace.link))}"
        if draft.workspace.exclude:
            yield f"exclude = {_value(list(draft.workspace.exclude))}"


def _performance(draft: SubjectDraft) -> Iterator[str]:
    metric = draft.metric
    yield "# How good the trained model is: the last line of the output that the pattern matches."
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
            yield "# Or one of these:"
        yield f"# pattern = {_value(other.pattern)}  # {other.metric}, {other.goal}{_at(other)}"


def _explained(metric: MetricCandidate, readings: Sequence[float] | None) -> str:
    data = {"unnamed": "of data that is not named"}.get(SPLITS[metric.split], f"of the {SPLITS[metric.split]} data")
    said = f"{metric.metric}, {data}{_at(metric)}"
    if metric.source:
        said += f": {_short(metric.source)}"
    if readings:
        times = "once" if len(readings) == 1 else f"{len(readings)} times"
        said += f" (a trial run printed it {times}, last {readings[-1]:g})"
    return said


def _at(metric: MetricCandidate) -> str:
    return f", {metric.place}" if metric.place else ""


def _hyperparameters(draft: SubjectDraft) -> Iterator[str]:
    yield "# Each is changed on its own, by the operator named behind it. Take out what should stay as it is."
    yield "[hyperparameters]"
    yield from _aligned([(_setting(e), f"{e.operator or 'no operator'}; {e.place}") for e in draft.active])
    plain = [
        entry for entry in draft.for_review if entry.only_lacks_operator and entry.hyperparameter.site != draft.seed
    ]
    if plain:
        yield ""
        yield "# No operator is made for these. Without the #, `mutegreen run --values NAME=A,B` gives them values."
        yield from _aligned([(f"# {_setting(entry)}", entry.place) for entry in plain])
    doubtful = [entry for entry in draft.for_review if not entry.only_lacks_operator]
    if doubtful:
        yield ""
        yield "# Left out, for you to judge: take the # away where the reason does not hold."
        for entry in doubtful:
            yield f"# {_setting(entry)}" if entry.settable else f"# {entry.hyperparameter.name}:"
            yield from _comment(f"{entry.why_not} ({_from(entry)})", "#   ", "#   ")


def _aligned(lines: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Settings with their comments behind them, one below the other where the settings are not too long."""
    width = max((len(setting) for setting, _ in lines if len(setting) <= _ALIGNED), default=0)
    yield from (f"{setting.ljust(width)}  # {comment}" for setting, comment in lines)


def _from(entry: Entry) -> str:
    return f"{entry.place}: {_short(entry.source)}" if entry.source else entry.place


def _setting(entry: Entry) -> str:
    found = entry.hyperparameter
    keys = site_record(found.site) | {"default": found.default}
    if found.name != str(found.kind):
        keys["kind"] = str(found.kind)
    return f"{found.name} = {_table(keys)}"


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
