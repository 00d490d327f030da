"""The estimate's watts, fitted to a machine whose power line is known."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from mutegreen.errors import MeterUnavailable
from mutegreen.meters.estimate import calibration
from mutegreen.meters.estimate.calibration import Calibration, Level, calibrate, fit
from mutegreen.meters.estimate.cpu_time import machine_busy_s
from mutegreen.meters.registry import parse
from support.audits import wait_for
from support.commands import Run
from support.limits import EVENT_S

IDLE_W, FULL_W, MEMORY_W = 18.0, 150.0, 6.0


class CalibratedMachine:
    """Two sockets whose power is linear in their load, a clock that its recorder moves, and what it calls busy."""

    def __init__(self, background: float = 0.0) -> None:
        self.cpus = os.cpu_count() or 1
        self.load = self.background = background
        self.now_s = self.busy_s = 0.0

    def mean_power(self, duration_s: float) -> dict[str, float]:
        self.now_s += duration_s
        self.busy_s += duration_s * self.load * self.cpus
        power = IDLE_W + (FULL_W - IDLE_W) * self.load
        return {"cpu:package-0": 0.6 * power, "cpu:package-1": 0.4 * power, "dram:package-0": MEMORY_W, "psys": 999.0}

    @contextmanager
    def burn(self, cpus: int) -> Iterator[None]:
        self.load = min(1.0, self.background + cpus / self.cpus)
        yield
        self.load = self.background


def calibrated(machine: CalibratedMachine, monkeypatch: pytest.MonkeyPatch) -> Calibration:
    monkeypatch.setattr(calibration, "machine_busy_s", lambda: machine.busy_s)
    monkeypatch.setattr(time, "monotonic", lambda: machine.now_s)
    return calibrate(machine, 10.0, machine.burn)  # type: ignore[arg-type]


@pytest.mark.parametrize("background", [0.0, 0.1])
def test_the_line_is_found_also_with_another_load(background: float, monkeypatch: pytest.MonkeyPatch) -> None:
    found = calibrated(CalibratedMachine(background), monkeypatch)
    assert found.idle_w == pytest.approx(IDLE_W)
    assert found.full_w == pytest.approx(FULL_W)
    assert found.memory_w == pytest.approx(MEMORY_W)
    assert found.worst_w == pytest.approx(0.0, abs=1e-9)


def test_the_option_is_what_the_meter_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    found = calibrated(CalibratedMachine(), monkeypatch)
    assert found.option == "estimate:idle_w=18,full_w=150,memory_w=6"
    assert parse(found.option).name == "estimate"


def test_the_deviation_from_a_straight_line_is_reported() -> None:
    bent = tuple(Level(busy, 20 + 100 * busy**3, None) for busy in (0.0, 0.5, 1.0))
    found = fit(bent)
    assert found.worst_w > 10
    assert found.memory_w is None


def test_a_machine_that_is_always_busy_cannot_be_calibrated() -> None:
    with pytest.raises(MeterUnavailable, match="could not be varied"):
        fit(tuple(Level(1.0, 100.0, None) for _ in range(3)))


def test_without_a_meter_of_hardware_it_is_refused(mutegreen: Run) -> None:
    done = mutegreen("calibrate", "--seconds", "1", "--meter", "estimate")
    assert done.returncode == 2
    assert "no hardware meter reads the CPU" in done.stderr


@pytest.mark.xdist_group("quiet")
def test_the_load_is_real() -> None:
    """Each process of the load computes, with any other load: its CPU time grows, and so does the machine's."""
    others = set(psutil.Process().children())
    before_s = machine_busy_s()
    with calibration.burn(2):
        burners = set(psutil.Process().children()) - others
        wait_for(lambda: all(used_s(one) > 0.3 for one in burners), "the load", EVENT_S)
        used = sum(map(used_s, burners))
        after_s = machine_busy_s()
    assert len(burners) == 2
    assert before_s is not None
    assert after_s is not None
    assert after_s - before_s > used - 0.1
    assert not any(one.is_running() for one in burners)


def used_s(process: psutil.Process) -> float:
    """The CPU time of a process, seconds."""
    times = process.cpu_times()
    return float(times.user + times.system)
