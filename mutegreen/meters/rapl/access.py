"""Remedies for energy counters that are missing or not readable; since 5.10, Linux lets only root read them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from pathlib import Path

UDEV_RULE = 'ACTION=="add", SUBSYSTEM=="powercap", KERNEL=="intel-rapl*:*", RUN+="/bin/chmod a+r /sys%p/energy_uj"'
"""Makes each counter readable when it appears, so no training needs root. `%p` is the path below /sys (udev(7))."""

UDEV_FILE = "/etc/udev/rules.d/70-rapl-energy.rules"

NO_COUNTERS = (
    "on your own machine, `sudo modprobe intel_rapl_msr` may enable them (AMD, too); virtual machines and "
    "containers hide them: measure on the host, try the meter `perf`, or accept the meter `estimate`"
)


def unreadable(files: Iterable[Path]) -> tuple[Path, ...]:
    """Return those of the files that this process may not read."""
    return tuple(file for file in files if not os.access(file, os.R_OK))


def commands_to_open(files: Iterable[Path]) -> str:
    """Return the commands that make files readable, now and at every start of the machine."""
    now = "sudo chmod a+r " + " ".join(shlex.quote(str(file)) for file in files)
    always = f"echo {shlex.quote(UDEV_RULE)} | sudo tee {UDEV_FILE}"
    return (
        f"until the machine restarts: {now}\n"
        f"  also after a restart: {always}\n"
        "  (only if you trust all users of the machine: power readings can reveal secrets of programs, CVE-2020-8694)"
    )
