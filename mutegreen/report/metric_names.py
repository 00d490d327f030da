"""What people call the metrics, in headings and in sentences, in the order in which tables show them."""

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
"""Where it is clear that energy is meant."""

NAMES = {metric: f"{title} energy" if metric in ENERGY_METRICS else title for metric, title in TITLES.items()}
"""Where nothing else says that energy is meant: `CPU energy`."""
