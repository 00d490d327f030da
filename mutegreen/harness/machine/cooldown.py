"""Wait between trials until the machine is near idle, so that one training does not heat the next."""

from __future__ import annotations

import time
from collections.abc import Mapping

from mutegreen.meters.recorder import Recorder
from mutegreen.model import Measurement

SLICE_S = 0.5
"""Power is the mean over slices of this length, seconds: long enough for counters that advance every 0.01 s."""

NEAR_IDLE = 0.1
"""A domain is near idle when its power above idle is at most this part of the training's mean power above idle."""


def cool_down(recorder: Recorder, idle_w: Mapping[str, float], training: Measurement, limit_s: float) -> None:
    """Wait until every domain is near idle, but at most `limit_s` seconds.

    Args:
        recorder: The meters.
        idle_w: Idle power by domain, watts.
        training: The training that has ended.
        limit_s: Longest wait, seconds; 0: no wait.
    """
    targets = _targets(idle_w, training)
    deadline_s = time.monotonic() + limit_s
    while (left_s := deadline_s - time.monotonic()) > 0:
        power_w = recorder.mean_power(min(SLICE_S, left_s))
        if all(power_w[domain] <= target for domain, target in targets.items() if domain in power_w):
            return


def usual_s(limit_s: float) -> float:
    """Return how long a cool-down usually takes, seconds: the machine is near idle after the first slice."""
    return min(SLICE_S, limit_s)


def _targets(idle_w: Mapping[str, float], training: Measurement) -> dict[str, float]:
    targets = {}
    for energy in training.domains:
        if energy.energy_j is not None and energy.duration_s > 0 and energy.domain in idle_w:
            idle = idle_w[energy.domain]
            targets[energy.domain] = idle + NEAR_IDLE * max(0.0, energy.energy_j / energy.duration_s - idle)
    return targets
