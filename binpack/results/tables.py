"""Tidy tables: columns with a unit in each name, a schema with a version, Parquet and pandas at the edge.

A table is plain Python data until somebody asks for a file or a DataFrame: pandas and pyarrow are imported only then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from binpack.errors import BinpackError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

ColumnType = Literal["int64", "float64", "string", "bool"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; values may be missing (None) unless its description says otherwise.

    Parameters
    ----------
    name : str
        Ends in the unit of its values, where they have one: `created_us`, `cpu_requested_millicores`, `memory_bytes`, `pods_count`.
    type : str
    description : str
    """

    name: str
    type: ColumnType
    description: str


@dataclass(frozen=True, slots=True)
class TableSchema:
    """What a table holds.

    Parameters
    ----------
    name : str
    version : int
        Grows when a column changes its meaning or goes; a new column does not change it.
    columns : tuple of Column
    """

    name: str
    version: int
    columns: tuple[Column, ...]

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names in order."""
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True)
class Table:
    """Values by column.

    Parameters
    ----------
    schema : TableSchema
    columns : Mapping[str, Sequence]
        One sequence a column of the schema, all of the same length.
    """

    schema: TableSchema
    columns: Mapping[str, Sequence[Any]]

    @classmethod
    def of_rows(cls, schema: TableSchema, rows: Iterable[Sequence[Any]]) -> Table:
        """Build a table from rows that have their values in the order of the schema."""
        gathered = list(rows)
        columns = zip(*gathered, strict=True) if gathered else (() for _ in schema.columns)
        return cls(schema, dict(zip(schema.column_names, map(list, columns), strict=True)))

    def __len__(self) -> int:
        return len(self.columns[self.schema.columns[0].name])

    def rows(self) -> list[dict[str, Any]]:
        """Return one dictionary a row."""
        names = self.schema.column_names
        return [dict(zip(names, values, strict=True)) for values in zip(*(self.columns[name] for name in names), strict=True)]

    def to_arrow(self) -> pa.Table:
        """Return a pyarrow table that carries the schema's name and version as metadata."""
        import pyarrow as pa

        types = {"int64": pa.int64(), "float64": pa.float64(), "string": pa.string(), "bool": pa.bool_()}
        fields = [pa.field(column.name, types[column.type]) for column in self.schema.columns]
        metadata = {"binpack.table": self.schema.name, "binpack.schema": str(self.schema.version)}
        return pa.table([list(self.columns[field.name]) for field in fields], schema=pa.schema(fields, metadata=metadata))

    def to_pandas(self) -> pd.DataFrame:
        """Return a DataFrame; whole numbers with missing values become pandas' nullable integers."""
        import pandas as pd

        types: dict[str, Any] = {"int64": "Int64", "float64": "float64", "string": "string", "bool": "boolean"}
        arrays = {}
        for column in self.schema.columns:
            values = list(self.columns[column.name])
            whole = column.type == "int64" and not any(value is None for value in values)
            arrays[column.name] = pd.array(values, dtype="int64" if whole else types[column.type])
        return pd.DataFrame(arrays)

    def write_parquet(self, path: str | Path) -> None:
        """Write a Parquet file, compressed with zstd; the same table gives the same bytes."""
        import pyarrow.parquet as pq

        pq.write_table(self.to_arrow(), path, compression="zstd")

    @classmethod
    def read_parquet(cls, schema: TableSchema, path: str | Path) -> Table:
        """Read a Parquet file that `write_parquet` wrote.

        Raises
        ------
        BinpackError
            If the file holds another table or another version of it.
        """
        import pyarrow.parquet as pq

        table = pq.read_table(path)
        metadata = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
        found = (metadata.get("binpack.table"), metadata.get("binpack.schema"))
        if found != (schema.name, str(schema.version)):
            raise BinpackError(f"{path}: table {found[0]}, version {found[1]} (accepted: table {schema.name}, version {schema.version})")
        return cls(schema, {name: table.column(name).to_pylist() for name in schema.column_names})
