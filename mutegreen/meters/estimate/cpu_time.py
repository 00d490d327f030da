"""Busy CPU time and memory as Linux counts them: of the machine, and of the part that this process may use."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

BUSY_COLUMNS = (0, 1, 2, 5, 6)
"""user, nice, system, irq and softirq of /proc/stat (proc_stat(5)). Left out: idle and iowait, in which a CPU
waits; steal, in which another virtual machine ran; guest and guest_nice, which user and nice already hold."""

TICKS_PER_S = os.sysconf("SC_CLK_TCK")

GIB = 2**30


@dataclass(frozen=True)
class CpuShare:
    """The CPUs that this process may use.

    Args:
        cpus: How many: logical CPUs, or a fraction under a cgroup's quota.
        busy_s: Reads the busy seconds so far of each part that is counted on its own, by name. OSError or
            ValueError if that can no longer be read.
    """

    cpus: float
    busy_s: Callable[[], dict[str, float]]


def machine_busy_s(root: Path = Path("/")) -> float | None:
    """Busy CPU seconds of the whole machine since it started, all programs and CPUs; None if not known.

    Args:
        root: The folder that holds `proc`.
    """
    try:
        return _proc_stat(root)["cpu"]
    except (OSError, ValueError, KeyError):
        return None


def other_load(machine_s: float, tree_s: float, duration_s: float) -> float:
    """How many CPUs something else kept busy during a window, on average.

    Args:
        machine_s: Growth of `machine_busy_s` over the window, seconds.
        tree_s: CPU time of the measured process tree in that window, user and system, seconds.
        duration_s: Length of the window, seconds.

    Returns:
        A mean number of CPUs, at least 0. The kernel counts the machine in ticks of 10 ms a CPU, so that over a
        second a hundredth of a CPU is nothing but noise.
    """
    return max(0.0, machine_s - tree_s) / duration_s if duration_s > 0 else 0.0


def cpu_share(root: Path = Path("/")) -> CpuShare:
    """The CPUs that this process may use, by cgroup quota or affinity, and a source of their busy time.

    Under a cgroup v2 quota (`cpu.max`) that is lower than the number of CPUs, it is the quota and the CPU time of
    that cgroup; otherwise the CPUs of the affinity mask (a container's cpuset); otherwise the machine.

    Raises:
        OSError: /proc/stat or /proc/self cannot be read.
        ValueError: They do not look as on Linux.
    """
    every = frozenset(_cpu_lines(root)) - {"cpu"}
    allowed = _allowed_cpus(root, every)
    quota, group = _tightest(root, "cpu.max", _quota)
    if group is not None and quota < len(allowed):
        return CpuShare(quota, lambda: {"cgroup": _cgroup_usage_s(group)})
    # The line of all CPUs also counts those taken offline since, so it is the better one where all are meant.
    parts = frozenset({"cpu"}) if allowed == every else allowed
    return CpuShare(len(allowed), lambda: {part: s for part, s in _proc_stat(root).items() if part in parts})


def memory_bytes(root: Path = Path("/")) -> int:
    """Installed memory, or the limit of this process's cgroup v2 where that is lower.

    Raises:
        OSError: /proc/meminfo cannot be read.
        ValueError: It has no line MemTotal.
    """
    for line in (root / "proc/meminfo").read_text().splitlines():
        if line.startswith("MemTotal:"):
            limit, _ = _tightest(root, "memory.max", float)
            return int(min(int(line.split()[1]) * 1024, limit))
    raise ValueError("/proc/meminfo has no line MemTotal")


def available_bytes(root: Path = Path("/")) -> int:
    """Memory that programs could still take without swapping, or what is left to the tightest cgroup v2.

    Raises:
        OSError: /proc/meminfo cannot be read.
        ValueError: It has no line MemAvailable.
    """
    lines = (root / "proc/meminfo").read_text().splitlines()
    for line in lines:
        if line.startswith("MemAvailable:"):
            limit, group = _tightest(root, "memory.max", float)
            left = limit - (_limit(group / "memory.current", float) or 0.0) if group is not None else limit
            return int(min(int(line.split()[1]) * 1024, max(0.0, left)))
    raise ValueError("/proc/meminfo has no line MemAvailable")


def total_s(root: Path = Path("/")) -> float:
    """All seconds that /proc/stat has counted, busy or not: they grow wherever they are counted at all."""
    return sum(_ticks(_cpu_lines(root)["cpu"])) / TICKS_PER_S


def _cpu_lines(root: Path) -> dict[str, str]:
    lines = (root / "proc/stat").read_text().splitlines()
    found = {name: rest for name, _, rest in (line.partition(" ") for line in lines) if name.startswith("cpu")}
    if "cpu" not in found or len(found) < 2:
        raise ValueError("/proc/stat has no lines cpu and cpu0")
    return found


def _ticks(columns: str) -> list[int]:
    return [int(column) for column in columns.split()]


def _proc_stat(root: Path) -> dict[str, float]:
    """Busy seconds of all CPUs together (`cpu`) and of each (`cpu0`, ...)."""
    return {name: _busy_s(_ticks(columns)) for name, columns in _cpu_lines(root).items()}


def _busy_s(ticks: list[int]) -> float:
    return sum(ticks[column] for column in BUSY_COLUMNS if column < len(ticks)) / TICKS_PER_S


def _allowed_cpus(root: Path, every: frozenset[str]) -> frozenset[str]:
    """Names in /proc/stat of the CPUs in the affinity mask; all if the two are numbered differently (lxcfs)."""
    for line in (root / "proc/self/status").read_text().splitlines():
        if line.startswith("Cpus_allowed_list:"):
            allowed = frozenset(f"cpu{number}" for number in _numbers(line.split()[1]))
            return allowed if allowed <= every else every
    return every


def _numbers(text: str) -> set[int]:
    """The numbers in a kernel's list such as `0-3,8`."""
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


def _tightest(root: Path, file: str, parse: Callable[[str], float]) -> tuple[float, Path | None]:
    """The lowest limit that a file sets in this process's cgroup or one above it, and in which."""
    limits = [(limit, folder) for folder in _cgroups(root) if (limit := _limit(folder / file, parse)) is not None]
    return min(limits, default=(float("inf"), None))


def _cgroups(root: Path) -> list[Path]:
    """Folders of this process's cgroup v2 and those above it."""
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
