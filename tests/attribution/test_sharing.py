"""How joules are divided: the rule in closed form, and that nothing is lost or made, whatever happens."""

from __future__ import annotations

import math

import pytest

from mutegreen.attribution.pending_intervals import PendingIntervals
from mutegreen.attribution.sharing import DomainShare, SharedInterval, join, share_out, unattributed
from mutegreen.attribution.usage import BusyTime

GPU, OTHER_GPU, CPU, DRAM = "gpu:GPU-a", "gpu:GPU-b", "cpu:package-0", "dram:package-0"


def energies(parts: dict[str, dict[str, DomainShare]], domain: str) -> dict[str, float]:
    return {client: own[domain].energy_j for client, own in parts.items() if domain in own}


def test_idle_is_shared_evenly_and_the_rest_by_use() -> None:
    use = {"a": {GPU: 3.0, "cpu": 1.0}, "b": {GPU: 1.0, "cpu": 4.0}}
    interval = SharedInterval(
        10.0,
        {GPU: 1000.0, CPU: 500.0, DRAM: 50.0},
        {GPU: 40.0, CPU: 20.0},
        {"a": None, "b": None},
        use,
    )
    parts = share_out(interval)
    assert energies(parts, GPU) == {"a": 200 + 600 * 3 / 4, "b": 200 + 600 / 4}
    assert energies(parts, CPU) == pytest.approx({"a": 100 + 300 / 5, "b": 100 + 300 * 4 / 5})
    assert energies(parts, DRAM) == pytest.approx({"a": 10.0, "b": 40.0})
    assert parts["a"][GPU] == DomainShare(650.0, idle_j=200.0, by_use_j=450.0, is_shared=True)
    memory = parts["b"][DRAM]
    assert (memory.energy_j, memory.by_use_j) == pytest.approx((40.0, 40.0))
    assert (memory.idle_j, memory.is_shared) == (None, True)


def test_three_clients_one_of_them_idle() -> None:
    use = {"a": {GPU: 2.0}, "b": {GPU: 6.0}, "c": {}}
    parts = share_out(SharedInterval(2.0, {GPU: 380.0}, {GPU: 30.0}, dict.fromkeys("abc"), use))
    assert energies(parts, GPU) == pytest.approx({"a": 20 + 320 / 4, "b": 20 + 320 * 3 / 4, "c": 20.0})


@pytest.mark.parametrize(
    "use", [{}, {"a": {GPU: 0.0}}, {"a": {GPU: math.nan}}, {"a": {GPU: math.inf}, "b": {GPU: -1.0}}]
)
def test_energy_without_known_use_is_shared_evenly_and_not_counted_as_by_use(
    use: dict[str, dict[str, float]],
) -> None:
    parts = share_out(SharedInterval(1.0, {GPU: 90.0}, {GPU: 30.0}, {"a": None, "b": None}, use))
    assert energies(parts, GPU) == {"a": 45.0, "b": 45.0}
    assert [own[GPU].by_use_j for own in parts.values()] == [0.0, 0.0]


def test_idle_power_takes_at_most_all_there_is() -> None:
    use = {"a": {GPU: 1.0}}
    parts = share_out(SharedInterval(10.0, {GPU: 90.0}, {GPU: 30.0}, {"a": None, "b": None}, use))
    assert energies(parts, GPU) == {"a": 45.0, "b": 45.0}


def test_a_gpu_belongs_to_those_who_take_part_in_it() -> None:
    clients = {"a": frozenset({GPU, CPU}), "b": frozenset({OTHER_GPU, CPU})}
    interval = SharedInterval(
        1.0, {GPU: 100.0, OTHER_GPU: 70.0, CPU: 10.0}, {}, clients, {"a": {"cpu": 1.0}, "b": {"cpu": 1.0}}
    )
    parts = share_out(interval)
    assert energies(parts, GPU) == {"a": 100.0}
    assert energies(parts, OTHER_GPU) == {"b": 70.0}
    assert energies(parts, CPU) == {"a": 5.0, "b": 5.0}
    assert not parts["a"][GPU].is_shared
    assert parts["a"][CPU].is_shared


