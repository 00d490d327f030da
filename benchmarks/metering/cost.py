"""Measure the CPU time of the sampler, and the CPU time and accuracy of other tools."""

from __future__ import annotations

import importlib.metadata
import statistics
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from benchmarks.metering.child import Child
from benchmarks.metering.machine import Machine
from benchmarks.metering.table import show, spread

SETTLE_S = 2.0
"""Time for a tool to start, seconds: zeus measures in processes of its own how often power is updated."""

OTHERS = ("zeus", "codecarbon", "carbontracker")


class Cost(NamedTuple):
    """One window of a tool."""

    percent: float
    """CPU time of the tool and its children in the window, in percent of one CPU."""
    start_cpu_s: float
    """CPU time until it was ready, seconds."""
    share: float | None
    """Measured energy of the GPU divided by its true energy."""


def report_sampler(machines: Mapping[str, tuple[Machine, Sequence[str]]], rounds: int, window_s: float) -> None:
    """Print the sampler's own CPU time with each set of meters."""
    costs_by_tool: dict[str, list[Cost]] = {label: [] for label in machines}
    for _ in range(rounds):
        for label, (machine, meters) in machines.items():
            costs_by_tool[label].append(measure(machine, ("mutegreen", *meters), window_s))
    rows = [[label, spread([one.percent for one in costs], 3)] for label, costs in costs_by_tool.items()]
    title = f"2. The sampler's own CPU time, percent of one CPU: {rounds} windows of {window_s:g} s, in turn"
    show(title, ("meters", "median (smallest .. largest)"), rows)


def report_others(machines: Mapping[str, Machine], rounds: int, window_s: float) -> None:
    """Print the cost and the accuracy of other tools on the same GPUs, with the same load, in the same run."""
    tools = {"mutegreen": ("mutegreen", "nvml"), **{name: (name,) for name in OTHERS if _version(name)}}
    costs_by_tool: dict[tuple[str, str], list[Cost]] = {(label, name): [] for label in machines for name in tools}
    failed: dict[tuple[str, str], str] = {}
    for _ in range(rounds):
        for (label, name), costs in costs_by_tool.items():
            try:
                costs.append(measure(machines[label], tools[name], window_s, load="numpy"))
            except RuntimeError as error:
                failed[label, name] = str(error)
    rows = [
        _row(label, name, costs, costs_by_tool[label, "mutegreen"], failed.get((label, name)))
        for (label, name), costs in costs_by_tool.items()
    ]
    title = f"4. Other tools on the same GPU: {rounds} windows of {window_s:g} s each, in turn, during the numpy load"
    heads = ("GPU", "tool", "CPU, %", "to ours", "CPU s to start", "measured to true energy")
    show(title, heads, rows)
    for name in OTHERS:
        if not _version(name):
            print(f"  {name} is not installed: skipped")


def measure(machine: Machine, words: Sequence[str], window_s: float, load: str | None = None) -> Cost:
    """Measure one window of a tool in its own process, next to a load if one is named."""
    if load is None:
        return _window(machine, words, window_s)
    with Child("load.py", load, environ=machine.environ) as training:
        training.send(str(round(training.first * window_s * 10)))
        return _window(machine, words, window_s)


def _window(machine: Machine, words: Sequence[str], window_s: float) -> Cost:
    environ = {**machine.environ, "FAKE_GPU_COUNTS": str(machine.gpu.counter)}
    with Child("tool.py", *words, environ=environ) as tool:
        time.sleep(min(SETTLE_S, window_s))
        tool.ask("begin")
        time.sleep(window_s)
        ended = tool.ask("end")
        start_cpu_s = tool.first["cpu_s"]
    began_s, ended_s, energy_j = ended["began_s"], ended["ended_s"], ended["energy_j"]
    share = None if energy_j is None else energy_j / machine.true_gpu_j(began_s, ended_s)
    return Cost(100 * ended["cpu_s"] / (ended_s - began_s), start_cpu_s, share)


def _row(label: str, name: str, costs: Sequence[Cost], ours: Sequence[Cost], fault: str | None) -> list[str]:
    version = _version(name)
    if not costs:
        return [label, f"{name} {version}", f"did not run: {fault}", "", "", ""]
    ratios = [cost.percent / our.percent for cost, our in zip(costs, ours, strict=False)]
    shares = [cost.share for cost in costs if cost.share is not None]
    return [
        label,
        f"{name} {version}",
        spread([cost.percent for cost in costs]),
        spread(ratios),
        f"{statistics.median(cost.start_cpu_s for cost in costs):.2f}",
        spread(shares, 4) if shares else "none",
    ]


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
