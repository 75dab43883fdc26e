from __future__ import annotations

import pytest

from binpack.errors import BinpackError
from binpack.results.schema import CLUSTER, NODES, PODS
from binpack.results.tables import Column, Table, TableSchema

SCHEMA = TableSchema("things", 2, (Column("name", "string", ""), Column("size_bytes", "int64", ""), Column("end_us", "int64", "")))


def test_rows_and_columns():
    table = Table.of_rows(SCHEMA, [("a", 1, None), ("b", 2, 7)])
    assert (len(table), table.columns["size_bytes"]) == (2, [1, 2])
    assert table.rows()[1] == {"name": "b", "size_bytes": 2, "end_us": 7}
    empty = Table.of_rows(SCHEMA, [])
    assert (len(empty), list(empty.columns)) == (0, ["name", "size_bytes", "end_us"])


def test_missing_whole_numbers_stay_whole_in_pandas():
    frame = Table.of_rows(SCHEMA, [("a", 1, None), ("b", 2, 7)]).to_pandas()
    assert [str(kind) for kind in frame.dtypes][1:] == ["int64", "Int64"]
    assert frame["end_us"].isna().tolist() == [True, False]


def test_parquet_round_trip_gives_the_same_bytes(tmp_path):
    table = Table.of_rows(SCHEMA, [("a", 1, None), ("b", 2, 7)])
    table.write_parquet(tmp_path / "one.parquet")
    back = Table.read_parquet(SCHEMA, tmp_path / "one.parquet")
    assert back == table
    back.write_parquet(tmp_path / "two.parquet")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()
    with pytest.raises(BinpackError, match="table things, version 2 \\(accepted: table pods, version 1\\)"):
        Table.read_parquet(PODS, tmp_path / "one.parquet")


@pytest.mark.parametrize("schema", [PODS, CLUSTER, NODES], ids=lambda schema: schema.name)
def test_numbers_have_their_unit_in_the_name(schema):
    units = ("_us", "_millicores", "_bytes", "_count", "priority")
    numbers = [column.name for column in schema.columns if column.type in ("int64", "float64")]
    assert [name for name in numbers if not name.endswith(units)] == []
    assert len(set(schema.column_names)) == len(schema.columns)
