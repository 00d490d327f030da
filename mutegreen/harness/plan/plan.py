"""The plan of an audit: which mutants, and which trial when. Order is part of the design of the experiment."""

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
"""Kinds of which there is no fraction."""

DEFAULT_REPETITIONS = 5
DEFAULT_ORDER = 1


@dataclass(frozen=True)
class Plan:
    """What an audit will do.

    Attributes:
        subject: The subject as its file describes it.
        preset: The preset in use; an empty one if none was named.
        settings: Every hyperparameter at the value that the original has under the preset.
        mutants: The original first.
        trials: In the order in which they will run.
        notes: What a user should know: hyperparameters with fewer mutants than asked for, or with none.
        compat: Shims that every training gets.
    """

    subject: Subject
    preset: Preset
    settings: dict[str, Value]
    mutants: tuple[Mutant, ...]
    trials: tuple[Trial, ...]
    notes: tuple[str, ...]
    compat: tuple[Compat, ...] = ()

    @property
    def seeding(self) -> Seeding:
        """What decides the chance in the trainings."""
        return Seeding.of({trial.repetition: trial.seed for trial in self.trials}.values())

    @property
    def data(self) -> Data | None:
        """What is trained on; None: not declared."""
        return self.preset.data or self.subject.data

    def mutant(self, mutant_id: str) -> Mutant:
        """The mutant of that id; KeyError if there is none."""
        return next(m for m in self.mutants if m.id == mutant_id)


def make(subject: Subject, options: PlanOptions) -> Plan:
    """The plan for a subject.

    Raises:
        UsageError: A preset, operator, hyperparameter or value that is not usable; the valid ones are named. Or the
            same seed for all trainings of a program that takes none.
    """
    preset = choose_preset(subject, options.preset)
    compat = shims.chosen(subject, preset, options.compat)
    seeded = shims.takes_seed(subject, compat)
    if options.same_seed and not seeded:
        raise UsageError(
            f"--same-seed: {subject.name} takes no seed, and varies by chance",
            'name what takes it in subject.toml, such as seed = { flag = "--seed" }, or use --compat seed',
        )
    values = original_settings(subject, preset)
    mutants, notes = _mutants(subject, preset, values, options)
    repetitions = options.repetitions or preset.repetitions or DEFAULT_REPETITIONS
    return Plan(
        subject=subject,
        preset=preset,
        settings=values,
        mutants=tuple(mutants),
        trials=tuple(order(mutants, repetitions, options.seed, seeded, options.same_seed)),
        notes=tuple(notes),
        compat=compat,
    )


def original_only(subject: Subject, preset: str | None) -> Plan:
    """A plan of the original alone, for a training that is no trial.

    Raises:
        UsageError: The subject has no such preset.
    """
    chosen = choose_preset(subject, preset)
    settings, compat = original_settings(subject, chosen), shims.chosen(subject, chosen, None)
    return Plan(subject, chosen, settings, (Mutant(ORIGINAL),), (), (), compat)


def original_settings(subject: Subject, preset: Preset) -> dict[str, Value]:
    """Every hyperparameter at the value that the original has under a preset."""
    return {h.name: preset.defaults.get(h.name, h.default) for h in subject.hyperparameters}


def choose_preset(subject: Subject, name: str | None) -> Preset:
    """The preset of that name; without a name an empty one.

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
    """Trials in random blocks: each block holds one repetition of every mutant, in an order drawn from the seed.

    Randomised complete blocks keep a drift of the machine over the audit out of the comparison of mutants
    (Fisher, The Design of Experiments, 1935). All trials of a block train with the same seed, and with `same_seed`
    those of all blocks with that of the first.
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
    """The place of the training's seed, as a hyperparameter like the others; None if it takes none."""
    return Hyperparameter("seed", Kind.SEED, 0, subject.seed) if subject.seed is not None else None


def _mutants(
    subject: Subject, preset: Preset, settings: Mapping[str, Value], options: PlanOptions
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
            made, note = _mutants_of(hyperparameter, settings[hyperparameter.name], count, options)
            mutants += made
            notes += [note] if note else []
    if not mutants and not controls:
        raise UsageError(f"there is nothing to mutate in {subject.name}", "; ".join(notes) or None)
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
        values = _given(hyperparameter, default, options.values[name])
        return [Mutant.of(Change(name, v, default, "given")) for v in values], None
    operator = catalog.operator_for(hyperparameter)
    if operator is None:
        hint = f"--values {name}=A,B gives them by hand"
        return [], f"{name}: no operator is made for the kind {hyperparameter.kind}; {hint}"
    try:
        drawn = operator.values(default, count, random.Random(f"{options.seed}/{name}"))
    except ValueError as error:
        return [], f"{name}: no mutants, operator {operator.name} {error}; --values {name}=A,B gives them by hand"
    note = f"{name}: {len(drawn)} mutants instead of {count}: {operator.name} finds no more from {default}"
    mutants = [Mutant.of(Change(name, v, default, operator.name)) for v in drawn]
    return mutants, note if len(drawn) < count else None


def _given(hyperparameter: Hyperparameter, default: Value, texts: Sequence[str]) -> list[Value]:
    values: list[Value] = []
    for text in texts:
        value = _typed(hyperparameter, text, default)
        if same_value(value, default):
            raise UsageError(f"--values {hyperparameter.name}={text}: that is the default", "leave it out")
        if value not in values:
            values.append(value)
    return values


def _typed(hyperparameter: Hyperparameter, text: str, default: Value) -> Value:
    """A value given as text, in the type of the default; a rate whose default is whole may be a fraction."""
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
    for name, given in values.items():
        if name not in valid:
            raise UsageError(f"{subject.name} has no hyperparameter {name}", f"valid: {', '.join(valid)}")
        if not given:
            raise UsageError(f"--values {name}=: no value is given", f"such as --values {name}=1,2")
