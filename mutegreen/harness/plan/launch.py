"""Prepare one training: its command line, its environment, and the files that differ."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mutegreen.harness.plan import shims
from mutegreen.harness.plan.plan import Plan, seed_parameter
from mutegreen.harness.process.command import unbuffered_environment
from mutegreen.model import Compat, ConfigSite, EnvSite, FlagSite, Hyperparameter, Mutant, Site, SourceSite, Value
from mutegreen.mutation import site_values

PYTHON = "{python}"


@dataclass(frozen=True)
class Launch:
    """One training, ready to start.

    Attributes:
        words: Program and arguments.
        variables: Environment variables beyond the harness's own.
        values: The value of every hyperparameter, and of the seed.
        compat: Shims that it gets.
    """

    words: tuple[str, ...]
    variables: dict[str, str]
    values: dict[Hyperparameter, Value]
    compat: tuple[Compat, ...] = ()

    def environment(self) -> dict[str, str]:
        """Return the whole environment of the training."""
        return unbuffered_environment(self.variables)


def launch(plan: Plan, mutant: Mutant, seed: int | None) -> Launch:
    """Return what is started to train a mutant.

    All hyperparameters are set, also those at their default values: `subject.toml` and the preset define the original,
    whatever the program's own defaults are.

    Args:
        plan: The plan.
        mutant: One of its mutants.
        seed: Seed of the training; None: the training is not seeded.
    """
    by_name = plan.values | {change.hyperparameter: change.value for change in mutant.changes}
    values = {h: by_name[h.name] for h in plan.subject.hyperparameters}
    seeding = seed_parameter(plan.subject)
    if seeding is not None and seed is not None:
        values[seeding] = seed
    sites = {hyperparameter.site: value for hyperparameter, value in values.items()}
    arguments = [*plan.preset.arguments, *site_values.arguments(sites)]
    variables = {
        **plan.subject.environment,
        **site_values.environment(sites),
        **shims.variables(plan.compat, seed),
    }
    return Launch(_words(plan.subject.command, arguments), variables, values, plan.compat)


def mutated(plan: Plan, mutant: Mutant) -> list[Hyperparameter]:
    """Return the hyperparameters that a mutant changes; none for the original and for `identity`."""
    return [plan.subject.hyperparameter(change.hyperparameter) for change in mutant.changes]


def diff(plan: Plan, mutant: Mutant, snapshot: Path, scratch: Path) -> str:
    """Return what a mutant changes, as a diff: lines of files, the command, or both.

    Args:
        plan: The plan.
        mutant: One of its mutants.
        snapshot: The subject's files.
        scratch: An empty folder to mutate files in.
    """
    original, changed = launch(plan, plan.mutants[0], None), launch(plan, mutant, None)
    sites = [hyperparameter.site for hyperparameter in mutated(plan, mutant)]
    if not sites:
        return f"  {_shown(original)}"
    parts = []
    for file in sorted({site.file for site in sites if isinstance(site, (SourceSite, ConfigSite))}):
        before = _mutated_copy(original, file, snapshot, scratch / "a")
        after = _mutated_copy(changed, file, snapshot, scratch / "b")
        parts.append(site_values.file_diff(before, after, file))
    if any(isinstance(site, (FlagSite, EnvSite)) for site in sites):
        parts.append(f"- {_shown(original, sites)}\n+ {_shown(changed, sites)}")
    return "\n".join(parts)


def _mutated_copy(one: Launch, file: str, snapshot: Path, folder: Path) -> Path:
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    (folder / file).write_bytes((snapshot / file).read_bytes())
    site_values.write_files(folder, {h: v for h, v in one.values.items() if getattr(h.site, "file", None) == file})
    return folder


def _shown(one: Launch, changed: Sequence[Site] = ()) -> str:
    variables = [site.variable for site in changed if isinstance(site, EnvSite)]
    words = ["python" if word == sys.executable else word for word in one.words]
    return " ".join([*(f"{name}={one.variables[name]}" for name in variables), shlex.join(words)])


def _words(command: tuple[str, ...], arguments: list[str]) -> tuple[str, ...]:
    words: list[str] = []
    for word in command if site_values.ARGUMENTS in command else (*command, site_values.ARGUMENTS):
        words += arguments if word == site_values.ARGUMENTS else [word.replace(PYTHON, sys.executable)]
    return tuple(words)
