"""What to do where energy counters are missing or closed: Linux has shown them to root only since 5.10."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from pathlib import Path

UDEV_RULE = 'ACTION=="add", SUBSYSTEM=="powercap", KERNEL=="intel-rapl*:*", RUN+="/bin/chmod a+r /sys%p/energy_uj"'
"""Opens each counter when it appears. `%p` is the device's path below /sys (udev(7)); no trainings as root."""

UDEV_FILE = "/etc/udev/rules.d/70-rapl-energy.rules"

NO_COUNTERS = (
    "on a machine of one's own `sudo modprobe intel_rapl_msr` may bring them (AMD too); virtual machines and "
    "containers hide them: measure on the host, try the meter `perf`, or accept the meter `estimate`"
)


def unreadable(files: Iterable[Path]) -> tuple[Path, ...]:
    """Those of the files that this process may not read."""
    return tuple(file for file in files if not os.access(file, os.R_OK))


def commands_to_open(files: Iterable[Path]) -> str:
    """The commands that open these files, now and at every start of the machine."""
    now = "sudo chmod a+r " + " ".join(shlex.quote(str(file)) for file in files)
    always = f"echo {shlex.quote(UDEV_RULE)} | sudo tee {UDEV_FILE}"
    return (
        f"until the next start of the machine: {now}\n"
        f"  at every start, too: {always}\n"
        "  (not where other users of the machine are not trusted: who reads power can spy on programs, CVE-2020-8694)"
    )
