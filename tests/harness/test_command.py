"""The supervision of one command: lines, times, timeouts, and that nothing is left running."""

import gc
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from mutegreen.harness.process import command
from mutegreen.harness.process.command import Command, CommandResult, OutputLine

MARK = f"test-process-{os.getpid()}/1"


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    command.become_subreaper()
    yield
    left = command.find_marked(MARK)
    for one in left:
        one.kill()
    assert left == []


def run(code: str, folder: Path, timeout_s: float | None = None) -> tuple[CommandResult, list[OutputLine]]:
    lines: list[OutputLine] = []
    with Command([sys.executable, "-u", "-c", code], folder, dict(os.environ), MARK) as command:
        ended = command.wait(lines.append, timeout_s)
    return ended, lines


def test_lines_of_both_streams_come_with_their_times(tmp_path: Path) -> None:
    code = "import sys, time; print('a'); time.sleep(0.3); print('b', file=sys.stderr); sys.exit(3)"
    ended, lines = run(code, tmp_path)
    assert [(line.stream, line.text) for line in lines] == [("out", "a"), ("err", "b")]
    assert lines[1].time_s >= 0.3, "from the start of the command, however late the first line was read"
    assert 0 < lines[0].time_s <= lines[1].time_s
    assert ended.status == 3
    assert ended.duration_s >= lines[1].time_s
    assert not ended.timed_out


def test_a_progress_bar_is_cut_at_carriage_returns(tmp_path: Path) -> None:
    _, lines = run("import sys; sys.stderr.write('10%\\r20%\\r\\n'); sys.stdout.write('no end of line')", tmp_path)
    assert sorted(line.text for line in lines) == ["10%", "20%", "no end of line"]


def test_much_output_without_line_ends_is_cut_not_kept(tmp_path: Path) -> None:
    _, lines = run("import sys; sys.stdout.write('x' * 1_000_000)", tmp_path)
    assert sum(len(line.text) for line in lines) == 1_000_000
    assert max(len(line.text) for line in lines) < 3 * command.MAX_LINE_BYTES


def test_bytes_that_are_no_text_are_accepted(tmp_path: Path) -> None:
    _, lines = run("import sys; sys.stdout.buffer.write(b'\\xff\\xfe ok\\n')", tmp_path)
    assert lines[0].text.endswith(" ok")


@pytest.mark.xdist_group("quiet")
def test_cpu_time_and_memory_of_descendants_are_counted(tmp_path: Path) -> None:
    used = "print(time.process_time())"
    burn = f"import time\nx = bytearray(80_000_000)\nwhile time.process_time() < 0.5: pass\n{used}"
    code = f"import subprocess, sys, time; subprocess.run([sys.executable, '-c', {burn!r}]); {used}"
    ended, lines = run(code, tmp_path)
    reported_s = sum(float(line.text) for line in lines)
    assert reported_s > 0.5
    assert reported_s - 0.01 <= ended.cpu_s < 1.5 * reported_s, (
        "what each process reports at its end, nothing counted twice"
    )
    assert ended.peak_rss_bytes > 80_000_000


CHILDREN = """
import os, signal, subprocess, sys, time
sleeper = [sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"]
subprocess.Popen(sleeper)                               # ignores SIGTERM
subprocess.Popen(["sleep", "600"], start_new_session=True)   # leaves the session
if os.fork() == 0:                                      # a daemon: its parent is gone
    if os.fork() == 0:
        os.setsid()
        time.sleep(600)
    os._exit(0)
print("started", flush=True)
"""


def test_the_end_of_a_command_is_the_end_of_all_it_started(tmp_path: Path) -> None:
    ended, _ = run(CHILDREN + "time.sleep(0.3)", tmp_path)
    assert ended.status == 0
    assert command.find_marked(MARK) == []


@pytest.mark.xdist_group("quiet")
def test_a_timeout_ends_the_whole_group_and_says_so(tmp_path: Path) -> None:
    ended, lines = run(CHILDREN + "time.sleep(600)", tmp_path, timeout_s=5.0)
    assert ended.timed_out
    assert 5.0 <= ended.duration_s < 600, "it was ended; it would have gone on"
    assert command.TERMINATE_GRACE_S <= 1
    assert [line.text for line in lines] == ["started"]


def test_an_interrupt_ends_everything(tmp_path: Path) -> None:
    def interrupt(line: OutputLine) -> None:
        raise KeyboardInterrupt

    command = Command([sys.executable, "-c", CHILDREN + "time.sleep(600)"], tmp_path, dict(os.environ), MARK)
    with pytest.raises(KeyboardInterrupt), command:
        command.wait(interrupt)
    assert not psutil.pid_exists(command.pid)


@pytest.mark.xdist_group("quiet")
def test_threads_that_outlive_the_first_one_are_ended_too(tmp_path: Path) -> None:
    """Their process looks dead, as its first thread is, and is not: so do trainings for a moment when killed."""
    code = (
        "import ctypes, threading, time\n"
        "threading.Thread(target=time.sleep, args=[600]).start()\n"
        "print('goes', flush=True)\n"
        "ctypes.CDLL(None).pthread_exit(None)"
    )
    ended, lines = run(code, tmp_path, timeout_s=5.0)
    assert [line.text for line in lines] == ["goes"]
    assert ended.timed_out
    assert ended.status == -9


def test_a_signal_is_distinguished_from_an_exit_status(tmp_path: Path) -> None:
    ended, _ = run("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", tmp_path)
    assert ended.status == -signal.SIGSEGV


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Command(["no-such-program"], tmp_path, {}, MARK)


def test_many_commands_leave_no_descriptor_open(tmp_path: Path) -> None:
    run("print(1)", tmp_path)
    gc.collect()  # what earlier tests have left open would be closed in between
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        run("print(1)", tmp_path)
    assert len(os.listdir("/proc/self/fd")) <= before
