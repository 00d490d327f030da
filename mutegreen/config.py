"""`subject.toml` to `Subject`: every fault reported at once, each with file, key and the valid names."""

from __future__ import annotations

import difflib
import math
import os
import re
import shlex
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from mutegreen import model
from mutegreen.errors import ConfigError
from mutegreen.model import Compat, Goal, Kind

FILE_NAME = "subject.toml"
CONFIG_SUFFIXES = (".toml", ".json", ".yaml", ".yml")

Text = Annotated[str, Field(min_length=1)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, strict=True)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def _scalar(given: object) -> object:
    if isinstance(given, (bool, int, str)) or (isinstance(given, float) and math.isfinite(given)):
        return given
    raise ValueError("must be a finite number, a text, true or false")


def _words(given: object) -> object:
    if isinstance(given, str):
        return tuple(shlex.split(given))
    return given


def _args_alone(words: tuple[str, ...]) -> tuple[str, ...]:
    if any("{args}" in word and word != "{args}" for word in words):
        raise ValueError("{args} stands for several words, and must be a word of its own")
    return words


def _with_group(pattern: str) -> str:
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise ValueError(f"not a regular expression ({error})") from None
    if groups == 0:
        raise ValueError("needs a group around the figure, such as (?P<value>[0-9.]+)")
    return pattern


def _flag_or_group(text: str) -> str:
    return text if text.startswith("-") else _with_group(text)


def _file_inside(path: str, info: ValidationInfo) -> str:
    folder = _context(info).folder
    if not _is_inside(path):
        raise ValueError(f"must lie within the subject's folder, {folder}")
    if not (folder / path).is_file():
        raise ValueError(f"no such file in {folder}")
    if _context(info).leads_out(path):
        raise ValueError("lies behind a link, and would be changed where that leads: name a file that is copied")
    return path


def _path_inside(path: str, info: ValidationInfo) -> str:
    folder = _context(info).folder
    if not _is_inside(path):
        raise ValueError(f"must lie within the subject's folder, {folder}")
    if not (folder / path).exists():
        raise ValueError(f"no such file or folder in {folder}")
    return path


def _folder_inside(path: str, info: ValidationInfo) -> str:
    folder = _context(info).folder
    if not (_is_inside(path) and (folder / path).is_dir()):
        raise ValueError(f"no such folder in {folder}")
    return path


def _known(name: str, info: ValidationInfo) -> str:
    known = _context(info).hyperparameters
    if name not in known:
        raise ValueError(f"no such hyperparameter; {_valid_names(name, known)}")
    return name


def _figure_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise ValueError("cannot be a name: letters, digits, _ -")
    return name


def _is_inside(path: str) -> bool:
    """By the path's own words: a data set inside the folder may well be a link to somewhere else."""
    return not Path(path).is_absolute() and ".." not in Path(path).parts


Scalar = Annotated[Any, BeforeValidator(_scalar)]
Words = Annotated[tuple[Text, ...], BeforeValidator(_words), AfterValidator(_args_alone), Field(min_length=1)]
Pattern = Annotated[Text, AfterValidator(_with_group)]
FlagOrPattern = Annotated[Text, AfterValidator(_flag_or_group)]
FileInside = Annotated[Text, AfterValidator(_file_inside)]
PathInside = Annotated[Text, AfterValidator(_path_inside)]
FolderInside = Annotated[Text, AfterValidator(_folder_inside)]
KnownName = Annotated[str, AfterValidator(_known)]
FigureName = Annotated[str, AfterValidator(_figure_name)]
SubjectName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


