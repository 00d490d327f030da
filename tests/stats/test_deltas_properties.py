"""Cliff's deltas of any samples are the mean sign over all pairs, within their intervals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import special

from mutegreen.stats.verdicts.deltas import cliffs_deltas

values = st.integers(-3, 3).map(float) | st.floats(-1e6, 1e6)
samples = st.lists(values, min_size=1, max_size=12)


def interval(pairs: NDArray[np.float64]) -> tuple[float, float]:
    """Feng & Cliff 2004, equation 9, on Cliff's unbiased variance, from the signs of all pairs; shape (n, m)."""
    n, m = pairs.shape
    delta = pairs.mean()
    rows = ((pairs.mean(axis=1) - delta) ** 2).sum()
    columns = ((pairs.mean(axis=0) - delta) ** 2).sum()
    unbiased = (m**2 * rows + n**2 * columns - ((pairs - delta) ** 2).sum()) / (n * m * (n - 1) * (m - 1))
    wide = special.ndtri(0.975) ** 2 * max(unbiased, (1 - delta**2) / (n * m - 1))
    half = np.sqrt(wide * ((1 - delta**2) ** 2 + wide))
    low, high = ((delta - delta**3 + side * half) / (1 - delta**2 + wide) for side in (-1, 1))
    return low, high


@given(original=samples, mutants=st.lists(samples, min_size=1, max_size=4), data=st.data())
def test_every_pair_is_counted(original: list[float], mutants: list[list[float]], data: st.DataObject) -> None:
    parts = [original, *mutants]
    arms = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    order = list(data.draw(st.permutations(range(len(arms)))))
    found = cliffs_deltas(np.concatenate(parts)[order], arms[order], len(parts))
    for arm, part in enumerate(parts):
        delta = np.sign(np.subtract.outer(part, original)).mean()
        assert found.delta[arm] == pytest.approx(delta, abs=1e-12)
        known = min(len(part), len(original)) >= 2
        assert np.isnan([found.low[arm], found.high[arm]]).tolist() == [not known, not known]
        if known and abs(delta) < 1:
            low, high = interval(np.sign(np.subtract.outer(part, original)))
            assert found.low[arm] == pytest.approx(max(low, -1.0), abs=1e-9)
            assert found.high[arm] == pytest.approx(min(high, 1.0), abs=1e-9)
        if known:
            assert -1 <= found.low[arm] <= found.delta[arm] + 1e-12
            assert found.delta[arm] - 1e-12 <= found.high[arm] <= 1


@given(original=samples, mutant=samples)
def test_exchanged_samples_have_the_opposite_delta(original: list[float], mutant: list[float]) -> None:
    arms = np.repeat([0, 1], [len(original), len(mutant)])
    one = cliffs_deltas(np.array([*original, *mutant]), arms, 2).delta[1]
    other = cliffs_deltas(np.array([*mutant, *original]), np.repeat([0, 1], [len(mutant), len(original)]), 2).delta[1]
    assert one == pytest.approx(-other, abs=1e-12)
