"""Compare four ways of measuring one GPU's energy over the same windows.

    python benchmarks/gpu_side_by_side.py [--windows 2 10 60] [--repeats 5]
    python benchmarks/gpu_side_by_side.py --fake --quick

The ways: MuteGreen's `nvml` as it is (the GPU's counter, if it has one); `nvml` restricted to integrated power; the
mean of the power that nvidia-smi prints once a second, times the duration; and zeus, if it is installed. The load is a
matrix product of torch, steady and in bursts of 0.3 s in each 0.8 s. Without CUDA in torch the GPU is read without a
load. With `--fake` the GPU and its bursts are simulated and the true energy is known: this checks the program itself.
Without a GPU the program prints one line and exits with status 2.
"""

from __future__ import annotations

import argparse
import functools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from unittest import mock

os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


from typing_extensions import override

from benchmarks.metering.table import show, spread
from benchmarks.metering.tool import Tool, complete_fake, zeus
from mutegreen.errors import MeterError
from mutegreen.meters.nvml.gauge import PowerGauge
from mutegreen.meters.nvml.library import Gpu, Nvml
from mutegreen.meters.nvml.meter import NvmlMeter
from mutegreen.meters.nvml.power import best_power
from mutegreen.meters.recorder import Recorder

if TYPE_CHECKING:
    from benchmarks.metering.machine import Machine

LOAD = """
import sys, time, torch
on_s, off_s = map(float, sys.argv[1:])
a = torch.randn(4096, 4096, device="cuda", dtype=torch.float16)
print("ready", flush=True)
while True:
    end_s = time.monotonic() + on_s
    while time.monotonic() < end_s:
        a @ a
        torch.cuda.synchronize()
    time.sleep(off_s)
"""

RHYTHMS = {"steady": (1.0, 0.0), "bursts": (0.3, 0.5)}
"""Seconds of work and of rest in turn."""

WARM_UP_S = 3.0
NO_GPU = 2
"""Exit status."""

SMI = ("nvidia-smi", "--query-gpu=power.draw", "--format=csv,noheader,nounits", "--loop=1", "-i")


class Window(NamedTuple):
    """The joules of one window by each way, and the quality of the first way's value."""

    energy_j: dict[str, float | None]
    true_j: float | None


class PowerMeter(NvmlMeter):
    """The meter `nvml` with integrated power, even if the GPU has a counter."""

    name = "power"

    @override
    def open(self) -> None:

        def power_gauge(nvml: Nvml, gpu: Gpu) -> PowerGauge:
            return PowerGauge(best_power(nvml, gpu))

        with mock.patch("mutegreen.meters.nvml.meter.best_gauge", power_gauge):
            super().open()


class EverySecond:
    """The mean power of a window, read once a second, as scripts around nvidia-smi do."""

    def __init__(self, powers_w: Iterator[float]) -> None:
        self._powers_w = powers_w
        self._samples: list[tuple[float, float]] = []
        self._begun_s = 0.0
        threading.Thread(target=self._run, daemon=True).start()

    def begin(self) -> None:
        """Begin a window."""
        self._begun_s = time.monotonic()

    def end(self) -> float | None:
        """Return the joules of the window; None if nothing was read in it."""
        ended_s = time.monotonic()
        inside = [watts for t_s, watts in list(self._samples) if self._begun_s <= t_s <= ended_s]
        return statistics.mean(inside) * (ended_s - self._begun_s) if inside else None

    def _run(self) -> None:
        for watts in self._powers_w:
            self._samples.append((time.monotonic(), watts))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windows", type=float, nargs="+", default=[2.0, 10.0, 60.0], help="their lengths, seconds")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--fake", action="store_true", help="a simulated GPU")
    parser.add_argument("--quick", action="store_true", help="one short window, to see that it works")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.windows, arguments.repeats = [0.5], 1
    try:
        with tempfile.TemporaryDirectory() as name:
            compare(simulate(Path(name)) if arguments.fake else None, arguments.windows, arguments.repeats)
    except MeterError as error:
        print(f"{error.message}; a simulated GPU: --fake", file=sys.stderr)
        sys.exit(NO_GPU)


def simulate(folder: Path) -> Machine:
    """Simulate a GPU in this process."""
    from benchmarks.metering.machine import BURSTS, FakeGpu, Machine, preload

    gpu = FakeGpu(watts=BURSTS, counter_period_s=0.1, power_period_s=0.02, average_s=1.0)
    machine = Machine(folder / "machine", gpu)
    preload()
    os.environ.update(machine.nvml.environ, FAKE_GPU_COUNTS="1")
    complete_fake()
    return machine


