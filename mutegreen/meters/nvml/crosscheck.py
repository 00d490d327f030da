"""Whether a GPU's counter of joules and its power tell the same story."""

from __future__ import annotations

from typing import NamedTuple

BLOCK_S = 0.3
"""What is compared is at least so long, seconds."""

STRETCH_S = 0.1
"""The counter's own power is taken over so long, seconds."""

NOISE = 0.3
"""A swing of the counter's own power below this share is put down to the moments at which it was read."""

RATIO = 2.0
"""Counter and power may differ by this factor: cards were seen at 1.7 (ml-energy/zeus issue 181)."""

CONCLUSIVE = 0.15
"""A comparison counts once what cannot be compared is below this share of the energy."""

STUCK_S, STUCK_J = 5.0, 200.0
"""A counter that stands still for so long while power says so much is broken; counters of idle GPUs may have
coarse steps, but not of that size."""

MAX_BOARD_W = 5000.0
"""More power than any board takes: a counter that grows faster has leapt."""


class _Moment(NamedTuple):
    t_s: float
    counter_j: float
    power_j: float


class _Range:
    """The lowest and the highest of some figures."""

    def __init__(self) -> None:
        self.lowest, self.highest = float("inf"), 0.0

    def add(self, figure: float) -> None:
        self.lowest, self.highest = min(self.lowest, figure), max(self.highest, figure)

    def swing(self, noise: float = 0.0) -> float:
        return max(0.0, self.highest * (1 - noise) - self.lowest)


class _Block:
    """What happened since an update of the counter."""

    def __init__(self, begin: _Moment, power_w: float) -> None:
        self.begin = self.stretch = begin
        self.power, self.counter = _Range(), _Range()
        self.power.add(power_w)
        self.spacing_s = 0.0

    def slack_j(self, lag_s: float) -> float:
        """By how much the two may honestly differ: the swing of power within its lag, and a sample at either edge."""
        swing_w = max(self.power.swing(), self.counter.swing(NOISE))
        return lag_s * swing_w + self.spacing_s * self.power.highest


class CrossCheck:
    """Compares a counter with integrated power, block after block.

    A block begins and ends when the counter was just updated, so steps of time or energy in the counter, however
    coarse, do not count as a difference. It grows until the two can be told apart.

    Args:
        lag_s: How far power may lag behind, or over how long it is a mean, seconds.

    Attributes:
        failed: Whether the two disagreed in the last block.
        decided: Whether there was a block at all.
    """

    def __init__(self, lag_s: float) -> None:
        self.failed = False
        self.decided = False
        self._lag_s = lag_s
        self.restart()

    def restart(self) -> None:
        """Forget the block under way: power or counter was interrupted."""
        self._last: _Moment | None = None
        self._block: _Block | None = None

    def add(self, t_s: float, counter_j: float, power_j: float, power_w: float) -> None:
        """Take a sample: counter and integrated power, joules, and power, watts."""
        last, now = self._last, _Moment(t_s, counter_j, power_j)
        self._last = now
        if last is None:
            self._updated = self._before_update = now
            return
        if self._block is not None:
            self._block.power.add(power_w)
            self._block.spacing_s = max(self._block.spacing_s, t_s - last.t_s)
        if counter_j == last.counter_j:
            self._check_still(now)
        else:
            self._update(last, now, power_w)

    def _update(self, last: _Moment, now: _Moment, power_w: float) -> None:
        leapt = now.counter_j - last.counter_j > MAX_BOARD_W * (now.t_s - self._before_update.t_s)
        self._before_update, self._updated = last, now
        if leapt:
            self._decide(failed=True)
            self._block = None
        if self._block is None or self._compare(self._block, now):
            self._block = _Block(now, power_w)

    def _compare(self, block: _Block, now: _Moment) -> bool:
        """Whether the block is over, as there is a result."""
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

    def _check_still(self, now: _Moment) -> None:
        since = self._updated
        if now.t_s - since.t_s >= STUCK_S and now.power_j - since.power_j >= STUCK_J:
            self._decide(failed=True)

    def _decide(self, failed: bool) -> None:
        self.failed, self.decided = failed, True
