"""Waits between trials until the machine is back near idle, so that one training does not warm the next."""

from __future__ import annotations

import time
from collections.abc import Mapping

from mutegreen.meters.recorder import Recorder
from mutegreen.model import Measurement

SLICE_S = 0.5
"""Power is judged over slices of this length: long enough for meters that tick in hundredths of a second."""

NEAR_IDLE = 0.1
"""A domain is near idle when its power above idle is below this part of what the training drew above idle."""


def cool_down(recorder: Recorder, idle_w: Mapping[str, float], training: Measurement, limit_s: float) -> None:
    """Returns once every domain is near idle, or after `limit_s` seconds; at once where the limit is 0."""
    targets = _targets(idle_w, training)
    deadline_s = time.monotonic() + limit_s
    while (left_s := deadline_s - time.monotonic()) > 0:
        power_w = recorder.mean_power(min(SLICE_S, left_s))
        if all(power_w[domain] <= target for domain, target in targets.items() if domain in power_w):
            return


def usual_s(limit_s: float) -> float:
    """How long a cool-down usually takes, seconds: the machine is near idle after the first slice."""
    return min(SLICE_S, limit_s)


def _targets(idle_w: Mapping[str, float], training: Measurement) -> dict[str, float]:
    targets = {}
    for figure in training.domains:
        if figure.energy_j is not None and figure.duration_s > 0 and figure.domain in idle_w:
            idle = idle_w[figure.domain]
            targets[figure.domain] = idle + NEAR_IDLE * max(0.0, figure.energy_j / figure.duration_s - idle)
    return targets
