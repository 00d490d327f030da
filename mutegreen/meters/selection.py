"""Selects and opens meters: those that the user names, or for each class of domains the best one that works."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from mutegreen.errors import MeterUnavailable, MuteGreenError, UsageError
from mutegreen.meters import registry
from mutegreen.meters.base import Meter
from mutegreen.meters.partial_meter import PartialMeter
from mutegreen.meters.registry import READS, parse
from mutegreen.model import DOMAIN_CLASSES, Quality, Unavailable, domain_class, is_domain

REMEDIES = {"gpu": "NVIDIA GPUs are read by the meter nvml"}


@dataclass(frozen=True)
class MeterSelection:
    """Opened meters, each class of domains in one of them only, and what cannot be read."""

    meters: tuple[Meter, ...]
    unavailable: tuple[Unavailable, ...]

    def close(self) -> None:
        """Close the meters. A recorder that gets them closes them, too."""
        _close(self.meters)


def select_meters(specs: Sequence[str] | None = None, require: Collection[str] = ()) -> MeterSelection:
    """Open the meters to use.

    Each class of domains (`gpu`, `cpu`, `dram`, and `psys`) is read by exactly one meter, so no energy counts twice.
    Among the meters that can read a class, the one with the lowest rank reads it; among equal ranks the first one
    tried.

    Rank of a meter in a class, which is that of the worst quality among its domains there:
        0 `counter`: the device itself counts joules.
        1 `integrated`: power is sampled and integrated over time.
        2 `attributed`: a part of a shared device's energy.
        3 `estimated`: a model. It meets `require` only if the user named the meter.

    Order in which meters are tried:
        Named meters in the order of their names; each must work.
        Without names: `nvml`, `rapl`, `perf`, `estimate`, then the meters of plug-ins by name. A meter that does not
        work, or a plug-in that does not load, is listed in `unavailable` with the reason.

    What follows from it, for a class that both meters can read:
        plug-in counter before `estimate`: rank 0 before rank 3, although `estimate` is tried first.
        `rapl` before plug-in counter: equal ranks, and `rapl` is tried first.
        `rapl` before `perf`: equal ranks. `perf` is for machines where only root may read powercap.

    Args:
        specs: Names of meters, as `parse` takes them; each of them must work. None or empty: what works here.
        require: Classes (`gpu`) or domains (`gpu:GPU-5ea1`) that must be measured. An estimate suffices only if the
            user named the meter.

    Raises:
        UsageError: A meter or a required class does not exist.
        MeterUnavailable: A named meter does not work, or something required is not measured.
        MeterPermissionError: A named meter may not be read.
    """
    _check_classes(require)
    opened, unavailable = _open_all(specs) if specs else _open_working()
    unavailable += [left_out for meter in opened for left_out in meter.unavailable]
    parts = _without_overlap(opened)
    unused = [meter for meter in opened if meter not in parts]
    _close(unused)
    if specs:
        unavailable += [Unavailable(meter.name, "not used: another named meter reads its domains") for meter in unused]
    meters = tuple(parts.values())
    unavailable += _unread_classes(meters, specs or registry.automatic())
    try:
        _check_required(require, meters, unavailable, estimates_count=bool(specs))
    except MeterUnavailable:
        _close(meters)
        raise
    return MeterSelection(meters, tuple(unavailable))


def _open_all(specs: Sequence[str]) -> tuple[list[Meter], list[Unavailable]]:
    """Open the named meters. If one does not work, its error is raised and the others are closed."""
    meters = [parse(spec) for spec in specs]
    try:
        for meter in meters:
            meter.open()
    except MuteGreenError:
        _close(meters)
        raise
    return meters, []


def _open_working() -> tuple[list[Meter], list[Unavailable]]:
    """Open the meters that work, and say why the others do not."""
    opened: list[Meter] = []
    unavailable: list[Unavailable] = []
    for name in registry.automatic():
        try:
            meter = parse(name)
            meter.open()
        except MuteGreenError as error:
            unavailable.append(Unavailable(name, error.message, error.hint))
        else:
            opened.append(meter)
    return opened, [*unavailable, *(Unavailable(registry.GROUP, problem) for problem in registry.problems())]


def _close(meters: Iterable[Meter]) -> None:
    for meter in meters:
        meter.close()


def _without_overlap(opened: Sequence[Meter]) -> dict[Meter, Meter]:
    """Map each meter that reads a class best to itself, or to the part of it that reads these classes."""
    best = _best_by_class(opened)
    kept = {meter: tuple(d for d in meter.domains if best[domain_class(d)] is meter) for meter in opened}
    return {meter: meter if own == meter.domains else PartialMeter(meter, own) for meter, own in kept.items() if own}


def _best_by_class(opened: Iterable[Meter]) -> dict[str, Meter]:
    best: dict[str, Meter] = {}
    for meter in opened:
        for class_name in dict.fromkeys(map(domain_class, meter.domains)):
            if class_name not in best or _rank(meter, class_name) < _rank(best[class_name], class_name):
                best[class_name] = meter
    return best


def _rank(meter: Meter, class_name: str) -> int:
    """Return the rank of a meter in a class of domains, which is that of its worst quality there; 0 is best."""
    order = list(Quality)
    return max(order.index(meter.quality[domain]) for domain in meter.domains if domain_class(domain) == class_name)


def _unread_classes(meters: Iterable[Meter], tried: Iterable[str]) -> list[Unavailable]:
    read = {domain_class(domain) for meter in meters for domain in meter.domains}
    names = ", ".join(dict.fromkeys(spec.partition(":")[0] for spec in tried))
    return [
        Unavailable(
            class_name,
            f"{class_name} energy is not measured: no meter reads it (tried: {names})",
            REMEDIES.get(class_name),
        )
        for class_name in DOMAIN_CLASSES
        if class_name not in read
    ]


def _check_classes(require: Iterable[str]) -> None:
    unknown = [name for name in require if name not in DOMAIN_CLASSES and not is_domain(name)]
    if unknown:
        hint = f"use {', '.join(DOMAIN_CLASSES)}, or one domain such as gpu:GPU-5ea1"
        raise UsageError(f"unknown class of domains {unknown[0]!r}", hint)


def _check_required(
    require: Iterable[str], meters: Iterable[Meter], unavailable: Iterable[Unavailable], estimates_count: bool
) -> None:
    quality = {domain: meter.quality[domain] for meter in meters for domain in meter.domains}
    faults: list[str] = []
    for name in require:
        qualities = [quality[domain] for domain in quality if name in (domain, domain_class(domain))]
        if not qualities:
            faults.append(f"no meter reads {name}")
        elif Quality.ESTIMATED in qualities and not estimates_count:
            faults.append(f"{name} is only estimated")
    if faults:
        groups = {domain_class(name) for name in require}
        remedies = [one.remedy for one in unavailable if one.remedy and groups & {one.meter, *READS.get(one.meter, ())}]
        if not estimates_count:
            remedies.append("to accept an estimate, name the meter `estimate`")
        raise MeterUnavailable(f"required energy is not measured: {', '.join(faults)}", "; ".join(remedies))
