"""How a store's file is opened, and what a user is told when that or anything later fails."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mutegreen.errors import StoreError

BUSY_TIMEOUT_S = 30.0
"""How long to wait for another process that writes."""


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Opens a file of SQLite in autocommit mode; `mode` is `rwc`, which makes it if need be, or `rw`."""
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
    """Errors of SQLite and of the file system as ours, with a remedy."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        remedy = next((remedy for sign, remedy in _REMEDIES if sign in str(error)), None)
        raise StoreError(f"{path}: {error}", remedy) from error
    except OSError as error:
        raise StoreError(
            f"{path}: its folder cannot be created or read: {error.strerror}", "name another place with --store FILE"
        ) from error
