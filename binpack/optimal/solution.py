"""What a method found: which node classes hold what, how good that is, and how good anything could be.

A solution names no pods: `Fill` says that so many nodes of a class hold so many pods of each class each.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from binpack.optimal.progress import relative_gap
from binpack.optimal.proof import Bound


class Status(StrEnum):
    """`OPTIMAL` only where a proof that can be checked meets the value; what a solver merely claims stays `FEASIBLE`."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Fill:
    """`nodes` nodes of one node class that each hold the same: (pod class, pods) in increasing order of class."""

    node_class: int
    nodes: int
    pods: tuple[tuple[int, int], ...]


def gathered(fills: Iterable[Fill]) -> tuple[Fill, ...]:
    """Count equal nodes together and put fills into canonical order; empty nodes are left out."""
    nodes: dict[tuple[int, tuple[tuple[int, int], ...]], int] = {}
    for fill in fills:
        if fill.pods and fill.nodes:
            nodes[fill.node_class, fill.pods] = nodes.get((fill.node_class, fill.pods), 0) + fill.nodes
    return tuple(Fill(kind, count, pods) for (kind, pods), count in sorted(nodes.items()))


@dataclass(frozen=True)
class Level:
    """One objective of a lexicographic list.

    Attributes
    ----------
    name : str
        "nodes", "cost", or "pods of tier 2".
    maximise : bool
    value : int or None
        Of the placement; None without one.
    bound : Bound or None
        Proven, given the values of the levels before; None if nothing was proven.
    claimed : int or None
        The bound that a solver states without a proof that could be checked.
    """

    name: str
    maximise: bool
    value: int | None
    bound: Bound | None
    claimed: int | None = None

    @property
    def proven(self) -> int | None:
        """The proven bound as a number."""
        return None if self.bound is None else self.bound.value

    @property
    def closed(self) -> bool:
        """Whether the value is proven to be optimal."""
        return self.value is not None and self.value == self.proven

    @property
    def gap(self) -> float | None:
        """|value - bound| as a fraction of the value (of the bound when maximising); None if one is missing."""
        return relative_gap(self.value, self.proven)


@dataclass(frozen=True)
class Solution:
    """The result of `binpack.optimal.solve.solve`.

    Attributes
    ----------
    status : Status
    goal : {"nodes", "cost", "priority"}
        What was asked for.
    levels : tuple[Level, ...]
        Most important first. One level for `nodes` and `cost` where all pods can be placed; else the pods placed by tier come before.
    fills : tuple[Fill, ...]
        The placement; empty without one.
    method : str
        What found the placement.
    required : tuple[int, ...]
        Pods of each rank that the last level takes for granted.
    reason : str
        For `INFEASIBLE` and for pods left out: which class, which resource.
    repeatable : bool
        False if a clock or the user ended the search: another run may end elsewhere.
    seconds : float
        Wall time of the search.
    digest : str
        Of the instance.
    interrupted : bool
        Whether the user ended the search; placement and bounds are those of that moment.
    """

    status: Status
    goal: str
    levels: tuple[Level, ...]
    fills: tuple[Fill, ...]
    method: str
    required: tuple[int, ...]
    reason: str = ""
    repeatable: bool = True
    seconds: float = 0.0
    digest: str = ""
    interrupted: bool = False

    @property
    def objective(self) -> int | tuple[int | None, ...] | None:
        """The value of the placement, a tuple where there are several levels."""
        values = tuple(level.value for level in self.levels)
        return values[0] if len(values) == 1 else values

    @property
    def bound(self) -> int | tuple[int | None, ...] | None:
        """The proven bound, shaped like `objective`."""
        values = tuple(level.proven for level in self.levels)
        return values[0] if len(values) == 1 else values

    @property
    def gap(self) -> float | None:
        """The gap of the first level that is not closed, 0 if all are; None if it has no value or no bound."""
        for level in self.levels:
            if not level.closed:
                return level.gap
        return 0.0

    def summary(self) -> str:
        """A few lines for a terminal."""
        lines = [f"{self.status}: {self.goal}" + (f", {self.method}" if self.method else "")]
        for level in self.levels:
            relation = "<=" if level.maximise else ">="
            line = f"  {level.name}: {'none found' if level.value is None else level.value}"
            if level.closed and level.bound is not None:
                line += f", optimal ({level.bound.proof.source})"
            elif level.bound is not None and level.proven is not None:
                line += f", proven {relation} {level.proven} ({level.bound.proof.source})"
            if level.claimed is not None and level.claimed != level.proven:
                line += f", the solver claims {relation} {level.claimed}"
            lines.append(line)
        if self.reason:
            lines.append(f"  {self.reason}")
        if self.interrupted:
            lines.append("  interrupted: this is what was found until then")
        elif not self.repeatable:
            lines.append("  a time limit ended the search: another run may end elsewhere")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.summary()
