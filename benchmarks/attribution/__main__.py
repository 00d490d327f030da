"""Measure what the attribution of energy costs.

    python benchmarks/attribution [--clients 8] [--processes 5] [--ticks 60] [--quick]

Clients of idle processes are read by the ledger, by psutil in the usual way, and by psutil with the proportional
memory, alternating. The output is the CPU time of one reading as a fraction of the ledger's period of one second.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil

from mutegreen.attribution.ledger import PERIOD_S, Ledger
from mutegreen.attribution.processes import MARK
from mutegreen.attribution.usage import Usage
from mutegreen.meters.estimate.meter import EstimateMeter
from mutegreen.meters.recorder import Recorder

FAMILY = """
import os, sys, time
held = bytearray(int(sys.argv[2]) << 20)
for _ in range(int(sys.argv[1]) - 1):
    if os.fork() == 0:
        break
time.sleep(3600)
"""


@contextmanager
def clients(count: int, processes: int, mebibytes: int) -> Iterator[dict[str, int]]:
    started = {f"client {number}": start(number, processes, mebibytes) for number in range(count)}
    try:
        time.sleep(1.0)
        yield {client: process.pid for client, process in started.items()}
    finally:
        for process in started.values():
            os.killpg(process.pid, 9)
            process.wait()


def start(number: int, processes: int, mebibytes: int) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-c", FAMILY, str(processes), str(mebibytes)]
    environment = {**os.environ, MARK: f"benchmark/{number}"}
    return subprocess.Popen(words, env=environment, start_new_session=True)


def walk(pids: dict[str, int], proportional: bool) -> dict[str, tuple[float, int]]:
    """Read the process tree of each client by psutil, with CPU time and memory."""
    found = {}
    for client, pid in pids.items():
        root = psutil.Process(pid)
        members = [root, *root.children(recursive=True)]
        cpu_s = sum(sum(member.cpu_times()[:4]) for member in members)
        sizes = [member.memory_full_info().pss if proportional else member.memory_info().rss for member in members]
        found[client] = (cpu_s, sum(sizes))
    return found


def cpu_s(call: Callable[[], object]) -> float:
    begun_s = time.thread_time()
    call()
    return time.thread_time() - begun_s


def measure(pids: dict[str, int], ticks: int) -> dict[str, list[float]]:
    """Measure the CPU seconds of each way of reading, alternating. The ledger's own ticker sleeps meanwhile."""
    meter = EstimateMeter()
    meter.open()
    usage = Usage.of([])
    with Recorder([meter]) as recorder, Ledger(recorder, usage, dict, period_s=3600) as ledger:
        for client, pid in pids.items():
            ledger.enter(client)
            ledger.attach(client, pid)
        ways: dict[str, Callable[[], object]] = {
            "ledger.tick, meters and all": ledger.tick,
            "its look at the processes": lambda: usage.read(time.monotonic()),
            "psutil, resident memory": lambda: walk(pids, proportional=False),
            "psutil, proportional memory": lambda: walk(pids, proportional=True),
        }
        costs: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ticks):
            for name, way in ways.items():
                costs[name].append(cpu_s(way))
            time.sleep(0.05)
    return costs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option, default in (("clients", 8), ("processes", 5), ("mebibytes", 200), ("ticks", 60)):
        parser.add_argument(f"--{option}", type=int, default=default)
    parser.add_argument("--quick", action="store_true", help="the smallest sizes, to see that it works")
    options = parser.parse_args()
    if options.quick:
        options.clients, options.processes, options.mebibytes, options.ticks = 2, 2, 1, 3
    with clients(options.clients, options.processes, options.mebibytes) as pids:
        costs = measure(pids, options.ticks)
    print(f"{options.clients} clients of {options.processes} processes among {len(psutil.pids())} of the machine")
    base_s = statistics.median(costs["ledger.tick, meters and all"])
    for name, seconds in costs.items():
        median_s = statistics.median(seconds)
        print(f"{name:28} {median_s * 1e3:8.2f} ms {median_s / PERIOD_S:8.2%} of a core {median_s / base_s:8.1f} x")


if __name__ == "__main__":
    main()
