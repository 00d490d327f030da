"""A meter reduced to some of its domains, because another meter reads the others better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from typing_extensions import override

from mutegreen.meters.base import Meter, Reading

T = TypeVar("T")


class PartialMeter(Meter):
    """An opened meter reduced to some of its domains. No domain then counts twice.

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

    @override
    def open(self) -> None:
        self._whole.open()

    @override
    def read(self) -> Reading:
        reading = self._whole.read()
        return Reading(
            reading.t_s,
            self._only(reading.energy_j),
            self._only(reading.lost),
            self._only(reading.flags),
            self._only(reading.failed),
            self._only(reading.unknown),
        )

    @override
    def close(self) -> None:
        self._whole.close()

    def _only(self, by_domain: Mapping[str, T]) -> dict[str, T]:
        return {domain: value for domain, value in by_domain.items() if domain in self.domains}
