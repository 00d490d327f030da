"""Describe the machine and the versions of an audit; only audits with the same environment are comparable."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import sys
from importlib import metadata
from pathlib import Path

import psutil

import mutegreen

LIBRARIES = ("torch", "torchvision", "tensorflow", "keras", "jax", "numpy", "scikit-learn")
"""Libraries whose versions are recorded if they are installed in MuteGreen's environment; none is imported."""


def describe() -> dict[str, object]:
    """Return the machine, the system and the versions as JSON values; None: not known."""
    return {
        "mutegreen": mutegreen.__version__,
        "python": platform.python_version(),
        "interpreter": sys.executable,
        "libraries": _libraries(),
        "system": f"{platform.system()} {platform.release()}",
        "host": platform.node(),
        "cpu": _cpu_model(),
        "cpus": psutil.cpu_count(),
        "usable_cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else psutil.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "governor": _governor(),
        "load_average": list(os.getloadavg()),
    }


def _libraries() -> dict[str, str]:
    versions = {}
    for name in LIBRARIES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return versions


def _cpu_model() -> str | None:
    with contextlib.suppress(OSError):
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
        return found[1] if found else None
    return platform.processor() or None


def _governor() -> str | None:
    with contextlib.suppress(OSError):
        return Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").read_text(encoding="ascii").strip()
    return None
