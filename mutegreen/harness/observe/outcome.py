"""Classify how a trial ended.

The first rule that applies decides:

    timeout passed                                         timeout
    exit status not 0:
      a message about a lack of memory                     out_of_memory
      SIGKILL while the kernel killed for lack of memory   out_of_memory
      the last loss or the performance is nan or inf       diverged
      otherwise                                            failed
    exit status 0:
      the last match of the performance is no number       failed
      the last loss or the performance is nan or inf       diverged
      a value was not applied                              not_applied
      no performance was found                             failed
      otherwise                                            ok

The reason is one line for people.
"""

from __future__ import annotations

import contextlib
import math
import re
import signal
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mutegreen import units
from mutegreen.harness.observe.performance import SEARCHED_CHARACTERS, OutputReader
from mutegreen.harness.process.command import CommandResult, OutputLine
from mutegreen.model import Evidence, Outcome

TAIL_LINES = 20
"""Number of last lines of the output that the message of a failed trial shows."""

OUT_OF_MEMORY = re.compile(
    r"(CUDA out of memory|OutOfMemoryError|CUDA_ERROR_OUT_OF_MEMORY|HIP out of memory|MPS backend out of memory"
    r"|RESOURCE_EXHAUSTED|ResourceExhaustedError|DefaultCPUAllocator: (can't|not enough)|\bMemoryError\b"
    r"|std::bad_alloc|Cannot allocate memory|Unable to allocate .* for an array|oom-kill)"
)
"""What torch, TensorFlow, JAX, numpy, Python and the C++ library print when memory is short."""


@dataclass
class OutputTail:
    """The last lines of the output, and the last line that reports a lack of memory."""

    lines: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL_LINES))
    out_of_memory: str | None = None

    @property
    def last(self) -> str:
        """The last line."""
        return self.lines[-1].strip() if self.lines else "no output"

    def feed(self, line: OutputLine) -> None:
        """Process the next line."""
        if line.text.strip():
            self.lines.append(line.text)
        # The last such line is the exception's own; earlier ones may be lines of source in its traceback.
        if OUT_OF_MEMORY.search(line.text, 0, SEARCHED_CHARACTERS):
            self.out_of_memory = line.text.strip()


def oom_kills() -> int:
    """Return how many processes the kernel has killed for lack of memory since boot (Linux; elsewhere 0)."""
    with contextlib.suppress(OSError):
        match = re.search(r"^oom_kill (\d+)$", Path("/proc/vmstat").read_text(encoding="ascii"), re.MULTILINE)
        return int(match[1]) if match else 0
    return 0


def classify(
    ended: CommandResult,
    tail: OutputTail,
    output: OutputReader,
    evidence: Sequence[Evidence],
    file_fault: str | None = None,
    oom_killed: bool = False,
) -> tuple[Outcome, str | None]:
    """Return the outcome and, unless it is `ok`, its reason in one line.

    Args:
        ended: How the command ended.
        tail: The last lines of its output.
        output: What was read from its output.
        evidence: Evidence for the watched values.
        file_fault: What is wrong with the file of results; None: nothing, or there is none.
        oom_killed: Whether the kernel killed some process for lack of memory while the training ran.
    """
    if ended.timed_out:
        return Outcome.TIMEOUT, f"ended after {units.duration(ended.duration_s)}, its timeout"
    if ended.status != 0:
        return _crash(ended, tail, output, oom_killed)
    if output.unreadable is not None:
        return Outcome.FAILED, f"the performance pattern matched {output.unreadable!r}, which contains no number"
    if output.diverged:
        return Outcome.DIVERGED, _divergence(output)
    for item in evidence:
        if not item.applied:
            return Outcome.NOT_APPLIED, f"{item.hyperparameter}: {item.how}"
    if output.result is None:
        return Outcome.FAILED, file_fault or "it ended without an error, but no performance was found in its output"
    return Outcome.OK, None


def _crash(ended: CommandResult, tail: OutputTail, output: OutputReader, oom_killed: bool) -> tuple[Outcome, str]:
    if tail.out_of_memory is not None:
        return Outcome.OUT_OF_MEMORY, tail.out_of_memory
    if oom_killed and ended.status == -signal.SIGKILL:
        return Outcome.OUT_OF_MEMORY, "killed by the kernel (signal 9) for lack of memory"
    if output.diverged:
        return Outcome.DIVERGED, _divergence(output)
    how = f"signal {-ended.status}" if ended.status < 0 else f"exit status {ended.status}"
    return Outcome.FAILED, f"{how}: {tail.last}"


def _divergence(output: OutputReader) -> str:
    if output.last_loss is not None and not math.isfinite(output.last_loss):
        return f"the loss is {output.last_loss}"
    return f"the performance is {output.result}"
