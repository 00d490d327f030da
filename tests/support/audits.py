"""Run audits as separate processes, wait for their trials, and read their stores."""

import sqlite3
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from mutegreen.attribution.processes import MARK
from mutegreen.harness.process.command import find_marked
from support.limits import EVENT_S
from support.tiny import TRAIN, command, environment, hears_ctrl_c

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


def window_s(store: Path) -> dict[int, float]:
    """Return the time over which the energy of each trial was measured, seconds; start and end are included."""
    with closing(sqlite3.connect(store)) as db:
        return dict(db.execute("SELECT DISTINCT trial, duration_s FROM energy").fetchall())


@dataclass(frozen=True)
class Held:
    """A training that waits in one of its starts until it is released, so a test can act while it runs.

    Args:
        folder: The folder of the files by which test and training communicate.
        start: Which start waits. The preflight is the first, trial n is start n + 1.
        on: Whether later starts wait, too.
    """

    folder: Path
    start: int
    on: bool = False

    def script(self, train: str = TRAIN) -> str:
        """Return the source of the training; it waits for ten minutes at most."""
        compare = ">=" if self.on else "=="
        wait = f"""\
import os
with open({str(self.folder / "starts")!r}, "a") as starts:
    starts.write("x")
    starts.flush()
    number = starts.tell()
for turn in range(60_000):
    if not (number {compare} {self.start} and os.path.exists({str(self.folder / "hold")!r})):
        break
    open({str(self.folder)!r} + f"/held-{{number}}", "w").close()
    time.sleep(0.01)
rng = """
        assert "rng = " in train
        (self.folder / "hold").touch()
        return train.replace("rng = ", wait, 1)

    def wait(self, count: int = 1) -> None:
        """Return as soon as this number of starts waits."""
        wait_for(lambda: len(list(self.folder.glob("held-*"))) >= count, f"start {self.start} of the training")

    def let_go(self) -> None:
        """Release the waiting starts; later starts do not wait."""
        (self.folder / "hold").unlink()


@contextmanager
def started(
    folder: Path, *words: object, line: Sequence[str] | None = None, **variables: str
) -> Iterator[subprocess.Popen[str]]:
    """Run a command during the block. At its end the command is killed, with all its trainings in the folder.

    Args:
        folder: The working folder.
        words: The arguments of `mutegreen`.
        line: The complete command, if it is not `mutegreen` with these words.
        variables: Variables of the environment.
    """
    process = subprocess.Popen(
        line or command(*words),
        cwd=folder,
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hears_ctrl_c,  # noqa: PLW1509 - these tests start no threads
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
        for left in find_marked(str(folder)):
            left.kill()


def wait_for(condition: Any, what: str, timeout_s: float = EVENT_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout_s} s for {what}"
        time.sleep(0.002)


def running(folder: Path, number: str = "") -> bool:
    """Return whether a trial is running: a process carries its mark."""
    for process in find_marked(str(folder)):
        try:
            mark = process.environ().get(MARK, "")
        except psutil.Error:
            continue
        if mark.rpartition("/")[2].startswith(number) and "preflight" not in mark:
            return True
    return False
