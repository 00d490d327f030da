"""Locks by device, so that two audits on one machine do not measure each other."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from mutegreen.clock import now
from mutegreen.errors import UsageError
from mutegreen.model import is_gpu

FOLDER_VARIABLE = "MUTEGREEN_LOCKS"
"""Names another folder for the locks. All audits of a machine must use the same one."""

POLL_S = 0.5


@dataclass(frozen=True)
class Holder:
    """Who measures on a device: the audit, its process, and since when (ISO 8601, UTC)."""

    audit: str
    pid: int
    since: str

    @classmethod
    def this(cls, audit: str) -> Holder:
        """This process, from now on."""
        return cls(audit, os.getpid(), now())

    def __str__(self) -> str:
        return f"audit {self.audit} (process {self.pid}, since {self.since})"


def folder() -> Path:
    """Where the locks lie: a folder that all users of the machine share."""
    return Path(os.environ.get(FOLDER_VARIABLE) or Path(tempfile.gettempdir()) / "mutegreen-locks")


def lock_names(domains: Iterable[str]) -> list[str]:
    """What is locked for these domains: each GPU, and the CPU with its memory as one, for any audit loads it."""
    return sorted({"cpu", *(domain for domain in domains if is_gpu(domain))})


@contextlib.contextmanager
def locked(
    devices: Iterable[str], holder: Holder, waiting: Callable[[str, Holder | None], None], wait: bool = True
) -> Iterator[None]:
    """Holds the locks of these devices; waits for those that another audit holds.

    The system frees a lock when its process ends, however it ends: a lock file left behind means nothing.

    Args:
        devices: What to lock.
        holder: Who locks.
        waiting: Is told once for each device on which another audit measures, and which, if that is known.
        wait: Whether to wait; if not, a device in use is an error.

    Raises:
        UsageError: A device is in use, and it is not to be waited for.
    """
    with contextlib.ExitStack() as stack:
        for device in sorted(devices):
            file = _open(device)
            if file is not None:
                stack.callback(os.close, file)
                _lock(file, device, waiting, wait)
                _write(file, holder)
        yield


def _open(device: str) -> int | None:
    """The lock file of a device, for all users; None where none can be had: then nobody is kept out."""
    path = folder() / f"{device.replace(':', '-').replace('/', '-')}.lock"
    with contextlib.suppress(OSError):
        if not path.parent.exists():
            path.parent.mkdir(parents=True)
            path.parent.chmod(0o1777)
    # An existing file is opened without O_CREAT: kernels forbid that flag on another user's file in such a folder.
    for flags in (os.O_RDWR, os.O_RDWR | os.O_CREAT, os.O_RDONLY):
        with contextlib.suppress(OSError):
            file = os.open(path, flags | os.O_CLOEXEC, 0o666)
            with contextlib.suppress(OSError):
                os.fchmod(file, 0o666)
            return file
    return None


def _lock(file: int, device: str, waiting: Callable[[str, Holder | None], None], wait: bool) -> None:
    told = False
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = _read(file)
            if not wait:
                who = str(other) if other else "another audit"
                raise UsageError(f"{who} measures on {device}", "let it end, or leave --no-wait away") from None
            if not told:
                waiting(device, other)
                told = True
            time.sleep(POLL_S)
        else:
            return


def _read(file: int) -> Holder | None:
    try:
        return Holder(**json.loads(os.pread(file, 4096, 0)))
    except (OSError, ValueError, TypeError):
        return None


def _write(file: int, holder: Holder) -> None:
    with contextlib.suppress(OSError):
        os.ftruncate(file, 0)
        os.pwrite(file, json.dumps(asdict(holder)).encode(), 0)
