"""CPU time and memory of clients: whose a process is, and that no second is lost or counted twice."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mutegreen.attribution.cpu_total import CpuTotal, ProcessSample
from mutegreen.attribution.processes import LINGER_S, MARK, PAGE_BYTES, SETTLING_S, Processes
from mutegreen.attribution.usage import BusyTime, Usage
from mutegreen.meters.estimate.cpu_time import TICKS_PER_S
from mutegreen.testing.simulated import FakeClock
from support.ledger_fakes import KnownProcesses
from support.limits import EVENT_S


def seen(pid: int, parent: int = 1, own_s: float = 0.0, waited_s: float = 0.0, started: int = 0) -> ProcessSample:
    return ProcessSample(pid, parent, pid, started, own_s, waited_s)


def look(*processes: ProcessSample) -> dict[int, ProcessSample]:
    return {process.pid: process for process in processes}


def test_a_child_that_its_parent_waited_for_is_counted_in_the_parent() -> None:
    total = CpuTotal()
    assert total.take(look(seen(10, own_s=1.0), seen(11, 10, own_s=5.0))) == 6.0
    assert total.take(look(seen(10, own_s=1.5, waited_s=5.5))) == 7.0


def test_a_child_that_no_process_of_the_client_waited_for_is_counted() -> None:
    total = CpuTotal()
    total.take(look(seen(10, own_s=1.0), seen(11, 10, own_s=5.0), seen(12, 1, own_s=2.0)))
    assert total.take(look(seen(10, own_s=1.0))) == 8.0


def test_a_whole_branch_that_ended_is_counted_once() -> None:
    total = CpuTotal()
    total.take(look(seen(10), seen(11, 10, own_s=1.0), seen(12, 11, own_s=2.0), seen(13, 12, own_s=3.0)))
    assert total.take(look(seen(10, waited_s=6.5))) == 6.5
    total.take(look(seen(10, waited_s=6.5), seen(14, 10, own_s=1.0), seen(15, 14, own_s=2.0)))
    assert total.take({}) == 9.5


def test_a_reused_process_id_is_another_process() -> None:
    total = CpuTotal()
    total.take(look(seen(10, own_s=9.0, started=1)))
    assert total.take(look(seen(10, own_s=0.5, started=2))) == 9.5


def test_a_child_read_twice_in_one_scan_is_not_counted_twice_later() -> None:
    total = CpuTotal()
    total.take(look(seen(10), seen(11, 10, own_s=4.0)))
    assert total.take(look(seen(10, waited_s=4.0), seen(11, 10, own_s=4.0))) == 8.0
    assert total.take(look(seen(10, waited_s=4.0))) == 8.0
    assert total.take(look(seen(10, own_s=5.0, waited_s=4.0))) == 9.0


def test_a_child_waited_for_between_two_files_of_one_look_is_counted_once() -> None:
    total = CpuTotal()
    total.take(look(seen(10), seen(11, 10, own_s=4.0)))
    assert total.take(look(seen(10))) == 4.0
    assert total.take(look(seen(10, waited_s=4.0))) == 4.0
    assert total.take(look(seen(10, waited_s=4.0, own_s=1.0))) == 5.0


@dataclass
class SimulatedProcesses:
    """Processes that run, fork, end and are waited for, as the kernel counts them."""

    chance: random.Random
    living: dict[int, list[float]] = field(default_factory=lambda: {1: [0.0, 0.0]})
    parents: dict[int, int] = field(default_factory=lambda: {1: 0})
    ignores: set[int] = field(default_factory=set)
    next_pid: int = 2
    truth_s: float = 0.0

    def step(self) -> None:
        pid = self.chance.choice(list(self.living))
        act = self.chance.random()
        if act < 0.6:
            used_s = self.chance.uniform(0, 1)
            self.living[pid][0] += used_s
            self.truth_s += used_s
        elif act < 0.85:
            self.living[self.next_pid], self.parents[self.next_pid] = [0.0, 0.0], pid
            if self.chance.random() < 0.2:
                self.ignores.add(self.next_pid)
            self.next_pid += 1
        elif pid != 1:
            self.end(pid)

    def end(self, pid: int) -> None:
        for child in [child for child, parent in self.parents.items() if parent == pid and child in self.living]:
            self.parents[child] = 0
        own_s, waited_s = self.living.pop(pid)
        parent = self.parents[pid]
        if parent in self.living and parent not in self.ignores:
            self.living[parent][1] += own_s + waited_s

    def look(self) -> Mapping[int, ProcessSample]:
        return {pid: ProcessSample(pid, self.parents[pid], 1, 0, *times) for pid, times in self.living.items()}


def test_whatever_processes_do_their_total_is_exact_if_each_step_is_seen() -> None:
    for seed in range(50):
        simulated, total = SimulatedProcesses(random.Random(seed)), CpuTotal()
        for _ in range(300):
            simulated.step()
            assert total.take(simulated.look()) == pytest.approx(simulated.truth_s)


def test_with_rare_looks_the_total_grows_and_is_never_too_high() -> None:
    for seed in range(50):
        simulated, total, before_s = SimulatedProcesses(random.Random(seed)), CpuTotal(), 0.0
        for number in range(300):
            simulated.step()
            if number % 7 == 0:
                now_s = total.take(simulated.look())
                assert before_s <= now_s <= simulated.truth_s + 1e-9
                before_s = now_s
        assert before_s > 0.7 * simulated.truth_s


class FakeProc:
    """A folder that looks like /proc."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(
        self,
        pid: int,
        parent: int,
        session: int,
        *,
        cpu_s: float = 0.0,
        mark: str | None = None,
        pages: str = "0 0",
        started: int = 0,
    ) -> None:
        folder = self.root / str(pid)
        folder.mkdir(exist_ok=True)
        ticks = round(cpu_s * TICKS_PER_S)
        times = f"{ticks // 2} {ticks - ticks // 2} 0 0"
        stat = f"{pid} (a (wild) name) S {parent} {pid} {session} 0 -1 0 0 0 0 0 {times} 20 0 1 0 {started} 0 0"
        (folder / "stat").write_text(stat)
        (folder / "statm").write_text(f"999 {pages} 0 0 0 0")
        (folder / "environ").write_bytes(b"HOME=/\0" + (f"{MARK}={mark}\0".encode() if mark else b""))

    def end(self, pid: int) -> None:
        for file in (self.root / str(pid)).iterdir():
            file.unlink()
        (self.root / str(pid)).rmdir()


