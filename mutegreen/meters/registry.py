"""Finds meters by name: those of MuteGreen, and those of plug-ins."""

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
"""The group of entry points through which plug-ins add meters."""

AUTOMATIC = ("nvml", "rapl", "perf", "estimate")
"""The meters of MuteGreen that are tried, in this order, if the user names none."""

READS = {"nvml": ("gpu",), "rapl": ("cpu", "dram"), "perf": ("cpu", "dram")}
"""The classes that the meters of `AUTOMATIC` can read. If a class is missing, the error has the remedies of these."""

NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
"""A valid name of a meter. A colon would begin its options; a comma or a space would end it."""

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
"""By name of a meter of MuteGreen, the function that creates it from the text after the colon."""


def parse(spec: str) -> Meter:
    """Return the meter that `estimate`, `estimate:idle_w=20,full_w=120` or `replay:FILE` names, not open.

    Plug-ins are loaded only if no meter of MuteGreen has that name.

    Raises:
        UsageError: No meter has that name, or the meter has no such option.
        MeterUnavailable: The plug-in of the meter cannot create it.
    """
    name, _, options = spec.partition(":")
    builder = BUILDERS.get(name) or _plugins().entries.get(name)
    if builder is None:
        names = ", ".join([*BUILDERS, *plugin_names()])
        raise UsageError(f"unknown meter {name!r}", "; ".join([f"the meters are: {names}", *problems()]))
    return builder(options)


def automatic() -> tuple[str, ...]:
    """Return the meters that are tried if the user names none: `AUTOMATIC`, then those of plug-ins by name."""
    return (*AUTOMATIC, *plugin_names())


def plugin_names() -> tuple[str, ...]:
    """Return the names of the meters of plug-ins, in alphabetical order."""
    return tuple(sorted(_plugins().entries.keys() - BUILDERS.keys()))


def problems() -> list[str]:
    """Return why plug-ins with meters could not be loaded, one line for each."""
    return list(_plugins().problems)


@cache
def _plugins() -> Catalog[Builder]:
    catalog = Catalog(dict(BUILDERS))
    catalog.add_plugins(GROUP, _load)
    return catalog


def _load(point: metadata.EntryPoint) -> tuple[str, Builder]:
    meter = point.load()
    if not (inspect.isclass(meter) and issubclass(meter, Meter)) or inspect.isabstract(meter):
        raise TypeError(f"{point.value} is not a complete subclass of mutegreen.plugins.Meter")
    name = getattr(meter, "name", None)
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise TypeError(f"{point.value} has the name {name!r}: use letters, digits, '-', '_' and '.'")
    return name, partial(_build, meter, origin(point))


def _build(meter: type[Meter], where: str, options: str) -> Meter:
    try:
        return PluginMeter(meter.from_options(options), where)
    except MuteGreenError:
        raise
    except (Exception, SystemExit) as error:  # a plug-in may raise anything, and none of it may end MuteGreen
        reason = f"{meter.name}: creating the meter failed: {one_line(error)}"
        raise MeterUnavailable(reason, f"report it to the authors of the {where}") from error
