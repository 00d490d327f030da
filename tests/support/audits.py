"""Audits that run as processes of their own: started, watched, read from the store."""

import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from mutegreen.attribution.processes import MARK
from mutegreen.harness.process.command import marked
from support.tiny import command, environment, hears_ctrl_c

SMALL = ("--mutants", "2", "--repetitions", "2", "--cooldown", "0")
MANY = ("--mutants", "3", "--repetitions", "3", "--cooldown", "0")


def digest(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def rows(store: Path) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(store)) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute("SELECT * FROM trial ORDER BY number")]


def audit_of(store: Path) -> str:
    with closing(sqlite3.connect(store)) as db:
        return str(db.execute("SELECT id FROM audit").fetchone()[0])


@contextmanager
def started(folder: Path, *words: object, **variables: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command(*words),
        cwd=folder,
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hears_ctrl_c,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
        for left in marked(str(folder)):
            left.kill()


def wait_for(condition: Any, what: str, timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout_s} s for {what}"
        time.sleep(0.002)


def running(folder: Path, number: str = "") -> bool:
    """Whether a trial is seen to run: a process carries its mark."""
    for process in marked(str(folder)):
        try:
            mark = process.environ().get(MARK, "")
        except Exception:
            continue
        if mark.rpartition("/")[2].startswith(number) and "preflight" not in mark:
            return True
    return False
