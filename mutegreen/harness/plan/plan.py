"""Make the plan of an audit: its mutants, and its trials in randomised blocks."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mutegreen import catalog
from mutegreen.errors import UsageError
from mutegreen.harness.plan import shims
from mutegreen.harness.plan.higher_order import higher_order
from mutegreen.model import (
    IDENTITY,
    ORIGINAL,
    Change,
    Compat,
    Data,
    Hyperparameter,
    Kind,
    Mutant,
    PlanOptions,
    Preset,
    Seeding,
    Subject,
    Trial,
    Value,
)
from mutegreen.mutation.site_values import same_value

DEFAULT_MUTANTS = 5
COUNTS = frozenset({Kind.EPOCHS, Kind.BATCH_SIZE, Kind.EVAL_BATCH_SIZE, Kind.TRAIN_STEPS, Kind.THREADS, Kind.DEPTH})
"""Kinds whose values are whole numbers."""

DEFAULT_REPETITIONS = 5
DEFAULT_ORDER = 1


@dataclass(frozen=True)
class Plan:
    """What an audit will do.

    Attributes:
        subject: The subject as its file describes it.
        preset: The preset in use; an empty one if the user named none.
        values: The value of every hyperparameter in the original, under the preset.
        mutants: The mutants; the original is the first.
        trials: In the order in which they will run.
        notes: Notes for the user: hyperparameters with fewer mutants than requested, or with none.
        compat: Shims of every training.
    """

    subject: Subject
    preset: Preset
    values: dict[str, Value]
    mutants: tuple[Mutant, ...]
    trials: tuple[Trial, ...]
    notes: tuple[str, ...]
    compat: tuple[Compat, ...] = ()

    @property
    def seeding(self) -> Seeding:
        """How the randomness of the trainings is seeded."""
        return Seeding.of({trial.repetition: trial.seed for trial in self.trials}.values())

    @property
    def data(self) -> Data | None:
        """The data of the training; None: not declared."""
        return self.preset.data or self.subject.data

    def mutant(self, mutant_id: str) -> Mutant:
        """Return the mutant with an id."""
        return next(m for m in self.mutants if m.id == mutant_id)


def make(subject: Subject, options: PlanOptions) -> Plan:
    """Make the plan for a subject.

    Raises:
        UsageError: A preset, operator, hyperparameter or value is not valid; the message names the valid ones. Or
            `same_seed` is set for a program that takes no seed.
    """
    preset = choose_preset(subject, options.preset)
    compat = shims.choose(subject, preset, options.compat)
    seeded = shims.takes_seed(subject, compat)
    if options.same_seed and not seeded:
        raise UsageError(
            f"--same-seed: {subject.name} takes no seed, so its trainings vary by chance",
            'name the site of the seed in subject.toml, such as seed = { flag = "--seed" }, or use --compat seed',
        )
    values = original_values(subject, preset)
    mutants, notes = _mutants(subject, preset, values, options)
    repetitions = options.repetitions or preset.repetitions or DEFAULT_REPETITIONS
    return Plan(
        subject=subject,
        preset=preset,
        values=values,
        mutants=tuple(mutants),
        trials=tuple(order(mutants, repetitions, options.seed, seeded, options.same_seed)),
        notes=tuple(notes),
        compat=compat,
    )


def original_only(subject: Subject, preset: str | None) -> Plan:
    """Return a plan of the original only, for a training that is not a trial.

    Raises:
        UsageError: The subject has no such preset.
    """
    chosen = choose_preset(subject, preset)
    values, compat = original_values(subject, chosen), shims.choose(subject, chosen, None)
    return Plan(subject, chosen, values, (Mutant(ORIGINAL),), (), (), compat)


def original_values(subject: Subject, preset: Preset) -> dict[str, Value]:
    """Return the value of every hyperparameter in the original, under a preset."""
    return {h.name: preset.defaults.get(h.name, h.default) for h in subject.hyperparameters}


def choose_preset(subject: Subject, name: str | None) -> Preset:
    """Return the preset with a name; without a name, an empty one.

    Raises:
        UsageError: The subject has no such preset.
    """
    if name is None:
        return Preset(name="")
    if name not in subject.presets:
        valid = ", ".join(subject.presets) or "none"
        raise UsageError(f"{subject.name} has no preset {name}", f"its presets: {valid}")
    return subject.presets[name]


def order(mutants: Sequence[Mutant], repetitions: int, seed: int, seeded: bool, same_seed: bool = False) -> list[Trial]:
    """Return the trials in randomised complete blocks.

    Each block holds one repetition of every arm, in random order. A drift of the machine over the audit then affects
    all arms alike, and the statistics adjust for blocks (Fisher, The Design of Experiments, 1935). All trials of a
    block have the same training seed; with `same_seed`, all trials of all blocks have the seed of the first block:

        block 0             block 1             block 2
        M2  O   M1  M3  |   O   M3  M2  M1  |   M1  M2  O   M3      -> time
        seed s0         |   seed s1         |   seed s2

    The order and the training seed of block b depend only on (`seed`, b), so more repetitions append blocks and change
    none.

    Args:
        mutants: The arms, the original among them.
        repetitions: Number of blocks.
        seed: Seed of the order and of the training seeds.
        seeded: Whether the program takes a seed.
        same_seed: Whether all blocks have the same training seed.
    """
    trials: list[Trial] = []
    for block in range(repetitions):
        rng = random.Random(f"{seed}/{block}")
        drawn = rng.randrange(1, 2**31) if seeded else None
        training_seed = trials[0].seed if same_seed and trials else drawn
        shuffled = rng.sample(mutants, len(mutants))
        for position, mutant in enumerate(shuffled):
            trials.append(Trial(len(trials) + 1, mutant.id, block, position, block, training_seed))
    return trials


def seed_parameter(subject: Subject) -> Hyperparameter | None:
    """Return the site of the training's seed as a hyperparameter; None: the subject takes no seed."""
    return Hyperparameter("seed", Kind.SEED, 0, subject.seed) if subject.seed is not None else None


