"""Which GPUs a training will see: CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER, as CUDA reads them.

Sources: CUDA Programming Guide, section CUDA Environment Variables (an entry that is not valid hides itself and all
that follow; a UUID may be shortened to what is unique); PyTorch, `torch/cuda/__init__.py`, `_parse_visible_devices`
and `_transform_uuid_to_ordinals`, for what the guide leaves open: the first entry decides whether the list is of
numbers or of UUIDs, a number ends at the first character that is no digit, and an entry given twice hides all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from mutegreen.errors import MeterUnavailable
from mutegreen.meters.nvml.library import INSTALL, Fault, Gpu

VISIBLE = "CUDA_VISIBLE_DEVICES"
ORDER = "CUDA_DEVICE_ORDER"

NAME_THEM = "list the GPUs by UUID (nvidia-smi -L)"


def visible_gpus(
    gpus: Sequence[Gpu | Fault], environ: Mapping[str, str], parent_of: Callable[[str], str | None]
) -> list[Gpu]:
    """The GPUs that CUDA shows to a program with this environment, each once.

    Args:
        gpus: All GPUs in the order of the PCI bus, a fault in the place of one that cannot be opened.
        environ: The program's environment.
        parent_of: UUID of the MIG instance -> UUID of its GPU, or None if there is no such instance.

    Raises:
        MeterUnavailable: No GPU is visible, or it cannot be known which one a number means.
    """
    openable = [gpu for gpu in gpus if isinstance(gpu, Gpu)]
    text = environ.get(VISIBLE)
    if text is None:
        found = openable
    elif text.startswith("GPU-"):
        found = _by_uuid(_entries(text, "GPU-"), openable)
    elif text.startswith("MIG-"):
        found = _by_instance(_entries(text, "MIG-"), openable, parent_of)
    else:
        found = _by_number(text, gpus, environ.get(ORDER))
    if not found:
        raise _nothing(text, gpus)
    return found


def _nothing(text: str | None, gpus: Sequence[Gpu | Fault]) -> MeterUnavailable:
    if text is not None:
        return MeterUnavailable(f"{VISIBLE}={text!r} hides every GPU", f"unset {VISIBLE}, or {NAME_THEM}")
    if gpus:
        return MeterUnavailable("no GPU can be opened: " + ", ".join(dict.fromkeys(map(str, gpus))), INSTALL)
    return MeterUnavailable("the NVIDIA driver has no GPU to show", INSTALL)


def _entries(text: str, prefix: str) -> list[str]:
    """The entries up to the first of another kind; none if one stands twice among them."""
    entries: list[str] = []
    for entry in text.split(","):
        if entry in entries:
            return []
        if not entry.startswith(prefix):
            break
        entries.append(entry)
    return entries


def _by_uuid(entries: Sequence[str], gpus: Sequence[Gpu]) -> list[Gpu]:
    found: list[Gpu] = []
    for entry in entries:
        matches = [gpu for gpu in gpus if gpu.uuid.startswith(entry)]
        if len(matches) != 1:
            break
        if matches[0] in found:
            return []
        found += matches
    return found


def _by_instance(entries: Sequence[str], gpus: Sequence[Gpu], parent_of: Callable[[str], str | None]) -> list[Gpu]:
    found: list[Gpu] = []
    for entry in entries:
        parent = parent_of(entry)
        matches = [gpu for gpu in gpus if parent and gpu.uuid.startswith(parent)]
        if len(matches) != 1:
            break
        found += [gpu for gpu in matches if gpu not in found]
    return found


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
    """CUDA's numbers are NVML's only if it, too, goes by the PCI bus, and has the same GPUs to count."""
    unopened = [number for number in range(max(numbers, default=-1) + 1) if isinstance(gpus[number], Fault)]
    if unopened:
        why = f"GPU {unopened[0]} cannot be opened: {gpus[unopened[0]]}"
        raise MeterUnavailable(f"which GPUs {VISIBLE}={text} means is not known: {why}", NAME_THEM)
    models = {gpu.name for gpu in gpus if isinstance(gpu, Gpu)}
    if len(models) > 1 and order != "PCI_BUS_ID" and 0 < len(numbers) < len(gpus):
        why = f"CUDA numbers different models by their speed unless {ORDER} says otherwise"
        remedy = f"export {ORDER}=PCI_BUS_ID (numbers are then those of nvidia-smi), or {NAME_THEM}"
        raise MeterUnavailable(f"which GPUs {VISIBLE}={text} means is not known: {why}", remedy)
