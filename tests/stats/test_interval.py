"""Intervals: a value with two ends in order, under every monotone function."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutegreen.stats.interval import Interval

NUMBERS = st.floats(-1e6, 1e6)


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    low, value, high = sorted(draw(st.tuples(NUMBERS, NUMBERS, NUMBERS)))
    return Interval(value, low, high)


def test_what_is_not_finite_is_not_known() -> None:
    assert Interval.of(1.5, -math.inf, math.nan) == Interval(1.5, None, None)
    assert Interval.of(math.nan) == Interval()


def test_ends_are_known_only_together() -> None:
    assert Interval(1.0, 0.5, 2.0).ends == (0.5, 2.0)
    assert Interval(1.0, 0.5).ends is None
    assert Interval(1.0, None, 2.0).ends is None


def test_it_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        Interval(1.0).value = 2.0  # type: ignore[misc]


@given(intervals())
def test_an_increasing_function_keeps_the_ends_and_a_decreasing_one_exchanges_them(found: Interval) -> None:
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert found.map(lambda x: 3 * x) == Interval(3 * found.value, 3 * found.low, 3 * found.high)
    assert found.map(lambda x: -x) == Interval(-found.value, -found.high, -found.low)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Interval(1.0), Interval(-1.0)),
        (Interval(1.0, 0.5), Interval(-1.0, None, -0.5)),
        (Interval(1.0, None, 2.0), Interval(-1.0, -2.0)),
        (Interval(None, 0.5, 2.0), Interval(None, -2.0, -0.5)),
        (Interval(0.4, 0.5, 2.0), Interval(-0.4, -2.0, -0.5)),
    ],
    ids=["no ends", "only low", "only high", "no value", "value outside"],
)
def test_parts_that_are_not_known_stay_so(found: Interval, expected: Interval) -> None:
    assert found.map(lambda x: -x) == expected


def test_a_part_that_overflows_is_not_known_afterwards() -> None:
    assert Interval(1.0, 0.0, 1000.0).map(lambda x: 10.0**x if x < 308 else math.inf) == Interval(10.0, 1.0, None)
