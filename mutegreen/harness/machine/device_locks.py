"""Lock devices, so that two audits on one machine do not measure each other."""

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
"""Environment variable that names another folder for the locks. All audits of a machine must use the same one."""

POLL_S = 0.5


@dataclass(frozen=True)
class Holder:
    """The owner of a lock: the audit, its process, and since when (ISO 8601, UTC)."""

    audit: str
    pid: int
    since: str

    @classmethod
    def this(cls, audit: str) -> Holder:
        """Return this process as the owner, from now on."""
        return cls(audit, os.getpid(), now())

    def __str__(self) -> str:
        return f"audit {self.audit} (process {self.pid}, since {self.since})"


def folder() -> Path:
    """Return the folder of the locks, which all users of the machine share."""
    return Path(os.environ.get(FOLDER_VARIABLE) or Path(tempfile.gettempdir()) / "mutegreen-locks")


def lock_names(domains: Iterable[str]) -> list[str]:
    """Return the locks for these domains: one for each GPU, and one for the CPU and memory, which every audit uses."""
    return sorted({"cpu", *(domain for domain in domains if is_gpu(domain))})


# Guarantees:
#   - At most one audit at a time holds the lock of a device, among all processes and users of the machine that use the
#     same folder of locks. Exception: a device whose lock file cannot be opened is not locked, and the audit runs.
#   - Two audits cannot wait for each other: each takes its locks in the order of their names.
#   - A process that ends, however it ends, frees its locks: the kernel drops an `flock` when the last descriptor is
#     closed. A lock file that is left in the folder is harmless, and its text (the owner) is for messages only.
# Relies on:
#   - `flock` on the file system of the folder. Descriptors are opened with O_CLOEXEC, so trainings do not inherit them.
#   - The folder has mode 1777 (any user may create files, nobody may remove those of others), its files 0666.
# Rejected:
#   - Files that exist while they are locked: they survive a killed process.
@contextlib.contextmanager
def locked(
    devices: Iterable[str], holder: Holder, waiting: Callable[[str, Holder | None], None], wait: bool = True
) -> Iterator[None]:
    """Hold the locks of these devices while the context lasts.

    Args:
        devices: Names of the locks.
        holder: The owner.
        waiting: Called once for each device that another audit has locked, with the device and its owner, if known.
        wait: Whether to wait for such a device; if not, it is an error.

    Raises:
        UsageError: Another audit has locked a device, and `wait` is false.
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
    """Return the open lock file of a device; None: it cannot be opened, and the device stays unlocked."""
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
    reported = False
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = _read(file)
            if not wait:
                owner = str(other) if other else "another audit"
                raise UsageError(
                    f"{owner} measures on {device}", "wait until it has ended, or drop --no-wait"
                ) from None
            if not reported:
                waiting(device, other)
                reported = True
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
