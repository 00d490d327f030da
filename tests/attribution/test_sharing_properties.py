"""Joules are neither lost nor made, whatever is known of the use; and the order of the clients decides nothing."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mutegreen.attribution.pending_intervals import SHORT_S, PendingIntervals
from mutegreen.attribution.sharing import DomainShare, SharedInterval, join, resource, share_out, unattributed
from mutegreen.attribution.usage import BusyTime

DOMAINS = ("gpu:GPU-a", "gpu:GPU-b", "cpu:package-0", "dram:package-0", "psys")
RESOURCES = ("gpu:GPU-a", "gpu:GPU-b", "cpu")

joules = st.floats(0, 1e9) | st.sampled_from([0.0, 1e-9, 1e9])
seconds = st.sampled_from([0.0, 1e-9, 1.0, 1e6]) | st.floats(0, 100)
used_s = st.floats(1e-12, 1e6) | st.sampled_from([0.0, 0.0, math.nan, math.inf, -1.0])


@st.composite
def intervals(draw: st.DrawFn) -> SharedInterval:
    """Any interval, also with impossible values."""
    clients = draw(st.lists(st.sampled_from("abcdefghi"), unique=True))
    own = st.none() | st.frozensets(st.sampled_from(DOMAINS), max_size=3)
    return SharedInterval(
        duration_s=draw(seconds),
        energy_j=draw(st.dictionaries(st.sampled_from(DOMAINS), st.none() | joules)),
        idle_w=draw(st.dictionaries(st.sampled_from(DOMAINS), st.floats(0, 300) | st.just(-1.0))),
        clients={client: draw(own) for client in clients},
        use=draw(st.dictionaries(st.sampled_from("abcdefghi"), st.dictionaries(st.sampled_from(RESOURCES), used_s))),
    )


def of_domain(parts: Mapping[str, Mapping[str, DomainShare]], domain: str) -> dict[str, DomainShare]:
    return {client: own[domain] for client, own in parts.items() if domain in own}


@given(intervals())
def test_shares_add_up_to_the_device_and_none_is_negative(interval: SharedInterval) -> None:
    parts, unattributed_j = share_out(interval), unattributed(interval)
    assert set(parts) == set(interval.clients)
    for domain, energy_j in interval.energy_j.items():
        own = of_domain(parts, domain)
        if energy_j is None:
            assert not own
            assert domain not in unattributed_j
            continue
        assert set(own) == set(interval.users(domain))
        total_j = math.fsum([*(part.energy_j for part in own.values()), unattributed_j.get(domain, 0.0)])
        assert total_j == pytest.approx(energy_j, rel=1e-12, abs=1e-300)
        for part in own.values():
            assert 0 <= part.by_use_j <= part.energy_j * (1 + 1e-12)
            assert 0 <= (part.idle_j or 0.0) <= part.energy_j * (1 + 1e-12)
            assert (part.idle_j is None) == (domain not in interval.idle_w)
            assert part.is_shared == (len(own) > 1)


@given(intervals(), st.data())
def test_the_order_of_the_clients_changes_nothing(interval: SharedInterval, data: st.DataObject) -> None:
    order = data.draw(st.permutations(list(interval.clients)))
    turned = replace(interval, clients={client: interval.clients[client] for client in order})
    before, after = share_out(interval), share_out(turned)
    for domain in interval.energy_j:
        one, other = of_domain(before, domain), of_domain(after, domain)
        assert {client: part.energy_j for client, part in one.items()} == pytest.approx(
            {client: part.energy_j for client, part in other.items()}, rel=1e-12
        )


@given(intervals())
def test_who_uses_more_of_a_device_takes_more_of_it(interval: SharedInterval) -> None:
    parts = share_out(interval)
    for domain in interval.energy_j:
        by = resource(domain)
        own = of_domain(parts, domain)
        used = {client: interval.use.get(client, {}).get(by or "", 0.0) for client in own}
        known = [client for client in own if math.isfinite(used[client]) and used[client] > 0]
        for one in known:
            for other in own:
                if other not in known or used[one] >= used[other]:
                    assert own[one].energy_j >= own[other].energy_j * (1 - 1e-12)


@given(intervals(), intervals())
def test_joined_intervals_hold_the_joules_and_the_time_of_both(first: SharedInterval, second: SharedInterval) -> None:
    second = replace(second, clients=first.clients)
    both = join(first, second)
    assert both.duration_s == first.duration_s + second.duration_s
    for domain in {*first.energy_j, *second.energy_j}:
        parts = first.energy_j.get(domain), second.energy_j.get(domain)
        assert both.energy_j[domain] == (None if None in parts else sum(part for part in parts if part is not None))


steps = st.lists(
    st.tuples(st.sampled_from([0.01, 0.25, 0.5, 1.0, 3.0]), st.sampled_from(["ab", "ab", "a", "b", "abc", ""])),
    min_size=1,
    max_size=8,
)
busy = st.lists(st.tuples(st.sampled_from("abcx"), st.floats(0, 20), st.floats(0.01, 8), st.floats(0, 8)), max_size=8)


@given(steps=steps, busy=busy, data=st.data())
def test_use_is_booked_once_and_only_on_those_who_were_there(
    steps: list[tuple[float, str]], busy: list[tuple[str, float, float, float]], data: st.DataObject
) -> None:
    """Whatever the cuts are, an hour of use on time that is pending is an hour of use of those who were there."""
    pending, now_s, there_s = PendingIntervals(), 0.0, dict.fromkeys("abcx", 0.0)
    edges = [0.0]
    for length_s, clients in steps:
        now_s += length_s
        edges.append(now_s)
        pending.add(now_s, SharedInterval(length_s, {"gpu:a": length_s}, {}, dict.fromkeys(clients)))
    expected = dict.fromkeys("abcx", 0.0)
    for client, begin_s, length_s, busy_s in busy:
        pending.book([BusyTime(client, "gpu:a", begin_s, begin_s + length_s, busy_s)])
        pieces = list(zip(edges, steps, strict=False))
        overlaps = [
            (clients, max(0.0, min(begin_s + length_s, at_s + step_s) - max(begin_s, at_s)))
            for at_s, (step_s, clients) in pieces
        ]
        there_s[client] = math.fsum(both_s for clients, both_s in overlaps if client in clients)
        absent_s = math.fsum(both_s for clients, both_s in overlaps if client not in clients)
        if there_s[client] > 0:
            expected[client] += busy_s * there_s[client] / (length_s - absent_s)
    until_s = data.draw(st.sampled_from([*edges, math.inf]))
    taken = [*pending.take(until_s), *pending.take(math.inf)]
    assert pending.take(math.inf) == []
    assert math.fsum(interval.duration_s for interval in taken) == pytest.approx(now_s)
    assert math.fsum(interval.energy_j["gpu:a"] or 0.0 for interval in taken) == pytest.approx(now_s)
    for client in "abcx":
        found = [interval.use.get(client, {}).get("gpu:a", 0.0) for interval in taken]
        assert math.fsum(found) == pytest.approx(expected[client], rel=1e-6, abs=1e-6)
        assert all(client in interval.clients for interval, used in zip(taken, found, strict=True) if used > 0)


@given(end_s=st.floats(0.1, 1e6), before_s=st.floats(0.01, 0.1), late=st.integers(1, 4))
@example(end_s=0.21050832388921256, before_s=0.03933659761, late=1)
def test_rounding_does_not_increase_the_use(end_s: float, before_s: float, late: int) -> None:
    """A client whose processes are seen just before its time began has next to nothing of the use, or all of it."""
    pending = PendingIntervals()
    pending.add(end_s, SharedInterval(0.1, {}, {}, {"a": None}))
    pending.add(end_s + 1.0, SharedInterval(1.0, {}, {}, dict.fromkeys("ab")))
    until_s = end_s
    for _ in range(late):
        until_s = math.nextafter(until_s, math.inf)
    pending.book([BusyTime("b", "cpu", end_s - before_s, until_s, 0.5)])
    found = [interval.use.get("b", {}).get("cpu", 0.0) for interval in pending.take(math.inf)]
    assert 0 <= math.fsum(found) <= 0.5


@given(steps)
def test_no_short_interval_stays_next_to_one_of_the_same_clients(steps: list[tuple[float, str]]) -> None:
    pending, now_s = PendingIntervals(), 0.0
    for length_s, clients in steps:
        now_s += length_s
        pending.add(now_s, SharedInterval(length_s, {}, {}, dict.fromkeys(clients)))
    taken = pending.take(math.inf)
    for before, after in itertools.pairwise(taken):
        assert before.clients != after.clients or min(before.duration_s, after.duration_s) >= SHORT_S