@pytest.fixture
def proc(tmp_path: Path) -> FakeProc:
    made = FakeProc(tmp_path)
    made.put(1, 0, 1)
    (tmp_path / "uptime").write_text("no process")
    return made


def pids(processes: Processes, now_s: float) -> dict[str, list[int]]:
    return {client: sorted(tree.pids) for client, tree in processes.scan(now_s).items()}


def test_the_client_of_a_process(proc: FakeProc) -> None:
    proc.put(10, 1, 10, mark="audit/1")
    proc.put(20, 1, 20, mark="audit/2")
    processes = Processes(proc.root)
    processes.attach("a", 10)
    processes.attach("b", 20)
    proc.put(11, 1, 10)  # of the session
    proc.put(12, 11, 12)  # left it, its parent belongs
    proc.put(13, 1, 13, mark="audit/1")  # left it, lost its parent
    proc.put(21, 20, 20, mark="audit/2")
    proc.put(30, 1, 30, mark="audit/3")
    proc.put(31, 1, 31)
    assert pids(processes, 0.0) == {"a": [10, 11, 12, 13], "b": [20, 21]}
    assert (processes.owner(12), processes.owner(21), processes.owner(31)) == ("a", "b", None)


def test_a_process_stays_with_its_client_after_its_parent_has_ended(proc: FakeProc) -> None:
    proc.put(10, 1, 10)
    proc.put(11, 10, 11)
    processes = Processes(proc.root)
    processes.attach("a", 10)
    processes.scan(0.0)
    proc.end(10)
    proc.put(11, 1, 11)
    assert pids(processes, 1.0) == {"a": [11]}


def test_a_new_process_may_still_be_assigned_to_a_client(proc: FakeProc) -> None:
    processes = Processes(proc.root)
    proc.put(10, 1, 10, mark="audit/1")
    processes.attach("a", 10)
    proc.put(11, 1, 1)
    proc.put(12, 1, 1)
    assert pids(processes, 0.0) == {"a": [10]}
    proc.put(11, 1, 11, mark="audit/1")
    assert pids(processes, SETTLING_S) == {"a": [10, 11]}
    proc.put(12, 1, 12, mark="audit/1")
    assert pids(processes, SETTLING_S + 1) == {"a": [10, 11]}


def test_an_ended_process_is_known_for_a_moment_and_its_number_may_be_anothers(proc: FakeProc) -> None:
    proc.put(10, 1, 10)
    proc.put(11, 10, 10)
    processes = Processes(proc.root)
    processes.attach("a", 10)
    processes.scan(0.0)
    proc.end(11)
    processes.scan(1.0)
    assert processes.owner(11) == "a"
    proc.put(11, 1, 11)
    assert pids(processes, 2.0) == {"a": [10]}
    processes.scan(2.0 + LINGER_S)
    assert processes.owner(11) is None


