"""Cells of tables for pages: the unit is in the heading, and figures of a column have the same decimals."""

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
INTERVAL = "95 % interval"
ESTIMATED = "est.: estimated, not measured: the model knows CPU time and duration, and no more."
_PARTS = {"": 1.0, "1e-3": 1e-3, "1e-6": 1e-6, "1e-9": 1e-9}
_LEAST = 0.1
"""Units of performance below which another one is taken."""
_DIGITS = 4
_PLAIN = range(-5, 7)
"""Powers of ten between which a figure is written out."""


@dataclass(frozen=True)
class ColumnFormat:
    """How the figures of a column are written.

    Args:
        unit: Performance has none, or a power of ten.
        size: Of the unit, in joules, seconds or the performance's own.
        decimals: None: too large or too small to be written out. An amount that would be 0 with so few decimals, and
            is not, is written with digits of its own.
    """

    unit: str
    size: float
    decimals: int | None

    def cell(self, figure: float | None, sign: str = "-") -> str | None:
        """A figure in joules, seconds or the performance's unit; `sign` is `+` where a plus shall be seen."""
        if figure is None or not math.isfinite(figure):
            return None
        written = f"{figure / self.size:{sign}.{_DIGITS}g}"
        if self.decimals is None:
            return written
        plain = f"{figure / self.size:{sign}.{self.decimals}f}"
        # A change that rounds to 0 is none at this precision; an amount that does is still there.
        return written if sign != "+" and float(plain) == 0 and figure != 0 else plain

    def interval(self, low: float | None, high: float | None) -> str | None:
        """The ends of an interval, with their signs."""
        return _ends(self.cell(low, "+"), self.cell(high, "+"))

    @property
    def heading(self) -> str:
        """The unit as a heading has it."""
        return f"({self.unit})" if self.unit else ""


def column_format(metric: str, figures: Iterable[float | None], digits: int = _DIGITS) -> ColumnFormat:
    """The unit in which the largest figure is short, and the decimals that give it so many digits."""
    largest = max((abs(figure) for figure in figures if figure is not None and math.isfinite(figure)), default=0.0)
    unit, size = _unit(metric, largest)
    power = math.floor(math.log10(largest / size)) if largest > 0 else 0
    return ColumnFormat(unit, size, max(digits - 1 - power, 0) if power in _PLAIN else None)


def change(ratio: float | None) -> str | None:
    """A relative change in percent, with its sign; two decimals, one from 100 % on."""
    return None if ratio is None else _signed(100.0 * ratio)


def change_interval(low: float | None, high: float | None) -> str | None:
    """The ends of a relative change, in percent."""
    return _ends(change(low), change(high))


def share_cell(share: float | None) -> str | None:
    """A share in percent, without sign and unit."""
    return None if share is None else f"{100 * share:.2f}"


def coefficient(figure: float | None) -> str | None:
    """A figure between -1 and 1, with its sign."""
    return None if figure is None else _signed(figure)


def coefficient_interval(low: float | None, high: float | None) -> str | None:
    """The ends of such a figure."""
    return _ends(coefficient(low), coefficient(high))


def p_cell(p: float | None) -> str | None:
    """A p value."""
    return None if p is None else p_value(p)


def verdict_word(verdict: Verdict) -> str:
    """A verdict where there is little room."""
    return "?" if verdict is Verdict.UNDECIDED else verdict.value


def adjusted_note(analysis: Analysis) -> tuple[str, ...]:
    """Of p values, where the protocol adjusts them."""
    if not isinstance(analysis, CarefulAnalysis):
        return ()
    return (f"p values are adjusted for all that were asked at once ({ADJUSTED[analysis.settings.adjustment]}).",)


def estimated_note(scenario: ScenarioReport) -> tuple[str, ...]:
    """What `est.` means, where there are estimates."""
    return (ESTIMATED,) if any(row.quality is Quality.ESTIMATED for row in scenario.comparisons) else ()


def sentence_case(text: str) -> str:
    """The text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def _unit(metric: str, largest: float) -> tuple[str, float]:
    if metric == "performance":
        return next((found for found in _PARTS.items() if largest >= _LEAST * found[1]), ("", 1.0))
    scale = units.scale_of(metric, largest)
    return scale.unit, scale.size


def _signed(figure: float) -> str:
    shown = f"{figure:+.{2 if abs(figure) < 99.995 else 1}f}"
    return "0.00" if shown in ("+0.00", "-0.00") else shown


def _ends(low: str | None, high: str | None) -> str | None:
    return None if low is None or high is None else f"[{low}, {high}]"
