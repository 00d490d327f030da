"""The ways in which people write hyperparameters: exactly what is marked is found, with place, value and kind."""

from pathlib import Path

import pytest

from support.marked import found, scanned, unmarked
from support.scan_idioms import IDIOMS
from support.scan_idioms_flow import FLOW_IDIOMS

_ALL = IDIOMS | FLOW_IDIOMS


@pytest.mark.parametrize("name", _ALL)
def test_what_is_marked_is_found_and_nothing_else(tmp_path: Path, name: str) -> None:
    source, expected = unmarked(_ALL[name])
    assert found(scanned(tmp_path, source), "train.py") == expected