@dataclass(frozen=True)
class _Context:
    """What a validator must know beyond its own key."""

    folder: Path
    hyperparameters: tuple[str, ...]
    links: frozenset[Path]

    @classmethod
    def of(cls, raw: dict[str, Any], folder: Path) -> _Context:
        """From the file as it is, faults and all."""
        links = _table(raw, "workspace").get("link")
        return cls(
            folder,
            hyperparameters=tuple(_table(raw, "hyperparameters")),
            links=frozenset(Path(str(link)) for link in links) if isinstance(links, list) else frozenset(),
        )

    def leads_out(self, path: str) -> bool:
        """Whether the path passes a link: what is written to it then changes a file of the user's."""
        places = (Path(path), *Path(path).parents)
        return any(place in self.links or (self.folder / place).is_symlink() for place in places)


def _table(raw: dict[str, Any], name: str) -> dict[str, Any]:
    found = raw.get(name)
    return found if isinstance(found, dict) else {}


def _context(info: ValidationInfo) -> _Context:
    assert isinstance(info.context, _Context)
    return info.context


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Source(_Table):
    file: FileInside
    name: Text
    line: Count | None = None


class _Config(_Table):
    file: FileInside
    key: Text

    @field_validator("file")
    @classmethod
    def _format_known(cls, file: str) -> str:
        if Path(file).suffix.lower() not in CONFIG_SUFFIXES:
            raise ValueError(f"must end in one of {', '.join(CONFIG_SUFFIXES)}")
        return file


class _Site(_Table):
    flag: Text | None = None
    source: _Source | None = None
    config: _Config | None = None
    env: Text | None = None

    @model_validator(mode="after")
    def _one_site(self) -> Self:
        if sum(part is not None for part in (self.flag, self.source, self.config, self.env)) != 1:
            raise ValueError("give exactly one of flag, source, config, env")
        return self

    def site(self) -> model.Site:
        """The one site that is given."""
        if self.source is not None:
            return model.SourceSite(self.source.file, self.source.name, self.source.line)
        if self.config is not None:
            return model.ConfigSite(self.config.file, self.config.key)
        if self.env is not None:
            return model.EnvSite(self.env)
        assert self.flag is not None
        return model.FlagSite(self.flag)


class _Hyperparameter(_Site):
    default: Scalar
    kind: Kind | None = None
    operator: Text | None = None
    evidence: FlagOrPattern | None = None


class _Figure(_Table):
    pattern: Pattern | None = None
    key: Text | None = None
    goal: Goal = Goal.MAXIMIZE
    tolerance: NotNegative | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.pattern is None) == (self.key is None):
            raise ValueError("give either pattern, or key")
        return self


class _Performance(_Table):
    pattern: Pattern | None = None
    file: Text | None = None
    key: Text | None = None
    goal: Goal = Goal.MAXIMIZE
    tolerance: NotNegative | None = None
    loss: Pattern | None = None
    also: dict[FigureName, _Figure] = {}

    @field_validator("also", mode="before")
    @classmethod
    def _named_by_text(cls, given: object, info: ValidationInfo) -> object:
        """A text alone is a key where there is a file, else a pattern."""
        way = "key" if info.data.get("file") else "pattern"
        if not isinstance(given, dict):
            return given
        return {name: {way: each} if isinstance(each, str) else each for name, each in given.items()}

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        keyed = [name for name, figure in self.also.items() if figure.key is not None]
        if keyed and self.file is None:
            raise ValueError(f"also.{keyed[0]} has a key, but there is no file")
        if (self.pattern is None) == (self.file is None):
            raise ValueError("give either pattern, or file and key")
        if (self.file is None) != (self.key is None):
            raise ValueError("file and key belong together")
        return self


class _Workspace(_Table):
    link: tuple[PathInside, ...] = ()
    exclude: tuple[Text, ...] = ()


class _Data(_Table):
    name: Text
    generated: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="before")
    @classmethod
    def _named_by_text(cls, given: object) -> object:
        return {"name": given} if isinstance(given, str) else given


class _Preset(_Table):
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
    data: _Data | None = None
    compat: tuple[Compat, ...] | None = None


