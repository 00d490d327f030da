"""A meter with fallbacks: the first of several meters of the same domains that this user may read."""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import override

from mutegreen.errors import MeterError, MeterPermissionError
from mutegreen.meters.base import Meter, Reading


class FallbackMeter(Meter):
    """Behaves like the first of its meters that opens. The next one is tried only if permission is denied.

    Args:
        meters: Meters of the same domains, not open, the best first. If none opens, the error is that of the first.
    """

    def __init__(self, meters: Sequence[Meter]) -> None:
        self._meters = meters
        self._use(meters[0])

    @override
    def open(self) -> None:
        """Open the first meter that this user may read.

        Raises:
            MeterUnavailable: The hardware is not there.
            MeterPermissionError: None of the meters may be read.
        """
        self._use(self._meters[0])
        try:
            self._meter.open()
        except MeterPermissionError as denied:
            self._open_next(denied)
        self._use(self._meter)

    @override
    def read(self) -> Reading:
        return self._meter.read()

    @override
    def close(self) -> None:
        self._meter.close()

    def _open_next(self, denied: MeterPermissionError) -> None:
        for meter in self._meters[1:]:
            try:
                meter.open()
            except MeterError:
                continue
            self._meter = meter
            return
        raise denied

    def _use(self, meter: Meter) -> None:
        self._meter = meter
        self.name, self.domains, self.resolution_s = meter.name, meter.domains, meter.resolution_s
        self.period_s, self.unavailable = meter.period_s, meter.unavailable
        if meter.domains:
            self.quality = meter.quality
