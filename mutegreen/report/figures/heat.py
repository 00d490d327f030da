"""Draw heat maps: cells with a number; the colour only repeats it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap
from numpy.typing import ArrayLike

from mutegreen.report.figures.style import BLUE, VERMILION, without_ticks

COUNTS = LinearSegmentedColormap.from_list("counts", ["white", BLUE])
SIGNED = LinearSegmentedColormap.from_list("signed", [BLUE, "white", VERMILION])
"""For numbers from -1 to 1: in grey both ends are equally dark, and the sign of the number distinguishes them."""

_NOT_KNOWN = "#e6e6e6"
_RULE = "#bbbbbb"
_DARK = 0.179
"""Relative luminance below which white text has more contrast than black, by the formula of WCAG 2."""


def heat_map(axes: Axes, shares: ArrayLike, texts: Sequence[Sequence[str]], colours: Colormap, low: float) -> None:
    """Fill axes with cells, the first row on top.

    Args:
        axes: Empty axes.
        shares: Shape (rows, columns), from `low` to 1; NaN for an unknown cell.
        texts: The texts of the cells, in the same shape.
        colours: The colours from `low` to 1.
        low: The smallest share.
    """
    grid = np.ma.masked_invalid(np.asarray(shares, dtype=float))
    colours = colours.with_extremes(bad=_NOT_KNOWN)
    axes.pcolormesh(grid, cmap=colours, vmin=low, vmax=1.0, edgecolors=_RULE, linewidth=0.6)
    axes.set_facecolor(_NOT_KNOWN)
    axes.set_ylim(grid.shape[0], 0)
    for row, cells in enumerate(texts):
        for column, text in enumerate(cells):
            known = not np.ma.is_masked(grid[row, column])
            share = (float(grid[row, column]) - low) / (1.0 - low) if known else 0.5
            colour = _text_colour(colours(share)) if known else "black"
            axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", color=colour, gid="cell")
    axes.spines[:].set_visible(False)
    without_ticks(axes)


def label_cells(axes: Axes, rows: Sequence[str], columns: Sequence[str]) -> None:
    """Label the rows and columns of a heat map."""
    axes.set_xticks(np.arange(len(columns)) + 0.5, columns)
    axes.set_yticks(np.arange(len(rows)) + 0.5, rows)


def _text_colour(colour: tuple[float, ...]) -> str:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3])
    return "white" if 0.2126 * red + 0.7152 * green + 0.0722 * blue < _DARK else "black"
