"""The line of `mutegreen show` on the energy of a domain."""

from __future__ import annotations

import pytest

from mutegreen.cli.commands.results.show import energy_text
from mutegreen.model import DomainEnergy, Flag, Quality


@pytest.mark.parametrize(
    ("idle_w", "quality", "flags", "text"),
    [
        (1.0, Quality.COUNTER, {Flag.OTHER_LOAD}, "(counter of the meter m), 2.00 J above idle; flags: other_load"),
        (4.0, Quality.ESTIMATED, set(), "(estimated by the meter m), 4.00 J below idle"),
        (2.0 + 4e-16, Quality.INTEGRATED, set(), "(integrated from the power of the meter m), 0 J above idle"),
        (None, Quality.ATTRIBUTED, set(), "(attributed, from the meter m)"),
    ],
)
def test_energy_names_its_source_its_difference_to_idle_and_its_flags(
    idle_w: float | None, quality: Quality, flags: set[Flag], text: str
) -> None:
    domain = DomainEnergy("cpu:package-0", "m", quality, 4.0, 2.0, idle_w, frozenset(flags))
    assert energy_text(domain) == f"cpu:package-0: 4.00 J {text}"
