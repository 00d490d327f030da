"""Wait until a GPU has released the processes of a trial: the driver frees their memory a moment after they end."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from mutegreen.attribution.gpu_use import GpuUse
from mutegreen.errors import MeterError, MuteGreenError
from mutegreen.model import is_gpu

LIMIT_S = 10.0
"""Time within which a GPU must release an ended process, seconds; a process that stays longer hangs in the driver."""

POLL_S = 0.02


# Guarantees:
#   - When `wait_until_gone` returns, the driver lists none of the processes on any GPU that it reports.
#   - It takes `LIMIT_S` and one reading at most.
# Relies on:
#   - The driver has the same process ids as this process. In a container with its own ids it finds none, and
#     `wait_until_gone` returns at once; so it does for a GPU whose processes the driver does not report.
#   - No process id is used again on a GPU within the limit.
#   - Threads of concurrent trials may read at the same time (`GpuUse.memory`).
@dataclass(frozen=True)
class GpuProcesses:
    """The processes on the GPUs.

    Args:
        on: Reads the ids of the processes on each GPU.
    """

    on: Callable[[], Mapping[str, Collection[int]]]

    @classmethod
    def of(cls, domains: Sequence[str]) -> GpuProcesses | None:
        """Return the processes on the GPUs among these domains; None: there is no GPU, or no driver reports them."""
        gpus = [domain for domain in domains if is_gpu(domain)]
        if not gpus:
            return None
        try:
            use = GpuUse.open(gpus)
        except MeterError:
            return None
        return cls(use.memory)

    def wait_until_gone(self, pids: Collection[int], limit_s: float = LIMIT_S) -> None:
        """Wait until none of these processes is on any GPU.

        Raises:
            MuteGreenError: One stays longer than `limit_s` seconds.
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
