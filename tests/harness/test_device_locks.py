"""Locks by device: two audits on one machine know of each other."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mutegreen.errors import UsageError
from mutegreen.harness.machine.device_locks import FOLDER_VARIABLE, POLL_S, Holder, lock_names, locked
from support.audits import Held, started
from support.commands import Run
from support.limits import PROCESS_S
from support.tiny import write_subject

HOLDER = Holder("of a", 1, "now")
TAKEN = (
    "from mutegreen.harness.machine.device_locks import *\n"
    "import time\nwith locked(['cpu'], Holder.this('of b'), print):\n    "
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "locks"))
    return tmp_path / "locks"


def held_by_another(code: str = "print('held', flush=True); input()") -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, "-c", TAKEN + code], stdin=pipe, stdout=pipe, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def heard(device: str, holder: Holder | None) -> None:
    pytest.fail(f"waits for {holder} on {device}")


def test_every_audit_loads_the_cpu_and_only_its_own_gpus() -> None:
    assert lock_names(["gpu:b", "cpu:package-0", "cpu:package-1", "dram:package-0", "gpu:a"]) == [
        "cpu",
        "gpu:a",
        "gpu:b",
    ]
    assert lock_names([]) == ["cpu"]


def test_a_free_device_is_locked_at_once_and_released() -> None:
    for _ in range(2):
        with locked(["cpu", "gpu:a"], HOLDER, heard, wait=False):
            pass


def test_different_gpus_do_not_wait_for_each_other() -> None:
    with locked(["gpu:a"], HOLDER, heard), locked(["gpu:b"], HOLDER, heard, wait=False):
        pass


def test_a_device_in_use_is_reported_with_its_owner() -> None:
    with held_by_another() as other:
        said = rf"audit of b \(process {other.pid}, since .*\) measures on cpu"
        with pytest.raises(UsageError, match=said), locked(["cpu"], HOLDER, heard, wait=False):
            pass
        other.kill()


def test_it_waits_until_the_other_has_ended_and_says_so_once(tmp_path: Path) -> None:
    """The message about the wait makes the other process end; it records its end and kills itself."""
    notices: list[tuple[str, Holder | None]] = []
    ended = tmp_path / "ended"
    # The sleep is longer than one look at the lock: a lock that was not waited for is had before the note.
    last = f"time.sleep({1.2 * POLL_S}); open({str(ended)!r}, 'w').close(); os.kill(os.getpid(), 9)"
    with held_by_another(f"print('held', flush=True); input(); {last}") as other:

        def waits(*what: Any) -> None:
            notices.append(what)
            assert other.poll() is None, "it still has the lock"
            assert other.stdin is not None
            print(file=other.stdin, flush=True)

        with locked(["cpu"], HOLDER, waits):
            assert ended.exists()
    assert other.returncode == -signal.SIGKILL, "it did not give the lock back"
    assert [(device, holder.pid if holder else None) for device, holder in notices] == [("cpu", other.pid)]


def test_the_lock_of_a_killed_process_is_stale(folder: Path) -> None:
    with held_by_another() as other:
        other.send_signal(signal.SIGKILL)
        other.wait()
    assert json.loads((folder / "cpu.lock").read_text())["pid"] == other.pid, "its file is still there"
    with locked(["cpu"], HOLDER, heard, wait=False):
        pass


def test_a_file_without_a_valid_lock_is_replaced(folder: Path) -> None:
    folder.mkdir()
    (folder / "cpu.lock").write_text("rubbish")
    with locked(["cpu"], HOLDER, heard, wait=False):
        assert json.loads((folder / "cpu.lock").read_text())["audit"] == "of a"


def test_a_folder_that_cannot_be_made_does_not_prevent_measuring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "file/locks"))
    with locked(["cpu"], HOLDER, heard, wait=False):
        pass


def test_two_audits_one_after_the_other(tmp_path: Path, mutegreen: Run) -> None:
    """The second audit reports that it waits, or ends at once; it never trains at the same time as the first."""
    held = Held(tmp_path, start=2)
    folder = write_subject(tmp_path / "points", held.script())
    words = ("run", folder, "--mutants", "1", "--repetitions", "1", "--cooldown", "0")
    locks = {FOLDER_VARIABLE: str(tmp_path / "locks")}
    with started(tmp_path, *words, **locks) as first:
        held.wait()
        refused = mutegreen(*words, "--no-wait", "--store", "other.sqlite", **locks)
        with started(tmp_path, *words, "--store", "other.sqlite", **locks) as second:
            assert second.stderr is not None
            said = ""
            while "waiting: " not in said and (line := second.stderr.readline()):
                said += line
            assert not (tmp_path / "audits").exists(), "it has not begun"
            held.let_go()
            _, said_by_first = first.communicate(timeout=PROCESS_S)
            said += second.communicate(timeout=PROCESS_S)[1]
    assert refused.returncode == 2
    assert "measures on cpu" in refused.stderr
    assert (first.returncode, second.returncode) == (0, 0), said_by_first + said
    assert said.count(f"waiting: audit of points (process {first.pid}") == 1
