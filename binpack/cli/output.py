"""Printing rows: as a table to read, or as JSON, YAML or CSV to work on; to the terminal, or to a file that is there whole or not."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import click

from binpack.results.text_table import table, wrapped_table

F = TypeVar("F", bound=Callable[..., Any])

WIDTH = 100
"""Characters of a line that is meant to be read."""


class Format(StrEnum):
    """What `-o` takes."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    CSV = "csv"

    @property
    def is_text(self) -> bool:
        """Whether it is meant to be read, so that words may follow it."""
        return self in (Format.TABLE, Format.WIDE)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a printed table.

    Parameters
    ----------
    key : str
        Of the row's dictionary.
    title : str, optional
        In the table's head; the key in capitals by default.
    wide : bool
        Shown only with `-o wide`.
    wrap : bool
        For a last column of words: it goes on below itself, so that a line has 100 characters at most (but not with `-o wide`).
    """

    key: str
    title: str = ""
    wide: bool = False
    wrap: bool = False


def output_options(command: F) -> F:
    """Add `-o/--output` and `--json` to a command; it gets `output`, a `Format`."""

    def as_json(ctx: click.Context, _: click.Parameter, value: bool) -> None:
        if value:
            ctx.params["output"] = Format.JSON

    def chosen(ctx: click.Context, _: click.Parameter, value: str) -> Format:
        already: Format | None = ctx.params.get("output")
        return already or Format(value)

    formats = click.Choice([str(name) for name in Format])
    command = click.option("-o", "--output", type=formats, default="table", show_default=True, callback=chosen, help="Output format.")(
        command
    )
    return click.option("--json", is_flag=True, expose_value=False, is_eager=True, callback=as_json, help="Same as -o json.")(command)


def emit(rows: Iterable[Mapping[str, Any]], columns: Sequence[Column], output: Format, *, out: Path | None = None) -> None:
    """Print rows in the chosen format, or write them to a file; JSON, YAML and CSV have all columns, under their keys."""
    deliver(rendered(rows, columns, output), out)


def emit_document(document: Any, output: Format, *, out: Path | None = None) -> None:
    """Print a document as JSON or YAML, or write it to a file."""
    deliver(rendered_document(document, output), out)


def rendered(rows: Iterable[Mapping[str, Any]], columns: Sequence[Column], output: Format) -> str:
    """Return rows as text in the chosen format, without a line's end."""
    match output:
        case Format.TABLE | Format.WIDE:
            shown = [column for column in columns if output is Format.WIDE or not column.wide]
            cells = [[_cell(row.get(column.key)) for column in shown] for row in rows]
            head = [column.title or column.key.upper() for column in shown]
            if output is Format.TABLE and shown[-1].wrap:
                return wrapped_table(head, cells, width=WIDTH)
            return table(head, cells)
        case Format.CSV:
            return _csv(rows, [column.key for column in columns])
        case _:
            return rendered_document([dict(row) for row in rows], output)


def rendered_document(document: Any, output: Format) -> str:
    """Return a document as JSON, or as YAML if that is the chosen format, without a line's end."""
    if output is Format.YAML:
        import yaml

        return yaml.safe_dump(document, sort_keys=False, allow_unicode=True).rstrip("\n")
    return json.dumps(document, indent=2, ensure_ascii=False)


def deliver(text: str, out: Path | None) -> None:
    """Print a text; or write it to a file, atomically."""
    if out is None:
        click.echo(text)
    else:
        from binpack.cli.writing import write_text

        write_text(out, f"{text}\n")


def camel_keys(row: Mapping[str, Any]) -> dict[str, Any]:
    """Rename the keys of a row as JSON and CSV have them: `runner_up` is `runnerUp`."""
    return {_camel(key): value for key, value in row.items()}


def _camel(key: str) -> str:
    first, *rest = key.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "-"
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, list | tuple):
        return ", ".join(str(entry) for entry in value) or "-"
    return str(value)


def _csv(rows: Iterable[Mapping[str, Any]], keys: Sequence[str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, keys, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: "" if row.get(key) is None else _flat(row[key]) for key in keys})
    return text.getvalue().removesuffix("\n")


def _flat(value: Any) -> Any:
    if isinstance(value, dict | bool):
        return json.dumps(value)
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else value
