"""The live line on a terminal; a log has none."""

import io

import pytest
from rich.console import Console

from mutegreen.cli.live.live_line import LiveLine, cost, energy_text, machine_j


@pytest.mark.parametrize("terminal", [True, False])
def test_the_line_is_drawn_on_a_terminal_only(terminal: bool) -> None:
    written = io.StringIO()
    line = LiveLine(Console(file=written, force_terminal=terminal, width=80))
    line.show("[1/10] training epochs=6", "3.1 min left, 12.0 J")
    line.show("[2/10] training original", "2.8 min left, 14.0 J")
    line.stop()
    assert ("[2/10] training original" in written.getvalue()) is terminal
    assert bool(written.getvalue()) is terminal


def test_the_cost_has_the_time_left_where_it_is_known() -> None:
    assert cost(187.0, "12.0 J") == "3.1 min left, 12.0 J"
    assert cost(None, "12.0 J") == "12.0 J"


def test_energy_that_is_small_is_not_zero_and_what_is_not_measured_is_no_number() -> None:
    assert energy_text(0.0004, estimated=True) == "400 µJ (estimated)"
    assert energy_text(None, estimated=True) == "energy not measured"


def test_the_sum_leaves_out_the_domain_that_contains_the_others() -> None:
    assert machine_j({"cpu:package-0": 3.0, "dram:package-0": 0.5, "psys": 9.0}) == 3.5
