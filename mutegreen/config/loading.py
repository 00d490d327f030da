"""Reads a `subject.toml` and reports all of its faults at once, each with key, given value and what is allowed."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from textwrap import shorten
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mutegreen import model
from mutegreen.config.tables import (
    ConfigTable,
    DataTable,
    ExtraMetricTable,
    HyperparameterTable,
    PerformanceTable,
    PresetTable,
    SiteTable,
    SourceTable,
    SubjectFile,
    WorkspaceTable,
)
from mutegreen.config.values import FileContext, valid_names
from mutegreen.errors import ConfigError
from mutegreen.model import Goal, Kind

FILE_NAME = "subject.toml"


def load(path: Path) -> model.Subject:
    """Read a `subject.toml`.

    Args:
        path: The file, or the folder that has it.

    Raises:
        ConfigError: The file cannot be read, or has faults; the error has all of them.
    """
    file = path / FILE_NAME if path.is_dir() else path
    raw = _read(file)
    folder = file.parent.resolve()
    try:
        parsed = SubjectFile.model_validate(raw, context=FileContext.of(raw, folder))
    except ValidationError as error:
        faults = [_fault(details) for details in error.errors(include_url=False)]
        raise ConfigError(str(file), faults, "`mutegreen help subject-toml` describes every key") from None
    return _subject(parsed, folder)


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(str(file), [f"cannot be read: {error.strerror}"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(str(file), [f"is not TOML: {error}"]) from error


def _fault(details: ErrorDetails) -> str:
    """Word a fault: `key = value: what is allowed`."""
    location = [str(part) for part in details["loc"] if part != "[key]"]
    key = ".".join(location)
    if details["type"] == "extra_forbidden":
        return f"{key}: unknown key; {valid_names(location[-1], _keys_at(location[:-1]))}"
    if details["type"] == "missing":
        return f"{key}: missing; it is required"
    if details["type"] == "model_type":
        return f"{key}: must be a table"
    message = (
        details["msg"]
        .removeprefix("Value error, ")
        .replace("Input should be", "must be")
        .replace("a valid tuple", "a list")
    )
    value = details.get("input")
    is_shown = isinstance(value, (str, int, float, bool, list)) and location == [str(part) for part in details["loc"]]
    return f"{key} = {_toml(value)}: {message}" if is_shown else f"{key}: {message}"


def _toml(value: object) -> str:
    """Spell a value as in TOML, shortened."""
    return shorten(json.dumps(value, ensure_ascii=False, default=str), 60, placeholder="...")


TABLES: dict[str, type[BaseModel]] = {
    "workspace": WorkspaceTable,
    "performance": PerformanceTable,
    "also": ExtraMetricTable,
    "data": DataTable,
    "seed": SiteTable,
    "hyperparameters": HyperparameterTable,
    "presets": PresetTable,
    "source": SourceTable,
    "config": ConfigTable,
}


def _keys_at(location: list[str]) -> list[str]:
    """Return the valid keys of the table at a place in the file. A named table (presets.NAME) has those of its kind."""
    table: type[BaseModel] = SubjectFile
    for part in location:
        table = TABLES.get(part, table)
    return list(table.model_fields)


def _subject(parsed: SubjectFile, folder: Path) -> model.Subject:
    return model.Subject(
        name=parsed.name or folder.name,
        description=parsed.description,
        folder=folder,
        command=parsed.command,
        workdir=parsed.workdir,
        hyperparameters=tuple(_hyperparameter(name, h) for name, h in parsed.hyperparameters.items()),
        data=_data(parsed.data),
        compat=parsed.compat,
        performance=_performance(parsed.performance),
        seed=parsed.seed.site() if parsed.seed else None,
        presets={name: _preset(name, p) for name, p in parsed.presets.items()},
        duration_s=parsed.duration_s,
        timeout_s=parsed.timeout_s,
        environment=parsed.environment,
        link=parsed.workspace.link,
        exclude=parsed.workspace.exclude,
    )


def _hyperparameter(name: str, table: HyperparameterTable) -> model.Hyperparameter:
    return model.Hyperparameter(
        name=name,
        kind=table.kind or Kind(name),
        default=table.default,
        site=table.site(),
        operator=table.operator,
        evidence=table.evidence,
    )


def _performance(table: PerformanceTable) -> model.Performance:
    also = tuple(
        model.ExtraMetric(name, **dict(metric) | {"goal": metric.goal or Goal.MAXIMIZE})
        for name, metric in table.also.items()
    )
    return model.Performance(**dict(table) | {"also": also, "goal": table.goal or Goal.MAXIMIZE})


def _preset(name: str, table: PresetTable) -> model.Preset:
    return model.Preset(name=name, **dict(table) | {"data": _data(table.data)})


def _data(table: DataTable | None) -> model.Data | None:
    return None if table is None else model.Data(table.name, table.generated)
