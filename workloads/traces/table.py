"""Reading CSV files, plain or gzipped, with errors that name file, line, column, value and what is accepted."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from binpack.errors import TraceError


@dataclass(frozen=True)
class TableRow:
    """One row of a table.

    Parameters
    ----------
    path : Path
    line : int
        Counted from 1, the header's included.
    values : Mapping[str, str]
        By column.
    """

    path: Path
    line: int
    values: Mapping[str, str]

    def text(self, column: str) -> str:
        """Return a value as it stands; "" where the table has no such column."""
        return self.values.get(column, "")

    def integer(self, column: str, *, least: int = 0, most: int | None = None) -> int:
        """Read a whole number within bounds.

        Raises
        ------
        TraceError
            If it is none, or out of bounds.
        """
        text = self.text(column)
        # int() would take signs, blanks and underscores, which no trace writes.
        number = int(text) if text.isascii() and text.isdigit() else None
        if number is None or number < least or (most is not None and number > most):
            bounds = f"a whole number from {least}" + (f" to {most}" if most is not None else "")
            raise self.error(column, f'"{text}" (accepted: {bounds})')
        return number

    def integer_or_none(self, column: str) -> int | None:
        """Read a whole number, or None where there is nothing."""
        return self.integer(column) if self.text(column) else None

    def name(self, column: str) -> str:
        """Read a text that must not be empty."""
        text = self.text(column)
        if not text:
            raise self.error(column, '"" (accepted: a name)')
        return text

    def error(self, column: str, problem: str) -> TraceError:
        """Build an error about one value of this row."""
        return TraceError(f"{self.path}, line {self.line}, column {column}: {problem}")


def find_table(folder: Path, stem: str, *, published: str) -> Path:
    """Return the file of that name in a folder, `.csv.gz` or `.csv`.

    Raises
    ------
    TraceError
        If there is neither; the message says where the trace is published.
    """
    for suffix in (".csv.gz", ".csv"):
        path = folder / f"{stem}{suffix}"
        if path.is_file():
            return path
    raise TraceError(f"{folder}: the trace has no file {stem}.csv.gz or {stem}.csv (published as {published})")


def read_table(path: Path, columns: Sequence[str]) -> Iterator[TableRow]:
    """Read a CSV file with a header, row by row.

    Parameters
    ----------
    path : Path
        Gzipped if it ends so.
    columns : Sequence[str]
        Those that have to be there; others are read as well.

    Raises
    ------
    TraceError
        If the file cannot be read, lacks a column, or has a row with too few or too many values.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            header = next(reader, [])
            missing = [column for column in columns if column not in header]
            if missing:
                raise TraceError(
                    f"{path}, line 1: column {missing[0]} is missing (accepted: {', '.join(columns)}; seen: {', '.join(header)})"
                )
            for values in reader:
                if not values:
                    continue
                if len(values) != len(header):
                    raise TraceError(f"{path}, line {reader.line_num}: {len(values)} values (accepted: {len(header)}, one a column)")
                yield TableRow(path, reader.line_num, dict(zip(header, values, strict=True)))
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise TraceError(f"{path}: cannot be read as {'gzipped ' if path.suffix == '.gz' else ''}CSV: {error}") from error
