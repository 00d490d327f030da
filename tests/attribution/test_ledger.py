"""The ledger in simulated time: shares in closed form, and what threads and real processes do to it."""

from __future__ import annotations

import math
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from mutegreen.attribution.ledger import ClientShare, Ledger
from mutegreen.attribution.usage import Memory, Usage
from mutegreen.meters.base import Reading
from mutegreen.meters.estimate.meter import EstimateMeter
from mutegreen.meters.recorder import Recorder
from mutegreen.model import DomainEnergy, Flag, Quality
from mutegreen.testing.simulated import FakeClock, Schedule
from support.ledger_fakes import LedgerWorld
from support.limits import EVENT_S
from support.meter_fakes import SimulatedMeter

GPU, OTHER, CPU, DRAM = "gpu:a", "gpu:b", "cpu:package-0", "dram:package-0"


def joules(share: ClientShare, domain: str) -> float:
    energy_j = domain_energy(share, domain).energy_j
    assert energy_j is not None
    return energy_j


def domain_energy(share: ClientShare, domain: str) -> DomainEnergy:
    return next(energy for energy in share.domains if energy.domain == domain)


def test_two_clients_that_enter_and_leave() -> None:
    world = LedgerWorld(gpu_a=240.0)
    world.usage.loads = {"a": {GPU: 0.3}, "b": {GPU: 0.1}}
    world.ledger.enter("a")
    world.go_on(10)
    world.ledger.enter("b")
    world.go_on(20.5)
    a = world.ledger.leave("a")
    world.go_on(5)
    b = world.ledger.leave("b")
    assert joules(a, GPU) == pytest.approx(10 * 240 + 20.5 * (20 + 200 * 3 / 4))
    assert joules(b, GPU) == pytest.approx(20.5 * (20 + 200 / 4) + 5 * 240)
    assert (a.duration_s, b.duration_s) == pytest.approx((30.5, 25.5))
    assert (a.overlap_s, b.overlap_s) == ({"b": pytest.approx(20.5)}, {"a": pytest.approx(20.5)})
    assert a.by_use == {GPU: pytest.approx(150 / 170)}
    assert domain_energy(a, GPU).quality == Quality.ATTRIBUTED
    assert domain_energy(a, GPU).net_j == pytest.approx(10 * 200 + 20.5 * 150)
    span = world.only_span()
    assert span.measurement.domains[0].energy_j == pytest.approx(35.5 * 240)
    assert span.attributed_j == {GPU: pytest.approx(35.5 * 240)}


def test_three_jobs_on_gpu_and_processor() -> None:
    world = LedgerWorld(gpu_a=Schedule((0.0, 100.0), (4.0, 400.0)), cpu_package=60.0, dram_package=6.0)
    world.usage.loads = {"a": {GPU: 0.2, "cpu": 1.0}, "b": {GPU: 0.6, "cpu": 1.0}, "c": {GPU: 0.0, "cpu": 3.0}}
    world.ledger.enter("a")
    world.go_on(2)
    world.ledger.enter("b")
    world.go_on(2)
    world.ledger.enter("c")
    world.go_on(6)
    shares = {"b": world.ledger.leave("b")}
    world.go_on(3)
    shares |= {client: world.ledger.leave(client) for client in "ac"}
    gpu = {
        "a": 2 * 100 + 2 * (20 + 60 / 4) + 6 * (40 / 3 + 360 / 4) + 3 * (20 + 360),
        "b": 2 * (20 + 60 * 3 / 4) + 6 * (40 / 3 + 360 * 3 / 4),
        "c": 6 * 40 / 3 + 3 * 20,
    }
    dram = {"a": 2 * 6 + 2 * 3 + 6 * 6 / 5 + 3 * 6 / 4, "b": 2 * 3 + 6 * 6 / 5, "c": 6 * 6 * 3 / 5 + 3 * 6 * 3 / 4}
    assert {client: joules(share, GPU) for client, share in shares.items()} == pytest.approx(gpu)
    assert {client: joules(share, DRAM) for client, share in shares.items()} == pytest.approx(dram)
    assert shares["c"].overlap_s == pytest.approx({"a": 9.0, "b": 6.0})
    assert shares["c"].by_use == pytest.approx(
        {GPU: 0.0, CPU: (6 * 30 + 3 * 37.5) / (6 * 33.3333333 + 3 * 42.5), DRAM: 1.0}
    )
    assert domain_energy(shares["a"], DRAM).idle_w is None


def test_an_exclusive_client_has_the_values_of_the_meter() -> None:
    world = LedgerWorld(gpu_a=200.0)
    world.usage.loads = {"a": {GPU: 0.5}}
    world.ledger.enter("a")
    world.go_on(7)
    share = world.ledger.leave("a")
    assert (joules(share, GPU), domain_energy(share, GPU).quality) == (pytest.approx(1400.0), Quality.COUNTER)
    assert (share.overlap_s, share.by_use) == ({}, {})


