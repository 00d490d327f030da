"""What the store keeps of an audit, beyond the nouns: its records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mutegreen.model import AuditOptions, Data, ExtraMetric, Goal, Mutant, Trial, TrialResult, Unavailable


@dataclass(frozen=True)
class BackgroundRecord:
    """What is kept running beside the trials of an audit: the original of a subject, or a command.

    Attributes:
        name: Its name in rows.
        folder: The subject's folder; of a command, the one in which it runs.
        preset: The subject's preset; None: none.
        words: The command; empty: it is a subject.
        digest: Of the subject's files; empty for a command.
        epochs_per_s: Its pace alone, start-up left out; None: not known.
        first_epoch_s: Time from its start to its first figure when alone, seconds; None: it prints none.
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
    """One audit: what was asked for, of what, on which machine.

    Attributes:
        options: What was asked for, from which `--resume` makes the same plan again.
        environment: The machine, drivers and versions, JSON-ready.
        notes: What the plan noted.
        preflight_s: Wall time of the preflight, seconds; None: not done yet.
        idle_w: Power of the idle machine by domain, watts; None: not measured.
        unavailable: Domains that could not be read.
        data: What the trainings learn from; None: not declared.
        also: The further figures of performance that the subject declares.
        backgrounds: What runs beside the trials.
        peak_bytes: Most memory that the preflight held, by `host` and GPU domain; empty: not measured.
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
    """A mutant and what it changes, as text."""

    mutant: Mutant
    diff: str


@dataclass(frozen=True)
class TrialRecord:
    """A planned trial and, once it has ended, its result, without timelines and phases, which are many."""

    trial: Trial
    result: TrialResult | None
