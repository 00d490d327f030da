"""Pairs of scenarios: one subject with a background load and without, and the mutants that both have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mutegreen.model import IDENTITY, ORIGINAL
from mutegreen.stats.model.block_model import Codes
from mutegreen.stats.model.scenario import Definition
from mutegreen.stats.model.scenario_model import ScenarioModel
from mutegreen.stats.reason import Note, NoteCode

Change = tuple[str, float | str | None]
"""A hyperparameter and its new value: the key by which mutants of different audits are the same."""


@dataclass(frozen=True)
class Pairing:
    """One subject without background load and with one.

    Args:
        exclusive: The exclusive scenario.
        colocated: The co-located scenario.
    """

    exclusive: ScenarioModel
    colocated: ScenarioModel

    @property
    def subject(self) -> str:
        """The name of the subject."""
        return self.colocated.scenario.subject

    @property
    def background(self) -> str:
        """The name of the background load."""
        return self.colocated.scenario.background

    @property
    def metrics(self) -> list[str]:
        """The metrics measured in both."""
        return [metric for metric in self.colocated.metrics if metric in self.exclusive.metrics]

    @cached_property
    def common(self) -> list[tuple[Definition, Definition]]:
        """The mutants in both, with their definition in each, in the order of the co-located ones."""
        by_change = {_change(each): each for each in self.exclusive.scenario.definitions}
        pairs = ((by_change.get(_change(each)), each) for each in self.colocated.scenario.definitions)
        return [(one, other) for one, other in pairs if one is not None]

    @cached_property
    def changing(self) -> list[tuple[Definition, Definition]]:
        """The mutants in both, without controls."""
        return [pair for pair in self.common if pair[0].hyperparameter != IDENTITY]

    @property
    def only_exclusive(self) -> list[str]:
        """The mutants of the exclusive scenario only."""
        return _names(self.exclusive, {one.mutant for one, _ in self.common})

    @property
    def only_colocated(self) -> list[str]:
        """The mutants of the co-located scenario only."""
        return _names(self.colocated, {other.mutant for _, other in self.common})

    def arms(self, pairs: Sequence[tuple[Definition, Definition]]) -> tuple[Codes, Codes]:
        """Return the indices of mutants among the arms of both scenarios, shape (mutants,) each."""
        names = zip(*((one.mutant, other.mutant) for one, other in pairs), strict=True)
        exclusive, colocated = (
            np.array([model.arms.names.index(name) for name in own], dtype=np.int64)
            for model, own in zip((self.exclusive, self.colocated), names, strict=True)
        )
        return exclusive, colocated


def pairings(models: Sequence[ScenarioModel]) -> Iterator[Pairing]:
    """Return the pairs: every co-located scenario with the exclusive one of the same subject and default values."""
    exclusive = {model.scenario.subject: model for model in models if not model.scenario.background}
    for model in models:
        exclusive_model = exclusive.get(model.scenario.subject)
        if model.scenario.background and exclusive_model is not None and not _other_defaults(exclusive_model, model):
            yield Pairing(exclusive_model, model)


def notes_on_pairing(models: Sequence[ScenarioModel]) -> Iterator[Note]:
    """Return the notes on co-located scenarios without a pair."""
    exclusive = {model.scenario.subject: model for model in models if not model.scenario.background}
    for model in models:
        if not model.scenario.background:
            continue
        exclusive_model, where = (
            exclusive.get(model.scenario.subject),
            ((model.scenario.subject, model.scenario.background),),
        )
        if exclusive_model is None:
            yield Note(NoteCode.NO_EXCLUSIVE, where)
        elif others := _other_defaults(exclusive_model, model):
            yield Note(NoteCode.OTHER_DEFAULTS, where, names=tuple(others))


def _other_defaults(exclusive: ScenarioModel, colocated: ScenarioModel) -> list[str]:
    """Return the hyperparameters with different default values."""
    defaults, other_defaults = exclusive.scenario.single, colocated.scenario.single
    return [name for name, value in other_defaults.items() if name in defaults and defaults[name] != value]


def _change(definition: Definition) -> Change:
    return definition.hyperparameter, definition.value


def _names(model: ScenarioModel, but: set[str]) -> list[str]:
    return [name for name in model.arms.names if name not in but and name != ORIGINAL]
