"""Answers as a column of labels and a column of words."""

from __future__ import annotations

import textwrap

from binpack.cli.output import WIDTH

LABEL = 12
"""Characters of the column of labels."""


def labelled(label: str, text: str) -> list[str]:
    """Return a label and a text as lines of at most 100 characters, the label in a column of its own."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=label.ljust(LABEL),
        subsequent_indent=" " * LABEL,
        break_on_hyphens=False,
        break_long_words=False,
    )
