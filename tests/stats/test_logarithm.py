"""Relative changes from differences of logarithms."""

from __future__ import annotations

import math

import numpy as np

from mutegreen.stats.logarithm import relative_change


def test_a_ratio_less_one() -> None:
    assert np.allclose(relative_change([math.log(1.1), 0.0, math.log(0.5)]), [0.1, 0.0, -0.5])


def test_beyond_all_floats_it_is_infinite_without_a_warning() -> None:
    assert relative_change([5.9e150, -5.9e150]).tolist() == [math.inf, -1.0]
