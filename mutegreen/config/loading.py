"""`subject.toml` to `Subject`: every fault reported at once, each with file, key and the valid names."""

from __future__ import annotations

import tomllib
from pathlib import Path
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
from mutegreen.model import Kind

FILE_NAME = "subject.toml"


def load(path: Path) -> model.Subject:
    """Reads a `subject.toml`, or the one in a folder.

    Raises:
        ConfigError: The file cannot be read, or has faults; all of them are in the error.
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
    location = [str(part) for part in details["loc"] if part != "[key]"]
    key = ".".join(location)
    if details["type"] == "extra_forbidden":
        return f"{key}: unknown key; {valid_names(location[-1], _keys_at(location[:-1]))}"
    if details["type"] == "missing":
        return f"{key}: missing"
    if details["type"] == "model_type":
        return f"{key}: must be a table"
    given = details.get("input")
    shown = f" (it is {given!r})" if isinstance(given, (str, int, float, bool)) else ""
    message = details["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    return f"{key}: {message}{shown}"


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
    """The valid keys of the table at a place in the file; named tables (presets.NAME) count as their kind."""
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


def _hyperparameter(name: str, given: HyperparameterTable) -> model.Hyperparameter:
    return model.Hyperparameter(
        name=name,
        kind=given.kind or Kind(name),
        default=given.default,
        site=given.site(),
        operator=given.operator,
        evidence=given.evidence,
    )


def _performance(given: PerformanceTable) -> model.Performance:
    also = tuple(model.ExtraMetric(name, **dict(figure)) for name, figure in given.also.items())
    return model.Performance(**dict(given) | {"also": also})


def _preset(name: str, given: PresetTable) -> model.Preset:
    return model.Preset(name=name, **dict(given) | {"data": _data(given.data)})


def _data(given: DataTable | None) -> model.Data | None:
    return None if given is None else model.Data(given.name, given.generated)
