"""A part of a meter, where another meter reads the rest of its domains better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from mutegreen.meters.base import Meter, Reading

T = TypeVar("T")


class PartialMeter(Meter):
    """An opened meter reduced to some of its domains, so that none is counted twice.

    Args:
        whole: The opened meter.
        domains: The domains to keep.
    """

    def __init__(self, whole: Meter, domains: tuple[str, ...]) -> None:
        self._whole = whole
        self.name = whole.name
        self.domains = domains
        self.quality = self._only(whole.quality)
        self.resolution_s = whole.resolution_s
        self.period_s = whole.period_s

    def open(self) -> None:
        """Open the whole meter again."""
        self._whole.open()

    def read(self) -> Reading:
        """The whole meter's reading without the other domains."""
        reading = self._whole.read()
        figures, lost, flags = self._only(reading.energy_j), self._only(reading.lost), self._only(reading.flags)
        return Reading(reading.t_s, figures, lost, flags, self._only(reading.failed), self._only(reading.unknown))

    def close(self) -> None:
        """Close the whole meter."""
        self._whole.close()

    def _only(self, figures: Mapping[str, T]) -> dict[str, T]:
        return {domain: figure for domain, figure in figures.items() if domain in self.domains}
