"""The live line on a terminal: the current step, the time left and the energy so far. A log has no such line."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mutegreen import units

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

REFRESH_PER_S = 2
"""Redraws of the line per second. Each redraw costs energy, which the meters measure, too."""


class LiveLine:
    """One line at the bottom of the terminal that is redrawn."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None

    def show(self, what: str, cost: str) -> None:
        """Show the current step and, dimmed, its cost; do nothing if the console is not a terminal."""
        if not self._console.is_terminal:
            return
        from rich.text import Text

        text = Text.assemble(f"{what}  ", (cost, "dim"))
        if self._status is None:
            self._status = self._console.status(text, refresh_per_second=REFRESH_PER_S)
            self._status.start()
        else:
            self._status.update(text)

    def stop(self) -> None:
        """Remove the line."""
        if self._status is not None:
            self._status.stop()


def cost(left_s: float | None, energy: str) -> str:
    """Return the time left, if it is known (seconds), and the energy so far."""
    return energy if left_s is None else f"{units.expected_duration(left_s)} left, {energy}"


def machine_j(energy_j: Mapping[str, float]) -> float:
    """Return the sum over domains, joules, without `psys`, which contains the others."""
    return math.fsum(joules for domain, joules in energy_j.items() if domain != "psys")


def energy_text(energy_j: float | None, estimated: bool) -> str:
    """Return an energy (joules) as text, marked if it is estimated; None: not measured."""
    if energy_j is None:
        return "energy not measured"
    return units.energy(energy_j) + (" (estimated)" if estimated else "")
