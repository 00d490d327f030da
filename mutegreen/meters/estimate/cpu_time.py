"""Reads busy CPU time and memory from Linux, for the machine and for the part of it that this process may use."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

BUSY_COLUMNS = (0, 1, 2, 5, 6)
"""The columns user, nice, system, irq and softirq of /proc/stat (proc_stat(5)). Not counted: idle and iowait, in which
a CPU waits; steal, in which another virtual machine ran; guest and guest_nice, which user and nice include."""

TICKS_PER_S = os.sysconf("SC_CLK_TCK")

GIB = 2**30


@dataclass(frozen=True)
class CpuShare:
    """The CPUs that this process may use.

    Args:
        cpus: Their number: logical CPUs, or the quota of a cgroup, which may be a fraction.
        busy_s: Reads the busy seconds so far of each separately counted part, by name. It raises OSError or ValueError
            if they can no longer be read.
    """

    cpus: float
    busy_s: Callable[[], dict[str, float]]


def machine_busy_s(root: Path = Path("/")) -> float | None:
    """Return the busy CPU seconds of the machine since it started, over all programs and CPUs; None if not known.

    Args:
        root: The folder that holds `proc`.
    """
    try:
        return _proc_stat(root)["cpu"]
    except (OSError, ValueError, KeyError):
        return None


def other_load(machine_s: float, tree_s: float, duration_s: float) -> float:
    """Return how many CPUs other programs kept busy during a window, on average.

    Args:
        machine_s: Growth of `machine_busy_s` over the window, seconds.
        tree_s: CPU time of the measured process tree in that window, user and system, seconds.
        duration_s: Length of the window, seconds.

    Returns:
        A mean number of CPUs, at least 0. The kernel counts in ticks of 10 ms per CPU, so over one second 0.01 CPUs
        are within the resolution.
    """
    return max(0.0, machine_s - tree_s) / duration_s if duration_s > 0 else 0.0


def cpu_share(root: Path = Path("/")) -> CpuShare:
    """Return the CPUs that this process may use, and a function that reads their busy time.

    With a cgroup v2 quota (`cpu.max`) below the number of CPUs: the quota, and the CPU time of that cgroup. Otherwise:
    the CPUs of the affinity mask (a container's cpuset). Without a mask: all CPUs of the machine.

    Raises:
        OSError: /proc/stat or /proc/self cannot be read.
        ValueError: They do not have the form of Linux.
    """
    all_cpus = frozenset(_cpu_lines(root)) - {"cpu"}
    allowed = _allowed_cpus(root, all_cpus)
    quota, group = _lowest_limit(root, "cpu.max", _quota)
    if group is not None and quota < len(allowed):
        return CpuShare(quota, lambda: {"cgroup": _cgroup_usage_s(group)})
    # The line `cpu` also counts CPUs that have been taken offline, so it is used if all CPUs are allowed.
    parts = frozenset({"cpu"}) if allowed == all_cpus else allowed
    return CpuShare(len(allowed), lambda: {part: s for part, s in _proc_stat(root).items() if part in parts})


def memory_bytes(root: Path = Path("/")) -> int:
    """Return the bytes of installed memory, or the limit of this process's cgroup v2 if that is lower.

    Raises:
        OSError: /proc/meminfo cannot be read.
        ValueError: It has no line MemTotal.
    """
    for line in (root / "proc/meminfo").read_text().splitlines():
        if line.startswith("MemTotal:"):
            limit, _ = _lowest_limit(root, "memory.max", float)
            return int(min(int(line.split()[1]) * 1024, limit))
    raise ValueError("/proc/meminfo has no line MemTotal")


def available_bytes(root: Path = Path("/")) -> int:
    """Return the bytes that programs can still take without swapping, or that the lowest cgroup v2 limit leaves.

    Raises:
        OSError: /proc/meminfo cannot be read.
        ValueError: It has no line MemAvailable.
    """
    lines = (root / "proc/meminfo").read_text().splitlines()
    for line in lines:
        if line.startswith("MemAvailable:"):
            limit, group = _lowest_limit(root, "memory.max", float)
            left = limit - (_limit(group / "memory.current", float) or 0.0) if group is not None else limit
            return int(min(int(line.split()[1]) * 1024, max(0.0, left)))
    raise ValueError("/proc/meminfo has no line MemAvailable")


def total_s(root: Path = Path("/")) -> float:
    """Return all CPU seconds of /proc/stat, busy or not. They grow on every system that counts CPU time."""
    return sum(_ticks(_cpu_lines(root)["cpu"])) / TICKS_PER_S


def _cpu_lines(root: Path) -> dict[str, str]:
    lines = (root / "proc/stat").read_text().splitlines()
    by_name = {name: rest for name, _, rest in (line.partition(" ") for line in lines) if name.startswith("cpu")}
    if "cpu" not in by_name or len(by_name) < 2:
        raise ValueError("/proc/stat has no lines cpu and cpu0")
    return by_name


def _ticks(columns: str) -> list[int]:
    return [int(column) for column in columns.split()]


def _proc_stat(root: Path) -> dict[str, float]:
    """Return the busy seconds of all CPUs together (`cpu`) and of each one (`cpu0`, ...)."""
    return {name: _busy_s(_ticks(columns)) for name, columns in _cpu_lines(root).items()}


def _busy_s(ticks: list[int]) -> float:
    return sum(ticks[column] for column in BUSY_COLUMNS if column < len(ticks)) / TICKS_PER_S


def _allowed_cpus(root: Path, all_cpus: frozenset[str]) -> frozenset[str]:
    """Return the names in /proc/stat of the CPUs in the affinity mask, or of all if the numbers differ (lxcfs)."""
    for line in (root / "proc/self/status").read_text().splitlines():
        if line.startswith("Cpus_allowed_list:"):
            allowed = frozenset(f"cpu{number}" for number in _numbers(line.split()[1]))
            return allowed if allowed <= all_cpus else all_cpus
    return all_cpus


def _numbers(text: str) -> set[int]:
    """Return the numbers in a list of the kernel such as `0-3,8`."""
    numbers: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        numbers.update(range(int(first), int(last or first) + 1))
    return numbers


def _lowest_limit(root: Path, file: str, parse: Callable[[str], float]) -> tuple[float, Path | None]:
    """Return the lowest limit that a file sets in this process's cgroup or one above it, and that cgroup's folder."""
    limits = [(limit, folder) for folder in _cgroups(root) if (limit := _limit(folder / file, parse)) is not None]
    return min(limits, default=(float("inf"), None))


def _cgroups(root: Path) -> list[Path]:
    """Return the folders of this process's cgroup v2 and of those above it."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    top = root / "sys/fs/cgroup"
    own = next((top / line[3:].lstrip("/") for line in lines if line.startswith("0::")), top)
    return [folder for folder in (own, *own.parents) if folder.is_relative_to(top)]


def _limit(file: Path, parse: Callable[[str], float]) -> float | None:
    try:
        text = file.read_text()
    except OSError:
        return None
    return None if text.startswith("max") else parse(text)


def _quota(text: str) -> float:
    quota_us, period_us = text.split()
    return int(quota_us) / int(period_us)


def _cgroup_usage_s(folder: Path) -> float:
    for line in (folder / "cpu.stat").read_text().splitlines():
        if line.startswith("usage_usec "):
            return int(line.split()[1]) / 1e6
    raise ValueError(f"{folder / 'cpu.stat'} has no line usage_usec")
