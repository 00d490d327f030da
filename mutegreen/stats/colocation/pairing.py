"""A subject alone and in company: the two studies side by side, and the mutants that both have."""

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
"""A hyperparameter and its new value: what makes two mutants of different audits the same."""


@dataclass(frozen=True)
class Pairing:
    """One subject trained alone, and the same beside a background.

    Args:
        alone: The study without a background.
        beside: That with one.
    """

    alone: ScenarioModel
    beside: ScenarioModel

    @property
    def subject(self) -> str:
        """What was trained alone and beside the background."""
        return self.beside.scenario.subject

    @property
    def background(self) -> str:
        """What the company is."""
        return self.beside.scenario.background

    @property
    def metrics(self) -> list[str]:
        """The metrics measured in both."""
        return [metric for metric in self.beside.metrics if metric in self.alone.metrics]

    @cached_property
    def common(self) -> list[tuple[Definition, Definition]]:
        """The mutants of both, as each of them names them, in the order of those in company."""
        own = {_change(each): each for each in self.alone.scenario.definitions}
        pairs = ((own.get(_change(each)), each) for each in self.beside.scenario.definitions)
        return [(one, other) for one, other in pairs if one is not None]

    @cached_property
    def changing(self) -> list[tuple[Definition, Definition]]:
        """Those of them that change something."""
        return [pair for pair in self.common if pair[0].hyperparameter != IDENTITY]

    @property
    def only_alone(self) -> list[str]:
        """The mutants that were not trained in company."""
        return _names(self.alone, {one.mutant for one, _ in self.common})

    @property
    def only_beside(self) -> list[str]:
        """The mutants that were not trained alone."""
        return _names(self.beside, {other.mutant for _, other in self.common})

    def arms(self, pairs: Sequence[tuple[Definition, Definition]]) -> tuple[Codes, Codes]:
        """The places of mutants among the arms, alone and in company."""
        names = zip(*((one.mutant, other.mutant) for one, other in pairs), strict=True)
        alone, beside = (
            np.array([model.arms.names.index(name) for name in own], dtype=np.int64)
            for model, own in zip((self.alone, self.beside), names, strict=True)
        )
        return alone, beside


def pairings(models: Sequence[ScenarioModel]) -> Iterator[Pairing]:
    """Every study in company with that of the same subject alone, where there is one of the same original."""
    alone = {model.scenario.subject: model for model in models if not model.scenario.background}
    for model in models:
        own = alone.get(model.scenario.subject)
        if model.scenario.background and own is not None and not _other_defaults(own, model):
            yield Pairing(own, model)


def notes_on_pairing(models: Sequence[ScenarioModel]) -> Iterator[Note]:
    """Why scenarios with a background load are compared with none without one."""
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
    """The hyperparameters for which the two originals have different values."""
    own, other = alone.scenario.single, beside.scenario.single
    return [name for name in other if name in own and own[name] != other[name]]


def _change(definition: Definition) -> Change:
    return definition.hyperparameter, definition.value


def _names(model: ScenarioModel, but: set[str]) -> list[str]:
    return [name for name in model.arms.names if name not in but and name != ORIGINAL]
