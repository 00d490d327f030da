"""Write drawings as PNG, SVG or PDF; equal drawings give equal bytes."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from mutegreen.errors import MuteGreenError
from mutegreen.report.figures.style import Drawing, figure_style

FORMATS = ("png", "svg", "pdf")
_PREFIX = "mutegreen"
"""Beginning of the name of every file; a file with such a name may be replaced."""
_MAX_CHARACTERS = 80


def write(drawing: Drawing, folder: Path, stem: str, form: str) -> Path:
    """Write a drawing as `mutegreen-<stem>-<kind>.<form>` and replace an earlier one.

    Args:
        drawing: The drawing.
        folder: The folder; created if missing.
        stem: A result of `file_stems`.
        form: One of `FORMATS`.

    Raises:
        MuteGreenError: The file cannot be written.
    """
    path = folder / f"{'-'.join(filter(None, (_PREFIX, stem, drawing.kind, drawing.part)))}.{form}"
    # Written under another name first: the final name never holds an incomplete figure.
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with figure_style():
            drawing.figure.savefig(part, format=form, metadata=_metadata(drawing, form))
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise MuteGreenError(f"{path}: {error.strerror}", "name another folder with --out FOLDER") from error
    return path


def file_stems(names: Iterable[str]) -> list[str]:
    """Return for each name a unique one that is valid in file names."""
    stems: list[str] = []
    for name in names:
        stem = re.sub(r"[^\w.=+-]+", "-", name).strip("-.")[:_MAX_CHARACTERS] or "unnamed"
        taken = {other.casefold() for other in stems}
        stems.append(next(each for each in _numbered(stem) if each.casefold() not in taken))
    return stems


def _numbered(stem: str) -> Iterator[str]:
    yield stem
    yield from (f"{stem}-{number}" for number in itertools.count(2))


def _metadata(drawing: Drawing, form: str) -> dict[str, str | None]:
    """Return title and caption under the keys of the format; no date, which would make equal figures differ."""
    if form == "pdf":
        return {"Title": drawing.title, "Subject": drawing.caption, "CreationDate": None}
    if form == "svg":
        return {"Title": drawing.title, "Description": drawing.caption, "Date": None}
    return {"Title": drawing.title, "Description": drawing.caption}
