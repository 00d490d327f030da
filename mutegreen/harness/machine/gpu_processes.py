"""Processes that a GPU still knows after they have ended: their memory is cleared a moment later."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from mutegreen.attribution.gpu_use import GpuUse
from mutegreen.errors import MeterError, MuteGreenError
from mutegreen.model import is_gpu

LIMIT_S = 10.0
"""Time within which a GPU forgets a process that has ended; one that it keeps hangs in the driver."""

POLL_S = 0.02


@dataclass(frozen=True)
class GpuProcesses:
    """Who is on the GPUs.

    Args:
        on: Reads the numbers of the processes on each GPU.
    """

    on: Callable[[], Mapping[str, Collection[int]]]

    @classmethod
    def of(cls, domains: Sequence[str]) -> GpuProcesses | None:
        """Of the GPUs among these domains; None: there is none, or no driver tells."""
        gpus = [domain for domain in domains if is_gpu(domain)]
        if not gpus:
            return None
        try:
            use = GpuUse.open(gpus)
        except MeterError:
            return None
        return cls(use.memory)

    def wait_until_gone(self, pids: Collection[int], limit_s: float = LIMIT_S) -> None:
        """Waits until no GPU knows any of these processes.

        Raises:
            MuteGreenError: One stays.
        """
        deadline_s = time.monotonic() + limit_s
        while left := {(pid, gpu) for gpu, on in self.on().items() for pid in set(on).intersection(pids)}:
            if time.monotonic() >= deadline_s:
                pid, gpu = min(left)
                raise MuteGreenError(
                    f"process {pid} has ended and is still on {gpu}",
                    "it hangs in the driver: `nvidia-smi` shows it; free the GPU, then resume the audit",
                )
            time.sleep(POLL_S)
