"""Read names of energy domains: `gpu:<uuid>`, `cpu:package-<n>`, `dram:package-<n>` and `psys`."""

from __future__ import annotations

from mutegreen.model.names import DOMAIN_OF_METRIC

DOMAIN_CLASSES = tuple(sorted(DOMAIN_OF_METRIC.values()))
"""The classes of domains whose energy is summed; a class is the part of a domain's name before the colon."""

GPU_CLASS = DOMAIN_OF_METRIC["gpu_j"]


def domain_class(domain: str) -> str:
    """Return the class of a domain: `gpu` of `gpu:GPU-5ea1`."""
    return domain.partition(":")[0]


def domain_device(domain: str) -> str:
    """Return the device of a domain: `GPU-5ea1` of `gpu:GPU-5ea1`."""
    return domain.partition(":")[2]


def is_gpu(domain: str) -> bool:
    """Return whether this is the domain of a GPU."""
    return domain_class(domain) == GPU_CLASS


def is_domain(text: str) -> bool:
    """Return whether this is the name of a domain: `psys`, or a class, a colon and a device."""
    return text == "psys" or (domain_class(text) in DOMAIN_CLASSES and bool(domain_device(text).strip()))
