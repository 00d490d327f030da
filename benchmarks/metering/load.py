"""A load of fixed work: it computes the requested number of units and answers their time.

Run as `python load.py numpy` or `python load.py torch`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

PROBE_S = 0.5


def numpy_unit() -> Callable[[], object]:
    """Return a unit of work: about a millisecond of arithmetic in Python and numpy."""
    import numpy as np

    matrix = np.random.default_rng(0).random((96, 96))

    def unit() -> float:
        return sum(i * i for i in range(10_000)) + float((matrix @ matrix).sum())

    return unit


def torch_unit() -> Callable[[], object]:
    """Return a unit of work: one training step of a multi-layer perceptron with two small layers and 32 samples."""
    import torch

    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = torch.nn.Sequential(torch.nn.Linear(16, 32), torch.nn.ReLU(), torch.nn.Linear(32, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    inputs, targets = torch.randn(32, 16), torch.randn(32, 1)

    def unit() -> None:
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(inputs), targets)
        loss.backward()
        optimizer.step()

    return unit


def run(unit: Callable[[], object], count: int) -> dict[str, float]:
    began_s, cpu_s = time.monotonic(), time.process_time()
    for _ in range(count):
        unit()
    return {"cpu_s": time.process_time() - cpu_s, "wall_s": time.monotonic() - began_s}


def units_per_second(unit: Callable[[], object]) -> float:
    count, end_s = 0, time.monotonic() + PROBE_S
    while time.monotonic() < end_s:
        unit()
        count += 1
    return count / PROBE_S


def main() -> None:
    unit = {"numpy": numpy_unit, "torch": torch_unit}[sys.argv[1]]()
    run(unit, 20)
    print(json.dumps(units_per_second(unit)), flush=True)
    for line in sys.stdin:
        print(json.dumps(run(unit, int(line))), flush=True)


if __name__ == "__main__":
    main()
