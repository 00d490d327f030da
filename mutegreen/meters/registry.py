"""Which meters there are: those that come with MuteGreen, then those of plug-ins."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib import metadata

from mutegreen.entry_points import Catalog, one_line, origin
from mutegreen.errors import MeterUnavailable, MuteGreenError, UsageError
from mutegreen.meters.base import Meter
from mutegreen.meters.estimate.meter import EstimateMeter
from mutegreen.meters.fallback import FallbackMeter
from mutegreen.meters.nvml.meter import NvmlMeter
from mutegreen.meters.perf.meter import PerfMeter
from mutegreen.meters.perf.stat_meter import PerfStatMeter
from mutegreen.meters.plugin_meter import PluginMeter
from mutegreen.meters.pyrapl import PyRaplMeter
from mutegreen.meters.rapl.meter import RaplMeter
from mutegreen.meters.replay import ReplayMeter
from mutegreen.meters.zeus.meter import ZeusMeter

GROUP = "mutegreen.meters"
"""The group of entry points that adds meters."""

AUTOMATIC = ("nvml", "rapl", "perf", "estimate")
"""Our meters that are tried where none is named, in this order."""

READS = {"nvml": ("gpu",), "rapl": ("cpu", "dram"), "perf": ("cpu", "dram")}
"""The classes that a meter tried by itself can read, so that a missing class is answered with their remedies."""

NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
"""The name of a meter: neither a colon, which begins its options, nor a comma or a space."""

Builder = Callable[[str], Meter]


def _perf(options: str) -> Meter:
    return FallbackMeter([PerfMeter.from_options(options), PerfStatMeter()])


BUILDERS: Mapping[str, Builder] = {
    "nvml": NvmlMeter.from_options,
    "estimate": EstimateMeter.from_options,
    "replay": ReplayMeter.from_options,
    "rapl": RaplMeter.from_options,
    "perf": _perf,
    "perf-stat": PerfStatMeter.from_options,
    "pyrapl": PyRaplMeter.from_options,
    "zeus": ZeusMeter.from_options,
}
"""For each name of a meter of ours what makes one from the text after the colon."""


def parse(spec: str) -> Meter:
    """The meter that a text such as `estimate`, `estimate:idle_w=20,full_w=120` or `replay:FILE` names, not open.

    Plug-ins are loaded only where no meter of ours has that name.

    Raises:
        UsageError: There is no such meter, or it has no such option.
        MeterUnavailable: The meter is of a plug-in that is broken.
    """
    name, _, options = spec.partition(":")
    builder = BUILDERS.get(name) or _plugins().entries.get(name)
    if builder is None:
        names = ", ".join([*BUILDERS, *plugin_names()])
        raise UsageError(f"there is no meter {name!r}", "; ".join([f"the meters are: {names}", *problems()]))
    return builder(options)


def automatic() -> tuple[str, ...]:
    """The meters that are tried where none is named: ours in their order, then those of plug-ins by name."""
    return (*AUTOMATIC, *plugin_names())


def plugin_names() -> tuple[str, ...]:
    """The meters of plug-ins, by name."""
    return tuple(sorted(_plugins().entries.keys() - BUILDERS.keys()))


def problems() -> list[str]:
    """What plug-ins with meters could not be used, and why: one line each."""
    return list(_plugins().problems)


@cache
def _plugins() -> Catalog[Builder]:
    catalog = Catalog(dict(BUILDERS))
    catalog.add_plugins(GROUP, _load)
    return catalog


def _load(point: metadata.EntryPoint) -> tuple[str, Builder]:
    found = point.load()
    if not (inspect.isclass(found) and issubclass(found, Meter)) or inspect.isabstract(found):
        raise TypeError(f"{point.value} is not a complete subclass of mutegreen.plugins.Meter")
    name = getattr(found, "name", None)
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise TypeError(f"{point.value} has the name {name!r}: letters, digits, '-', '_' and '.' are needed")
    return name, partial(_build, found, origin(point))


def _build(meter: type[Meter], where: str, options: str) -> Meter:
    try:
        return PluginMeter(meter.from_options(options), where)
    except MuteGreenError:
        raise
    except (Exception, SystemExit) as error:  # whatever a plug-in raises is not ours to let through
        reason = f"{meter.name}: making it failed: {one_line(error)}"
        raise MeterUnavailable(reason, f"tell the authors of the {where}") from error
