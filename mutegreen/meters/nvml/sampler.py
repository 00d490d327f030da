"""A thread that looks at the GPUs between two readings, so light that it can do so eighty times a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from weakref import WeakMethod

JOIN_TIMEOUT_S = 5.0
"""How long stopping waits for a sample under way. A driver may hang for ever on a device that died."""


class SamplerThread:
    """Calls a method again and again in a thread of its own, until it is stopped or the method's object is gone.

    Waking up costs more than looking, and sleeping costs half of what waiting for an event does. So there is one
    thread for all GPUs, it sleeps, and `stop` waits for it to wake up.

    Args:
        sample: The method to call, which must not raise. Its object is not kept alive.
        period_s: How long to sleep between two calls, seconds.
    """

    def __init__(self, sample: Callable[[], None], period_s: float) -> None:
        self._sample, self._period_s = WeakMethod(sample), period_s
        self._is_stopped = False
        self._thread = threading.Thread(target=self._run, name="mutegreen-nvml", daemon=True)
        self._thread.start()

    def stop(self) -> bool:
        """Look no more; returns whether that came about."""
        self._is_stopped = True
        self._thread.join(JOIN_TIMEOUT_S)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._is_stopped and (sample := self._sample()):
            sample()
            del sample
            time.sleep(self._period_s)
