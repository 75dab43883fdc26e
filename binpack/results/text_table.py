"""Columns of text for a terminal: left-aligned words, right-aligned numbers, no lines between them, as kubectl prints."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+|[^A-Za-z0-9]+")

_NARROWEST = 20


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, gap: int = 3) -> str:
    """Lay out cells in columns. A title may have several lines; they stand on the last line of the head.

    Examples
    --------
    >>> print(table(["NODE", "SCORE"], [["a", "9"], ["b", "10"]]))
    NODE   SCORE
    a          9
    b         10
    """
    numeric = [_are_numbers([row[i] for row in rows]) for i in range(len(head))]
    lines = [*_head_lines(head), *rows]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    return "\n".join(
        (" " * gap)
        .join(cell.rjust(width) if right else cell.ljust(width) for cell, width, right in zip(cells, widths, numeric, strict=True))
        .rstrip()
        for cells in lines
    )


def wrapped_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, width: int, gap: int = 3) -> str:
    """Lay out cells in columns, the last of which goes on below itself where a line would be longer than `width`.

    Examples
    --------
    >>> print(wrapped_table(["NAME", "WORDS"], [["a", "one two three four five"]], width=27))
    NAME   WORDS
    a      one two three four
           five
    """
    before = sum(max(len(row[i]) for row in (head, *rows)) + gap for i in range(len(head) - 1))
    room = max(width - before, _NARROWEST)
    lines: list[list[str]] = []
    for row in rows:
        first, *more = textwrap.wrap(row[-1], room, break_on_hyphens=False, break_long_words=False) or [""]
        lines.append([*row[:-1], first])
        lines += [[*[""] * (len(row) - 1), line] for line in more]
    return table(head, lines, gap=gap)


def stacked(name: str) -> str:
    """Break a name in camel case into one word a line, so that a column of small numbers can be narrow.

    Examples
    --------
    >>> stacked("PodTopologySpread").split()
    ['Pod', 'Topology', 'Spread']
    """
    # A class named by its path says enough by its own name.
    return "\n".join(_WORD.findall(name.rpartition(":")[2]))


def _head_lines(head: Sequence[str]) -> list[list[str]]:
    titles = [title.split("\n") for title in head]
    height = max((len(title) for title in titles), default=1)
    padded = [[""] * (height - len(title)) + title for title in titles]
    return [[title[line] for title in padded] for line in range(height)]


def _are_numbers(cells: Sequence[str]) -> bool:
    return any(cells) and all(not cell or _is_number(cell) for cell in cells)


def _is_number(cell: str) -> bool:
    return cell == "-" or cell.replace(".", "", 1).replace("-", "", 1).replace("%", "", 1).isdigit()
