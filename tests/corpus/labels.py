"""Reads the labels of the corpus, and downloads the labelled scripts."""

from __future__ import annotations

import hashlib
import tomllib
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mutegreen.model import Kind
from mutegreen.scan.finding import Form

HERE = Path(__file__).parent
PARTS = ("dev", "heldout", "fresh")
SEVEN = (
    Kind.EPOCHS,
    Kind.LEARNING_RATE,
    Kind.GAMMA,
    Kind.BATCH_SIZE,
    Kind.MOMENTUM,
    Kind.WEIGHT_DECAY,
    Kind.DROPOUT,
)
"""The kinds whose operators changed the training energy in the published study."""


class CorpusError(Exception):
    """A script cannot be downloaded, or is not the labelled one."""


@dataclass(frozen=True)
class CorpusLabel:
    """A hyperparameter that a person found: place, value, kind, name, form."""

    line: int
    column: int
    value: Any
    kind: Kind
    name: str
    form: Form
    flag: str
    also: tuple[Kind, ...] = ()
    note: str = ""

    @property
    def place(self) -> tuple[int, int]:
        """Line and column."""
        return self.line, self.column

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """All accepted kinds."""
        return (self.kind, *self.also)


@dataclass(frozen=True)
class Region:
    """A trap, or a doubtful place: one literal, or whole lines if there is no `column`."""

    line: int
    column: int | None = None
    value: Any = None
    name: str = ""
    note: str = ""
    last_line: int | None = None
    kinds: tuple[Kind, ...] = ()

    def covers(self, line: int, column: int, kind: str) -> bool:
        """Return whether a finding of that kind at that place is in this region."""
        inside = self.line <= line <= (self.last_line or self.line)
        return inside and self.column in (None, column) and (not self.kinds or kind in self.kinds)


@dataclass(frozen=True)
class Labelled:
    """A script with its labels, traps and doubtful places."""

    part: str
    name: str
    repository: str
    commit: str
    path: str
    sha256: str
    framework: str
    licence: str
    labels: tuple[CorpusLabel, ...] = field(repr=False)
    traps: tuple[Region, ...] = field(repr=False)
    doubtful: tuple[Region, ...] = field(repr=False)

    @property
    def url(self) -> str:
        """The address of the script's content."""
        return f"https://raw.githubusercontent.com/{self.repository}/{self.commit}/{quote(self.path)}"


def label_files(part: str) -> list[Path]:
    """Return the files with the labels of a part."""
    return sorted((HERE / part).glob("*.toml"))


def read_labels(file: Path) -> Labelled:
    """Read the labels in a file; ValueError or TypeError if the format is wrong."""
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    labels = tuple(_label(entry) for entry in table.pop("hyperparameter"))
    traps = tuple(_region(entry) for entry in table.pop("trap"))
    doubtful = tuple(_region(entry) for entry in table.pop("doubtful"))
    return Labelled(file.parent.name, file.stem, **table, labels=labels, traps=traps, doubtful=doubtful)


def _label(entry: dict[str, Any]) -> CorpusLabel:
    kinds = {"kind": Kind(entry["kind"]), "also": tuple(map(Kind, entry.get("also", ())))}
    return CorpusLabel(**{**entry, **kinds, "form": Form(entry["form"])})


def _region(entry: dict[str, Any]) -> Region:
    return Region(**{**entry, "kinds": tuple(map(Kind, entry.get("kinds", ())))})


def script_file(script: Labelled, folder: Path) -> Path:
    """Return the script's file in `folder`; a missing one is downloaded.

    Raises:
        CorpusError: It cannot be downloaded, or its content is not the labelled one.
    """
    file = folder / script.part / f"{script.name}.py"
    if not file.exists():
        content = _fetch(script)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    if hashlib.sha256(file.read_bytes()).hexdigest() != script.sha256:
        raise CorpusError(f"{file} is not the labelled script: delete it, and it is downloaded again")
    return file


def _fetch(script: Labelled) -> bytes:
    try:
        with urllib.request.urlopen(script.url, timeout=30) as answer:
            content: bytes = answer.read()
    except (urllib.error.URLError, TimeoutError) as error:
        remedy = "name a folder with the scripts: --scripts FOLDER or MUTEGREEN_CORPUS=FOLDER"
        raise CorpusError(f"{script.url} cannot be downloaded: {error}\n  {remedy}") from None
    return content
