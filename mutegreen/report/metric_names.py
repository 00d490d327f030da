"""Names of the metrics in headings and sentences, in the order of the tables."""

from __future__ import annotations

from mutegreen.model import ENERGY_METRICS, TOTAL

TITLES = {
    "package_j": "CPU",
    "dram_j": "DRAM",
    "gpu_j": "GPU",
    TOTAL: "all energy",
    "duration_s": "time",
    "performance": "performance",
}
"""Short names, for places that say that energy is meant."""

NAMES = {metric: f"{title} energy" if metric in ENERGY_METRICS else title for metric, title in TITLES.items()}
"""Full names, such as `CPU energy`."""
