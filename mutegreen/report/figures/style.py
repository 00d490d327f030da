"""Define the common style of figures: fonts, colours, sizes, title and caption."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

WIDTH_IN = 7.0
"""Width of a figure, inches: the text width of a page."""
FONT_PT = 8.0
CHARACTER_IN = FONT_PT * 0.66 / 72
"""Width of a character, inches, rounded up."""

BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
)
COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
"""Okabe and Ito, "Color Universal Design" (2008), without yellow, which is too pale for thin lines on white."""
MARKERS = ("o", "s", "^", "v", "P", "X", "*")
LINES = ("-", (0, (5, 1.5)), (0, (1, 1)), "-.", (0, (3, 1, 1, 1, 1, 1)), (0, (9, 3)))
GREY = "#808080"
"""Colour of guide lines."""

_TITLE_PT = FONT_PT + 2
_TITLE_IN = _TITLE_PT * 0.7 / 72
"""Width of a character of the title, which is bold, inches, rounded up."""
_LINE = 1.25
"""Height of a line, relative to the font size."""
_CAPTION_IN = FONT_PT * 0.54 / 72
"""Average width of a character of the caption, inches."""
_SPARE = 3
"""Characters by which lines are shorter than their average width allows, because some have wide characters."""
_STYLE = {
    "font.family": ["DejaVu Sans"],
    "font.size": FONT_PT,
    "axes.titlesize": FONT_PT,
    "axes.labelsize": FONT_PT,
    "xtick.labelsize": FONT_PT,
    "ytick.labelsize": FONT_PT,
    "legend.fontsize": FONT_PT,
    "figure.titlesize": _TITLE_PT,
    "figure.titleweight": "bold",
    "figure.dpi": 100,
    "savefig.dpi": 300,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.formatter.useoffset": False,
    "axes.grid": False,
    "lines.linewidth": 1.0,
    "hatch.linewidth": 0.5,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "text.parse_math": False,  # a value or a name may well hold a dollar sign
    "pdf.fonttype": 42,  # publishers refuse Type 3 fonts
    "svg.hashsalt": "mutegreen",  # the same figure gives the same file
}


@dataclass(frozen=True)
class Drawing:
    """A figure with its description.

    Attributes:
        kind: Value of the option `--kind`.
        part: Distinguishes several figures of one kind; empty if there is only one.
        title: Subject and background.
        caption: What the figure shows, and the number of trials.
    """

    kind: str
    part: str
    title: str
    caption: str
    figure: Figure


@contextmanager
def figure_style() -> Iterator[None]:
    """Apply the style of the figures, whatever the matplotlibrc of the user says, and restore the previous one."""
    with matplotlib.style.context(["default", _STYLE]):
        yield


def new_figure(title: str, caption: str, height_in: float, width_in: float = WIDTH_IN) -> Figure:
    """Return an empty figure with its title above and its caption below; it needs no display.

    Args:
        title: The title; long ones are wrapped.
        caption: The caption; long ones are wrapped.
        height_in: Height without the caption and further lines of the title, inches.
        width_in: Width in print, inches.
    """
    lines = textwrap.wrap(caption, int(width_in / _CAPTION_IN) - _SPARE)
    titles = textwrap.wrap(title, int(width_in / _TITLE_IN))
    text_in = (len(lines) * FONT_PT + (len(titles) - 1) * _TITLE_PT) * _LINE / 72
    figure = Figure(figsize=(width_in, height_in + text_in), layout="constrained")
    figure.suptitle("\n".join(titles), x=0.01, ha="left")
    figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=FONT_PT, weight="normal")
    return figure


def without_ticks(axes: Axes) -> None:
    """Remove the marks of ticks, and keep their labels."""
    axes.tick_params(length=0)


def shorten(text: str, characters: int = 28) -> str:
    """Return the text, if too long only its two ends."""
    if len(text) <= characters:
        return text
    half = (characters - 1) // 2
    return f"{text[: characters - 1 - half]}…{text[-half:]}"
