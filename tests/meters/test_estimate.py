from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest

from mutegreen.errors import MeterUnavailable, UsageError
from mutegreen.meters.estimate.cpu_time import cpu_share, machine_busy_s, memory_bytes, other_load
from mutegreen.meters.estimate.meter import EstimateMeter
from mutegreen.meters.recorder import Recorder
from mutegreen.testing.simulated import FakeClock, Schedule
from support.meter_fakes import TICKS_PER_S, FakeMachine

CPU, DRAM = "cpu:package-0", "dram:package-0"
IDLE = Schedule((0.0, 0.0))


def opened(root: Path, clock: FakeClock, *powers: float | None) -> EstimateMeter:
    meter = EstimateMeter(*powers, root=root, clock=clock, sleep=clock.advance)
    meter.open()
    return meter


def watts(meter: EstimateMeter, clock: FakeClock, seconds: float = 10.0) -> dict[str, float]:
    before = meter.read().energy_j
    clock.advance(seconds)
    return {domain: (energy_j - before[domain]) / seconds for domain, energy_j in meter.read().energy_j.items()}


@pytest.mark.parametrize(
    ("busy_cpus", "cpu_w"),
    [(0.0, 4 * 0.74), (4.0, 4 * 3.5), (1.0, 3 * 0.74 + 3.5), (2.0, 2 * (0.74 + 3.5))],
)
def test_published_means_for_each_cpu_and_gibibyte(tmp_path: Path, busy_cpus: float, cpu_w: float) -> None:
    clock = FakeClock()
    FakeMachine(tmp_path, clock, Schedule((0.0, busy_cpus)), cpus=4, memory_kib=16 * 2**20)
    assert watts(opened(tmp_path, clock), clock) == pytest.approx({CPU: cpu_w, DRAM: 16 * 0.392})


def test_powers_of_ones_own_machine(tmp_path: Path) -> None:
    clock = FakeClock()
    FakeMachine(tmp_path, clock, Schedule((0.0, 1.0)), cpus=4)
    assert watts(opened(tmp_path, clock, 20.0, 120.0, 3.0), clock) == pytest.approx({CPU: 45.0, DRAM: 3.0})


@pytest.mark.parametrize(
    ("column", "busy"),
    [
        ("user", True),
        ("nice", True),
        ("system", True),
        ("idle", False),
        ("iowait", False),
        ("irq", True),
        ("softirq", True),
        ("steal", False),
    ],
)
def test_which_time_is_busy(tmp_path: Path, column: str, busy: bool) -> None:
    names = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal", "guest", "guest_nice"]
    clock = FakeClock()
    machine = FakeMachine(tmp_path, clock, IDLE, cpus=1)
    ticks = {name: 500 * TICKS_PER_S if name == column else 0 for name in names}
    # A virtual machine that runs here is in user time and once more in guest time.
    ticks["guest"] = ticks["user"]
    line = " ".join(str(count) for count in ticks.values())
    machine.write("proc/stat", f"cpu  {line}\ncpu0 {line}\n")
    assert machine_busy_s(tmp_path) == (500.0 if busy else 0.0)


class TestRefusals:
    def test_cpu_time_that_does_not_grow(self, tmp_path: Path) -> None:
        clock = FakeClock()
        machine = FakeMachine(tmp_path, clock, IDLE)
        clock.watchers.remove(machine.tick)
        with pytest.raises(MeterUnavailable, match="counts no CPU time") as caught:
            opened(tmp_path, clock)
        assert caught.value.remedy

    @pytest.mark.parametrize("file", ["proc/stat", "proc/meminfo", "proc/self/status"])
    def test_a_file_that_is_missing(self, tmp_path: Path, file: str) -> None:
        clock = FakeClock()
        machine = FakeMachine(tmp_path, clock, IDLE)
        if file == "proc/stat":
            clock.watchers.remove(machine.tick)
        (tmp_path / file).unlink()
        with pytest.raises(MeterUnavailable, match=file):
            opened(tmp_path, clock)

    @pytest.mark.parametrize("powers", [(-1.0, None, None), (None, float("nan"), None), (None, None, float("inf"))])
    def test_powers_that_are_none(self, powers: tuple[float | None, ...]) -> None:
        with pytest.raises(UsageError, match="not a power in watts"):
            EstimateMeter(*powers)

    def test_idle_above_full(self, tmp_path: Path) -> None:
        clock = FakeClock()
        FakeMachine(tmp_path, clock, IDLE, cpus=4)
        with pytest.raises(UsageError, match=r"idle_w \(50 W\) is greater than full_w \(14 W\)"):
            opened(tmp_path, clock, 50.0)


