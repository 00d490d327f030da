"""Finds the GPUs that a training will see, from CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER as CUDA reads them.

Sources: CUDA Programming Guide, section CUDA Environment Variables: an entry that is not valid hides itself and all
entries after it; a UUID may be shortened to a unique prefix. PyTorch, `torch/cuda/__init__.py`,
`_parse_visible_devices` and `_transform_uuid_to_ordinals`, for what the guide does not define: the first entry decides
whether the list has numbers or UUIDs, a number ends at the first character that is not a digit, and an entry that is
there twice hides all GPUs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from mutegreen.errors import MeterUnavailable
from mutegreen.meters.nvml.library import INSTALL, Fault, Gpu

VISIBLE = "CUDA_VISIBLE_DEVICES"
ORDER = "CUDA_DEVICE_ORDER"

USE_UUIDS = "list the GPUs by UUID (nvidia-smi -L)"


def visible_gpus(
    gpus: Sequence[Gpu | Fault], environ: Mapping[str, str], parent_of: Callable[[str], str | None]
) -> list[Gpu]:
    """Return the GPUs that CUDA shows to a program with this environment, each once.

    Args:
        gpus: All GPUs in the order of the PCI bus, with a fault in place of each one that cannot be opened.
        environ: The program's environment.
        parent_of: UUID of a MIG instance -> UUID of its GPU, or None if there is no such instance.

    Raises:
        MeterUnavailable: No GPU is visible, or it is not known which GPU a number means.
    """
    openable = [gpu for gpu in gpus if isinstance(gpu, Gpu)]
    text = environ.get(VISIBLE)
    if text is None:
        selected = openable
    elif text.startswith("GPU-"):
        selected = _by_uuid(_entries(text, "GPU-"), openable)
    elif text.startswith("MIG-"):
        selected = _by_instance(_entries(text, "MIG-"), openable, parent_of)
    else:
        selected = _by_number(text, gpus, environ.get(ORDER))
    if not selected:
        raise _none_visible(text, gpus)
    return selected


def _none_visible(text: str | None, gpus: Sequence[Gpu | Fault]) -> MeterUnavailable:
    if text is not None:
        return MeterUnavailable(f"{VISIBLE}={text!r} hides every GPU", f"unset {VISIBLE}, or {USE_UUIDS}")
    if gpus:
        return MeterUnavailable("nvml: no GPU can be opened: " + ", ".join(dict.fromkeys(map(str, gpus))), INSTALL)
    return MeterUnavailable("nvml: the NVIDIA driver finds no GPU", INSTALL)


def _entries(text: str, prefix: str) -> list[str]:
    """Return the entries up to the first one of another kind; none if an entry is there twice."""
    entries: list[str] = []
    for entry in text.split(","):
        if entry in entries:
            return []
        if not entry.startswith(prefix):
            break
        entries.append(entry)
    return entries


def _by_uuid(entries: Sequence[str], gpus: Sequence[Gpu]) -> list[Gpu]:
    selected: list[Gpu] = []
    for entry in entries:
        matches = [gpu for gpu in gpus if gpu.uuid.startswith(entry)]
        if len(matches) != 1:
            break
        if matches[0] in selected:
            return []
        selected += matches
    return selected


def _by_instance(entries: Sequence[str], gpus: Sequence[Gpu], parent_of: Callable[[str], str | None]) -> list[Gpu]:
    selected: list[Gpu] = []
    for entry in entries:
        parent = parent_of(entry)
        matches = [gpu for gpu in gpus if parent and gpu.uuid.startswith(parent)]
        if len(matches) != 1:
            break
        selected += [gpu for gpu in matches if gpu not in selected]
    return selected


def _by_number(text: str, gpus: Sequence[Gpu | Fault], order: str | None) -> list[Gpu]:
    numbers: list[int] = []
    for entry in text.split(","):
        digits = re.match(r"[+-]?\d+", entry.strip())
        number = int(digits.group()) if digits else -1
        if number in numbers:
            return []
        if not 0 <= number < len(gpus):
            break
        numbers.append(number)
    _check_order(text, numbers, gpus, order)
    return [gpu for number in numbers if isinstance(gpu := gpus[number], Gpu)]


def _check_order(text: str, numbers: Sequence[int], gpus: Sequence[Gpu | Fault], order: str | None) -> None:
    """Check that CUDA numbers the GPUs as NVML does: by PCI bus, and over the same GPUs.

    Raises:
        MeterUnavailable: The numbers may differ.
    """
    unopened = [number for number in range(max(numbers, default=-1) + 1) if isinstance(gpus[number], Fault)]
    if unopened:
        reason = f"GPU {unopened[0]} cannot be opened: {gpus[unopened[0]]}"
        raise MeterUnavailable(f"{VISIBLE}={text} does not determine the GPUs: {reason}", USE_UUIDS)
    models = {gpu.name for gpu in gpus if isinstance(gpu, Gpu)}
    if len(models) > 1 and order != "PCI_BUS_ID" and 0 < len(numbers) < len(gpus):
        reason = f"CUDA numbers different models by speed unless {ORDER} is set"
        remedy = f"export {ORDER}=PCI_BUS_ID (numbers are then those of nvidia-smi), or {USE_UUIDS}"
        raise MeterUnavailable(f"{VISIBLE}={text} does not determine the GPUs: {reason}", remedy)
