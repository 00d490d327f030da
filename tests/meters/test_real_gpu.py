"""The meter `nvml` on a real GPU, compared with `nvidia-smi`; skipped without a GPU."""

import shutil
import subprocess
import time

import pytest

from mutegreen.errors import MeterError
from mutegreen.meters.nvml.meter import NvmlMeter
from mutegreen.meters.recorder import Recorder
from support.limits import EVENT_S

SMI = ("nvidia-smi", "--query-gpu=power.draw", "--format=csv,noheader,nounits")


def test_energy_agrees_with_the_power_that_nvidia_smi_shows() -> None:
    meter = NvmlMeter()
    try:
        meter.open()
    except MeterError as error:
        pytest.skip(f"needs a GPU: {error.message}")
    if shutil.which("nvidia-smi") is None:
        pytest.skip("needs nvidia-smi, to compare with")
    power_w = []
    with Recorder([meter]) as recorder:
        recorder.begin("window")
        for _ in range(5):
            shown = subprocess.run(SMI, capture_output=True, text=True, check=True, timeout=EVENT_S).stdout.split()
            power_w.append(sum(map(float, shown)))
            time.sleep(1)
        measured = recorder.end("window")
    energy_j = measured.total_j("gpu")
    assert energy_j is not None
    assert energy_j / measured.duration_s == pytest.approx(sum(power_w) / len(power_w), rel=0.25)
