"""Sentences on the interaction of two hyperparameters."""

from __future__ import annotations

from mutegreen.report.metric_names import NAMES
from mutegreen.report.wording import reason_text
from mutegreen.stats.interaction.interaction import Interaction


def interaction_sentence(row: Interaction) -> str:
    """Return the effect of changing both beyond the single effects, with its interval and p value."""
    pair, metric = " and ".join(row.hyperparameters), NAMES[row.metric]
    if row.extra.value is None:
        return f"{pair}: no interaction estimated for {metric}: {reason_text(row.reason)}."
    finding = "" if row.matters else f"no significant interaction for {metric}; "
    return f"{pair}: {finding}{row.mutant} {_effect(row, row.extra.value, metric)} ({_certainty(row)})."


def _effect(row: Interaction, extra: float, metric: str) -> str:
    if row.metric == "performance":
        side = "above" if extra > 0 else "below"
        return f"has a performance {abs(extra):.3g} {side} the sum of its single effects"
    side = "more" if extra > 0 else "less"
    return f"costs {abs(100 * extra):.2g} % {side} {metric} than its single effects together"


def _certainty(row: Interaction) -> str:
    if row.p_adjusted is None or row.extra.ends is None:
        return reason_text(row.reason) or "the interval is too wide for a number"
    low, high = row.extra.ends
    unit, factor = ("", 1.0) if row.metric == "performance" else (" %", 100.0)
    p = "< 0.001" if row.p_adjusted < 0.001 else f"= {row.p_adjusted:.3f}"
    return f"95 % CI {factor * low:+.2g} to {factor * high:+.2g}{unit}, adjusted p {p}"
