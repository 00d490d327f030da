"""Cut the energy of all devices into pieces that add up to the whole, without gaps."""

from __future__ import annotations

from mutegreen.meters.recorder import Recorder
from mutegreen.model import Measurement


class Joules:
    """Cuts the energy of one span after another into pieces.

    A piece is the difference of two readings of the same window, so no energy is lost or counted twice between two
    pieces. (Rejected: one window for each piece, which would lose the energy between them.) When a domain has no value
    any more, a new window begins, because the next window may have a value again, for example after a counter reset:

        span      |----------------------------------------|     measured by one window, exact
        pieces    |----- cut ------ cut --x-- cut ---------|     differences of readings
        windows   |-----------------------| |--------------|     x: a domain lost its value
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._whole = object()
        self._window = self._whole
        self._before_j: dict[str, float] = {}

    def begin(self) -> None:
        """Open the window of a new span; the first piece begins now."""
        self._window = self._whole
        self._recorder.begin(self._whole)
        self._before_j = self._recorder.energy_so_far(self._whole)

    def cut(self) -> dict[str, float | None]:
        """Return the joules of each domain since the last cut; None: not known."""
        self._recorder.sample()
        piece = self._since(self._recorder.energy_so_far(self._window))
        if None in piece.values():
            self._begin_again()
        return piece

    def end(self) -> tuple[Measurement, dict[str, float | None]]:
        """End the span; return its measurement, and the joules since the last cut."""
        if self._window is not self._whole:
            piece = self.cut()
            self._end_window()
            return self._recorder.end(self._whole), piece
        measurement = self._recorder.end(self._whole)
        return measurement, self._since({d.domain: d.energy_j for d in measurement.domains if d.energy_j is not None})

    def _since(self, now_j: dict[str, float]) -> dict[str, float | None]:
        both = {domain: now_j[domain] - before_j for domain, before_j in self._before_j.items() if domain in now_j}
        self._before_j = now_j
        return {domain: both.get(domain) for domain in self._recorder.domains}

    def _begin_again(self) -> None:
        self._end_window()
        self._window = object()
        self._recorder.begin(self._window)
        self._before_j = self._recorder.energy_so_far(self._window)

    def _end_window(self) -> None:
        if self._window is not self._whole:
            self._recorder.end(self._window)