def _mutants(
    subject: Subject, preset: Preset, values: Mapping[str, Value], options: PlanOptions
) -> tuple[list[Mutant], list[str]]:
    wanted = options.operators if options.operators is not None else preset.operators
    _check_operators(subject, wanted)
    _check_values(subject, options.values)
    count = options.mutants or preset.mutants or DEFAULT_MUTANTS
    controls = [Mutant(IDENTITY)] if wanted is not None and IDENTITY in wanted else []
    mutants: list[Mutant] = []
    notes: list[str] = []
    for hyperparameter in subject.hyperparameters:
        if _chosen(hyperparameter, wanted, options.values):
            new_mutants, note = _mutants_of(hyperparameter, values[hyperparameter.name], count, options)
            mutants += new_mutants
            notes += [note] if note else []
    if not mutants and not controls:
        raise UsageError(f"{subject.name} has nothing to mutate", "; ".join(notes) or None)
    several = higher_order(mutants, options.order or preset.order or DEFAULT_ORDER, options.seed)
    return [Mutant(ORIGINAL), *controls, *mutants, *several], notes


def _chosen(hyperparameter: Hyperparameter, wanted: Sequence[str] | None, values: Mapping[str, Sequence[str]]) -> bool:
    if hyperparameter.name in values:
        return True
    return wanted is None or _operator_name(hyperparameter) in wanted


def _operator_name(hyperparameter: Hyperparameter) -> str | None:
    operator = catalog.operator_for(hyperparameter)
    return operator.name if operator is not None else None


def _mutants_of(
    hyperparameter: Hyperparameter, default: Value, count: int, options: PlanOptions
) -> tuple[list[Mutant], str | None]:
    name = hyperparameter.name
    if name in options.values:
        values = _values_of_user(hyperparameter, default, options.values[name])
        return [Mutant.of(Change(name, v, default, "given")) for v in values], None
    operator = catalog.operator_for(hyperparameter)
    if operator is None:
        hint = f"set values with --values {name}=A,B"
        return [], f"{name}: no operator exists for the kind {hyperparameter.kind}; {hint}"
    try:
        drawn = operator.values(default, count, random.Random(f"{options.seed}/{name}"))
    except ValueError as error:
        return [], f"{name}: no mutants, operator {operator.name} {error}; set values with --values {name}=A,B"
    note = f"{name}: {len(drawn)} mutants instead of {count}: {operator.name} finds no more from {default}"
    mutants = [Mutant.of(Change(name, v, default, operator.name)) for v in drawn]
    return mutants, note if len(drawn) < count else None


def _values_of_user(hyperparameter: Hyperparameter, default: Value, texts: Sequence[str]) -> list[Value]:
    values: list[Value] = []
    for text in texts:
        value = _typed(hyperparameter, text, default)
        if same_value(value, default):
            raise UsageError(f"--values {hyperparameter.name}={text}: this is the default value", "drop it")
        if value not in values:
            values.append(value)
    return values


def _typed(hyperparameter: Hyperparameter, text: str, default: Value) -> Value:
    """Return a value from text, in the type of the default; a rate whose default is whole may be a fraction."""
    name = hyperparameter.name
    if isinstance(default, bool):
        if text.lower() not in {"true", "false"}:
            raise UsageError(f"--values {name}={text}: must be true or false, as the default is {default}")
        return text.lower() == "true"
    if isinstance(default, str):
        return text
    kinds: tuple[type[int] | type[float], ...] = (int, float) if isinstance(default, int) else (float,)
    if isinstance(default, int) and hyperparameter.kind in COUNTS:
        kinds = (int,)
    for kind in kinds:
        try:
            if math.isfinite(value := kind(text)):
                return value
        except ValueError:
            continue
    what = "a whole number" if kinds == (int,) else "a number"
    raise UsageError(f"--values {name}={text}: must be {what}, as the default is {default}")


def _check_operators(subject: Subject, wanted: Sequence[str] | None) -> None:
    usable = {_operator_name(h): None for h in subject.hyperparameters}
    valid = [*filter(None, usable), IDENTITY]
    for name in wanted or ():
        if catalog.operator(name).name not in valid:
            raise UsageError(f"{subject.name} has no hyperparameter for operator {name}", f"valid: {', '.join(valid)}")


def _check_values(subject: Subject, values: Mapping[str, Sequence[str]]) -> None:
    valid = [h.name for h in subject.hyperparameters]
    for name, texts in values.items():
        if name not in valid:
            raise UsageError(f"{subject.name} has no hyperparameter {name}", f"valid: {', '.join(valid)}")
        if not texts:
            raise UsageError(f"--values {name}=: no value is given", f"write for example --values {name}=1,2")
