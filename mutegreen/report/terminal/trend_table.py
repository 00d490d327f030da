"""Show the trends: the effect of one unit more of a hyperparameter, or that there is none."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mutegreen.model import Quality
from mutegreen.report.metric_names import NAMES, TITLES
from mutegreen.report.units import percent, value_label, value_labels
from mutegreen.report.wording import reason_text
from mutegreen.stats.settings import ALPHA
from mutegreen.stats.trend.curve import Shape
from mutegreen.stats.trend.curve_reading import DOUBLING
from mutegreen.stats.trend.trend import Trend, TrendFinding
from mutegreen.units import quantity

_COUNTED = ("epochs", "steps", "iterations", "layers", "threads", "workers", "units")
"""Endings of names that count something: one more of `epochs` is an epoch."""
_LABELS = {
    TrendFinding.NO_TREND: "no trend",
    TrendFinding.NO_SIMPLE_TREND: "irregular",
    TrendFinding.UNDECIDED: "undecided",
}
_NO_RESULT = "no result"
_MEANINGS = {
    "no trend": (
        "equivalence over all values: from the lowest to the highest, the metric changes by less than the margin; in "
        "parentheses, the largest change that the 95 % interval allows"
    ),
    "irregular": (
        "the means differ significantly, but along no line or power law; in parentheses, their largest difference over "
        "all values"
    ),
}
_ABOUT = "about: the means do not lie on this curve (significant lack of fit), so it describes them only roughly"


def trend_sentence(trend: Trend) -> str:
    """Return one trend as a sentence: `CPU energy, epochs 9 to 16: each further epoch costs 353 J (...)`."""
    where = f"{_noun(trend, NAMES)}, {trend.hyperparameter}{_range(trend)}"
    if not _is_known(trend):
        return f"{where}: no result, because {reason_text(trend.reason)}"
    if trend.finding is TrendFinding.TREND:
        return f"{where}: {_step(trend, ' of the original')}"
    if trend.finding is TrendFinding.NO_TREND:
        return f"{where}: no trend; it changes by {_extent(trend)} (95 % confidence)"
    if trend.finding is TrendFinding.NO_SIMPLE_TREND:
        return f"{where}: irregular; values differ by {_extent(trend)}"
    if trend.change.ends is None:
        return f"{where}: no significant trend"
    return f"{where}: no significant trend, but a change of {_extent(trend)} cannot be excluded (95 % CI)"


def trend_table(trends: Sequence[Trend]) -> RenderableType:
    """Return a line or two for each trend; metrics without one share a line.

    Args:
        trends: The trends in one scenario, those of a hyperparameter together.
    """
    parts: list[RenderableType] = [
        Text("Trends: effect of one unit more, or change over all values (95 % CI)", style="bold")
    ]
    for _, rows in groupby(trends, lambda trend: trend.hyperparameter):
        same_hyperparameter = list(rows)
        parts += [_heading(same_hyperparameter), Padding(_lines(same_hyperparameter), (0, 0, 0, 2))]
    return Group(*parts)


def trend_legend(trends: Sequence[Trend]) -> Iterator[str]:
    """Yield the meaning of the words in the table that are used."""
    findings = {_LABELS[trend.finding] for trend in trends if trend.finding in _LABELS and _is_known(trend)}
    yield from (f"{label}: {meaning}." for label, meaning in _MEANINGS.items() if label in findings)
    if any(trend.finding is TrendFinding.TREND and _scatters(trend) for trend in trends):
        yield f"{_ABOUT}."
    remarks = {
        (trend.hyperparameter, reason_text(trend.reason)) for trend in trends if trend.reason and _is_known(trend)
    }
    yield from (f"{hyperparameter}: {reason}." for hyperparameter, reason in sorted(remarks))


def _heading(trends: Sequence[Trend]) -> Text:
    first = next((trend for trend in trends if trend.lowest is not None), trends[0])
    original = "" if first.default is None else f", original {value_label(first.default)}"
    return Text(first.hyperparameter, style="bold").append(f"{_range(first)}{original}", style="not bold")


def _lines(trends: Sequence[Trend]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(min_width=max(map(len, _LABELS.values())), no_wrap=True)
    table.add_column(overflow="fold")
    for trend in trends:
        if trend.finding is TrendFinding.TREND:
            table.add_row(Text(_noun(trend)), Text(_step(trend)))
    for finding, label in _LABELS.items():
        texts = [f"{_noun(each)} ({_extent(each)})" for each in trends if each.finding is finding and _is_known(each)]
        if texts:
            table.add_row(Text(label, style="dim"), Text(", ".join(texts), style="dim"))
    for reason in dict.fromkeys(reason_text(each.reason) for each in trends if not _is_known(each)):
        nouns = ", ".join(_noun(each) for each in trends if reason_text(each.reason) == reason and not _is_known(each))
        table.add_row(Text(_NO_RESULT, style="yellow"), Text(f"{nouns}: {reason}", style="yellow"))
    return table


def _is_known(trend: Trend) -> bool:
    return trend.p is not None


def _noun(trend: Trend, nouns: Mapping[str, str] = TITLES) -> str:
    return nouns[trend.metric] + (" (est.)" if trend.quality is Quality.ESTIMATED else "")


def _range(trend: Trend) -> str:
    if trend.lowest is None or trend.highest is None:
        return ""
    return " " + " to ".join(value_labels([trend.lowest, trend.highest]))


def _step(trend: Trend, whose: str = "") -> str:
    """`each further epoch costs 353 J (+6.93%), 334 to 372 J`."""
    share = trend.relative_slope.value
    relative = "" if share is None else f" ({percent(share)}{whose})"
    verb = f"{_verb(trend)}{' about' if _scatters(trend) else ''}"
    size = quantity(trend.metric, abs(trend.slope.value or 0.0))
    return f"{_one_more(trend)} {verb} {size}{relative}, {_interval(trend)}{_exponent(trend)}{_size(trend)}"


def _one_more(trend: Trend) -> str:
    name, step = trend.hyperparameter, trend.step or 1.0
    if trend.shape is not Shape.LINEAR:
        return f"doubling {name}" if step == DOUBLING else f"adding {step - 1:.0%} to {name}"
    if step != 1:
        return f"each further {step:g} of {name}"
    return f"each further {name[:-1]}" if name.endswith(_COUNTED) else f"each further unit of {name}"


def _verb(trend: Trend) -> str:
    is_more = (trend.slope.value or 0.0) > 0
    if trend.metric == "performance":
        return "raises it by" if is_more else "lowers it by"
    return "costs" if is_more else "saves"


def _scatters(trend: Trend) -> bool:
    return trend.lack_of_fit_p_adjusted is not None and trend.lack_of_fit_p_adjusted <= ALPHA


def _interval(trend: Trend) -> str:
    """Return the ends without signs, the smaller first, where both have the same sign; else with their signs."""
    low, high = trend.slope.low or 0.0, trend.slope.high or 0.0
    ends = sorted((abs(low), abs(high))) if low * high > 0 else [low, high]
    first, last = (quantity(trend.metric, end) for end in ends)
    number, _, unit = first.partition(" ")
    return f"{number if unit == last.partition(' ')[2] else first} to {last}"


def _exponent(trend: Trend) -> str:
    exponent = trend.exponent
    if exponent.value is None:
        return ""
    return f"; power law, exponent {exponent.value:.2f} [{exponent.low:.2f}, {exponent.high:.2f}]"


def _size(trend: Trend) -> str:
    if trend.margin is None or trend.change.ends is None:
        return ""
    low, high = trend.change.ends
    is_small = -trend.margin < low and high < trend.margin
    return f"; over all values less than the margin of {_share(trend.margin)}" if is_small else ""


def _extent(trend: Trend) -> str:
    """Return how large a trend can be, or how far apart the values are."""
    if trend.change.ends is None or trend.spread is None:
        return "no interval"
    low, high = trend.change.ends
    if trend.finding is TrendFinding.NO_TREND:
        return f"less than {_share(max(abs(low), abs(high)))}"
    if trend.finding is TrendFinding.NO_SIMPLE_TREND:
        return f"up to {_share(trend.spread)}"
    return f"{percent(low)} to {percent(high)}"


def _share(ratio: float) -> str:
    """Format a bound with two digits, rounded up: `1.3%`."""
    power = math.floor(math.log10(ratio)) - 1
    up = math.ceil(round(ratio / 10.0**power, 6)) * 10.0**power
    return f"{100 * up:.{max(-power - 2, 0)}f}%"