def test_the_whole_of_a_machine_is_never_shared_by_cpu_time() -> None:
    parts = share_out(SharedInterval(1.0, {"psys": 60.0}, {}, {"a": None, "b": None}, {"a": {"cpu": 5.0}}))
    assert energies(parts, "psys") == {"a": 30.0, "b": 30.0}


def test_unknown_joules_are_attributed_to_no_client() -> None:
    interval = SharedInterval(1.0, {GPU: None, OTHER_GPU: 5.0}, {}, {"a": frozenset({GPU})})
    assert share_out(interval) == {"a": {}}
    assert unattributed(interval) == {OTHER_GPU: 5.0}


def test_joined_intervals_hold_what_both_held() -> None:
    first = SharedInterval(1.0, {GPU: 10.0, CPU: 5.0}, {GPU: 2.0}, {"a": None}, {"a": {GPU: 0.5}})
    second = SharedInterval(0.5, {GPU: 20.0, CPU: None}, {GPU: 2.0}, {"a": None}, {"a": {GPU: 0.25, "cpu": 1.0}})
    both = SharedInterval(1.5, {GPU: 30.0, CPU: None}, {GPU: 2.0}, {"a": None}, {"a": {GPU: 0.75, "cpu": 1.0}})
    assert join(first, second) == both


def test_use_is_booked_on_the_time_in_which_it_was() -> None:
    pending = PendingIntervals()
    for end_s in (1.0, 2.0, 3.0):
        pending.add(end_s, SharedInterval(1.0, {GPU: 10.0}, {}, {"a": None, "b": None}))
    pending.book([BusyTime("a", GPU, 0.5, 2.5, 1.0), BusyTime("stranger", GPU, 0.0, 3.0, 3.0)])
    first, second = pending.take(2.0)
    pending.book([BusyTime("b", GPU, 1.5, 3.5, 2.0)])
    (third,) = pending.take(math.inf)
    assert first.use == {"a": {GPU: pytest.approx(0.25)}}
    assert second.use == {"a": {GPU: pytest.approx(0.5)}}
    assert third.use == {"a": {GPU: pytest.approx(0.25)}, "b": {GPU: pytest.approx(1.0)}}


def test_use_of_a_time_in_which_a_client_enters_is_booked_on_the_time_after() -> None:
    pending = PendingIntervals()
    pending.add(1.0, SharedInterval(1.0, {GPU: 10.0}, {}, {"a": None}))
    pending.add(2.0, SharedInterval(1.0, {GPU: 10.0}, {}, {"a": None, "b": None}))
    pending.book([BusyTime("b", GPU, 0.5, 1.5, 0.2)])
    exclusive, concurrent = pending.take(math.inf)
    assert (exclusive.use, concurrent.use) == ({}, {"b": {GPU: pytest.approx(0.2)}})


def test_an_interval_too_short_for_a_report_is_joined_with_an_adjacent_one_of_the_same_clients() -> None:
    pending = PendingIntervals()
    pending.add(1.0, SharedInterval(1.0, {GPU: 10.0}, {}, {"a": None, "b": None}))
    pending.add(1.1, SharedInterval(0.1, {GPU: 1.0}, {}, {"a": None, "b": None}))
    pending.add(1.2, SharedInterval(0.1, {GPU: 2.0}, {}, {"b": None}))
    pending.book([BusyTime("a", GPU, 0.0, 1.0, 0.9)])
    taken = pending.take(math.inf)
    assert [(interval.duration_s, interval.energy_j) for interval in taken] == [
        (pytest.approx(1.1), {GPU: 11.0}),
        (0.1, {GPU: 2.0}),
    ]
    assert energies(share_out(taken[0]), GPU) == {"a": 11.0, "b": 0.0}
