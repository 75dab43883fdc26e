"""The published curves: read from the trace folder, kept with the results, so that a report can be written again without the trace."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.fgd.trace import EXPECTED
from binpack.errors import TraceError
from binpack.results.writing import atomic

if TYPE_CHECKING:
    import pandas as pd

FINE = "published_default_1pct.csv.gz"
COARSE = "published_curves_5pct.csv.gz"
KEPT = "published.parquet"
COLUMNS = {
    "alloc_pct": "allocated_percent",
    "frag_amount_pct": "fragment_amount_percent",
    "frag_ratio_pct": "fragment_ratio_percent",
}
"""The published name of each column of the curves."""


def keep_published(folder: Path, variants: Collection[str], out: Path) -> None:
    """Copy the published curves of some variants into a results directory; nothing where the trace came without them."""
    if not (folder / EXPECTED / COARSE).is_file():
        return
    table = read_published(folder, variants)
    with atomic(out / KEPT) as temporary:
        table.to_parquet(temporary, compression="zstd", index=False)


def read_published(folder: Path, variants: Collection[str]) -> pd.DataFrame:
    """Read the published curves, at every whole percent where they are.

    Returns
    -------
    DataFrame
        `trace`, `policy`, `seed`, `arrived_percent` and the values of `COLUMNS`.

    Raises
    ------
    TraceError
        If a file cannot be read.
    """
    import pandas as pd

    parts = []
    for name in (FINE, COARSE):
        path = folder / EXPECTED / name
        try:
            table = pd.read_csv(path)
            parts.append(table.rename(columns=COLUMNS | {"arrived_pct": "arrived_percent"})[[*_KEY, *COLUMNS.values()]])
        except (OSError, KeyError, ValueError) as error:
            raise TraceError(f"{path}: {error} (accepted: the published curves as the trace's README describes them)") from None
    joined = pd.concat(parts, ignore_index=True)
    kept: pd.DataFrame = joined[joined["trace"].isin(list(variants))].drop_duplicates(_KEY, ignore_index=True)
    return kept


def published_of(results: Path) -> pd.DataFrame | None:
    """Return what `keep_published` has kept; None if nothing."""
    import pandas as pd

    path = results / KEPT
    return pd.read_parquet(path) if path.is_file() else None


_KEY = ["trace", "policy", "seed", "arrived_percent"]
