"""Converts a notebook to a script by nbconvert, without magics and shell commands."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mutegreen.errors import UsageError

_TIMED = re.compile(r"^%%(time|timeit|capture|prun)\b")
_MAGIC = re.compile(r"^(\s*)([%!].*)$")


def convert_notebook(notebook: Path) -> tuple[str, list[str]]:
    """Convert a notebook.

    Returns:
        The text of the script, and the lines that it leaves out.


    Raises:
        UsageError: nbconvert is not installed, or the file is not a Python notebook.
    """
    try:
        import nbformat
        from nbconvert import PythonExporter
    except ImportError:
        raise UsageError(
            f"{notebook}: a notebook needs the package nbconvert, which converts it to a script",
            "install it: pip install 'mutegreen[notebook]', or pip install nbconvert",
        ) from None
    try:
        document = nbformat.reads(notebook.read_text(encoding="utf-8-sig"), as_version=4)  # type: ignore[no-untyped-call]
    except Exception as error:  # nbformat raises what its JSON and schema libraries raise
        raise UsageError(f"{notebook}: not a notebook: {' '.join(str(error).split())[:200]}") from error
    language = document.metadata.get("kernelspec", {}).get("language", "python")
    if language != "python":
        raise UsageError(f"{notebook} is a notebook in {language}, not in Python")
    left_out = [line for cell in document.cells if cell.cell_type == "code" for line in _plain(cell)]
    exporter = PythonExporter(exclude_input_prompt=True)  # type: ignore[no-untyped-call]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it asks for IPython, which only the removed lines would need
        return str(exporter.from_notebook_node(document)[0]), left_out


def _plain(cell: Any) -> Iterator[str]:
    """Remove magics and shell commands from a cell, and yield these lines."""
    lines = cell.source.split("\n")
    if lines and lines[0].startswith("%%"):
        yield lines[0]
        if not _TIMED.match(lines[0]):
            cell.source = "\n".join(f"# {line}" for line in lines)
            return
        lines = lines[1:]
    kept = []
    for line in lines:
        magic = _MAGIC.match(line)
        if magic:
            yield magic[2]
        kept.append(f"{magic[1]}pass  # {magic[2]}" if magic else line)
    cell.source = "\n".join(kept)
