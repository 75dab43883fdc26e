"""How a bound was proven: everything an independent checker needs to prove it again in plain integers.

All proofs are one argument. Give every pod class a weight >= 0, and show for every node class the largest total weight that one node
can hold. The pods that have to be placed weigh so much together, hence so many nodes are needed. With sizes of one resource as weights
this is the sum bound; with the dual values of a pattern LP it is the strongest bound known for this problem.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["count", "sum", "dff", "dual"]

FunctionUse = tuple[int, str, int, int]
"""A dual feasible function: (resource, name, parameter, times), see `binpack.optimal.verify_dff`."""

PricedRow = tuple[str, int, int, int | None, int]
"""A row of zones with its price: (row, number of the spread or cap, domain, other domain, price), see `binpack.optimal.verify_rows`."""


@dataclass(frozen=True)
class Proof:
    """The data of one proof.

    Attributes
    ----------
    kind : {"count", "sum", "dff", "dual"}
        `count`: no more pods than there are whose class fits some node. `sum`: weights are the sizes in one resource. `dff`: weights are
        values of dual feasible functions. `dual`: weights are given, and what a node can hold is shown by multipliers, with a search
        where they do not suffice.
    source : str
        For readers: where the weights come from.
    resource : int, optional
        For `sum`.
    weights : tuple[int, ...]
        For `dual`: one for each pod class.
    node_weights : tuple[int, ...]
        For `dual`: for each node class the most that one node holds.
    multipliers : tuple[tuple[int, ...], ...]
        For `dual`: for each node class one number for each resource, in units of 1/`multiplier_scale`.
    functions : tuple[FunctionUse, ...]
        For `dff`: their values are added up.
    rows : tuple[PricedRow, ...]
        For `dual`: rows of zones; their prices change what a pod weighs in a domain, and are credited to the nodes.
    """

    kind: Kind
    source: str
    resource: int | None = None
    weights: tuple[int, ...] = ()
    node_weights: tuple[int, ...] = ()
    multipliers: tuple[tuple[int, ...], ...] = ()
    multiplier_scale: int = 1
    functions: tuple[FunctionUse, ...] = ()
    rows: tuple[PricedRow, ...] = ()

    def document(self) -> dict[str, Any]:
        """The proof as a certificate carries it."""
        if self.kind == "count":
            return {"kind": "count"}
        if self.kind == "sum":
            return {"kind": "sum", "resource": self.resource}
        if self.kind == "dff":
            names = ("resource", "name", "parameter", "times")
            return {"kind": "dff", "source": self.source, "functions": [dict(zip(names, use, strict=True)) for use in self.functions]}
        return {
            "kind": "dual",
            "source": self.source,
            "weights": list(self.weights),
            "nodeWeights": list(self.node_weights),
            "multipliers": [list(row) for row in self.multipliers],
            "multiplierScale": self.multiplier_scale,
            "rows": [_row(*row) for row in self.rows],
        }


def _row(row: str, number: int, domain: int, other: int | None, price: int) -> dict[str, Any]:
    if row == "above":
        return {"row": row, "spread": number, "domain": domain, "other": other, "price": price}
    return {"row": row, "cap" if row == "cap" else "spread": number, "domain": domain, "price": price}


@dataclass(frozen=True)
class Bound:
    """A proven bound: no placement is better than `value`; None where the proof shows that there is no placement at all."""

    value: int | None
    proof: Proof
