"""Opens a store's file, and turns errors of SQLite and of the file system into errors with a remedy."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mutegreen.errors import StoreError

BUSY_TIMEOUT_S = 30.0
"""How long to wait for another process that writes, seconds."""


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Open an SQLite file in autocommit mode.

    Args:
        path: The file.
        mode: `rw`, or `rwc` to create the file if it is missing.
    """
    uri = f"{path.resolve().as_uri()}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    connection.row_factory = sqlite3.Row
    return connection


_REMEDIES = (
    ("full", "free some space; nothing measured so far is lost"),
    ("readonly", "make the file and its folder writable, or name another with --store FILE"),
    ("unable to open", "make its folder readable and writable, or name another with --store FILE"),
    ("not a database", "it is not a store of MuteGreen: name another file with --store FILE"),
    ("locked", "another process is writing to it; try again when it has finished"),
    ("disk I/O", "the disk fails or is full; nothing measured so far is lost"),
)


@contextmanager
def translate_errors(path: Path) -> Iterator[None]:
    """Raise errors of SQLite and of the file system as `StoreError` with a remedy."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        remedy = next((remedy for sign, remedy in _REMEDIES if sign in str(error)), None)
        raise StoreError(f"{path}: {error}", remedy) from error
    except OSError as error:
        raise StoreError(
            f"{path}: its folder cannot be created or read: {error.strerror}", "name another place with --store FILE"
        ) from error
