"""What is started for one training: the command line, the environment, and the files that differ."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from mutegreen.harness.plan import Plan, seed_parameter
from mutegreen.model import ConfigSite, EnvSite, Hyperparameter, Mutant, SourceSite, Value
from mutegreen.mutation import apply

PYTHON = "{python}"


@dataclass(frozen=True)
class Launch:
    """One training, ready to start.

    Attributes:
        words: Program and arguments.
        variables: Environment variables beyond the harness's own.
        settings: The value of every hyperparameter, and of the seed.
    """

    words: tuple[str, ...]
    variables: dict[str, str]
    settings: dict[Hyperparameter, Value]

    def environment(self) -> dict[str, str]:
        """The whole environment of the training.

        Output is not buffered, so that the time stamps of lines are those of the epochs.
        """
        return {**os.environ, "PYTHONUNBUFFERED": "1", **self.variables}


def launch(plan: Plan, mutant: Mutant, seed: int | None) -> Launch:
    """How a mutant is trained with a seed.

    All hyperparameters are set, also those at their defaults: the original is what `subject.toml` and the preset
    say, whatever the program's own defaults are.
    """
    values = dict(plan.settings)
    if mutant.hyperparameter in values and mutant.value is not None:
        values[mutant.hyperparameter] = mutant.value
    settings = {h: values[h.name] for h in plan.subject.hyperparameters}
    seeding = seed_parameter(plan.subject)
    if seeding is not None and seed is not None:
        settings[seeding] = seed
    sites = {hyperparameter.site: value for hyperparameter, value in settings.items()}
    arguments = [*plan.preset.arguments, *apply.arguments(sites)]
    variables = {**plan.subject.environment, **apply.environment(sites)}
    return Launch(_words(plan.subject.command, arguments), variables, settings)


def mutated(plan: Plan, mutant: Mutant) -> Hyperparameter | None:
    """The hyperparameter that a mutant changes; None for the original and for `identity`."""
    return next((h for h in plan.subject.hyperparameters if h.name == mutant.hyperparameter), None)


def diff(plan: Plan, mutant: Mutant, snapshot: Path, scratch: Path) -> str:
    """What a mutant changes, as text: lines of a file, or the command.

    Args:
        plan: The plan.
        mutant: One of its mutants.
        snapshot: The subject's files.
        scratch: An empty folder to mutate files in.
    """
    hyperparameter = mutated(plan, mutant)
    original, changed = launch(plan, plan.mutants[0], None), launch(plan, mutant, None)
    if hyperparameter is None:
        return f"  {_shown(original)}"
    if isinstance(site := hyperparameter.site, (SourceSite, ConfigSite)):
        folders = [
            _mutated_copy(one, site, snapshot, scratch / name) for one, name in ((original, "a"), (changed, "b"))
        ]
        return apply.file_diff(folders[0], folders[1], site.file)
    return f"- {_shown(original, hyperparameter)}\n+ {_shown(changed, hyperparameter)}"


def _mutated_copy(one: Launch, site: SourceSite | ConfigSite, snapshot: Path, folder: Path) -> Path:
    (folder / site.file).parent.mkdir(parents=True, exist_ok=True)
    (folder / site.file).write_bytes((snapshot / site.file).read_bytes())
    apply.write_files(folder, {h: v for h, v in one.settings.items() if getattr(h.site, "file", None) == site.file})
    return folder


def _shown(one: Launch, hyperparameter: Hyperparameter | None = None) -> str:
    words = shlex.join(["python" if word == sys.executable else word for word in one.words])
    if hyperparameter is not None and isinstance(hyperparameter.site, EnvSite):
        return f"{hyperparameter.site.variable}={one.variables[hyperparameter.site.variable]} {words}"
    return words


def _words(command: tuple[str, ...], arguments: list[str]) -> tuple[str, ...]:
    words: list[str] = []
    for word in command if apply.ARGUMENTS in command else (*command, apply.ARGUMENTS):
        words += arguments if word == apply.ARGUMENTS else [word.replace(PYTHON, sys.executable)]
    return tuple(words)
