"""Compares a GPU's energy counter with its integrated power, to find counters that are wrong.

The comparison runs in blocks. A block begins and ends at an update of the counter:

    counter, J   __________|~~~~~~~~|~~~~~~~~|~~~~~~~~|____
    power, W     .  .  .  .  .  .  .  .  .  .  .  .  .  .       samples, one per reading
                           [ block 1         ][ block 2 ...
                 --------------------------------------> time

With C the counter's growth in a block, W the integrated power, both in joules, and S the slack, also in joules, the
two agree if

    W / RATIO - S  <=  C  <=  W RATIO + S,    S = lag_s D + spacing_s P_max

D is the range of the power in the block (of the sampled power, or of the counter's own mean power if that varies
more), watts: power that lags by lag_s is wrong by at most lag_s D. P_max is the highest sampled power and spacing_s
the longest time between two samples: the position of the block's edges is uncertain by one sample. The block grows
until S is at most CONCLUSIVE W; a comparison with more slack would be inconclusive.
"""

from __future__ import annotations

from typing import NamedTuple

BLOCK_S = 0.3
"""Shortest block, seconds."""

STRETCH_S = 0.1
"""The counter's own power is the mean over at least this time, seconds."""

NOISE = 0.3
"""Relative range of the counter's own power that the timing of its readings explains; only the rest counts."""

RATIO = 2.0
"""Counter and power may differ by this factor: 1.7 was observed on some cards (ml-energy/zeus issue 181)."""

CONCLUSIVE = 0.15
"""A comparison counts when the slack is at most this fraction of the integrated power."""

STUCK_S, STUCK_J = 5.0, 200.0
"""A counter that does not change for this time, while the integrated power reaches this energy, is broken. Counters of
idle GPUs may have coarse steps, but not of that size."""

MAX_BOARD_W = 5000.0
"""More power than any board draws, watts: a counter that grows faster has jumped."""


class _Moment(NamedTuple):
    t_s: float
    counter_j: float
    power_j: float


class _Range:
    """The lowest and the highest of some values."""

    def __init__(self) -> None:
        self.lowest, self.highest = float("inf"), 0.0

    def add(self, value: float) -> None:
        self.lowest, self.highest = min(self.lowest, value), max(self.highest, value)

    def width(self, noise: float = 0.0) -> float:
        return max(0.0, self.highest * (1 - noise) - self.lowest)


class _Block:
    """What was observed since an update of the counter."""

    def __init__(self, begin: _Moment, power_w: float) -> None:
        self.begin = self.stretch = begin
        self.power, self.counter = _Range(), _Range()
        self.power.add(power_w)
        self.spacing_s = 0.0

    def slack_j(self, lag_s: float) -> float:
        """Return the slack S of the module's equations, joules."""
        range_w = max(self.power.width(), self.counter.width(NOISE))
        return lag_s * range_w + self.spacing_s * self.power.highest


class CrossCheck:
    """Compares a counter with integrated power, block after block (see the module's docstring).

    Blocks begin and end at updates of the counter. So coarse steps of the counter, in time or in energy, do not count
    as a difference.

    Args:
        lag_s: How far the power may lag behind, or the time over which it is a mean, seconds.

    Attributes:
        failed: Whether the two disagreed in the last block.
        has_result: Whether a block has been completed.
    """

    def __init__(self, lag_s: float) -> None:
        self.failed = False
        self.has_result = False
        self._lag_s = lag_s
        self.restart()

    def restart(self) -> None:
        """Discard the current block: the power or the counter was interrupted."""
        self._last: _Moment | None = None
        self._block: _Block | None = None

    def add(self, t_s: float, counter_j: float, power_j: float, power_w: float) -> None:
        """Add a sample.

        Args:
            t_s: Its time, seconds.
            counter_j: The counter, joules.
            power_j: The integrated power up to now, joules.
            power_w: The power now, watts.
        """
        last, now = self._last, _Moment(t_s, counter_j, power_j)
        self._last = now
        if last is None:
            self._updated = self._before_update = now
            return
        if self._block is not None:
            self._block.power.add(power_w)
            self._block.spacing_s = max(self._block.spacing_s, t_s - last.t_s)
        if counter_j == last.counter_j:
            self._check_stuck(now)
        else:
            self._update(last, now, power_w)

    def _update(self, last: _Moment, now: _Moment, power_w: float) -> None:
        jumped = now.counter_j - last.counter_j > MAX_BOARD_W * (now.t_s - self._before_update.t_s)
        self._before_update, self._updated = last, now
        if jumped:
            self._decide(failed=True)
            self._block = None
        if self._block is None or self._compare(self._block, now):
            self._block = _Block(now, power_w)

    def _compare(self, block: _Block, now: _Moment) -> bool:
        """Compare if the block is long enough; return whether it is over."""
        since_s = now.t_s - block.stretch.t_s
        if since_s >= STRETCH_S:
            block.counter.add((now.counter_j - block.stretch.counter_j) / since_s)
            block.stretch = now
        slack_j = block.slack_j(self._lag_s)
        power_j, counter_j = now.power_j - block.begin.power_j, now.counter_j - block.begin.counter_j
        if now.t_s - block.begin.t_s < BLOCK_S or slack_j > CONCLUSIVE * power_j:
            return False
        self._decide(failed=not power_j / RATIO - slack_j <= counter_j <= power_j * RATIO + slack_j)
        return True

    def _check_stuck(self, now: _Moment) -> None:
        since = self._updated
        if now.t_s - since.t_s >= STUCK_S and now.power_j - since.power_j >= STUCK_J:
            self._decide(failed=True)

    def _decide(self, failed: bool) -> None:
        self.failed, self.has_result = failed, True
