"""Format the cells of tables for pages: the unit is in the heading, and a column has the same decimals."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from mutegreen import units
from mutegreen.model import Quality, Verdict
from mutegreen.report.scenario_report import ScenarioReport
from mutegreen.report.units import p_value
from mutegreen.stats.adjustment import Adjustment
from mutegreen.stats.analysis import Analysis
from mutegreen.stats.careful import CarefulAnalysis

ADJUSTED = {Adjustment.HOLM: "Holm", Adjustment.BH: "Benjamini-Hochberg"}
INTERVAL = "95 % CI"
ESTIMATED = "est.: not measured, but estimated from CPU time and duration."
_PARTS = {"": 1.0, "1e-3": 1e-3, "1e-6": 1e-6, "1e-9": 1e-9}
_LEAST = 0.1
"""Share of a unit of performance below which the next smaller one is used."""
_DIGITS = 4
_PLAIN = range(-5, 7)
"""Powers of ten of values that are written without exponent."""


@dataclass(frozen=True)
class ColumnFormat:
    """Unit and decimals of the values in a column.

    Args:
        unit: Name of the unit; for performance empty or a power of ten.
        size: Size of the unit, in joules, seconds or the unit of performance.
        decimals: Number of decimals; None: the values are too large or too small to be written without exponent. An
            amount that these decimals would round to 0 is written with significant digits instead.
    """

    unit: str
    size: float
    decimals: int | None

    def cell(self, value: float | None, sign: str = "-") -> str | None:
        """Format a value in joules, seconds or the unit of performance; with `sign` `+`, a plus is written."""
        if value is None or not math.isfinite(value):
            return None
        written = f"{value / self.size:{sign}.{_DIGITS}g}"
        if self.decimals is None:
            return written
        plain = f"{value / self.size:{sign}.{self.decimals}f}"
        # At this precision, a change that rounds to 0 is 0. An amount that rounds to 0 is not 0.
        return written if sign != "+" and float(plain) == 0 and value != 0 else plain

    def interval(self, low: float | None, high: float | None) -> str | None:
        """Format the ends of an interval, with their signs."""
        return _ends(self.cell(low, "+"), self.cell(high, "+"))

    @property
    def heading(self) -> str:
        """The unit in parentheses, for the heading of the column."""
        return f"({self.unit})" if self.unit else ""


def column_format(metric: str, numbers: Iterable[float | None], digits: int = _DIGITS) -> ColumnFormat:
    """Return the unit in which the largest number is short, and the decimals that give it so many digits."""
    largest = max((abs(number) for number in numbers if number is not None and math.isfinite(number)), default=0.0)
    unit, size = _unit(metric, largest)
    power = math.floor(math.log10(largest / size)) if largest > 0 else 0
    return ColumnFormat(unit, size, max(digits - 1 - power, 0) if power in _PLAIN else None)


def change(ratio: float | None) -> str | None:
    """Format a relative change in percent, with its sign and two decimals, from 100 % on one."""
    return None if ratio is None else _signed(100.0 * ratio)


def change_interval(low: float | None, high: float | None) -> str | None:
    """Format the interval of a relative change, in percent."""
    return _ends(change(low), change(high))


def share_cell(share: float | None) -> str | None:
    """Format a share in percent, without sign and unit."""
    return None if share is None else f"{100 * share:.2f}"


def coefficient(value: float | None) -> str | None:
    """Format a coefficient between -1 and 1, with its sign."""
    return None if value is None else _signed(value)


def coefficient_interval(low: float | None, high: float | None) -> str | None:
    """Format the interval of a coefficient."""
    return _ends(coefficient(low), coefficient(high))


def p_cell(p: float | None) -> str | None:
    """Format a p value."""
    return None if p is None else p_value(p)


def verdict_word(verdict: Verdict) -> str:
    """Return the short word for a verdict."""
    return "?" if verdict is Verdict.UNDECIDED else verdict.value


def adjusted_note(analysis: Analysis) -> tuple[str, ...]:
    """Return the note on adjusted p values, if the protocol adjusts them."""
    if not isinstance(analysis, CarefulAnalysis):
        return ()
    return (f"p: adjusted for the number of comparisons ({ADJUSTED[analysis.settings.adjustment]}).",)


def estimated_note(scenario: ScenarioReport) -> tuple[str, ...]:
    """Return the note on `est.`, if there are estimates."""
    return (ESTIMATED,) if any(row.quality is Quality.ESTIMATED for row in scenario.comparisons) else ()


def sentence_case(text: str) -> str:
    """Return the text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def _unit(metric: str, largest: float) -> tuple[str, float]:
    if metric == "performance":
        return next((unit for unit in _PARTS.items() if largest >= _LEAST * unit[1]), ("", 1.0))
    scale = units.scale_of(metric, largest)
    return scale.unit, scale.size


def _signed(value: float) -> str:
    shown = f"{value:+.{2 if abs(value) < 99.995 else 1}f}"
    return "0.00" if shown in ("+0.00", "-0.00") else shown


def _ends(low: str | None, high: str | None) -> str | None:
    return None if low is None or high is None else f"[{low}, {high}]"
