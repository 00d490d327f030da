from __future__ import annotations

from pathlib import Path

import pytest

from mutegreen.errors import MeterUnavailable
from mutegreen.meters.recorder import Recorder
from mutegreen.meters.replay import ReplayMeter
from mutegreen.model import Flag, Quality
from mutegreen.testing.simulated import FakeClock

TRACE = """\
# recorded on a bench
time_s,gpu:GPU-0,cpu:package-0
5,1000,50
6,1100,60

# a comment between
8,1100,160
"""


def opened(tmp_path: Path, text: str = TRACE, clock: FakeClock | None = None) -> ReplayMeter:
    file = tmp_path / "trace.csv"
    file.write_text(text)
    meter = ReplayMeter(file, clock=clock or FakeClock())
    meter.open()
    return meter


@pytest.mark.parametrize(
    ("elapsed_s", "gpu_j", "cpu_j"), [(0.0, 0, 0), (0.25, 25, 2.5), (1.0, 100, 10), (2.0, 100, 60), (3.0, 100, 110)]
)
def test_straight_lines_between_rows(tmp_path: Path, elapsed_s: float, gpu_j: float, cpu_j: float) -> None:
    clock = FakeClock()
    meter = opened(tmp_path, TRACE, clock)
    clock.advance(elapsed_s)
    assert meter.read().energy_j == pytest.approx({"gpu:GPU-0": gpu_j, "cpu:package-0": cpu_j})
    assert meter.resolution_s == 2.0


def test_ends_and_makes_nothing_up(tmp_path: Path) -> None:
    clock = FakeClock()
    meter = opened(tmp_path, TRACE, clock)
    recorder = Recorder([meter], clock=clock, boot_clock=clock)
    clock.advance(3.5)
    recorder.begin("w")
    energies = recorder.end("w").domains
    assert [energy.energy_j for energy in energies] == [None, None]
    assert all("ends after 3.00 s" in (energy.reason or "") for energy in energies)
    assert all(Flag.DEVICE_LOST in energy.flags for energy in energies)


@pytest.mark.parametrize(
    ("above", "quality"),
    [
        ("", Quality.ESTIMATED),
        ("# quality=counter\n", Quality.COUNTER),
        ("# from the lab\n#quality = integrated\n", Quality.INTEGRATED),
        ("\ufeff# quality=attributed\n", Quality.ATTRIBUTED),
    ],
)
def test_quality_is_what_the_file_says_or_the_worst(tmp_path: Path, above: str, quality: Quality) -> None:
    meter = opened(tmp_path, above + TRACE)
    assert dict(meter.quality) == {"gpu:GPU-0": quality, "cpu:package-0": quality}


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("", 1, "the header must be time_s"),
        ("time_s\n0\n1\n", 1, "at least one domain"),
        ("seconds,cpu:package-0\n0,0\n1,1\n", 1, "the header must be time_s"),
        ("time_s,package\n0,0\n1,1\n", 1, "'package' is not a domain"),
        ("time_s,cpu:\n0,0\n1,1\n", 1, "'cpu:' is not a domain"),
        ("time_s,cpu:0,cpu:0\n0,0,0\n1,1,1\n", 1, "cpu:0 is in the header twice"),
        ("# quality=perfect\ntime_s,cpu:0\n0,0\n1,1\n", 1, "'perfect' is not a quality"),
        ("time_s,cpu:0\n", 1, "at least two rows"),
        ("time_s,cpu:0\n0,0\n", 2, "at least two rows"),
        ("time_s,cpu:0\n0,0\n1\n", 3, "1 columns instead of 2"),
        ("time_s,cpu:0\n0,0\n\n1,ten\n", 4, "'ten' is not a number"),
        ("time_s,cpu:0\n0,0\n1,\n", 3, "'' is not a number"),
        ("time_s,cpu:0\n0,0\n1,inf\n", 3, "'inf' is not a number"),
        ("time_s,cpu:0\n0,0\n1,5\n1,6\n", 4, "time does not increase: 1 after 1"),
        ("time_s,cpu:0\n0,0\n2,5\n1,6\n", 4, "time does not increase: 1 after 2"),
        ("time_s,cpu:0,gpu:0\n0,0,9\n1,5,8\n", 3, "energy in column 3 decreases: 8 after 9"),
    ],
)
def test_a_fault_names_its_line(tmp_path: Path, text: str, line: int, what: str) -> None:
    with pytest.raises(MeterUnavailable) as caught:
        opened(tmp_path, text)
    assert f"{tmp_path / 'trace.csv'}, line {line}: " in str(caught.value)
    assert what in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize("content", [None, b"time_s,cpu:0\n0,\xff\n"])
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "trace.csv"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(MeterUnavailable, match="cannot be read"):
        ReplayMeter(file).open()
