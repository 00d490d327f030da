"""The draft of a `subject.toml` before it is written: command, hyperparameters, metrics, seed, workspace."""

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

NO_METRIC = r"PUT THE TEXT BEFORE THE VALUE HERE (?P<value>[-+.\w]+)"
"""The placeholder for a pattern that the user must write; it matches no output."""


@dataclass(frozen=True)
class SubjectDraft:
    """A subject that `init` suggests to the user.

    Attributes:
        program: The training program.
        command: Its words, placeholders included.
        entries: The hyperparameters; those that become comments are the last.
        metrics: Candidates for the performance, the likeliest first.
        seed: The site of the seed.
        missing: Arguments that the user must add.
        workspace: The keys `[workspace]` and `environment`.
        notes: Further notes for the user.
        readings: The values that the first metric's pattern found in a test run; None: no test run.
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
        """The hyperparameters that become comments, for the user to judge."""
        return [entry for entry in self.entries if entry.why_not is not None]

    @property
    def metric(self) -> MetricCandidate | None:
        """The suggested performance; None: no printed metric was found."""
        return self.metrics[0] if self.metrics else None

    def review(self) -> list[str]:
        """Return the notes for the user, the most important first."""
        return [*self._important(), *self.notes, *self.workspace.notes]

    def _important(self) -> Iterator[str]:
        yield from (missing.text for missing in self.missing)
        if not any(entry.operator for entry in self.active):
            yield (
                "No operator mutates any of these hyperparameters: use `mutegreen run --values NAME=A,B`. Options that "
                "a library declares are found if you pass them: mutegreen init ... -- --learning_rate 0.001"
            )
        metric = self.metric
        if metric is None:
            yield "No printed performance was found: write a pattern, or use --try, which runs the program once"
        elif metric.split == TRAINING:
            yield "The performance is measured on the training data: a metric on test data is better"
        if metric is not None and metric.shared and self.readings is None:
            yield "Lines of training and test look the same, and the last one counts: check that it is the test's"

    def record(self) -> dict[str, Any]:
        """Return the JSON object of `mutegreen init`, without the key `file`."""
        return {
            "command": list(self.command),
            "hyperparameters": [_entry_record(entry) for entry in self.active],
            "performance": _metric_record(self.metric, self.readings),
            "seed": site_record(self.seed) if self.seed is not None else None,
            "review": [*({"text": text} for text in self.review()), *map(_review_record, self.for_review)],
        }


def _entry_record(entry: Entry) -> dict[str, Any]:
    hyperparameter = entry.hyperparameter
    named = {"name": hyperparameter.name, "kind": str(hyperparameter.kind), "default": hyperparameter.default}
    return named | site_record(hyperparameter.site) | {"operator": entry.operator, "place": entry.place}


def _review_record(entry: Entry) -> dict[str, Any]:
    return {"text": f"{entry.hyperparameter.name}: {entry.why_not}"} | _entry_record(entry)


def site_record(site: Site) -> dict[str, Any]:
    """Return the key of a `subject.toml` that names a site, with its value."""
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
