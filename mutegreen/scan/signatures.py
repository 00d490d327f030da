"""Which parameter is a positional argument of a library call? The first of `torch.nn.Dropout(0.5)` is `p`."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

Signature = tuple[str, ...]


@cache
def _table() -> tuple[dict[str, Signature], dict[str, list[Signature]]]:
    raw = json.loads((files("mutegreen.scan") / "signatures.json").read_text(encoding="utf-8"))
    current = {name: tuple(names) for name, names in raw.items() if not name.startswith("_")}
    earlier = {name: [tuple(names) for names in orders] for name, orders in raw.get("_earlier", {}).items()}
    return current, earlier


@cache
def _by_leaf() -> dict[tuple[str, str], list[str]]:
    by_leaf = defaultdict(list)
    for name in _table()[0]:
        root, leaf = name.partition(".")[0], name.rpartition(".")[2]
        by_leaf[root, leaf].append(name)
    return dict(by_leaf)


def positional(qualified: str, keywords: Sequence[str] = ()) -> Signature | None:
    """Return the names of a function's positional parameters.

    Args:
        qualified: Full public name, such as `torch.optim.SGD`; private paths (`torch.optim.sgd.SGD`) work too.
        keywords: The keywords of the call; they identify an earlier version of the library.

    Returns:
        The names in order; None: the function is not known.
    """
    name = _public(qualified)
    if name is None:
        return None
    current, earlier = _table()
    for order in (current[name], *earlier.get(name, [])):
        if set(keywords) <= set(order):
            return _before_star(order)
    return _before_star(current[name])


def _public(qualified: str) -> str | None:
    current, _ = _table()
    if qualified in current:
        return qualified
    alike = _by_leaf().get((qualified.partition(".")[0], qualified.rpartition(".")[2]), [])
    path = set(qualified.split("."))
    return max(alike, key=lambda name: len(path & set(name.split("."))), default=None)


def _before_star(order: Signature) -> Signature:
    return order[: order.index("*")] if "*" in order else order
