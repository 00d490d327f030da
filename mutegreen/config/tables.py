"""Defines the tables of a `subject.toml`: their keys, and the conditions between keys."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from mutegreen import model
from mutegreen.config.values import (
    Count,
    FileInside,
    FlagOrPattern,
    FolderInside,
    KnownName,
    MetricName,
    NotNegative,
    PathInside,
    Pattern,
    Scalar,
    Seconds,
    SubjectName,
    Text,
    Words,
    is_inside,
)
from mutegreen.model import Compat, Goal, Kind
from mutegreen.model.metric_words import lower_is_better

CONFIG_SUFFIXES = (".toml", ".json", ".yaml", ".yml")


class Table(BaseModel):
    """A table in which unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceTable(Table):
    """`source`: a literal in a Python file."""

    file: FileInside
    name: Text
    line: Count | None = None


class ConfigTable(Table):
    """`config`: a key in a TOML, JSON or YAML file."""

    file: FileInside
    key: Text

    @field_validator("file")
    @classmethod
    def _format_known(cls, file: str) -> str:
        if Path(file).suffix.lower() not in CONFIG_SUFFIXES:
            raise ValueError(f"must end in one of {', '.join(CONFIG_SUFFIXES)}")
        return file


class SiteTable(Table):
    """The site of a value: exactly one of four kinds."""

    flag: Text | None = None
    source: SourceTable | None = None
    config: ConfigTable | None = None
    env: Text | None = None

    @model_validator(mode="after")
    def _one_site(self) -> Self:
        if sum(part is not None for part in (self.flag, self.source, self.config, self.env)) != 1:
            raise ValueError("give exactly one of flag, source, config, env")
        return self

    def site(self) -> model.Site:
        """Return the site that the one key which is set describes."""
        if self.source is not None:
            return model.SourceSite(self.source.file, self.source.name, self.source.line)
        if self.config is not None:
            return model.ConfigSite(self.config.file, self.config.key)
        if self.env is not None:
            return model.EnvSite(self.env)
        assert self.flag is not None
        return model.FlagSite(self.flag)


class HyperparameterTable(SiteTable):
    """An entry of `[hyperparameters]`."""

    default: Scalar
    kind: Kind | None = None
    operator: Text | None = None
    evidence: FlagOrPattern | None = None


class ExtraMetricTable(Table):
    """An entry of `[performance.also]`, an extra metric."""

    pattern: Pattern | None = None
    key: Text | None = None
    goal: Goal | None = None
    tolerance: NotNegative | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.pattern is None) == (self.key is None):
            raise ValueError("give either pattern or key")
        return self

    def says_lower_is_better(self, name: str) -> bool:
        """Return whether its name, pattern or key says so, so that a missing goal cannot mean to maximize."""
        return any(lower_is_better(text) for text in (name, self.pattern, self.key) if text)


class PerformanceTable(Table):
    """`[performance]`: how the performance is read."""

    pattern: Pattern | None = None
    file: Text | None = None
    key: Text | None = None
    goal: Goal | None = None
    tolerance: NotNegative | None = None
    loss: Pattern | None = None
    also: dict[MetricName, ExtraMetricTable] = {}

    @field_validator("also", mode="before")
    @classmethod
    def _named_by_text(cls, value: object, info: ValidationInfo) -> object:
        """Read a plain text as a key if the performance is read from a file, else as a pattern."""
        kind = "key" if info.data.get("file") else "pattern"
        if not isinstance(value, dict):
            return value
        return {name: {kind: each} if isinstance(each, str) else each for name, each in value.items()}

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        keyed = [name for name, metric in self.also.items() if metric.key is not None]
        if keyed and self.file is None:
            raise ValueError(f"also.{keyed[0]} has a key, but there is no file")
        if (self.pattern is None) == (self.file is None):
            raise ValueError("give either pattern, or file and key")
        if (self.file is None) != (self.key is None):
            raise ValueError("give file and key together, or neither")
        return self

    @model_validator(mode="after")
    def _goal_is_clear(self) -> Self:
        """Refuse a loss or an error without a goal: it would be judged as if a higher one were better."""
        rule = 'goal is missing, and {} names a loss or an error: add goal = "minimize" (or "maximize")'
        source = self.pattern or self.key or ""
        if self.goal is None and lower_is_better(source):
            raise ValueError(rule.format(source))
        for name, metric in self.also.items():
            if metric.goal is None and metric.says_lower_is_better(name):
                raise ValueError(f"also.{name}: " + rule.format(metric.pattern or metric.key))
        return self


class WorkspaceTable(Table):
    """`[workspace]`: how the subject's folder is copied."""

    link: tuple[PathInside, ...] = ()
    exclude: tuple[Text, ...] = ()


class DataTable(Table):
    """`data`: the data of the trainings."""

    name: Text
    generated: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="before")
    @classmethod
    def _named_by_text(cls, value: object) -> object:
        return {"name": value} if isinstance(value, str) else value


class PresetTable(Table):
    """An entry of `[presets]`."""

    description: str = ""
    arguments: tuple[str, ...] = ()
    defaults: dict[KnownName, Scalar] = {}
    duration_s: Seconds | None = None
    timeout_s: Seconds | None = None
    cooldown_s: NotNegative | None = None
    mutants: Count | None = None
    repetitions: Count | None = None
    operators: tuple[Text, ...] | None = None
    order: Count | None = None
    data: DataTable | None = None
    compat: tuple[Compat, ...] | None = None


class SubjectFile(Table):
    """The complete file."""

    name: SubjectName | None = None
    description: str = ""
    command: Words
    workdir: FolderInside = "."
    data: DataTable | None = None
    compat: tuple[Compat, ...] = ()
    duration_s: Seconds | None = None
    timeout_s: Seconds | None = None
    environment: dict[str, str] = {}
    seed: SiteTable | None = None
    workspace: WorkspaceTable = WorkspaceTable()
    performance: PerformanceTable
    hyperparameters: dict[str, HyperparameterTable] = Field(min_length=1)
    presets: dict[str, PresetTable] = {}

    @field_validator("performance")
    @classmethod
    def _file_of_a_trial(cls, table: PerformanceTable, info: ValidationInfo) -> PerformanceTable:
        place = os.path.normpath(Path(info.data.get("workdir", "."), table.file or ""))
        if not is_inside(place):
            raise ValueError(f"file must lie within the subject's folder, and {table.file} does not")
        return table

    @field_validator("hyperparameters")
    @classmethod
    def _usable_names(cls, tables: dict[str, HyperparameterTable]) -> dict[str, HyperparameterTable]:
        for name, hyperparameter in tables.items():
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", name) or name in {model.ORIGINAL, model.IDENTITY}:
                raise ValueError(f"{name} cannot be a name: letters, digits, _ . - (not original, identity)")
            if hyperparameter.kind is None and name not in list(Kind):
                raise ValueError(f"{name} needs a kind, as its name is not a kind; valid: {', '.join(Kind)}")
        return tables