def compare(fake: Machine | None, windows_s: Sequence[float], repeats: int) -> None:
    """Print one row for each load and length of window."""
    rows: list[list[str]] = []
    ways = open_ways(fake)
    for label, start in loads(fake).items():
        with start():
            for window_s in windows_s:
                measured = [measure(ways, window_s, fake) for _ in range(repeats)]
                rows.append([label, f"{window_s:g}", *summary(measured, ways)])
    first, *others = ways
    heads = ("load", "window, s", f"{first}, J", *(f"{way} / {first}" for way in others), f"{first} / true")
    show(f"{repeats} windows each, all ways at once: median (smallest .. largest)", heads, rows)


def open_ways(fake: Machine | None) -> dict[str, Tool]:
    """Open the available ways; that of MuteGreen comes first and must work.

    Raises:
        MeterError: There is no GPU to read.
    """
    meter = NvmlMeter()
    own = recorder(meter)
    (domain, *_) = meter.domains
    print(f"{domain}: {meter.quality[domain]}, resolution {meter.resolution_s:.3f} s")
    ways = {f"nvml ({meter.quality[domain]})": own, "power integrated": recorder(PowerMeter())}
    uuid = domain.partition(":")[2]
    smi = None if fake else shutil.which(SMI[0])
    polled = EverySecond(smi_powers(uuid) if smi else nvml_powers(uuid))
    ways["nvidia-smi, 1 Hz" if smi else "NVML power, 1 Hz"] = Tool(polled.begin, polled.end)
    try:
        ways["zeus"] = zeus()
    except ImportError:
        print("zeus is not installed: skipped")
    return ways


def recorder(meter: NvmlMeter) -> Tool:
    """Open the meter and return a recorder for it."""
    meter.open()
    entered = Recorder([meter]).__enter__()
    return Tool(lambda: entered.begin("window"), lambda: entered.end("window").domains[0].energy_j)


def smi_powers(uuid: str) -> Iterator[float]:
    """Yield the power that nvidia-smi prints, watts."""
    with subprocess.Popen([*SMI, uuid], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield from map(float, process.stdout or ())
        finally:
            process.kill()


def nvml_powers(uuid: str) -> Iterator[float]:
    """Yield the power that nvidia-smi would print, watts, read from NVML."""
    nvml = Nvml()
    gpu = next(gpu for gpu in nvml.gpus() if isinstance(gpu, Gpu) and gpu.uuid == uuid)
    read_w = nvml.usage(gpu)
    while True:
        yield read_w()
        time.sleep(1.0)


def loads(fake: Machine | None) -> Mapping[str, Callable[[], AbstractContextManager[None]]]:
    """Return a function that starts it for each load."""
    if fake:
        return {"simulated bursts": nullcontext}
    try:
        import torch
    except ImportError:
        return {"none: torch is not installed": nullcontext}
    if not torch.cuda.is_available():
        return {"none: torch has no CUDA": nullcontext}
    return {label: functools.partial(working, *rhythm) for label, rhythm in RHYTHMS.items()}


@contextmanager
def working(on_s: float, off_s: float) -> Iterator[None]:
    """Run a process that multiplies matrices on the GPU in this rhythm."""
    words = [sys.executable, "-c", LOAD, str(on_s), str(off_s)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(WARM_UP_S)
            yield
        finally:
            process.kill()


def measure(ways: Mapping[str, Tool], window_s: float, fake: Machine | None) -> Window:
    """Measure one window in all ways; they begin and end within milliseconds."""
    for way in ways.values():
        way.begin()
    began_s = time.monotonic()
    time.sleep(window_s)
    ended_s = time.monotonic()
    energy_j = {name: way.end() for name, way in ways.items()}
    return Window(energy_j, fake.true_gpu_j(began_s, ended_s) if fake else None)


def summary(measured: Sequence[Window], ways: Mapping[str, Tool]) -> list[str]:
    """Return the cells of a row."""
    first, *others = ways
    base = [window.energy_j[first] for window in measured]
    ratios = [_ratios([window.energy_j[way] for window in measured], base) for way in others]
    known = [joules for joules in base if joules is not None]
    joules = f"{statistics.median(known):.1f}" if known else "none"
    return [joules, *ratios, _ratios(base, [window.true_j for window in measured])]


def _ratios(above: Sequence[float | None], below: Sequence[float | None]) -> str:
    ratios = [a / b for a, b in zip(above, below, strict=True) if a is not None and b]
    return spread(ratios, 3) if ratios else "not known"


if __name__ == "__main__":
    main()
