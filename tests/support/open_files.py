"""List the open files of this process."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def open_files(folder: Path | None = None) -> list[str]:
    """Return the open files, sorted: those below a folder, or all, with pipes and sockets, if no folder is given.

    A test that compares two calls collects garbage before the first one. Otherwise files that earlier tests left to
    the collector might be closed in between.
    """
    paths = []
    for descriptor in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # the one by which the folder itself was listed
            paths.append(os.readlink(f"/proc/self/fd/{descriptor}"))
    below = f"{folder.resolve()}/" if folder else ""
    return sorted(path for path in paths if path.startswith(below))
