"""How far a search is, on standard error and only where somebody is watching: incumbent, bound, gap and time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from binpack.optimal.progress import Progress


def search_listener() -> Callable[[Progress], None] | None:
    """Return what tells a line for each step forward; None where standard error is no terminal."""
    return _tell if sys.stderr.isatty() else None


def progress_line(step: Progress) -> str:
    """Return one step as a line."""
    value = "-" if step.value is None else str(step.value)
    bound = "-" if step.bound is None else str(step.bound)
    gap = "" if step.gap is None else f"  gap {100 * step.gap:.2f} %"
    return f"{step.seconds:7.1f} s  {step.level}: {value}  bound {bound}{gap}  ({step.method})"


def _tell(step: Progress) -> None:
    click.echo(progress_line(step), err=True)
