"""What the store keeps of an audit, beyond the nouns: its records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mutegreen.model import Goal, Mutant, Trial, TrialResult, Unavailable


@dataclass(frozen=True)
class AuditRecord:
    """One audit: what was asked for, of what, on which machine.

    Attributes:
        options: The plan's options, JSON-ready, from which `--resume` makes the same plan again.
        environment: The machine, drivers and versions, JSON-ready.
        notes: What the plan noted.
        preflight_s: Wall time of the preflight, seconds; None: not done yet.
        idle_w: Power of the idle machine by domain, watts; None: not measured.
        unavailable: Domains that could not be read.
    """

    id: str
    subject: str
    folder: str
    digest: str
    goal: Goal
    tolerance: float | None
    options: Mapping[str, Any]
    environment: Mapping[str, Any]
    notes: tuple[str, ...]
    created_at: str
    preflight_s: float | None = None
    idle_w: Mapping[str, float] | None = None
    unavailable: tuple[Unavailable, ...] = ()
    finished_at: str | None = None


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
