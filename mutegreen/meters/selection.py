"""Which meters to use: those named, or for each class of domains the best that works here."""

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
    """Opened meters, no class of domains in two of them, and what cannot be read."""

    meters: tuple[Meter, ...]
    unavailable: tuple[Unavailable, ...]

    def close(self) -> None:
        """Close the meters, unless a recorder does."""
        _close(self.meters)


def select_meters(specs: Sequence[str] | None = None, require: Collection[str] = ()) -> MeterSelection:
    """Open the meters to use.

    A class of domains (`gpu`, `cpu`, `dram`; `psys` is one by itself) is read by one meter alone: the one whose quality
    has the best rank, and among equal ranks the first one tried.

    Rank of the quality in which a meter reads a class, which is that of its worst domain there:
        0 `counter`: the device counts joules itself;
        1 `integrated`: power is summed up;
        2 `attributed`: a share of what a device took;
        3 `estimated`: a model. It meets a requirement only where the meter was named.

    Order of trying:
        Named meters in the order of their names; each must work.
        Without names `nvml`, `rapl`, `perf`, `estimate`, then the meters of plug-ins by name. One that does not work,
        or a plug-in that is broken, is listed in `unavailable` with its reason.

    So a counter of a plug-in comes before our estimate, and our counter before a counter of a plug-in.

    Args:
        specs: Meters by name, as `parse` takes them; every one of them must work. None or none: what works here.
        require: Classes (`gpu`) or domains (`gpu:GPU-5ea1`) without which nothing should begin. An estimate is
            enough only where it was named.

    Raises:
        UsageError: A meter or a required class that does not exist.
        MeterUnavailable: A named meter does not work, or something required is not measured.
        MeterPermissionError: A named meter may not be read.
    """
    _check_classes(require)
    opened, unavailable = _open_all(specs) if specs else _open_working()
    unavailable += [left_out for meter in opened for left_out in meter.unavailable]
    parts = _share_out(opened)
    unused = [meter for meter in opened if meter not in parts]
    _close(unused)
    if specs:
        unavailable += [Unavailable(meter.name, "not used: another named meter reads the same") for meter in unused]
    meters = tuple(parts.values())
    unavailable += _unread_classes(meters, specs or registry.automatic())
    try:
        _check_required(require, meters, unavailable, estimates_count=bool(specs))
    except MeterUnavailable:
        _close(meters)
        raise
    return MeterSelection(meters, tuple(unavailable))


def _open_all(specs: Sequence[str]) -> tuple[list[Meter], list[Unavailable]]:
    """The meters named, all open; if one does not work, its error, and none is left open."""
    meters = [parse(spec) for spec in specs]
    try:
        for meter in meters:
            meter.open()
    except MuteGreenError:
        _close(meters)
        raise
    return meters, []


def _open_working() -> tuple[list[Meter], list[Unavailable]]:
    """The meters that work, open, and why the others do not."""
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


def _share_out(opened: Sequence[Meter]) -> dict[Meter, Meter]:
    """For each meter that is the best for some class, the meter itself or the part of it that is wanted."""
    best = _best(opened)
    wanted = {meter: tuple(d for d in meter.domains if best[domain_class(d)] is meter) for meter in opened}
    return {meter: meter if own == meter.domains else PartialMeter(meter, own) for meter, own in wanted.items() if own}


def _best(opened: Iterable[Meter]) -> dict[str, Meter]:
    best: dict[str, Meter] = {}
    for meter in opened:
        for group in dict.fromkeys(map(domain_class, meter.domains)):
            if group not in best or _rank(meter, group) < _rank(best[group], group):
                best[group] = meter
    return best


def _rank(meter: Meter, group: str) -> int:
    """Place of the worst quality in which a meter reads a class; 0 is best."""
    order = list(Quality)
    return max(order.index(meter.quality[domain]) for domain in meter.domains if domain_class(domain) == group)


def _unread_classes(meters: Iterable[Meter], tried: Iterable[str]) -> list[Unavailable]:
    read = {domain_class(domain) for meter in meters for domain in meter.domains}
    names = ", ".join(dict.fromkeys(spec.partition(":")[0] for spec in tried))
    return [
        Unavailable(group, f"{group} energy is not measured: no meter reads it (tried: {names})", REMEDIES.get(group))
        for group in DOMAIN_CLASSES
        if group not in read
    ]


def _check_classes(require: Iterable[str]) -> None:
    unknown = [wanted for wanted in require if wanted not in DOMAIN_CLASSES and not is_domain(wanted)]
    if unknown:
        hint = f"required can be {', '.join(DOMAIN_CLASSES)}, or one domain such as gpu:GPU-5ea1"
        raise UsageError(f"there is no class of domains {unknown[0]!r}", hint)


def _check_required(
    require: Iterable[str], meters: Iterable[Meter], unavailable: Iterable[Unavailable], estimates_count: bool
) -> None:
    quality = {domain: meter.quality[domain] for meter in meters for domain in meter.domains}
    faults: list[str] = []
    for wanted in require:
        found = [quality[domain] for domain in quality if wanted in (domain, domain_class(domain))]
        if not found:
            faults.append(f"no meter reads {wanted}")
        elif Quality.ESTIMATED in found and not estimates_count:
            faults.append(f"{wanted} is only estimated")
    if faults:
        groups = {domain_class(wanted) for wanted in require}
        remedies = [one.remedy for one in unavailable if one.remedy and groups & {one.meter, *READS.get(one.meter, ())}]
        if not estimates_count:
            remedies.append("to accept an estimate, name the meter `estimate`")
        raise MeterUnavailable(f"required energy is not measured: {', '.join(faults)}", "; ".join(remedies))
