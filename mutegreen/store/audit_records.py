"""Records of the store: an audit, its background loads, mutants and trials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mutegreen.model import AuditOptions, Data, ExtraMetric, Goal, Mutant, Trial, TrialResult, Unavailable


@dataclass(frozen=True)
class BackgroundRecord:
    """A background load of an audit: the original of a subject, or a command, that runs during every trial.

    Attributes:
        name: Its name in rows.
        folder: The subject's folder; for a command, the folder in which it runs.
        preset: The subject's preset; None: none.
        words: The command; empty for a subject.
        digest: Digest of the subject's files; empty for a command.
        epochs_per_s: Its epoch rate when exclusive, without its start-up; None: not known.
        first_epoch_s: Time from its start to the end of its first epoch when exclusive, seconds; None: not known.
    """

    name: str
    folder: str
    preset: str | None = None
    words: tuple[str, ...] = ()
    digest: str = ""
    epochs_per_s: float | None = None
    first_epoch_s: float | None = None


@dataclass(frozen=True)
class AuditRecord:
    """An audit: its subject, its options and its machine.

    Attributes:
        id: Its id, unique in the store.
        subject: Name of the subject.
        folder: The subject's folder.
        digest: Digest of the subject's files.
        goal: Which direction of the performance is better.
        tolerance: Tolerance of the performance; None: not declared.
        options: The user's options, from which `--resume` makes the same plan again.
        environment: The machine, drivers and versions, as JSON values.
        notes: Notes of the plan.
        created_at: When it was added, UTC, ISO 8601.
        preflight_s: Wall time of the preflight, seconds; None: not done yet.
        idle_w: Power of the idle machine by domain, watts; None: not measured.
        unavailable: Domains that could not be read.
        finished_at: When its last trial ended, UTC, ISO 8601; None: not yet.
        data: The data of the trainings; None: not declared.
        also: The extra metrics that the subject declares.
        backgrounds: Its background loads.
        peak_bytes: Peak memory of the preflight, bytes, by `host` and GPU domain; empty: not measured.
    """

    id: str
    subject: str
    folder: str
    digest: str
    goal: Goal
    tolerance: float | None
    options: AuditOptions
    environment: Mapping[str, Any]
    notes: tuple[str, ...]
    created_at: str
    preflight_s: float | None = None
    idle_w: Mapping[str, float] | None = None
    unavailable: tuple[Unavailable, ...] = ()
    finished_at: str | None = None
    data: Data | None = None
    also: tuple[ExtraMetric, ...] = ()
    backgrounds: tuple[BackgroundRecord, ...] = ()
    peak_bytes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class MutantRecord:
    """A mutant, and a diff of what it changes."""

    mutant: Mutant
    diff: str


@dataclass(frozen=True)
class TrialRecord:
    """A planned trial and, once it has ended, its result; timelines and phases are read separately."""

    trial: Trial
    result: TrialResult | None
