"""The ledger as a state machine: clients enter and leave in any order, and their joules sum to those of the devices."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mutegreen.attribution.ledger import ClientShare
from mutegreen.model import Flag, Quality
from mutegreen.testing.simulated import Schedule
from support.ledger_fakes import LedgerWorld

GPU, OTHER, CPU, DRAM = DOMAINS = ("gpu:a", "gpu:b", "cpu:package-0", "dram:package-0")
PINNED = (None, frozenset({GPU, CPU, DRAM}), frozenset({OTHER, CPU, DRAM}))
watts = st.floats(0, 500)
schedules = st.lists(watts, min_size=1, max_size=6).map(
    lambda levels: Schedule(*((2.0 * n, w) for n, w in enumerate(levels)))
)
loads = st.dictionaries(st.sampled_from([GPU, OTHER, "cpu"]), st.floats(0, 1) | st.just(0.0))


@dataclass
class ClientModel:
    """What is known of a client without the ledger."""

    begun_s: float
    domains: frozenset[str]
    failed_at_first: bool
    overlap_s: dict[str, float] = field(default_factory=dict)
    rivals: set[str] = field(default_factory=set)
    """The domains that another one took part in meanwhile."""


@dataclass
class SpanModel:
    """What is known of an unbroken time."""

    begun_s: float
    all_read: bool = True
    attributed_j: dict[str, list[float]] = field(default_factory=lambda: {domain: [] for domain in DOMAINS})


class LedgerMachine(RuleBasedStateMachine):
    """Compare the ledger with a model that records when each client was there.

    The energy is the integral of the schedules.
    """

    sums_checked = 0
    """Over all runs of the machine, sums over a span of a domain that took any energy."""

    @initialize(gpu=schedules, other=schedules, cpu=schedules, dram=watts)
    def start(self, gpu: Schedule, other: Schedule, cpu: Schedule, dram: float) -> None:
        self.world = LedgerWorld({}, gpu_a=gpu, gpu_b=other, cpu_package=cpu, dram_package=dram)
        self.begun_s = self.world.clock()
        self.clients: dict[str, ClientModel] = {}
        self.number = 0
        self.span = SpanModel(0.0)
        self.spans = 0

    def now_s(self) -> float:
        return self.world.clock() - self.begun_s

    def energy_j(self, domain: str, begin_s: float) -> float:
        return self.world.meter.watts[domain].integral(begin_s, self.now_s())

    def pass_time(self, seconds: float, *, ticking: bool) -> None:
        for name, client in self.clients.items():
            for other in self.clients.keys() - {name}:
                client.overlap_s[other] = client.overlap_s.get(other, 0.0) + seconds
        if ticking:
            self.world.go_on(seconds)
        else:
            self.world.clock.advance(seconds)

    @precondition(lambda self: len(self.clients) < 4)
    @rule(domains=st.sampled_from(PINNED))
    def enter(self, domains: frozenset[str] | None) -> None:
        name, self.number = f"p{self.number}", self.number + 1
        if not self.clients:
            self.span = SpanModel(self.now_s(), all_read=self.world.meter.failure is None)
        self.world.ledger.enter(name, domains)
        self.clients[name] = ClientModel(
            self.now_s(), domains or frozenset(DOMAINS), self.world.meter.failure is not None
        )
        for one in self.clients.values():
            for other in self.clients.values():
                if one is not other:
                    one.rivals |= one.domains & other.domains

    @precondition(lambda self: self.clients)
    @rule(data=st.data())
    def enter_twice(self, data: st.DataObject) -> None:
        with pytest.raises(KeyError, match="is already present"):
            self.world.ledger.enter(data.draw(st.sampled_from(list(self.clients))))

    @precondition(lambda self: self.clients)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        self.check_leaving(data.draw(st.sampled_from(list(self.clients))))

    @rule(seconds=st.sampled_from([0.0, 0.01, 0.7, 1.0, 3.3]))
    def go_on(self, seconds: float) -> None:
        self.pass_time(seconds, ticking=True)

    @rule(seconds=st.sampled_from([0.01, 5.0, 3600.0]))
    def stand_still(self, seconds: float) -> None:
        self.pass_time(seconds, ticking=False)

    @rule(data=st.data())
    def use(self, data: st.DataObject) -> None:
        self.world.usage.loads = {name: data.draw(loads) for name in self.clients}

    @rule(idle_w=st.dictionaries(st.sampled_from([GPU, OTHER, CPU]), st.floats(0, 200)))
    def idle_power_is_known(self, idle_w: dict[str, float]) -> None:
        self.world.idle_w = idle_w

    @rule(failure=st.sampled_from([None, OSError("no")]))
    def use_cannot_be_read(self, failure: Exception | None) -> None:
        self.world.usage.failure = failure

    @rule(failure=st.sampled_from([None, None, OSError("bus error")]))
    def meter_cannot_be_read(self, failure: Exception | None) -> None:
        self.world.meter.failure = failure
        self.span.all_read &= failure is None

    @rule()
    def a_device_is_lost(self) -> None:
        self.world.meter.dead = {OTHER: "died"}

    @invariant()
    def spans_are_counted(self) -> None:
        if hasattr(self, "world"):
            assert len(self.world.ledger.spans()) == self.spans

    def teardown(self) -> None:
        """Add a last span that is read throughout. Thus sums are checked in every run.

        At first one GPU has no client. Then each device has one.
        """
        if not hasattr(self, "world"):
            return
        self.all_leave()
        self.meter_cannot_be_read(failure=None)
        for domains in reversed(PINNED):
            self.enter(domains=domains)
            self.go_on(seconds=1.0)
        self.go_on(seconds=0.7)
        self.all_leave()

    def all_leave(self) -> None:
        for name in list(self.clients):
            self.check_leaving(name)

    def check_leaving(self, name: str) -> None:
        share, client = self.world.ledger.leave(name), self.clients.pop(name)
        assert share.duration_s == pytest.approx(self.now_s() - client.begun_s)
        expected = {other: seconds for other, seconds in client.overlap_s.items() if seconds > 0}
        assert {other: s for other, s in share.overlap_s.items() if s > 0} == pytest.approx(expected)
        assert all(0 <= part <= 1 + 1e-9 for part in share.by_use.values())
        self.check_energies(share, client)
        if not self.clients:
            self.check_span()

    def check_energies(self, share: ClientShare, client: ClientModel) -> None:
        assert {energy.domain for energy in share.domains} == client.domains
        for energy in share.domains:
            failed = client.failed_at_first or self.world.meter.failure is not None
            if failed or energy.domain in self.world.meter.dead:
                assert energy.energy_j is None
                assert Flag.DEVICE_LOST in energy.flags
                continue
            assert energy.energy_j is not None
            self.span.attributed_j[energy.domain].append(energy.energy_j)
            whole_j = self.energy_j(energy.domain, client.begun_s)
            if self.span.all_read:
                assert energy.energy_j <= whole_j * (1 + 1e-9) + 1e-6
                if energy.domain not in client.rivals:
                    assert energy.energy_j == pytest.approx(whole_j, rel=1e-9, abs=1e-6)
                    assert energy.quality is Quality.COUNTER

    def check_span(self) -> None:
        """Energy is conserved: the shares and the unattributed energy sum to the integral of the power."""
        self.spans += 1
        span = self.world.ledger.spans()[-1]
        if not self.span.all_read:
            return
        for energy in span.measurement.domains:
            if energy.domain in self.world.meter.dead:
                assert energy.energy_j is None
                continue
            whole_j = self.energy_j(energy.domain, self.span.begun_s)
            attributed_j = math.fsum(self.span.attributed_j[energy.domain])
            assert energy.energy_j == pytest.approx(whole_j, rel=1e-9, abs=1e-6)
            assert span.attributed_j.get(energy.domain, 0.0) == pytest.approx(attributed_j, rel=1e-9, abs=1e-6)
            unattributed_j = span.unattributed_j.get(energy.domain, 0.0)
            assert attributed_j + unattributed_j == pytest.approx(whole_j, rel=1e-9, abs=1e-6)
            LedgerMachine.sums_checked += whole_j > 0


RUNS = 60


class TestLedger(LedgerMachine.TestCase):  # type: ignore[valid-type,misc]
    def runTest(self) -> None:  # noqa: N802 - hypothesis gave it this name
        LedgerMachine.sums_checked = 0
        super().runTest()
        assert LedgerMachine.sums_checked > 2 * RUNS, "more than two in each run, or little was checked"


TestLedger.settings = settings(max_examples=RUNS, stateful_step_count=30)