class _SubjectFile(_Table):
    name: SubjectName | None = None
    description: str = ""
    command: Words
    workdir: FolderInside = "."
    data: _Data | None = None
    compat: tuple[Compat, ...] = ()
    duration_s: Seconds | None = None
    timeout_s: Seconds | None = None
    environment: dict[str, str] = {}
    seed: _Site | None = None
    workspace: _Workspace = _Workspace()
    performance: _Performance
    hyperparameters: dict[str, _Hyperparameter] = Field(min_length=1)
    presets: dict[str, _Preset] = {}

    @field_validator("performance")
    @classmethod
    def _file_of_a_trial(cls, given: _Performance, info: ValidationInfo) -> _Performance:
        place = os.path.normpath(Path(info.data.get("workdir", "."), given.file or ""))
        if not _is_inside(place):
            raise ValueError(f"file must lie within the subject's folder, and {given.file} does not")
        return given

    @field_validator("hyperparameters")
    @classmethod
    def _usable_names(cls, given: dict[str, _Hyperparameter]) -> dict[str, _Hyperparameter]:
        for name, hyperparameter in given.items():
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", name) or name in {model.ORIGINAL, model.IDENTITY}:
                raise ValueError(f"{name} cannot be a name: letters, digits, _ . - (not original, identity)")
            if hyperparameter.kind is None and name not in list(Kind):
                raise ValueError(f"{name} needs a kind, as its name is none; valid: {', '.join(Kind)}")
        return given


def load(path: Path) -> model.Subject:
    """Reads a `subject.toml`, or the one in a folder.

    Raises:
        ConfigError: The file cannot be read, or has faults; all of them are in the error.
    """
    file = path / FILE_NAME if path.is_dir() else path
    raw = _read(file)
    folder = file.parent.resolve()
    try:
        parsed = _SubjectFile.model_validate(raw, context=_Context.of(raw, folder))
    except ValidationError as error:
        faults = [_fault(details) for details in error.errors(include_url=False)]
        raise ConfigError(str(file), faults, "docs/subject-toml.md describes every key") from None
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
        return f"{key}: unknown key; {_valid_names(location[-1], _keys_at(location[:-1]))}"
    if details["type"] == "missing":
        return f"{key}: missing"
    if details["type"] == "model_type":
        return f"{key}: must be a table"
    given = details.get("input")
    shown = f" (it is {given!r})" if isinstance(given, (str, int, float, bool)) else ""
    message = details["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    return f"{key}: {message}{shown}"


_TABLES: dict[str, type[BaseModel]] = {
    "workspace": _Workspace,
    "performance": _Performance,
    "also": _Figure,
    "data": _Data,
    "seed": _Site,
    "hyperparameters": _Hyperparameter,
    "presets": _Preset,
    "source": _Source,
    "config": _Config,
}


def _keys_at(location: list[str]) -> list[str]:
    """The valid keys of the table at a place in the file; named tables (presets.NAME) count as their kind."""
    table: type[BaseModel] = _SubjectFile
    for part in location:
        table = _TABLES.get(part, table)
    return list(table.model_fields)


def _valid_names(wrong: str, valid: Sequence[str]) -> str:
    close = difflib.get_close_matches(wrong, valid, n=1)
    return (f"did you mean {close[0]}? " if close else "") + f"valid: {', '.join(valid)}"


def _subject(parsed: _SubjectFile, folder: Path) -> model.Subject:
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


def _hyperparameter(name: str, given: _Hyperparameter) -> model.Hyperparameter:
    return model.Hyperparameter(
        name=name,
        kind=given.kind or Kind(name),
        default=given.default,
        site=given.site(),
        operator=given.operator,
        evidence=given.evidence,
    )


def _performance(given: _Performance) -> model.Performance:
    also = tuple(model.Figure(name, **dict(figure)) for name, figure in given.also.items())
    return model.Performance(**dict(given) | {"also": also})


def _preset(name: str, given: _Preset) -> model.Preset:
    return model.Preset(name=name, **dict(given) | {"data": _data(given.data)})


def _data(given: _Data | None) -> model.Data | None:
    return None if given is None else model.Data(given.name, given.generated)