def test_a_process_id_reused_between_two_scans_belongs_to_no_client(proc: FakeProc) -> None:
    proc.put(10, 1, 10)
    proc.put(11, 10, 10, cpu_s=1.0, started=5)
    processes = Processes(proc.root)
    processes.attach("a", 10)
    processes.scan(0.0)
    proc.put(11, 1, 11, cpu_s=7.0, started=6)
    assert processes.scan(1.0)["a"].cpu_s == pytest.approx(1.0)
    assert processes.owner(11) is None


def test_processes_of_no_client_are_read_again_after_a_while(proc: FakeProc) -> None:
    processes = Processes(proc.root)
    proc.put(10, 1, 10)
    proc.put(11, 1, 11)
    processes.attach("a", 10)
    processes.scan(0.0)
    processes.scan(60.0)
    processes.forget("a")
    proc.put(11, 10, 10)
    processes.attach("b", 10)
    assert pids(processes, 7200.0) == {"b": [10, 11]}


def test_memory_in_common_counts_once(proc: FakeProc) -> None:
    proc.put(10, 1, 10, pages="500 300")
    proc.put(11, 10, 10, pages="450 350")
    processes = Processes(proc.root)
    processes.attach("a", 10)
    assert processes.scan(0.0)["a"].memory_bytes == (200 + 100 + 350) * PAGE_BYTES


def test_a_final_cpu_time_is_counted_to_the_end(proc: FakeProc) -> None:
    proc.put(10, 1, 10, cpu_s=2.0)
    proc.put(11, 10, 10, cpu_s=1.0)
    processes = Processes(proc.root)
    processes.attach("a", 10)
    assert processes.scan(0.0)["a"].cpu_s == pytest.approx(3.0)
    proc.end(10)
    proc.end(11)
    processes.finish("a", 4.5)
    assert processes.scan(1.0)["a"].cpu_s == pytest.approx(4.5)


def test_a_client_that_is_started_again_keeps_its_cpu_time(proc: FakeProc) -> None:
    proc.put(10, 1, 10, cpu_s=2.0)
    processes = Processes(proc.root)
    processes.attach("a", 10)
    processes.scan(0.0)
    proc.end(10)
    proc.put(20, 1, 20, cpu_s=0.5)
    processes.attach("a", 20)
    assert processes.scan(1.0)["a"].cpu_s == pytest.approx(2.5)


def test_a_process_that_ended_before_it_was_adopted_is_ignored(proc: FakeProc) -> None:
    processes = Processes(proc.root)
    processes.attach("a", 4711)
    assert processes.scan(0.0)["a"].cpu_s is None
    processes.finish("a", 0.25)
    assert processes.scan(1.0)["a"].cpu_s == pytest.approx(0.25)
    processes.forget("a")
    assert processes.scan(2.0) == {}


def test_cpu_time_is_used_between_two_readings() -> None:
    clock = FakeClock()
    processes = KnownProcesses(clock)
    usage = Usage(processes)
    usage.attach("a", 10)
    processes.load = {"a": 0.5}
    assert usage.read(clock()).busy == ()
    used: list[BusyTime] = []
    for load in (0.5, 2.0):
        processes.load = {"a": load}
        clock.advance(4.0)
        used += usage.read(clock()).busy
    assert used == [BusyTime("a", "cpu", 1000.0, 1004.0, 2.0), BusyTime("a", "cpu", 1004.0, 1008.0, 8.0)]


FAMILY = """
import os, subprocess, sys, time
burn = "import time\\nwhile time.process_time() < 0.3: pass"
subprocess.run([sys.executable, "-c", burn])                                   # ends, waited for
stray = subprocess.Popen([sys.executable, "-c", burn + "\\ntime.sleep(600)"], start_new_session=True)
if os.fork() == 0:                                                             # a daemon
    if os.fork() == 0:
        os.setsid()
        os.execv(sys.executable, [sys.executable, "-c", burn + "\\ntime.sleep(600)"])
    os._exit(0)
os.wait()
print("started", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def family() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-c", FAMILY],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, MARK: f"test-process-use-{os.getpid()}"},
    )
    with process:
        assert process.stdout
        process.stdout.readline()
        yield process
        process.stdin.close()


@pytest.mark.xdist_group("quiet")
def test_real_processes_wherever_they_went(family: subprocess.Popen[bytes]) -> None:
    processes = Processes()
    processes.attach("a", family.pid)
    deadline_s = time.monotonic() + EVENT_S
    tree = processes.scan(time.monotonic())["a"]
    try:
        while tree.cpu_s is None or tree.cpu_s < 0.8:
            assert time.monotonic() < deadline_s, tree
            time.sleep(0.05)
            tree = processes.scan(time.monotonic())["a"]
        assert len(tree.pids) == 3
        assert tree.memory_bytes is not None
        assert 3 * 2**20 < tree.memory_bytes < 2**29
    finally:
        for pid in tree.pids - {family.pid}:
            os.kill(pid, 9)
