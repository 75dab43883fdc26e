"""How much of what a policy leaves unallocated is unavoidable: proven bounds and placements found, in a table and in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.fgd.bound import LOADS
from benchmarks.fgd.sections import Table, spread

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = {
    "allocated_by": "allocated",
    "best_at": "best found",
    "bound_at": "bound",
    "best_with_cpu_pods_at": "best found, all CPU pods placed",
    "bound_with_cpu_pods_at": "bound, all CPU pods placed",
}


def has_bounds(runs: pd.DataFrame) -> bool:
    """Whether some of the runs have bounds."""
    return "bound_at_100_percent" in runs and bool(runs["bound_at_100_percent"].notna().any())


def bound_table(runs: pd.DataFrame) -> Table:
    """Return one row for each workload and policy with bounds: what is allocated, the best found, the bound, and the gap up to it.

    The bound with all CPU pods placed asks more than a policy does that drops some of them, so that no gap is taken from it.
    """
    head = ["workload", "policy", "seeds"]
    for load in LOADS:
        head += [f"{title} at {load} %" for title in _COLUMNS.values()]
        head.insert(len(head) - 2, f"gap to bound at {load} %")
    rows = []
    for key, group in _bounded(runs):
        cells = []
        for load in LOADS:
            values = [group[f"{name}_{load}_percent"] for name in _COLUMNS]
            shown = [spread(value.mean(), value.std()) if value.notna().all() else "none found" for value in values]
            shown.insert(3, f"{(values[2] - values[0]).mean():.2f}")
            cells += shown
        rows.append([*key, str(len(group)), *cells])
    return Table(head, rows)


def bound_sentences(runs: pd.DataFrame) -> list[str]:
    """Say how much of what is not allocated no placement could have allocated, and how much one that was found does allocate."""
    sentences = []
    for (workload, policy), group in _bounded(runs):
        parts = []
        for load in LOADS:
            allocated, best, bound = (group[f"{name}_{load}_percent"].mean() for name in ("allocated_by", "best_at", "bound_at"))
            parts.append(
                f"{100 - allocated:.2f} % at {load} % arrived load, of which {100 - bound:.2f} points are proven unavoidable and "
                f"{best - allocated:.2f} avoidable for one who knows all pods beforehand ({bound - best:.2f} are open)"
            )
        sentences.append(f"{workload}: {policy} leaves unallocated {'; '.join(parts)}.")
    return sentences


def _bounded(runs: pd.DataFrame) -> list[tuple[tuple[str, str], pd.DataFrame]]:
    kept = runs.dropna(subset=["bound_at_100_percent"])
    return [((str(key[0]), str(key[1])), group) for key, group in kept.groupby(["workload", "policy"], sort=False, observed=True)]
