"""The suite `micro`: throughput along nodes, classes and pods for every mode; a table, and a figure for each of the three."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.micro.case import Case, Mode
from benchmarks.micro.throughput import measure

NODES, CLASSES, PODS = 5000, 100, 20_000


@dataclass(frozen=True)
class Axis:
    """What is varied; everything else stays at `NODES`, `CLASSES` and `PODS`."""

    name: str
    values: tuple[int, ...]


AXES = (Axis("nodes", (1000, 5000, 15_000, 100_000)), Axis("classes", (10, 100, 1000)), Axis("pods", (5000, 20_000, 80_000)))
QUICK_AXES = (Axis("nodes", (500, 2000)), Axis("classes", (10, 100)), Axis("pods", (1000, 3000)))
QUICK = (1000, 20, 2000)


def cases(*, quick: bool) -> Iterator[tuple[str, Case]]:
    """Yield each case with the name of the axis that it is a point of."""
    nodes, classes, pods = QUICK if quick else (NODES, CLASSES, PODS)
    for axis in QUICK_AXES if quick else AXES:
        for value in axis.values:
            for mode in Mode:
                size = {"nodes": nodes, "classes": classes, "pods": pods} | {axis.name: value}
                yield axis.name, Case(size["nodes"], size["classes"], size["pods"], mode)


def run_grid(out: Path, *, quick: bool, uncached_seconds: float, told: Callable[[str], None]) -> list[dict[str, Any]]:
    """Run the grid, write `grid.json` and the figures into a directory, and return the rows."""
    rows = []
    for axis, case in cases(quick=quick):
        result = asdict(measure(case, uncached_seconds=uncached_seconds))
        counters = result.pop("counters")
        sizes = {"nodes": case.nodes, "classes": case.classes, "pods": case.pods}
        rows.append({"axis": axis, "series": str(case.mode)} | sizes | result | counters)
        told(f"{case.mode} nodes={case.nodes} classes={case.classes} pods={case.pods}: {result['pods_per_s']:,.0f} pods/s")
    out.mkdir(parents=True, exist_ok=True)
    (out / "grid.json").write_text(json.dumps(rows, indent=1) + "\n")
    draw(rows, out)
    return rows


def draw(rows: list[dict[str, Any]], out: Path) -> None:
    """Draw a figure for each axis."""
    import pandas as pd

    from binpack.plots.cost_growth import cost_growth
    from binpack.plots.style import as_svg

    table = pd.DataFrame(rows)
    for axis in AXES:
        figure = cost_growth(table[table["axis"] == axis.name], axis.name)
        (out / f"cost-by-{axis.name}.svg").write_text(as_svg(figure))
