"""Define a subject: a training program, and what an audit must know about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from mutegreen.model.kinds import Compat, Goal, Kind
from mutegreen.model.names import Value


@dataclass(frozen=True)
class FlagSite:
    """A hyperparameter set on the command line, such as `--lr`."""

    flag: str

    def __str__(self) -> str:
        return f"flag {self.flag}"


@dataclass(frozen=True)
class SourceSite:
    """A literal in a source file, found by the name that it is assigned to.

    Args:
        file: Path within the subject's folder.
        name: Name of the variable, keyword argument, parameter or mapping key with the literal as value.
        line: Line of the literal (from 1), needed only if the name has a literal in several places.
    """

    file: str
    name: str
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.name} in {self.file}" + (f", line {self.line}" if self.line else "")


@dataclass(frozen=True)
class ConfigSite:
    """A key in a TOML, JSON or YAML file; `key` is dotted, list items by their index."""

    file: str
    key: str

    def __str__(self) -> str:
        return f"{self.key} in {self.file}"


@dataclass(frozen=True)
class EnvSite:
    """An environment variable, such as `OMP_NUM_THREADS`."""

    variable: str

    def __str__(self) -> str:
        return f"${self.variable}"


Site = FlagSite | SourceSite | ConfigSite | EnvSite


@dataclass(frozen=True)
class Hyperparameter:
    """One hyperparameter of a subject.

    Args:
        name: Its name in tables and options.
        kind: What it means.
        default: The original's value.
        site: Where the value is set.
        operator: Name of the operator that mutates it; None: the first operator for its kind.
        evidence: How to see that a value was applied, if the site does not show it: a flag (`--lr`) under which the
            program's parser has the value, or a regular expression over the output whose first group is the value in
            use.
    """

    name: str
    kind: Kind
    default: Value
    site: Site
    operator: str | None = None
    evidence: str | None = None


@dataclass(frozen=True)
class ExtraMetric:
    """An extra metric that is recorded besides the performance, such as mean average precision besides rank 1.

    Args:
        name: Its name in options, tables and columns.
        pattern: Regular expression over the output, as `Performance.pattern`; the last match is the value.
        key: Dotted key in the file of the performance; of a list, the last item. Either `pattern` or `key` is set.
        goal: Which direction is better.
        tolerance: The largest difference that does not matter, in its own unit; None: not declared.
    """

    name: str
    pattern: str | None = None
    key: str | None = None
    goal: Goal = Goal.MAXIMIZE
    tolerance: float | None = None


@dataclass(frozen=True)
class Performance:
    """How a training's performance is read: from its output by `pattern`, or from a JSON `file` by `key`.

    Args:
        pattern: Regular expression. Its group `value` (or its first group) is the value; it is divided by the group
            `of` if there is one (`308/360`). Each match is one epoch, the last is the result.
        file: JSON file written by the training, relative to its working folder.
        key: Dotted key in that file. A list has one value for each epoch; the last is the result.
        goal: Which direction is better.
        tolerance: The largest difference that does not matter, in the unit of the performance; None: not declared.
        loss: Regular expression for the loss in the output; a last loss that is not finite is a divergence.
        also: Extra metrics; a training without them is not a failure.
    """

    pattern: str | None = None
    file: str | None = None
    key: str | None = None
    goal: Goal = Goal.MAXIMIZE
    tolerance: float | None = None
    loss: str | None = None
    also: tuple[ExtraMetric, ...] = ()

    def __post_init__(self) -> None:
        if (self.pattern is None) == (self.file is None):
            raise ValueError("performance needs either a pattern or a file, not both")


@dataclass(frozen=True)
class Data:
    """The data that a subject trains on; `generated`: a program generated them."""

    name: str
    generated: bool = False

    def __str__(self) -> str:
        return f"generated {self.name}" if self.generated else self.name

    @property
    def label(self) -> str:
        """Name and kind in one text, as in rows: `generated: coloured shapes`."""
        return f"{_GENERATED}{self.name}" if self.generated else self.name

    @classmethod
    def of(cls, label: str) -> Data:
        """Return the data of a label."""
        return cls(label.removeprefix(_GENERATED), label.startswith(_GENERATED))


_GENERATED = "generated: "


@dataclass(frozen=True)
class Preset:
    """A named set of arguments, default values and limits of a subject."""

    name: str
    description: str = ""
    arguments: tuple[str, ...] = ()
    defaults: dict[str, Value] = field(default_factory=dict)
    duration_s: float | None = None
    timeout_s: float | None = None
    cooldown_s: float | None = None
    mutants: int | None = None
    repetitions: int | None = None
    operators: tuple[str, ...] | None = None
    order: int | None = None
    data: Data | None = None
    compat: tuple[Compat, ...] | None = None


@dataclass(frozen=True)
class Subject:
    """A training program and what an audit must know about it.

    Args:
        name: Its name in rows and tables.
        folder: Folder with the program and its `subject.toml`; never written to.
        command: Program and arguments; `{python}` is the interpreter that runs MuteGreen.
        workdir: Working folder of the command, relative to `folder`.
        hyperparameters: In the order of the file.
        performance: How the result is read.
        seed: Site of the training seed; None: the program takes no seed.
        presets: By name.
        duration_s: Approximate time of a training, measured by the subject's author, seconds; used for estimates
            until a training has been timed on this machine.
        timeout_s: Longest time of a training, seconds; None: a multiple of the preflight's.
        environment: Variables set for every trial.
        link: Paths in the folder that are linked, not copied, into a trial's workspace (data sets).
        exclude: Patterns of paths that are not copied into a workspace.
        data: The data of its trainings, unless a preset names others; None: not declared.
        compat: Shims of its trainings, unless a preset names others.
    """

    name: str
    folder: Path
    command: tuple[str, ...]
    hyperparameters: tuple[Hyperparameter, ...]
    performance: Performance
    workdir: str = "."
    seed: Site | None = None
    presets: dict[str, Preset] = field(default_factory=dict)
    duration_s: float | None = None
    timeout_s: float | None = None
    environment: dict[str, str] = field(default_factory=dict)
    link: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    description: str = ""
    data: Data | None = None
    compat: tuple[Compat, ...] = ()

    def hyperparameter(self, name: str) -> Hyperparameter:
        """Return the hyperparameter of that name; KeyError if there is none."""
        for hyperparameter in self.hyperparameters:
            if hyperparameter.name == name:
                return hyperparameter
        raise KeyError(name)
