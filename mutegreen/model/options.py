"""What a user asked of an audit; kept with it, so that it can be resumed as it began."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mutegreen.model.kinds import Compat, Seeding
from mutegreen.model.limits import Limits

DEFAULT_SEED = 1


@dataclass(frozen=True)
class PlanOptions:
    """What a user asked of the plan; None: as the preset says, else the default.

    Attributes:
        preset: Name of one of the subject's presets.
        operators: Only hyperparameters of these operators; `identity` adds the A/A control.
        mutants: Mutants of each hyperparameter.
        repetitions: Trainings of the original and of every mutant.
        values: Values given by hand, by hyperparameter, as texts.
        order: Most hyperparameters that a mutant changes at once.
        seed: Seed of the values, of the order and of the trainings' own seeds.
        same_seed: Whether all repetitions train with one seed, instead of each with its own.
        compat: Shims that the trainings get.
    """

    preset: str | None = None
    operators: tuple[str, ...] | None = None
    mutants: int | None = None
    repetitions: int | None = None
    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    order: int | None = None
    seed: int = DEFAULT_SEED
    same_seed: bool = False
    compat: tuple[Compat, ...] | None = None


@dataclass(frozen=True)
class Metering:
    """The meters that a user named, and the classes of domains without which nothing should begin."""

    meters: tuple[str, ...] = ()
    require: tuple[str, ...] = ()

    def or_stored(self, kept: Metering) -> Metering:
        """These, or those kept with an audit that is resumed where none is named now."""
        return self if self != Metering() else kept


@dataclass(frozen=True)
class AuditOptions:
    """All that an audit keeps of what was asked for.

    Attributes:
        plan: What was asked of the plan; `compat` holds the shims in use, by whomever they were asked for.
        seeding: What decides the chance in the trainings; None: not known.
        limits: The times that the user gave.
        metering: The meters that the user named.
        jobs: Trainings at a time on each device; 0: as many as memory allows; None: one, with the machine to itself.
    """

    plan: PlanOptions = field(default_factory=PlanOptions)
    seeding: Seeding | None = None
    limits: Limits = field(default_factory=Limits)
    metering: Metering = field(default_factory=Metering)
    jobs: int | None = None
