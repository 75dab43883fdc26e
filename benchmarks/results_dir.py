"""A results directory: one Parquet partition a run and table, written atomically; what differs between machines in a file of its own.

results/quickstart/
    suite.json                      the suite, and the command that ran it
    runs/<key>.parquet              one row: the run's measures; written last, so that it marks the run as finished
    samples/<key>.parquet           one row an instant
    machine/<key>.json              wall time, cores, versions: not the same anywhere
    report.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from binpack.errors import ConfigurationError
from binpack.results.writing import atomic

if TYPE_CHECKING:
    import pandas as pd

SCHEMA_VERSION = 1
RUNS = "runs"
SAMPLES = "samples"
MACHINE = "machine"
SUITE_FILE = "suite.json"


class ResultsDir:
    """Reads and writes one results directory.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def finished(self) -> frozenset[str]:
        """Return the keys of the runs that are there."""
        return frozenset(entry.stem for entry in (self.path / RUNS).glob("*.parquet"))

    def write_run(self, key: str, run: Mapping[str, Any], samples: Sequence[Mapping[str, Any]], machine: Mapping[str, Any]) -> None:
        """Write everything that one run gave; the mark that it is finished comes last."""
        write_json(self.path / MACHINE / f"{key}.json", machine)
        _write_table(self.path / SAMPLES / f"{key}.parquet", samples)
        _write_table(self.path / RUNS / f"{key}.parquet", [run])

    def write_suite(self, document: Mapping[str, Any]) -> None:
        """Write what was run."""
        write_json(self.path / SUITE_FILE, document)

    def read_suite(self) -> dict[str, Any]:
        """Read what was run.

        Raises
        ------
        ConfigurationError
            If this is no results directory.
        """
        try:
            document: dict[str, Any] = json.loads((self.path / SUITE_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            why = f"{SUITE_FILE}, {error.strerror.lower()}" if isinstance(error, OSError) and error.strerror else f"{SUITE_FILE}, {error}"
            raise ConfigurationError(
                f"{self.path}: is no results directory: {why} (accepted: what `binpack bench run --out` wrote)"
            ) from None
        return document

    def runs(self, keys: Iterable[str]) -> pd.DataFrame:
        """Read the runs with these keys, in this order: one row a run."""
        return self._read(RUNS, keys)

    def samples(self, keys: Iterable[str]) -> pd.DataFrame:
        """Read the samples of these runs, in this order: one row a run and instant."""
        return self._read(SAMPLES, keys)

    def machine(self, keys: Iterable[str]) -> list[dict[str, Any]]:
        """Read the wall times and machine facts of these runs."""
        return [json.loads((self.path / MACHINE / f"{key}.json").read_text(encoding="utf-8")) for key in keys]

    def _read(self, table: str, keys: Iterable[str]) -> pd.DataFrame:
        import pandas as pd
        import pyarrow.parquet as pq

        parts = [pq.read_table(self.path / table / f"{key}.parquet").to_pandas() for key in keys]
        if not parts:
            raise ConfigurationError(f"{self.path}: no finished runs (run the suite first: `binpack bench run`)")
        joined: pd.DataFrame = pd.concat(parts, ignore_index=True)
        return joined


def write_json(path: Path, document: Any) -> None:
    """Write a document as JSON, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pylist([dict(row) for row in rows])
    table = table.replace_schema_metadata({"binpack.schema": str(SCHEMA_VERSION)})
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")
