"""Place labels of points without overlap: next to the point if there is space, else in a column with thin lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from mutegreen.report.figures.style import FONT_PT, GREY

LINE_IN = FONT_PT * 1.4 / 72
"""Height of a label in the column, inches."""

_DIRECTIONS = ((-1, 1), (1, 1), (1, -1), (-1, -1), (1, 0), (-1, 0), (0, 1), (0, -1))
"""Directions from a point to its label: first those without a cross of intervals or the line of the front."""
_POINT_PT = 4.0
"""Half the size of a point, in points."""
_ISOLATED_PT = 10.0
"""Distance to the next point from which a label next to a point clearly belongs to it, in points."""
_HALO = [withStroke(linewidth=2, foreground="white")]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Label:
    """A label of a point.

    Attributes:
        x, y: The point, in data coordinates.
        colour, marker, filled: The look of the point, repeated in the column.
        bold: Whether it is highlighted.
    """

    text: str
    x: float
    y: float
    colour: str
    marker: str
    filled: bool = False
    bold: bool = False

    @property
    def weight(self) -> str:
        """The weight of the font."""
        return "bold" if self.bold else "normal"


def place_labels(axes: Axes, column: Axes, labels: Sequence[Label], points: Floats) -> None:
    """Place the labels. The axes must have their final limits.

    Args:
        axes: The axes with the points.
        column: Empty axes to the right of them.
        labels: The labels, the most important first; earlier ones are placed first.
        points: Shape (n, 2), all points in data coordinates; no label covers one.
    """
    figure = axes.figure
    figure.draw_without_rendering()  # type: ignore[union-attr]
    pixels = figure.dpi / 72  # in a point
    centres = axes.transData.transform(points)
    taken = [_box(centre, (2 * _POINT_PT * pixels, 2 * _POINT_PT * pixels)) for centre in centres]
    crowded = [
        label
        for label in labels
        if not _is_isolated(axes, label, centres, _ISOLATED_PT * pixels)
        or not _write_next_to_point(axes, label, taken, pixels)
    ]
    _write_column(axes, column, crowded)


def spread_positions(wanted: Floats, gap: float) -> Floats:
    """Return positions in [0, 1] as close to the wanted ones as a gap between adjacent ones allows.

    Isotonic regression (pool adjacent violators) of the wanted positions, which ascend, after subtraction of the gaps.
    If the gaps do not fit, the positions are equidistant.
    """
    count = len(wanted)
    if (count - 1) * gap >= 1:
        return np.linspace(0, 1, count)
    # After subtraction of the gaps, positions need only ascend: pool adjacent ones that do not.
    blocks: list[tuple[float, int]] = []
    for value in wanted - gap * np.arange(count):
        blocks.append((float(value), 1))
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            (first, n), (second, m) = blocks[-2:]
            blocks[-2:] = [((first * n + second * m) / (n + m), n + m)]
    pooled = np.repeat([value for value, _ in blocks], [n for _, n in blocks])
    available: float = 1 - gap * (count - 1)
    return np.asarray(np.clip(pooled, 0, available) + gap * np.arange(count), dtype=np.float64)


def _is_isolated(axes: Axes, label: Label, centres: Floats, distance: float) -> bool:
    """Whether no other point is near a point."""
    steps = centres - axes.transData.transform((label.x, label.y))
    return int((np.hypot(*steps.T) < distance).sum()) <= 1


def _write_next_to_point(axes: Axes, label: Label, taken: list[Bbox], pixels: float) -> bool:
    """Write a label next to its point if there is free space; add that space to `taken`."""
    text = axes.annotate(
        label.text,
        (label.x, label.y),
        xytext=(0, 0),
        textcoords="offset points",
        ha="center",
        va="center",
        weight=label.weight,
        path_effects=_HALO,
        gid="label",
        zorder=4,
    )
    text.set_in_layout(False)
    centre = axes.transData.transform((label.x, label.y))
    extent = text.get_window_extent()
    reach = np.array([extent.width, extent.height]) / 2 + (_POINT_PT + 0.5) * pixels
    for direction in _DIRECTIONS:
        step = reach * direction
        box = _box(centre + step, (extent.width, extent.height))
        if _is_inside(box, axes.bbox) and not box.count_overlaps(taken):
            text.set_position((step[0] / pixels, step[1] / pixels))
            taken.append(box)
            return True
    text.remove()
    return False


def _box(centre: Floats, size: Iterable[float]) -> Bbox:
    width, height = size
    return Bbox.from_bounds(centre[0] - width / 2, centre[1] - height / 2, width, height)


def _is_inside(box: Bbox, frame: Bbox) -> bool:
    return bool(frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1)


def _write_column(axes: Axes, column: Axes, labels: Sequence[Label]) -> None:
    """Write labels below each other, in the order of the heights of their points."""
    column.set_axis_off()
    column.set(xlim=(0, 1), ylim=(0, 1), zorder=axes.get_zorder() - 1)
    axes.patch.set_visible(False)
    if not labels:
        return
    points = (axes.transData - axes.transAxes).transform([(label.x, label.y) for label in labels])
    order = np.lexsort((-points[:, 0], points[:, 1]))
    height_in = column.bbox.height / axes.figure.dpi
    for place, number in zip(spread_positions(points[order, 1], LINE_IN / height_in), order, strict=True):
        _write_line(axes, column, labels[number], float(place))


def _write_line(axes: Axes, column: Axes, label: Label, place: float) -> None:
    line = column.annotate(
        "",
        (label.x, label.y),
        xycoords=axes.transData,
        xytext=(0, place),
        textcoords=column.transAxes,
        arrowprops={"arrowstyle": "-", "linewidth": 0.4, "color": GREY, "shrinkA": 3, "shrinkB": 2.5},
        annotation_clip=False,
    )
    line.set_in_layout(False)
    face = label.colour if label.filled else "white"
    column.plot([0], [place], label.marker, color=label.colour, mfc=face, ms=5, mew=1, clip_on=False)
    text = column.annotate(
        label.text, (0, place), (6, 0), textcoords="offset points", va="center", weight=label.weight, gid="label"
    )
    text.set_in_layout(False)