class TestContainers:
    def test_cpus_outside_the_cpuset_are_not_counted(self, tmp_path: Path) -> None:
        clock = FakeClock()
        machine = FakeMachine(tmp_path, clock, IDLE, cpus=8)
        machine.write("proc/self/status", "Cpus_allowed_list:\t0,2-3\n")
        clock.watchers.remove(machine.tick)

        def tick() -> None:
            elapsed = round((clock() - machine.born_s) * TICKS_PER_S)
            each = {f"cpu{number}": (elapsed, 0) for number in range(8)} | {"cpu2": (0, elapsed)}
            machine.write_stat({"cpu": (7 * elapsed, elapsed)} | each)

        clock.watchers.append(tick)
        meter = opened(tmp_path, clock)
        assert watts(meter, clock)[CPU] == pytest.approx(2 * 3.5 + 0.74)

    def test_cpus_numbered_differently_than_in_the_mask(self, tmp_path: Path) -> None:
        machine = FakeMachine(tmp_path, FakeClock(), Schedule((0.0, 1.0)), cpus=4)
        machine.write("proc/self/status", "Cpus_allowed_list:\t12-15\n")
        share = cpu_share(tmp_path)
        assert (share.cpus, set(share.busy_s())) == (4, {"cpu"})

    @pytest.mark.parametrize("holder", ["", "docker/", "docker/ab12/"])
    def test_quota_counts_the_cgroup(self, tmp_path: Path, holder: str) -> None:
        clock = FakeClock()
        machine = FakeMachine(tmp_path, clock, Schedule((0.0, 4.0)), cpus=4)
        machine.write("proc/self/cgroup", "1:name=systemd:/\n0::/docker/ab12\n")
        machine.write("sys/fs/cgroup/docker/ab12/cpu.max", "300000 100000\n")
        machine.write(f"sys/fs/cgroup/{holder}cpu.max", "150000 100000\n")
        start_s = clock()
        used = Schedule((0.0, 0.75))

        def tick() -> None:
            usage_us = round(used.integral(0.0, clock() - start_s) * 1e6)
            machine.write(f"sys/fs/cgroup/{holder}cpu.stat", f"usage_usec {usage_us}\nuser_usec 1\n")

        tick()
        clock.watchers.append(tick)
        assert watts(opened(tmp_path, clock), clock)[CPU] == pytest.approx(0.75 * 0.74 + 0.75 * 3.5)

    def test_quota_above_the_cpus_is_none(self, tmp_path: Path) -> None:
        machine = FakeMachine(tmp_path, FakeClock(), IDLE, cpus=4)
        machine.write("sys/fs/cgroup/cpu.max", "800000 100000\n")
        assert cpu_share(tmp_path).cpus == 4

    @pytest.mark.parametrize(("limit", "gib"), [("max", 8), (str(2 * 2**30), 2), (str(64 * 2**30), 8)])
    def test_memory_is_what_may_be_used(self, tmp_path: Path, limit: str, gib: int) -> None:
        machine = FakeMachine(tmp_path, FakeClock(), IDLE, memory_kib=8 * 2**20)
        machine.write("sys/fs/cgroup/memory.max", f"{limit}\n")
        assert memory_bytes(tmp_path) == gib * 2**30


def test_a_cpu_taken_offline_and_back_counts_what_it_did(tmp_path: Path) -> None:
    seconds = [{"cpu0": 100, "cpu1": 100}, {"cpu0": 105}, {"cpu0": 106, "cpu1": 102}, {"cpu0": 107, "cpu1": 50}]
    clock = FakeClock()
    machine = FakeMachine(tmp_path, clock, IDLE, cpus=4)
    machine.write("proc/self/status", "Cpus_allowed_list:\t0-1\n")
    meter = opened(tmp_path, clock, 0.0, 20.0)
    clock.watchers.clear()
    energy_j = []
    for busy in seconds:
        machine.write_stat({"cpu": (0, 0)} | {name: (s * TICKS_PER_S, 0) for name, s in busy.items()})
        energy_j.append(meter.read().energy_j[CPU])
    assert [after - energy_j[0] for after in energy_j[1:]] == pytest.approx([50.0, 80.0, 90.0])


class TestOtherLoad:
    @pytest.mark.parametrize(
        ("machine_s", "tree_s", "duration_s", "cpus"),
        [(30.0, 10.0, 10.0, 2.0), (10.0, 10.0, 10.0, 0.0), (9.99, 10.0, 10.0, 0.0), (1.0, 0.0, 0.0, 0.0)],
    )
    def test_is_what_the_tree_did_not_use(
        self, machine_s: float, tree_s: float, duration_s: float, cpus: float
    ) -> None:
        assert other_load(machine_s, tree_s, duration_s) == cpus

    def test_unknown_machine_time_is_none(self, tmp_path: Path) -> None:
        assert machine_busy_s(tmp_path) is None


class TestEstimateOnThisMachine:
    def test_agrees_with_psutil(self) -> None:
        before = psutil.cpu_times()
        busy_s = machine_busy_s()
        after = psutil.cpu_times()
        low, high = (t.user + t.nice + t.system + t.irq + t.softirq for t in (before, after))
        assert busy_s is not None
        assert low - 0.02 <= busy_s <= high + 0.02

    @pytest.mark.xdist_group("quiet")
    def test_a_busy_second_lies_between_idle_and_full(self) -> None:
        meter = EstimateMeter(1000.0, 3000.0, 8.0)
        meter.open()
        with Recorder([meter]) as recorder:
            recorder.begin("w")
            while time.monotonic() < meter._opened_s + 0.5:
                pass
            measured = recorder.end("w")
        cpu, dram = measured.domains
        assert cpu.energy_j is not None
        assert 1000.0 < cpu.energy_j / cpu.duration_s < 3300.0
        assert dram.energy_j == pytest.approx(8.0 * dram.duration_s)
