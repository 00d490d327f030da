"""Quantities as text: one home, and nothing that is not zero is shown as zero."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutegreen import units

SIZES = {"n": 1e-9, "µ": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
SECONDS = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "days": 86400.0}


@pytest.mark.parametrize(
    ("joules", "text"),
    [
        (0, "0 J"),
        (0.0004, "400 µJ"),
        (0.0123, "12.3 mJ"),
        (5.095, "5.09 J"),
        (9.999, "10.0 J"),
        (999.4, "999 J"),
        (999.6, "1.00 kJ"),
        (5100, "5.10 kJ"),
        (15948.0, "15.9 kJ"),
        (3.6e6, "3.60 MJ"),
        (1e16, "10000 TJ"),
        (1e-7, "100 nJ"),
        (-0.0004, "-400 µJ"),
    ],
)
def test_energy(joules: float, text: str) -> None:
    assert units.energy(joules) == text


def test_a_difference_that_only_rounding_left_is_zero() -> None:
    gross_j = 9.23 * 0.0917 + 0.3
    assert units.energy_difference(gross_j - 0.3 - 9.23 * 0.0917, gross_j) == "0 J"
    assert units.energy_difference(-1.33e-15, 2.57) == "0 J"
    assert units.energy_difference(1e-9, 2.57) == "1.00 nJ"
    assert units.energy_difference(0.0, 0.0) == "0 J"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.0412, "41.2 ms"),
        (0.5, "0.50 s"),
        (100, "100 s"),
        (119.9, "120 s"),
        (120, "2.00 min"),
        (7199, "120 min"),
        (7200, "2.00 h"),
        (100 * 3600, "4.17 days"),
        (55.6 * 3600, "2.32 days"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert units.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(3.14159, "3.1 s"), (45.4, "45 s"), (100, "100 s"), (754, "13 min"), (9000, "2.5 h")]
)
def test_an_expected_duration_has_two_digits(seconds: float, text: str) -> None:
    assert units.expected_duration(seconds) == text


@pytest.mark.parametrize(("watts", "text"), [(0.35, "350 mW"), (98.76, "98.8 W"), (1200, "1.20 kW")])
def test_power(watts: float, text: str) -> None:
    assert units.power(watts) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_shown_as_such(value: float) -> None:
    assert units.energy(value) == f"{value} J"
    assert units.duration(value) == f"{value} s"


@given(st.floats(1e-12, 1e15))
def test_an_energy_reads_back_within_half_a_percent_and_never_as_zero(joules: float) -> None:
    number, prefix = re.fullmatch(r"(\S+) (n|µ|m|k|M|G|T|)J", units.energy(joules)).groups()
    assert float(number) * SIZES[prefix] == pytest.approx(joules, rel=5.001e-3)
    assert units.quantity("gpu_j", joules) == units.energy(joules)


@given(st.floats(1e-9, 1e9))
def test_a_duration_reads_back_within_five_percent_and_never_as_zero(seconds: float) -> None:
    number, unit = units.duration(seconds).split()
    assert float(number) * SECONDS[unit] == pytest.approx(seconds, rel=0.05)
    assert units.quantity("duration_s", seconds) == units.duration(seconds)


@given(st.floats(0, 1e15))
def test_a_scale_puts_one_to_three_digits_before_the_point(joules: float) -> None:
    scale = units.si_scale(joules, "J")
    assert joules / scale.size < 1000 or scale.unit == "TJ"
    assert joules / scale.size >= 0.9994 or scale.unit == "nJ" or joules == 0
