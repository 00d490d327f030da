"""The use of GPUs as NVML reports it, and the shares that follow: simulated GPUs behind the real bindings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

import pytest

from mutegreen.attribution.gpu_use import LOOK_BACK_S, GpuUse
from mutegreen.attribution.ledger import ClientShare, Ledger
from mutegreen.attribution.usage import Usage
from mutegreen.model import DomainEnergy, Quality
from mutegreen.testing.simulated import FakeClock, Schedule
from support.fake_nvml import GPU_IS_LOST, NOT_SUPPORTED, UNKNOWN, FakeGpu, FakeNvml
from support.ledger_fakes import KnownProcesses
from support.nvml_bench import OTHER, MakeNvmlBench, NvmlBench, bench_fixture, joules

pynvml = pytest.importorskip("pynvml", reason="nvidia-ml-py is not installed")

__all__ = ["bench_fixture"]

UTILISATION = "nvmlDeviceGetProcessUtilization"
RUNNING = "nvmlDeviceGetComputeRunningProcesses_v3"
IDLE_W = 40.0


class SimulatedAudit:
    """Clients on simulated GPUs: the whole way from NVML to shares, with a tick in each second."""

    def __init__(self, bench: NvmlBench) -> None:
        self.bench, clock = bench, bench.clock
        self.processes = KnownProcesses(clock)
        self.gpus = GpuUse.open(bench.recorder.domains, clock=clock, wall_clock=clock)
        self.usage = Usage(self.processes, self.gpus)
        idle_w = dict.fromkeys(bench.recorder.domains, IDLE_W)
        self.ledger = Ledger(bench.recorder, self.usage, lambda: idle_w, clock=clock)
        self.next_tick_s = bench.fake.now_s() + 1.0

    def enter(self, client: str, *pids: int, domains: frozenset[str] | None = None) -> None:
        self.ledger.enter(client, domains)
        for pid in pids:
            self.ledger.attach(client, pid)

    def go_on(self, to_s: float) -> None:
        while self.next_tick_s <= to_s:
            self.bench.go_on(self.next_tick_s)
            self.ledger.tick()
            self.next_tick_s += 1.0
        self.bench.go_on(to_s)


class MakeAudit(Protocol):
    """Make an audit on simulated GPUs: what the fixture `audit` gives to a test."""

    def __call__(self, *gpus: FakeGpu) -> SimulatedAudit: ...


@pytest.fixture
def audit(bench: MakeNvmlBench) -> Iterator[MakeAudit]:
    made: list[SimulatedAudit] = []

    def make(*gpus: FakeGpu) -> SimulatedAudit:
        made.append(SimulatedAudit(bench(*gpus)))
        return made[-1]

    yield make
    for one in made:
        one.usage.close()


def domain_energy(share: ClientShare, domain: str) -> DomainEnergy:
    return next(energy for energy in share.domains if energy.domain == domain)


def shared(share: ClientShare, gpu: FakeGpu) -> float:
    return joules(domain_energy(share, gpu.domain))


def test_two_jobs_on_one_gpu(audit: MakeAudit) -> None:
    gpu = FakeGpu(watts=Schedule((0.0, 240.0))).run(41, 2.0, 22.0, 60, 2**30).run(42, 8.0, 28.0, 20, 2**20)
    world = audit(gpu)
    world.go_on(2.0)
    world.enter("a", 41)
    world.go_on(8.0)
    world.enter("b", 42)
    world.go_on(22.0)
    a = world.ledger.leave("a")
    world.go_on(28.0)
    b = world.ledger.leave("b")
    assert shared(a, gpu) == pytest.approx(6 * 240 + 14 * (20 + 200 * 3 / 4), rel=1e-3)
    assert shared(b, gpu) == pytest.approx(14 * (20 + 200 / 4) + 6 * 240, rel=1e-3)
    assert domain_energy(a, gpu.domain).quality == Quality.ATTRIBUTED
    assert a.by_use[gpu.domain] == pytest.approx(150 / 170, rel=1e-3)
    assert (a.peak_gpu_bytes, b.peak_gpu_bytes) == ({gpu.domain: 2**30}, {gpu.domain: 2**20})
    span = world.ledger.spans()[0]
    assert span.attributed_j[gpu.domain] == pytest.approx(span.measurement.domains[0].energy_j)
    assert world.ledger.notes() == ()


@pytest.mark.parametrize("delay_s", [0.0, 0.25, 0.75])
def test_three_jobs_of_several_processes_with_late_samples(audit: MakeAudit, delay_s: float) -> None:
    gpu = FakeGpu(watts=Schedule((0.0, 100.0), (12.0, 400.0)), sm_delay_s=delay_s)
    gpu.run(41, 4.0, 40.0, 20, 5).run(42, 4.0, 30.0, 20, 7).run(43, 12.0, 40.0, 40, 1).run(44, 20.0, 30.0, 20, 1)
    world = audit(gpu)
    world.go_on(4.0)
    world.enter("a", 41, 42)
    world.go_on(12.0)
    world.enter("b", 43)
    world.go_on(20.0)
    world.enter("c", 44)
    world.go_on(30.0)
    c = world.ledger.leave("c")
    world.go_on(40.0)
    a, b = (world.ledger.leave(client) for client in "ab")
    truth = {
        "a": 8 * 100 + 8 * (20 + 360 / 2) + 10 * (40 / 3 + 360 * 0.4) + 10 * (20 + 360 / 3),
        "b": 8 * (20 + 360 / 2) + 10 * (40 / 3 + 360 * 0.4) + 10 * (20 + 360 * 2 / 3),
        "c": 10 * (40 / 3 + 360 * 0.2),
    }
    found = {"a": shared(a, gpu), "b": shared(b, gpu), "c": shared(c, gpu)}
    # A sample late by so much that the client has left is not counted, and a mean over a coming is in whole percents.
    assert found == pytest.approx(truth, rel=2e-3 + 0.01 * delay_s)
    assert sum(found.values()) == pytest.approx(world.ledger.spans()[0].measurement.domains[0].energy_j)
    assert a.peak_gpu_bytes == {gpu.domain: 12}


def test_a_gpu_that_reports_no_use_is_shared_evenly_with_a_reason(audit: MakeAudit) -> None:
    gpu = FakeGpu(watts=Schedule((0.0, 200.0)), mig=1).run(41, 0.0, 60.0, 90, 1).run(42, 0.0, 60.0, 10, 1)
    world = audit(gpu.fail(NOT_SUPPORTED, UTILISATION, RUNNING))
    world.enter("a", 41)
    world.enter("b", 42)
    world.go_on(10.0)
    a, b = (world.ledger.leave(client) for client in "ab")
    assert shared(a, gpu) == pytest.approx(shared(b, gpu), rel=1e-3)
    assert (a.by_use, a.peak_gpu_bytes) == ({gpu.domain: 0.0}, {})
    assert world.ledger.notes() == (
        f"{gpu.domain} does not report which processes keep it busy: Not Supported (NVML error 3).",
        f"{gpu.domain} does not report how much of its memory each process uses: Not Supported (NVML error 3).",
    )
    assert sum(call.startswith(UTILISATION) for call in world.bench.fake.calls()) == 1


def test_use_by_processes_of_no_client_is_not_attributed_to_clients(audit: MakeAudit) -> None:
    gpu = FakeGpu(watts=Schedule((0.0, 200.0))).run(4100, 0.0, 60.0, 90, 1)
    world = audit(gpu)
    world.enter("a", 41)
    world.enter("b", 42)
    world.go_on(5.0)
    shares = [world.ledger.leave(client) for client in "ab"]
    assert shared(shares[0], gpu) == pytest.approx(shared(shares[1], gpu), rel=1e-3)
    (note,) = world.ledger.notes()
    assert note.startswith(f"The use of {gpu.domain} belongs to none of the trainings.")


def test_each_gpu_is_shared_by_its_own_use(audit: MakeAudit) -> None:
    one = FakeGpu(watts=Schedule((0.0, 240.0))).run(41, 0.0, 60.0, 60, 1).run(42, 0.0, 60.0, 20, 1)
    other = FakeGpu(OTHER, watts=Schedule((0.0, 140.0))).run(41, 0.0, 60.0, 10, 3).run(42, 0.0, 60.0, 30, 4)
    world = audit(one, other)
    for client, pid in (("a", 41), ("b", 42)):
        world.enter(client, pid)
    begun_s = world.bench.fake.now_s()
    world.go_on(10.0)
    passed_s = 10.0 - begun_s
    a, b = (world.ledger.leave(client) for client in "ab")
    assert shared(a, one) == pytest.approx(passed_s * (20 + 200 * 3 / 4), rel=5e-3)
    assert shared(a, other) == pytest.approx(passed_s * (20 + 100 / 4), rel=5e-3)
    assert b.peak_gpu_bytes == {one.domain: 1, other.domain: 4}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def use_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: FakeClock, gpu: FakeGpu) -> GpuUse:
    FakeNvml(tmp_path, gpu, clock=clock).install(monkeypatch)
    return GpuUse.open([gpu.domain], clock=lambda: clock() - 500.0, wall_clock=clock)


def uses(use: GpuUse) -> list[tuple[int, float, float, Any]]:
    return [(b.pid, b.begin_s - 500.0, b.end_s - 500.0, pytest.approx(b.busy_s)) for b in use.read()]


def test_use_comes_with_its_time_on_the_ledgers_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    gpu = FakeGpu().run(41, 0.0, 0.5, 60, 1).run(42, 0.0, 9.0, 20, 1)
    use = use_of(tmp_path, monkeypatch, clock, gpu)
    clock.advance(1.0)
    assert uses(use) == [(41, 0.0, 0.5, 0.3), (42, 0.0, 1.0, 0.2)]
    assert uses(use) == []
    clock.advance(1.0)
    assert uses(use) == [(42, 1.0, 2.0, 0.2)]
    use.close()


def test_a_fault_that_passes_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: FakeClock) -> None:
    gpu = FakeGpu().run(42, 0.0, 9.0, 20, 1).fail(UNKNOWN, UTILISATION, begin_s=0.9, end_s=1.1)
    use = use_of(tmp_path, monkeypatch, clock, gpu)
    clock.advance(1.0)
    assert uses(use) == []
    clock.advance(1.0)
    assert uses(use) == [(42, 0.0, 2.0, 0.4)]
    assert "Unknown Error" in use.notes()[0]
    use.close()


def test_a_lost_gpu_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: FakeClock) -> None:
    gpu = FakeGpu().run(42, 0.0, 9.0, 20, 1).fail(GPU_IS_LOST, UTILISATION, RUNNING, begin_s=0.5)
    use = use_of(tmp_path, monkeypatch, clock, gpu)
    clock.advance(1.0)
    assert (uses(use), use.memory(), uses(use), use.memory()) == ([], {}, [], {})
    assert len(use.notes()) == 2
    use.close()


def test_idle_hours_do_not_reduce_the_use_after_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    use = use_of(tmp_path, monkeypatch, clock, FakeGpu().run(42, 3600.0, 3700.0, 50, 1))
    for moment_s in (1.0, 3600.0):
        clock.advance(1000.0 + moment_s - clock())
        assert uses(use) == []
    clock.advance(1.0)
    (busy,) = use.read()
    assert busy.busy_s == pytest.approx(0.5)
    assert busy.end_s - busy.begin_s <= LOOK_BACK_S
    use.close()


def test_a_wall_clock_that_is_set_costs_a_moment_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    gpu = FakeGpu().run(42, 0.0, 9000.0, 50, 1)
    wall = SimpleNamespace(ahead_s=0.0)
    FakeNvml(tmp_path, gpu, clock=clock).install(monkeypatch)
    use = GpuUse.open([gpu.domain], clock=clock, wall_clock=lambda: clock() + wall.ahead_s)
    for ahead_s in (0.0, 300.0, 0.0, -300.0, 0.0):
        # The driver's time stamps are as they were: from before the clock was set.
        wall.ahead_s = ahead_s
        clock.advance(1.0)
        assert all(busy.end_s <= clock() + 1e-6 and busy.busy_s <= LOOK_BACK_S for busy in use.read())
    clock.advance(1.0)
    assert sum(busy.busy_s for busy in use.read()) == pytest.approx(0.5, abs=0.5)
    use.close()


def test_samples_of_no_process_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: FakeClock) -> None:
    use = use_of(tmp_path, monkeypatch, clock, FakeGpu())
    clock.advance(1.0)
    now_us = round(clock() * 1e6)
    sample = {"memUtil": 0, "encUtil": 0, "decUtil": 0}
    samples = [
        SimpleNamespace(pid=42, timeStamp=now_us, smUtil=50, **sample),
        SimpleNamespace(pid=7, timeStamp=now_us + 10**9, smUtil=50, **sample),
        SimpleNamespace(pid=8, timeStamp=0, smUtil=50, **sample),
        SimpleNamespace(pid=9, timeStamp=now_us, smUtil=1337, **sample),
    ]
    monkeypatch.setattr(pynvml, UTILISATION, lambda handle, since: samples)
    assert [(busy.pid, busy.busy_s) for busy in use.read()] == [(42, pytest.approx(0.5))]
    use.close()


def test_memory_that_is_not_reported_is_not_zero(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    gpu = FakeGpu().run(41, 0.0, 9.0, 60, -1).run(42, 0.0, 9.0, 20, 5)
    use = use_of(tmp_path, monkeypatch, clock, gpu)
    assert use.memory() == {gpu.domain: {42: 5}}
    use.close()


def test_a_machine_without_the_driver_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeNvml.preload()
    monkeypatch.delenv("FAKE_NVML", raising=False)
    usage = Usage.of(["gpu:GPU-1", "cpu:package-0"])
    (note,) = usage.notes()
    assert note.startswith("The use of the GPUs is not known: ")
    usage.close()
    assert Usage.of(["cpu:package-0"]).notes() == ()


def test_a_driver_that_does_not_name_its_gpus_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FakeNvml(tmp_path, failures=(("nvmlDeviceGetCount_v2", UNKNOWN),)).install(monkeypatch)
    assert Usage.of(["gpu:GPU-1"]).notes() == ("The use of the GPUs is not known: Unknown Error (NVML error 999).",)
