"""Samples the GPUs between two readings, in a thread that costs little enough to run eighty times a second.

Guarantees:
    - After `stop` has returned True, the method is not called again.
    - The thread does not keep the meter alive: it ends when the meter is collected.

Relies on:
    - The method not raising; an exception would end the thread.
    - Reading and writing a bool being atomic in CPython.

Rejected:
    - `Event.wait` instead of `time.sleep`: it costs twice as much CPU time, and waking up costs more than a sample.
      The price is that `stop` waits for the end of one period.
    - One thread per GPU: each would wake up on its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from weakref import WeakMethod

JOIN_TIMEOUT_S = 5.0
"""How long `stop` waits for a sample that has begun, seconds. A driver may hang for ever on a device that died."""


class SamplerThread:
    """Calls a method periodically in a thread of its own, until it is stopped or the method's object is collected.

    Args:
        sample: The method to call, which must not raise. Only a weak reference to its object is kept.
        period_s: How long to sleep between two calls, seconds.
    """

    def __init__(self, sample: Callable[[], None], period_s: float) -> None:
        self._sample, self._period_s = WeakMethod(sample), period_s
        self._is_stopped = False
        self._thread = threading.Thread(target=self._run, name="mutegreen-nvml", daemon=True)
        self._thread.start()

    def stop(self) -> bool:
        """Stop the thread; return whether it has ended."""
        self._is_stopped = True
        self._thread.join(JOIN_TIMEOUT_S)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._is_stopped and (sample := self._sample()):
            sample()
            del sample
            time.sleep(self._period_s)
