"""Adjusted p values of any family equal those of statsmodels; missing p values are not part of the family."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from mutegreen.stats.adjustment import Adjustment, adjust

p_values = st.lists(st.floats(0, 1) | st.sampled_from([0.0, 0.01, 0.05, 0.5, 1.0, np.nan]), max_size=40)


def _adjusted_by_statsmodels(p: np.ndarray, name: str) -> np.ndarray:
    """Statsmodels collects garbage at each call, which takes half a second unless existing objects are frozen."""
    gc.freeze()
    try:
        return np.asarray(multipletests(p, method=name)[1])
    finally:
        gc.unfreeze()


@pytest.mark.parametrize(("adjustment", "name"), [(Adjustment.HOLM, "holm"), (Adjustment.BH, "fdr_bh")])
@settings(max_examples=25)
@given(p=p_values)
def test_agrees_with_statsmodels_where_p_values_are_missing(adjustment: Adjustment, name: str, p: list[float]) -> None:
    raw = np.array(p, dtype=float)
    asked = ~np.isnan(raw)
    adjusted = adjust(raw, adjustment)
    assert np.isnan(adjusted[~asked]).all()
    expected = _adjusted_by_statsmodels(raw[asked], name) if asked.any() else np.empty(0)
    np.testing.assert_allclose(adjusted[asked], expected, rtol=1e-12, atol=1e-15)


@given(p=p_values, data=st.data())
def test_order_and_shape_do_not_matter(p: list[float], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(p))))
    raw = np.array(p, dtype=float)
    for adjustment in Adjustment:
        turned = adjust(raw[list(order)].reshape(-1, 1), adjustment)
        np.testing.assert_allclose(turned[:, 0], adjust(raw, adjustment)[list(order)], rtol=1e-12)
