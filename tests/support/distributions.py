"""Create installed packages with entry points, in the layout that pip creates."""

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

Installer = Callable[[str, dict[str, str], str], None]
"""(name, files by path, text of entry_points.txt)"""


def installer(site: Path, monkeypatch: pytest.MonkeyPatch) -> Installer:
    """Return a function that adds distributions to a folder on the path: files and entry points."""
    site.mkdir()
    monkeypatch.syspath_prepend(site)

    def install_one(name: str, files: dict[str, str], entry_points: str) -> None:
        info = site / f"{name}-1.0.dist-info"
        for path, text in files.items():
            file = site / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(textwrap.dedent(entry_points))

    return install_one
