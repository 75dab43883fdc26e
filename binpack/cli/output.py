"""Printing rows: as a table to read, or as JSON, YAML or CSV to work on."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

import click

from binpack.results.text_table import table

F = TypeVar("F", bound=Callable[..., Any])


class Format(StrEnum):
    """What `-o` takes."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    CSV = "csv"


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
    """

    key: str
    title: str = ""
    wide: bool = False


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


def emit(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], output: Format) -> None:
    """Print rows in the chosen format; JSON, YAML and CSV have all keys, under their own names."""
    match output:
        case Format.TABLE | Format.WIDE:
            shown = [column for column in columns if output is Format.WIDE or not column.wide]
            cells = [[_cell(row.get(column.key)) for column in shown] for row in rows]
            click.echo(table([column.title or column.key.upper() for column in shown], cells))
        case Format.CSV:
            click.echo(_csv(rows, [column.key for column in columns]), nl=False)
        case _:
            emit_document([dict(row) for row in rows], output)


def emit_document(document: Any, output: Format) -> None:
    """Print a document as JSON or YAML."""
    if output is Format.YAML:
        import yaml

        click.echo(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), nl=False)
    else:
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, list | tuple):
        return ",".join(str(entry) for entry in value)
    return str(value)


def _csv(rows: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, keys, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: "" if row.get(key) is None else _flat(row[key]) for key in keys})
    return text.getvalue()


def _flat(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict) else _cell(value) if isinstance(value, list | tuple) else value