def test_a_client_on_another_gpu_does_not_change_the_energy_of_a_gpu() -> None:
    world = LedgerWorld(gpu_a=200.0, gpu_b=100.0, cpu_package=50.0)
    world.usage.loads = {"a": {"cpu": 1.0}, "b": {"cpu": 3.0}}
    world.ledger.enter("a", frozenset({GPU, CPU}))
    world.ledger.enter("b", frozenset({OTHER, CPU}))
    world.go_on(4)
    a = world.ledger.leave("a")
    world.go_on(6)
    b = world.ledger.leave("b")
    assert [(f.domain, f.quality) for f in a.domains] == [(GPU, Quality.COUNTER), (CPU, Quality.ATTRIBUTED)]
    assert (joules(a, GPU), joules(b, OTHER)) == (pytest.approx(800.0), pytest.approx(1000.0))
    assert joules(a, CPU) == pytest.approx(4 * (5 + 10))
    span = world.only_span()
    assert span.unattributed_j == {GPU: pytest.approx(6 * 200.0)}
    assert span.attributed_j[GPU] == pytest.approx(800.0)


def test_a_lost_device_has_no_energy_and_does_not_affect_the_others() -> None:
    world = LedgerWorld(gpu_a=200.0, cpu_package=50.0)
    world.usage.loads = {"a": {"cpu": 1.0}, "b": {"cpu": 1.0}}
    for client in "ab":
        world.ledger.enter(client)
    world.go_on(3)
    world.meter.dead = {GPU: "fell off the bus"}
    world.go_on(3)
    share = world.ledger.leave("a")
    lost = domain_energy(share, GPU)
    assert (lost.energy_j, lost.reason) == (None, "fell off the bus")
    assert Flag.DEVICE_LOST in lost.flags
    assert joules(share, CPU) == pytest.approx(150.0)


class ResetMeter(SimulatedMeter):
    """A counter with one reading of unknown energy."""

    unknown_s = math.inf

    def read(self) -> Reading:
        reading = super().read()
        if self.clock() < self.unknown_s:
            return reading
        self.unknown_s = math.inf
        return replace(reading, unknown=dict.fromkeys(self.domains, "its counter was reset"))


def test_energy_is_known_again_after_an_unknown_reading() -> None:
    world = LedgerWorld(gpu_a=200.0)
    world.meter = ResetMeter(world.clock, world.meter.watts)
    world.meter.open()
    world.recorder = Recorder([world.meter], clock=world.clock, boot_clock=world.clock)
    world.ledger = Ledger(world.recorder, world.usage, dict, clock=world.clock)
    world.ledger.enter("a")
    world.go_on(2)
    world.meter.unknown_s = world.clock()
    world.go_on(2)
    world.ledger.enter("b")
    world.go_on(2)
    a = world.ledger.leave("a")
    world.go_on(1)
    b = world.ledger.leave("b")
    assert (domain_energy(a, GPU).energy_j, domain_energy(a, GPU).reason) == (None, "its counter was reset")
    assert joules(b, GPU) == pytest.approx(2 * 100 + 200)
    assert world.only_span().measurement.domains[0].energy_j is None


def test_a_fault_in_reading_use_is_noted_and_energy_is_shared_evenly() -> None:
    world = LedgerWorld(gpu_a=200.0)
    world.usage.loads = {"a": {GPU: 1.0}, "b": {}}
    world.usage.failure = RuntimeError("the driver is confused")
    for client in "ab":
        world.ledger.enter(client)
    world.go_on(3)
    share = world.ledger.leave("a")
    assert joules(share, GPU) == pytest.approx(300.0)
    assert share.by_use == {GPU: 0.0}
    assert (share.cpu_s, share.peak_host_bytes) == (None, None)
    assert world.ledger.notes() == (
        "The use of the devices could not be read: RuntimeError('the driver is confused').",
    )


def test_spans_end_with_the_last_client() -> None:
    world = LedgerWorld(gpu_a=100.0)
    for _ in range(2):
        world.ledger.enter("a")
        world.ledger.enter("b")
        world.go_on(2)
        world.ledger.leave("a")
        world.go_on(1)
        world.ledger.leave("b")
        world.go_on(10)
    assert [span.attributed_j[GPU] for span in world.ledger.spans()] == pytest.approx([300.0, 300.0])


def test_memory_and_wrong_names() -> None:
    world = LedgerWorld(gpu_a=100.0)
    world.usage.loads = {"a": {}}
    world.ledger.enter("a")
    with pytest.raises(KeyError, match="is already present"):
        world.ledger.enter("a")
    world.go_on(1)
    assert world.ledger.usage_now() == {"a": Memory(100, {GPU: 10})}
    share = world.ledger.leave("a")
    assert (share.peak_host_bytes, share.peak_gpu_bytes, share.cpu_s) == (100, {GPU: 10}, 1.0)
    assert world.ledger.usage_now() == {}
    for call in (world.ledger.leave, world.ledger.cpu_s, lambda client: world.ledger.attach(client, 1)):
        with pytest.raises(KeyError, match="client 'a' is not present"):
            call("a")
    assert world.ledger.cpu_s() == 1.0


