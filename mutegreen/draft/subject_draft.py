"""A draft of a `subject.toml`: what was found, before it is written down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from mutegreen.draft.metric.candidates import SPLITS, MetricCandidate
from mutegreen.draft.metric.metric_words import TRAINING
from mutegreen.draft.options.arguments import MissingArgument
from mutegreen.draft.options.entry import Entry
from mutegreen.draft.program.program import TrainingProgram
from mutegreen.draft.program.workspace_draft import WorkspaceDraft
from mutegreen.model import ConfigSite, FlagSite, Site, SourceSite

NO_METRIC = r"PUT THE TEXT BEFORE THE FIGURE HERE (?P<value>[-+.\w]+)"
"""Stands for the pattern until the user has written one; it matches no output."""


@dataclass(frozen=True)
class SubjectDraft:
    """A subject as it is suggested to the user.

    Attributes:
        program: What is trained.
        command: Its words, placeholders included.
        entries: The hyperparameters, those that are only comments last.
        metrics: Figures of performance, the likeliest first.
        seed: The site of the seed.
        missing: Arguments that the user must fill in.
        workspace: What goes into `[workspace]` and `environment`.
        notes: What else the user should look at.
        readings: What the first figure's pattern found in a trial run; None: there was none.
    """

    program: TrainingProgram
    command: tuple[str, ...]
    entries: Sequence[Entry]
    metrics: Sequence[MetricCandidate]
    seed: Site | None = None
    missing: Sequence[MissingArgument] = ()
    workspace: WorkspaceDraft = field(default_factory=WorkspaceDraft)
    notes: tuple[str, ...] = ()
    readings: Sequence[float] | None = None

    @property
    def active(self) -> list[Entry]:
        """The hyperparameters that an audit would mutate."""
        return [entry for entry in self.entries if entry.why_not is None]

    @property
    def for_review(self) -> list[Entry]:
        """Those that are comments, for the user to judge."""
        return [entry for entry in self.entries if entry.why_not is not None]

    @property
    def metric(self) -> MetricCandidate | None:
        """The suggested figure of performance."""
        return self.metrics[0] if self.metrics else None

    def review(self) -> list[str]:
        """What the user should look at, the most pressing first."""
        return [*self._pressing(), *self.notes, *self.workspace.notes]

    def _pressing(self) -> Iterator[str]:
        yield from (missing.text for missing in self.missing)
        if not any(entry.operator for entry in self.active):
            yield (
                "No operator changes any of these hyperparameters: `mutegreen run --values NAME=A,B` does. Options "
                "that the program has from a library are found when they are given: init ... -- --learning_rate 0.001"
            )
        metric = self.metric
        if metric is None:
            yield "No line that prints a figure of performance was found: write its pattern, or try a run with --try"
        elif metric.split == TRAINING:
            yield "The figure of performance is of the training data: one of a test tells more"
        if metric is not None and metric.shared and self.readings is None:
            yield "Training and test print lines of one form, and the last one counts: see that it is the test's"

    def record(self) -> dict[str, Any]:
        """The JSON object of the `init` command, but for the file."""
        return {
            "command": list(self.command),
            "hyperparameters": [_entry_record(entry) for entry in self.active],
            "performance": _metric_record(self.metric, self.readings),
            "seed": site_record(self.seed) if self.seed is not None else None,
            "review": [*({"text": text} for text in self.review()), *map(_review_record, self.for_review)],
        }


def _entry_record(entry: Entry) -> dict[str, Any]:
    found = entry.hyperparameter
    named = {"name": found.name, "kind": str(found.kind), "default": found.default}
    return named | site_record(found.site) | {"operator": entry.operator, "place": entry.place}


def _review_record(entry: Entry) -> dict[str, Any]:
    return {"text": f"{entry.hyperparameter.name}: {entry.why_not}"} | _entry_record(entry)


def site_record(site: Site) -> dict[str, Any]:
    """The key of a `subject.toml` that names a site, with its value."""
    if isinstance(site, FlagSite):
        return {"flag": site.flag}
    if isinstance(site, SourceSite):
        return {"source": {"file": site.file, "name": site.name}}
    assert isinstance(site, ConfigSite)
    return {"config": {"file": site.file, "key": site.key}}


def _metric_record(metric: MetricCandidate | None, readings: Sequence[float] | None) -> dict[str, Any] | None:
    if metric is None:
        return None
    return {
        "pattern": metric.pattern,
        "goal": str(metric.goal),
        "metric": metric.metric,
        "data": SPLITS[metric.split],
        "place": metric.place or None,
        "readings": list(readings) if readings is not None else None,
    }
