"""Adjusted p values: by hand, and families without p values."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from mutegreen.stats.adjustment import Adjustment, adjust

RAW = [0.01, 0.04, 0.03, 0.005]


def test_holm_by_hand() -> None:
    # In order: 0.005 x 4, 0.01 x 3, 0.03 x 2, 0.04 x 1; and never less than the one before.
    np.testing.assert_allclose(adjust(RAW), [0.03, 0.06, 0.06, 0.02])


def test_benjamini_hochberg_by_hand() -> None:
    # In order: 0.005 x 4 / 1, 0.01 x 4 / 2, 0.03 x 4 / 3, 0.04 x 4 / 4; and never more than the one after.
    np.testing.assert_allclose(adjust(RAW, Adjustment.BH), [0.02, 0.04, 0.04, 0.02])


def test_no_p_value_exceeds_one() -> None:
    np.testing.assert_array_equal(adjust([0.6, 0.9]), [1.0, 1.0])


@pytest.mark.parametrize("adjustment", Adjustment)
def test_missing_p_values_are_not_part_of_the_family(adjustment: Adjustment) -> None:
    with_gaps = adjust([[0.01, np.nan, 0.04], [0.03, 0.005, np.nan]], adjustment)
    assert with_gaps.shape == (2, 3)
    np.testing.assert_array_equal(np.isnan(with_gaps), [[False, True, False], [False, False, True]])
    np.testing.assert_allclose(with_gaps[~np.isnan(with_gaps)], adjust(RAW, adjustment))


def test_a_family_without_p_values() -> None:
    assert adjust([]).size == 0
    assert np.isnan(adjust([np.nan, np.nan])).all()


@pytest.mark.parametrize(("adjustment", "name"), [(Adjustment.HOLM, "holm"), (Adjustment.BH, "fdr_bh")])
def test_agrees_with_statsmodels(adjustment: Adjustment, name: str) -> None:
    p = np.random.default_rng(1).beta(0.3, 1.0, 200)
    p[20:30] = p[20]
    np.testing.assert_allclose(adjust(p, adjustment), multipletests(p, method=name)[1])