def test_many_threads_come_and_go_at_once() -> None:
    clock = time.monotonic
    meter = SimulatedMeter(FakeClock(clock()), {GPU: Schedule((0.0, 100.0))})
    meter.clock = clock  # type: ignore[assignment]
    meter.open()
    shares: list[ClientShare] = []

    def work(name: str) -> None:
        for number in range(5):
            ledger.enter(f"{name}{number}")
            ledger.attach(f"{name}{number}", 2**22 + 1)
            ledger.usage_now()
            time.sleep(0.002)
            shares.append(ledger.leave(f"{name}{number}"))

    with Recorder([meter]) as recorder, Ledger(recorder, Usage.of([GPU]), dict, period_s=0.003) as ledger:
        threads = [threading.Thread(target=work, args=(name,)) for name in "abcdefgh"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        spans = ledger.spans()
    assert len(shares) == 40
    whole_j = math.fsum(span.measurement.domains[0].energy_j or 0.0 for span in spans)
    assert math.fsum(joules(share, GPU) for share in shares) == pytest.approx(whole_j)


BURN = """
import sys, time
print(time.process_time(), flush=True)
for line in sys.stdin:
    while time.process_time() < float(line):
        pass
    print(time.process_time(), flush=True)
"""


class Burner:
    """A process that uses CPU time until it has used a given amount, its start included, and reports how much."""

    def __init__(self) -> None:
        words = [sys.executable, "-c", BURN]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(words, start_new_session=True, stdin=pipe, stdout=pipe, text=True, bufsize=1)

    def burn(self, until_cpu_s: float) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{until_cpu_s}\n")

    def reported_s(self) -> float:
        """Wait until the process is ready or has burnt; return the CPU time that it reports."""
        assert self.process.stdout
        return float(self.process.stdout.readline())


@pytest.fixture
def burners() -> Iterator[dict[str, Burner]]:
    started: dict[str, Burner] = {}
    yield started
    for burner in started.values():
        burner.process.kill()
        burner.process.communicate()


@pytest.mark.xdist_group("quiet")
def test_real_processes_get_the_active_joules_by_their_cpu_time(burners: dict[str, Burner]) -> None:
    """In each interval one burns twice as much as the other. A cut comes where both wait, so the ratio is exact."""
    meter = EstimateMeter(idle_w=10.0, full_w=110.0, memory_w=1.0)
    meter.open()
    usage = Usage.of([CPU, DRAM])
    with Recorder([meter]) as recorder, Ledger(recorder, usage, lambda: {CPU: 10.0}, period_s=EVENT_S) as ledger:
        for client in ("twice", "once"):
            ledger.enter(client)
        for client in ("twice", "once"):
            burners[client] = Burner()
            ledger.attach(client, burners[client].process.pid)
        reported_s = {client: burner.reported_s() for client, burner in burners.items()}
        for turn in range(1, 6):
            burners["twice"].burn(0.4 * turn)
            burners["once"].burn(0.2 * turn)
            reported_s = {client: burner.reported_s() for client, burner in burners.items()}
            ledger.tick()
        shares = {client: ledger.leave(client) for client in ("twice", "once")}
    twice, once = (domain_energy(shares[client], CPU) for client in ("twice", "once"))
    assert twice.net_j is not None
    assert once.net_j is not None
    assert once.energy_j is not None
    # Between both calls of `enter`, and of `leave`, one client is exclusive and has all active joules: 100 W at most.
    exclusive_s = math.fsum(share.duration_s - math.fsum(share.overlap_s.values()) for share in shares.values())
    ratio = reported_s["twice"] / reported_s["once"]
    assert abs(twice.net_j - ratio * once.net_j) <= 0.06 * twice.net_j + ratio * 100.0 * exclusive_s
    by_use = pytest.approx(once.net_j / once.energy_j, abs=0.01 + 11.0 * exclusive_s / shares["once"].duration_s)
    assert (twice.quality, shares["once"].by_use[CPU]) == (Quality.ESTIMATED, by_use)
    # The kernel counts whole ticks of 10 ms, of user and of system time.
    for client, share in shares.items():
        assert share.cpu_s == pytest.approx(reported_s[client], abs=0.03)
    assert 2**20 < (shares["once"].peak_host_bytes or 0) < 2**26
    whole = next(f for f in ledger.spans()[0].measurement.domains if f.domain == CPU)
    assert joules(shares["twice"], CPU) + joules(shares["once"], CPU) == pytest.approx(whole.energy_j)
