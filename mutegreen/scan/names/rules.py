"""Which rule reads a name? The first that knows one of its words; `tables` and `shapes` read what no rule knows.

A rule gets the words of a name in order, the same words as a set, and the value. It returns None where the name is not
its own.
"""

from __future__ import annotations

from collections.abc import Callable

from mutegreen.scan.names import count_rules, rate_rules
from mutegreen.scan.names.meaning import Meaning

Rule = Callable[[tuple[str, ...], frozenset[str], object], Meaning | None]

RULES: tuple[Rule, ...] = (
    count_rules.epochs,
    rate_rules.learning_rate,
    count_rules.batch_size,
    rate_rules.weight_decay,
    rate_rules.dropout,
    rate_rules.momentum,
    rate_rules.gamma,
    count_rules.reporting,
    count_rules.train_steps,
)
"""In order: the first rule that returns a meaning decides."""
