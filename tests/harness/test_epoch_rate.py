"""Epochs of a background load, counted in windows; all expected values are calculated by hand."""

from __future__ import annotations

import pytest

from mutegreen.harness.concurrency.epoch_rate import EpochRate


def steady(first_s: float = 5.0, each_s: float = 2.0, count: int = 10) -> EpochRate:
    """Started at 0, first epoch after `first_s`, then one every `each_s`."""
    rate = EpochRate()
    rate.start(0.0)
    for number in range(count):
        rate.finish_epoch(first_s + each_s * number)
    return rate


def test_nothing_is_known_before_the_first_epoch() -> None:
    rate = EpochRate()
    assert rate.epochs(0.0, 1.0) is None
    rate.start(0.0)
    assert rate.epochs(0.0, 1.0) is None
    assert rate.per_s(0.0, 1.0) is None


@pytest.mark.parametrize(
    ("begin_s", "end_s", "epochs"),
    [(5.0, 7.0, 1.0), (5.0, 11.0, 3.0), (6.0, 8.0, 1.0), (0.0, 5.0, 1.0), (0.0, 2.5, 0.5), (4.0, 6.0, 0.2 + 0.5)],
)
def test_parts_of_epochs_count_by_time(begin_s: float, end_s: float, epochs: float) -> None:
    assert steady().epochs(begin_s, end_s) == pytest.approx(epochs)


def test_the_pace_leaves_the_start_up_out() -> None:
    assert steady().per_s(0.0, 100.0) == pytest.approx(0.5)


def test_an_epoch_under_way_is_assumed_to_last_as_the_one_before_and_not_to_have_ended() -> None:
    rate = steady(count=3)  # ends at 5, 7, 9
    assert rate.epochs(9.0, 10.0) == pytest.approx(0.5)
    assert rate.epochs(9.0, 19.0) == pytest.approx(1.0), "an epoch that takes longer is one epoch still"


def test_a_restart_loses_the_epoch_under_way_and_begins_with_a_start_up() -> None:
    rate = steady(count=3)
    rate.start(10.0)
    rate.finish_epoch(16.0)
    rate.finish_epoch(18.0)
    assert rate.epochs(9.0, 18.0) == pytest.approx(2.0), "nothing from 9 to 10, then a start-up, then one epoch"
    assert rate.per_s(16.0, 18.0) == pytest.approx(0.5)


def test_after_a_start_over_the_expected_length_is_that_of_a_first_epoch() -> None:
    rate = steady(first_s=4.0, each_s=1.0, count=3)  # ends at 4, 5, 6
    rate.start(6.0)
    assert rate.epochs(6.0, 8.0) == pytest.approx(0.5)


def test_the_rate_is_that_of_the_window_only() -> None:
    rate = EpochRate()
    rate.start(0.0)
    for at_s in (5, 6, 7, 8, 10, 12, 14):
        rate.finish_epoch(float(at_s))
    assert rate.per_s(5.0, 8.0) == pytest.approx(1.0)
    assert rate.per_s(8.0, 14.0) == pytest.approx(0.5)
