"""A metering process: on `begin` it opens a window, on `end` it answers the measured energy and its own cost.

Run as `python tool.py mutegreen [METER ...]`, or with the name of another tool.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import psutil


class Tool(NamedTuple):
    """Functions that begin a window and end it; the end returns the GPU's joules, or None if unknown."""

    begin: Callable[[], object]
    end: Callable[[], float | None]


def mutegreen(*meters: str) -> Tool:
    """Return MuteGreen's recorder with these meters; without any, the recorder alone."""
    from mutegreen.meters.estimate import meter as estimate
    from mutegreen.meters.recorder import Recorder
    from mutegreen.meters.registry import parse
    from mutegreen.model import domain_class

    # With domains of its own, the estimate can be read together with a counter of the same class: the costliest case.
    estimate.CPU, estimate.DRAM = "cpu:estimate", "dram:estimate"
    opened = [parse(meter) for meter in meters]
    for meter in opened:
        meter.open()
    recorder = Recorder(opened).__enter__()

    def end() -> float | None:
        measured = recorder.end("window")
        return next((one.energy_j for one in measured.domains if domain_class(one.domain) == "gpu"), None)

    return Tool(lambda: recorder.begin("window"), end)


def zeus() -> Tool:
    """Return the monitor of zeus for GPUs only."""
    from zeus.monitor import ZeusMonitor

    monitor = ZeusMonitor(cpu_indices=[])
    return Tool(
        lambda: monitor.begin_window("window", sync_execution=False),
        lambda: float(sum(monitor.end_window("window", sync_execution=False).gpu_energy.values())),
    )


def codecarbon() -> Tool:
    """Return its offline tracker, with readings every second instead of the default of 15 s."""
    from codecarbon import OfflineEmissionsTracker

    tracker = OfflineEmissionsTracker(
        country_iso_code="DNK",
        save_to_file=False,
        log_level="error",
        measure_power_secs=1,
        allow_multiple_runs=True,
    )

    def end() -> float:
        tracker.stop()
        return float(tracker.final_emissions_data.gpu_energy) * 3.6e6

    return Tool(tracker.start, end)


def carbontracker() -> Tool:
    """Return its tracker for GPUs only, every second as by default, without the overhead of the data centre (PUE)."""
    from carbontracker import constants
    from carbontracker.tracker import CarbonTracker

    tracker = CarbonTracker(epochs=2, epochs_before_pred=0, components="gpu", verbose=0)

    def end() -> float:
        tracker.epoch_end()
        kwh = float(tracker.tracker.total_energy_per_epoch().sum())
        return kwh / float(constants.PUE_2023) * 3.6e6

    return Tool(tracker.epoch_start, end)


TOOLS: dict[str, Callable[..., Tool]] = {
    "mutegreen": mutegreen,
    "zeus": zeus,
    "codecarbon": codecarbon,
    "carbontracker": carbontracker,
}


def complete_fake() -> None:
    """Implement the calls of these tools that the simulated library lacks; none of them concerns energy."""
    with suppress(ImportError):
        nvml: Any = importlib.import_module("pynvml")
        counts = os.environ["FAKE_GPU_COUNTS"] == "1"
        nvml.nvmlDeviceGetArchitecture = lambda _: (
            nvml.NVML_DEVICE_ARCH_AMPERE if counts else nvml.NVML_DEVICE_ARCH_PASCAL
        )
        nvml.nvmlDeviceGetMemoryInfo = lambda _: nvml.c_nvmlMemory_t(2**34, 2**34, 0)
        nvml.nvmlDeviceGetEnforcedPowerLimit = lambda _: 400_000
        nvml.nvmlDeviceGetUtilizationRates = lambda _: nvml.c_nvmlUtilization_t(50, 50)


def children_s() -> float:
    """Return the CPU time of the children so far, seconds; the query itself takes some milliseconds."""
    children = psutil.Process().children(recursive=True)
    return float(sum(sum(child.cpu_times()[:2]) for child in children))


def serve(tool: Tool, answer: Callable[[object], None]) -> None:
    answer({"cpu_s": time.process_time() + children_s()})
    for line in sys.stdin:
        if line.strip() == "begin":
            tool.begin()
            before_s = children_s()
            before_s += time.process_time()
            began_s = time.monotonic()
            answer(None)
        else:
            ended_s = time.monotonic()
            cost_s = time.process_time() - before_s
            energy_j = tool.end()
            answer({"began_s": began_s, "ended_s": ended_s, "cpu_s": cost_s + children_s(), "energy_j": energy_j})


def main() -> None:
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # output of a tool must not be read as an answer

    def answer(value: object) -> None:
        replies.write(json.dumps(value) + "\n")
        replies.flush()

    name, *words = sys.argv[1:]
    serve(TOOLS[name](*words), answer)


# Not only in main: zeus polls power in a process of its own, which imports this file.
if "FAKE_GPU_COUNTS" in os.environ:
    complete_fake()

if __name__ == "__main__":
    main()
