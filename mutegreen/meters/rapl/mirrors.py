"""Finds counters that are one and the same: some AMD processors show their package's counter once for each die.

On a Threadripper 1950X both dies "take" 68 W, of 68 W in all (issue 1274 of mlco2/codecarbon). Newer
versions of Linux have one zone for each package of such processors, older ones one for each die.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mutegreen.meters.rapl.counter import RaplCounter
from mutegreen.meters.rapl.zones import Zone

APART_UJ = 100_000_000
"""Counters this far apart, microjoules, are two. One counter read twice moves less than that between the reads."""

PAUSE_S = 0.002
ATTEMPTS = 20
"""Counters that are equal are watched for 40 ms at most; RAPL's move every millisecond."""


def without_mirrors(counters: Mapping[Zone, RaplCounter], sleep: Callable[[float], None]) -> dict[str, RaplCounter]:
    """The counters by domain, each once.

    Only dies of one package are compared, so that this costs nothing elsewhere. Where all of them are one counter,
    that is the package's and is named so; the others are closed.

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
    """Whether two counters are one: they agree, move, and agree again.

    Counters that agree but stand still are one as well, unless they stand at 0.

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
