"""The first of several ways to read the same domains that the user is permitted to go."""

from __future__ import annotations

from collections.abc import Sequence

from mutegreen.errors import MeterError, MeterPermissionError
from mutegreen.meters.base import Meter, Reading


class FallbackMeter(Meter):
    """Behaves as the first of its meters that opens; the next is tried only where one is not permitted.

    Args:
        ways: Meters of the same domains, not open, the best first. The first gives the error if none may be used.
    """

    def __init__(self, ways: Sequence[Meter]) -> None:
        self._ways = ways
        self._take(ways[0])

    def open(self) -> None:
        """Open the first meter that may be used.

        Raises:
            MeterUnavailable: The hardware is not there.
            MeterPermissionError: No way is permitted.
        """
        self._take(self._ways[0])
        try:
            self._meter.open()
        except MeterPermissionError as denied:
            self._open_next(denied)
        self._take(self._meter)

    def read(self) -> Reading:
        """What the meter that was opened reads."""
        return self._meter.read()

    def close(self) -> None:
        """Close the meter that was opened."""
        self._meter.close()

    def _open_next(self, denied: MeterPermissionError) -> None:
        for way in self._ways[1:]:
            try:
                way.open()
            except MeterError:
                continue
            self._meter = way
            return
        raise denied

    def _take(self, meter: Meter) -> None:
        self._meter = meter
        self.name, self.domains, self.resolution_s = meter.name, meter.domains, meter.resolution_s
        self.period_s, self.unavailable = meter.period_s, meter.unavailable
        if meter.domains:
            self.quality = meter.quality
