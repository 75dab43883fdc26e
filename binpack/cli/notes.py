"""What a command has to say besides its answer, on standard error: a pipe gets the answer alone."""

from __future__ import annotations

from collections.abc import Iterable

import click


def note(text: str) -> None:
    """Tell something that explains the answer."""
    click.echo(text, err=True)


def warn(texts: Iterable[str]) -> None:
    """Tell what may make the answer wrong, a line each."""
    for text in texts:
        click.echo(f"warning: {text}", err=True)
