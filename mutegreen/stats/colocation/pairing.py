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
        alone: The exclusive scenario.
        beside: The co-located scenario.
    """

    alone: ScenarioModel
    beside: ScenarioModel

    @property
    def subject(self) -> str:
        """The name of the subject."""
        return self.beside.scenario.subject

    @property
    def background(self) -> str:
        """The name of the background load."""
        return self.beside.scenario.background

    @property
    def metrics(self) -> list[str]:
        """The metrics measured in both."""
        return [metric for metric in self.beside.metrics if metric in self.alone.metrics]

    @cached_property
    def common(self) -> list[tuple[Definition, Definition]]:
        """The mutants in both, with their definition in each, in the order of the co-located ones."""
        own = {_change(each): each for each in self.alone.scenario.definitions}
        pairs = ((own.get(_change(each)), each) for each in self.beside.scenario.definitions)
        return [(one, other) for one, other in pairs if one is not None]

    @cached_property
    def changing(self) -> list[tuple[Definition, Definition]]:
        """The mutants in both, without controls."""
        return [pair for pair in self.common if pair[0].hyperparameter != IDENTITY]

    @property
    def only_alone(self) -> list[str]:
        """The mutants of the exclusive scenario only."""
        return _names(self.alone, {one.mutant for one, _ in self.common})

    @property
    def only_beside(self) -> list[str]:
        """The mutants of the co-located scenario only."""
        return _names(self.beside, {other.mutant for _, other in self.common})

    def arms(self, pairs: Sequence[tuple[Definition, Definition]]) -> tuple[Codes, Codes]:
        """Return the indices of mutants among the arms of both scenarios, shape (mutants,) each."""
        names = zip(*((one.mutant, other.mutant) for one, other in pairs), strict=True)
        alone, beside = (
            np.array([model.arms.names.index(name) for name in own], dtype=np.int64)
            for model, own in zip((self.alone, self.beside), names, strict=True)
        )
        return alone, beside


def pairings(models: Sequence[ScenarioModel]) -> Iterator[Pairing]:
    """Return the pairs: every co-located scenario with the exclusive one of the same subject and default values."""
    alone = {model.scenario.subject: model for model in models if not model.scenario.background}
    for model in models:
        own = alone.get(model.scenario.subject)
        if model.scenario.background and own is not None and not _other_defaults(own, model):
            yield Pairing(own, model)


def notes_on_pairing(models: Sequence[ScenarioModel]) -> Iterator[Note]:
    """Return the notes on co-located scenarios without a pair."""
    alone = {model.scenario.subject: model for model in models if not model.scenario.background}
    for model in models:
        if not model.scenario.background:
            continue
        own, where = alone.get(model.scenario.subject), ((model.scenario.subject, model.scenario.background),)
        if own is None:
            yield Note(NoteCode.NO_EXCLUSIVE, where)
        elif others := _other_defaults(own, model):
            yield Note(NoteCode.OTHER_DEFAULTS, where, names=tuple(others))


def _other_defaults(alone: ScenarioModel, beside: ScenarioModel) -> list[str]:
    """The hyperparameters with different default values."""
    own, other = alone.scenario.single, beside.scenario.single
    return [name for name in other if name in own and own[name] != other[name]]


def _change(definition: Definition) -> Change:
    return definition.hyperparameter, definition.value


def _names(model: ScenarioModel, but: set[str]) -> list[str]:
    return [name for name in model.arms.names if name not in but and name != ORIGINAL]
