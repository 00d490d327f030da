"""Epochs of a background over windows: parts of a time add up to the whole, whatever the epochs are."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutegreen.harness.concurrency.epoch_rate import EpochRate

events = st.lists(
    st.tuples(st.sampled_from([0.0, 0.5, 1.0, 2.5]), st.sampled_from(["ends", "ends", "ends", "starts"])), max_size=15
)


def rate_after(steps: list[tuple[float, str]]) -> tuple[EpochRate, list[tuple[float, float, bool]], float]:
    """The rate after these events, the epochs by hand (begin, end, whether it is the first), and the last moment."""
    rate, now_s, epochs = EpochRate(), 0.0, []
    rate.start(0.0)
    began_s, first = 0.0, True
    for length_s, what in steps:
        now_s += length_s
        if what == "starts":
            rate.start(now_s)
            began_s, first = now_s, True
        else:
            rate.finish_epoch(now_s)
            epochs.append((began_s, now_s, first))
            began_s, first = now_s, False
    return rate, epochs, now_s


@given(events, st.lists(st.floats(0, 40), min_size=1, max_size=5))
def test_epochs_of_parts_of_a_time_add_up_to_those_of_all_of_it(
    steps: list[tuple[float, str]], cuts: list[float]
) -> None:
    rate, epochs, now_s = rate_after(steps)
    edges = [0.0, *sorted(min(cut, now_s) for cut in cuts), now_s]
    parts = [rate.epochs(begin_s, end_s) for begin_s, end_s in pairwise(edges)]
    if not epochs:
        assert parts == [None] * len(parts)
        return
    # An epoch of no length counts for the window that begins with it, so the last moment belongs to none.
    ended = sum(end_s > begin_s or end_s < now_s for begin_s, end_s, _ in epochs)
    assert math.fsum(part or 0.0 for part in parts) == pytest.approx(ended)


@given(events, st.floats(0, 40), st.floats(0, 40))
def test_the_rate_is_that_of_the_epochs_after_a_first_one(
    steps: list[tuple[float, str]], one_s: float, other_s: float
) -> None:
    rate, epochs, _ = rate_after(steps)
    begin_s, end_s = sorted((one_s, other_s))
    lengths = [e - b for b, e, first in epochs if not first and e > begin_s and b < end_s]
    expected = len(lengths) / sum(lengths) if sum(lengths) > 0 else None
    assert rate.per_s(begin_s, end_s) == (expected if expected is None else pytest.approx(expected))
    counted = rate.epochs(begin_s, end_s)
    assert (counted is None) == (not epochs)
    assert counted is None or counted >= 0
