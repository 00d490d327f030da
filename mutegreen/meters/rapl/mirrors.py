"""Finds zones that show the same counter: some AMD processors show the counter of the package once for each die.

On a Threadripper 1950X both dies show 68 W, and the package draws 68 W in total (issue 1274 of mlco2/codecarbon). For
such processors, newer versions of Linux have one zone per package, older ones one per die.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mutegreen.meters.rapl.counter import RaplCounter
from mutegreen.meters.rapl.zones import Zone

APART_UJ = 100_000_000
"""Counters that differ by more, microjoules, are two. One counter changes by less between two reads."""

PAUSE_S = 0.002
ATTEMPTS = 20
"""Equal counters are watched for at most 40 ms; RAPL updates its counters every millisecond."""


def without_mirrors(counters: Mapping[Zone, RaplCounter], sleep: Callable[[float], None]) -> dict[str, RaplCounter]:
    """Return the counters by domain, each once.

    Only dies of the same package are compared, so other machines spend no time. If all dies of a package show the same
    counter, one is kept under the package's name, and the others are closed.

    Raises:
        OSError, ValueError: A counter cannot be read.
    """
    packages: dict[str, list[tuple[Zone, RaplCounter]]] = {}
    for zone, counter in counters.items():
        packages.setdefault(zone.package, []).append((zone, counter))
    kept: dict[str, RaplCounter] = {}
    for package, dies in packages.items():
        own = _distinct(dies, sleep)
        mirrored = len(own) == 1 < len(dies)
        kept |= {package if mirrored else zone.domain: counter for zone, counter in own}
    return kept


def _distinct(dies: list[tuple[Zone, RaplCounter]], sleep: Callable[[float], None]) -> list[tuple[Zone, RaplCounter]]:
    own: list[tuple[Zone, RaplCounter]] = []
    for zone, counter in dies:
        if any(is_mirror(counter, other, sleep) for _, other in own):
            counter.close()
        else:
            own.append((zone, counter))
    return own


def is_mirror(counter: RaplCounter, other: RaplCounter, sleep: Callable[[float], None]) -> bool:
    """Return whether two zones show the same counter: they are equal, change, and are equal again.

    Zones that are equal and do not change show the same counter, too, unless they are 0.

    Raises:
        OSError, ValueError: A counter cannot be read.
    """
    agreed: set[int] = set()
    for _ in range(ATTEMPTS):
        first, between, last = counter.value_uj(), other.value_uj(), counter.value_uj()
        if _apart_uj(first, between, counter.range_uj) > APART_UJ:
            return False
        if first <= between <= last:
            agreed.add(between)
        if len(agreed) > 1:
            return True
        sleep(PAUSE_S)
    return agreed == {last} != {0}


def _apart_uj(one_uj: int, other_uj: int, range_uj: int) -> int:
    distance_uj = abs(one_uj - other_uj)
    return min(distance_uj, range_uj - distance_uj)
