"""Idioms for hyperparameters: exactly the marked literals are found, with place, value and kind."""

from pathlib import Path

import pytest

from support.marked import found, scanned, unmarked
from support.scan_idioms import IDIOMS
from support.scan_idioms_flow import FLOW_IDIOMS

_ALL = IDIOMS | FLOW_IDIOMS


@pytest.mark.parametrize("name", _ALL)
def test_exactly_the_marked_literals_are_found(tmp_path: Path, name: str) -> None:
    source, expected = unmarked(_ALL[name])
    assert found(scanned(tmp_path, source), "train.py") == expected
