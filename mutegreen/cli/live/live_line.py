"""The live line on a terminal: what runs now, and what it has cost so far. In a log there is none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mutegreen import units

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

REFRESH_PER_S = 2
"""Redraws of the line a second: each costs energy that the meters see."""


class LiveLine:
    """One line that is drawn again and again, below all that is printed."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None

    def show(self, what: str, cost: str) -> None:
        """Shows what runs now, and dimmed what it costs; does nothing where the console is no terminal."""
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
        """Removes the line."""
        if self._status is not None:
            self._status.stop()


def cost(left_s: float | None, energy: str) -> str:
    """The time that is left, if it is known, and the energy so far."""
    return energy if left_s is None else f"{units.expected_duration(left_s)} left, {energy}"


def machine_j(energy_j: Mapping[str, float]) -> float:
    """The sum over domains, joules; `psys` contains the others and is in no sum."""
    return math.fsum(joules for domain, joules in energy_j.items() if domain != "psys")


def energy_text(energy_j: float | None, estimated: bool) -> str:
    """An energy and whether it is estimated; None: not measured."""
    if energy_j is None:
        return "energy not measured"
    return units.energy(energy_j) + (" (estimated)" if estimated else "")
