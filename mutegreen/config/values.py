"""Types of values in a `subject.toml`, with their checks."""

from __future__ import annotations

import difflib
import math
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

Text = Annotated[str, Field(min_length=1)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, strict=True)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def _scalar(value: object) -> object:
    if isinstance(value, (bool, int, str)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise ValueError("must be a finite number, a text, true or false")


def _words(value: object) -> object:
    if isinstance(value, str):
        return tuple(shlex.split(value))
    return value


def _args_alone(words: tuple[str, ...]) -> tuple[str, ...]:
    if any("{args}" in word and word != "{args}" for word in words):
        raise ValueError("{args} is replaced by several words, and must be a word of its own")
    return words


def _with_group(pattern: str) -> str:
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise ValueError(f"not a regular expression ({error})") from None
    if groups == 0:
        raise ValueError("needs a group around the value, such as (?P<value>[0-9.]+)")
    return pattern


def _flag_or_group(text: str) -> str:
    return text if text.startswith("-") else _with_group(text)


def _file_inside(path: str, info: ValidationInfo) -> str:
    folder = context_of(info).folder
    if not is_inside(path):
        raise ValueError(f"must lie within the subject's folder, {folder}")
    if not (folder / path).is_file():
        raise ValueError(f"no such file in {folder}")
    if context_of(info).leads_out(path):
        raise ValueError(
            "is behind a link, and the file that the link leads to would be changed: name a file that is copied"
        )
    return path


def _path_inside(path: str, info: ValidationInfo) -> str:
    folder = context_of(info).folder
    if not is_inside(path):
        raise ValueError(f"must lie within the subject's folder, {folder}")
    if not (folder / path).exists():
        raise ValueError(f"no such file or folder in {folder}")
    return path


def _folder_inside(path: str, info: ValidationInfo) -> str:
    folder = context_of(info).folder
    if not (is_inside(path) and (folder / path).is_dir()):
        raise ValueError(f"no such folder in {folder}")
    return path


def _known(name: str, info: ValidationInfo) -> str:
    known = context_of(info).hyperparameters
    if name not in known:
        raise ValueError(f"no such hyperparameter; {valid_names(name, known)}")
    return name


def _metric_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise ValueError("cannot be a name: letters, digits, _ -")
    return name


def is_inside(path: str) -> bool:
    """Return whether a path, as written, stays in the folder; a link in it, to a data set for example, may lead out."""
    return not Path(path).is_absolute() and ".." not in Path(path).parts


Scalar = Annotated[Any, BeforeValidator(_scalar)]
Words = Annotated[tuple[Text, ...], BeforeValidator(_words), AfterValidator(_args_alone), Field(min_length=1)]
Pattern = Annotated[Text, AfterValidator(_with_group)]
FlagOrPattern = Annotated[Text, AfterValidator(_flag_or_group)]
FileInside = Annotated[Text, AfterValidator(_file_inside)]
PathInside = Annotated[Text, AfterValidator(_path_inside)]
FolderInside = Annotated[Text, AfterValidator(_folder_inside)]
KnownName = Annotated[str, AfterValidator(_known)]
MetricName = Annotated[str, AfterValidator(_metric_name)]
SubjectName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


@dataclass(frozen=True)
class FileContext:
    """What a validator must know besides its own value.

    Attributes:
        folder: The subject's folder.
        hyperparameters: Names of the hyperparameters in the file.
        links: Paths that the workspace links instead of copying.
    """

    folder: Path
    hyperparameters: tuple[str, ...]
    links: frozenset[Path]

    @classmethod
    def of(cls, raw: dict[str, Any], folder: Path) -> FileContext:
        """Return the context of a parsed file that may still have faults."""
        links = table_of(raw, "workspace").get("link")
        return cls(
            folder,
            hyperparameters=tuple(table_of(raw, "hyperparameters")),
            links=frozenset(Path(str(link)) for link in links) if isinstance(links, list) else frozenset(),
        )

    def leads_out(self, path: str) -> bool:
        """Return whether a path passes a link. Writing to it would then change a file of the user."""
        steps = (Path(path), *Path(path).parents)
        return any(step in self.links or (self.folder / step).is_symlink() for step in steps)


def table_of(raw: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a table of a parsed file that may have faults; empty if there is none."""
    table = raw.get(name)
    return table if isinstance(table, dict) else {}


def context_of(info: ValidationInfo) -> FileContext:
    """Return the context that `load` has passed on."""
    assert isinstance(info.context, FileContext)
    return info.context


def valid_names(wrong: str, valid: Sequence[str]) -> str:
    """Return a hint with the valid names, and the most similar one first."""
    close = difflib.get_close_matches(wrong, valid, n=1)
    return (f"did you mean {close[0]}? " if close else "") + f"valid: {', '.join(valid)}"
