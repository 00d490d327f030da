"""Define the options of an audit, which are stored with it, because a resumed audit uses the same ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mutegreen.model.kinds import Compat, Seeding
from mutegreen.model.limits import Limits

DEFAULT_SEED = 1


@dataclass(frozen=True)
class PlanOptions:
    """The options of the plan; None: the value of the preset, else the default.

    Attributes:
        preset: Name of one of the subject's presets.
        operators: Only hyperparameters of these operators; `identity` adds the A/A control.
        mutants: Mutants of each hyperparameter.
        repetitions: Trainings of the original and of every mutant.
        values: Values that the user gives, by hyperparameter, as text.
        order: Largest number of hyperparameters that a mutant changes at once.
        seed: Seed of the drawn values, of the order of the trials and of the training seeds.
        same_seed: Whether all repetitions have the same training seed.
        compat: Shims of the trainings.
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
    """The meters that a user names, and the classes of domains that must be readable before an audit begins."""

    meters: tuple[str, ...] = ()
    require: tuple[str, ...] = ()

    def or_stored(self, stored: Metering) -> Metering:
        """Return these, or, if none are named, those that are stored with an audit."""
        return self if self != Metering() else stored


@dataclass(frozen=True)
class AuditOptions:
    """All options that an audit stores.

    Attributes:
        plan: Options of the plan; `compat` contains the shims in use, also those of preset or subject.
        seeding: How the randomness of the trainings is seeded; None: not known.
        limits: The times that the user set.
        metering: The meters that the user named.
        jobs: Trials at a time on each device; 0: as many as memory allows; None: trials are exclusive or have
            background loads.
    """

    plan: PlanOptions = field(default_factory=PlanOptions)
    seeding: Seeding | None = None
    limits: Limits = field(default_factory=Limits)
    metering: Metering = field(default_factory=Metering)
    jobs: int | None = None
