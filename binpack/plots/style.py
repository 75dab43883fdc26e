"""One look for every figure: colours that differ in lightness, so that they survive greyscale, each with its own marker and hatch."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# From dark to light; neighbours differ by at least 12 in CIE lightness.
_COLOURS = ("#1b1f4b", "#8c2d62", "#2f7f86", "#d9763c", "#8fb8de", "#e8c95a", "#bcbcbc", "#efe3d3")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_HATCHES = ("", "///", "\\\\\\", "...", "xxx", "---", "|||", "+++")
_LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)), (0, (7, 2, 1, 2)))


@dataclass(frozen=True, slots=True)
class Look:
    """How one series is drawn, everywhere the same."""

    colour: str
    marker: str
    hatch: str
    line: str | tuple[int, tuple[int, ...]]


def looks(names: Sequence[str]) -> dict[str, Look]:
    """Give each name its look, by position."""
    return {name: Look(_COLOURS[i % 8], _MARKERS[i % 8], _HATCHES[i % 8], _LINES[i % 8]) for i, name in enumerate(dict.fromkeys(names))}


def figure(columns: int = 1, *, width: float = 9.0, height: float = 4.2, share_y: bool = False) -> tuple[Figure, list[Axes]]:
    """Make an empty figure with axes side by side, without any global state of matplotlib."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(width, height), layout="constrained")
    axes = drawn.subplots(1, columns, squeeze=False, sharey=share_y)[0]
    for each in axes:
        each.grid(axis="y", color="#dddddd", linewidth=0.6)
        each.set_axisbelow(True)
        for side in ("top", "right"):
            each.spines[side].set_visible(False)
    return drawn, list(axes)


def as_svg(drawn: Figure) -> str:
    """Write a figure as SVG text: the same figure gives the same bytes."""
    import matplotlib as mpl

    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "binpack", "svg.fonttype": "path"}):
        drawn.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
