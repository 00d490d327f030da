"""Power over time is small on disk, and precise to what single precision holds."""

from __future__ import annotations

import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutegreen.store import timelines

steps = st.lists(st.tuples(st.floats(1e-3, 1e5), st.floats(0, 1e4)), max_size=50)


@given(steps)
def test_what_is_packed_is_unpacked(given_steps: list[tuple[float, float]]) -> None:
    found = timelines.unpack(timelines.pack(tuple(given_steps)))
    assert [time_s for time_s, _ in found] == pytest.approx([time_s for time_s, _ in given_steps], rel=1e-7)
    assert [power_w for _, power_w in found] == pytest.approx([w for _, w in given_steps], rel=1e-7, abs=1e-37)


def test_steps_of_a_tenth_of_a_second_stay_apart_for_hours() -> None:
    hours = tuple((n / 10, 1.0) for n in range(72_000, 73_000))
    found = timelines.unpack(timelines.pack(hours))
    assert all(before < after for (before, _), (after, _) in pairwise(found))


def test_the_order_of_bytes_is_that_of_the_file_and_not_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = timelines.pack(((1.0, 2.0),))
    monkeypatch.setattr(sys, "byteorder", "big" if sys.byteorder == "little" else "little")
    assert timelines.pack(((1.0, 2.0),)) != packed
    assert timelines.unpack(timelines.pack(((1.0, 2.0),))) == ((1.0, 2.0),)
