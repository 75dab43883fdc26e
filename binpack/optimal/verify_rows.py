"""Further rows of a dual proof: zones. Each says that the pods of some classes in a domain are at most so many, and has a price.

A row's price is taken off the weight of its pods (or added, for pods that it counts negatively), and what it allows for is credited to
the nodes. Rows follow from the spreads and caps of the instance; a certificate names them, what they allow is computed here.

Write n[a] for the pods of a spread's classes that are placed in domain a, base[a] for those that are there anyway.

- `above`: n[a] - n[b] <= max(maxSkew + base[b] - base[a], 0). Without pods in a the left side is not positive; with pods the skew holds.
- `most`: n[a] is at most what all rows `above` of a allow together, rounded down.
- `least`: -n[b] is at most what all rows `above` against b allow together, if pods must be placed; rounded up in n[b].
- `cap`: n[a] <= room[a].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from binpack.errors import CertificateError
from binpack.optimal.verify_instance import CheckedInstance, whole


@dataclass(frozen=True)
class Row:
    """One row: sum of coefficient[k] × pods of `classes` on node class k <= allowed."""

    classes: frozenset[int]
    coefficient: list[int]
    allowed: int
    price: int


def read_rows(instance: CheckedInstance, raw: Any, required: list[int]) -> list[Row]:
    """Read the rows of a proof and compute what each allows for.

    Parameters
    ----------
    instance : CheckedInstance
    raw : list of objects
        `{"row": "above", "spread", "domain", "other", "price"}`, `{"row": "most"|"least", "spread", "domain", "price"}` or
        `{"row": "cap", "cap", "domain", "price"}`. `other` null stands for the 0 of a spread with too few domains.
    required : list of int
        Pods of each rank that are placed in any case.

    Raises
    ------
    CertificateError
        If a row is none of these.
    """
    if not isinstance(raw, list) or not all(isinstance(entry, dict) for entry in raw):
        raise CertificateError("proof.rows: accepted: a list of objects with row, domain and price")
    return [_row(instance, entry, required, f"proof.rows[{number}]") for number, entry in enumerate(raw)]


def weights_on(weights: list[int], rows: list[Row], node_class: int) -> list[int]:
    """The weight of a pod of each class on a node of one class, after the prices of the rows; never below 0."""
    result = list(weights)
    for row in rows:
        if row.coefficient[node_class]:
            for pod_class in row.classes:
                result[pod_class] -= row.price * row.coefficient[node_class]
    return [max(0, weight) for weight in result]


def _row(instance: CheckedInstance, entry: dict[str, Any], required: list[int], where: str) -> Row:
    kind: Any = entry.get("row")
    price: Any = entry.get("price")
    domain: Any = entry.get("domain")
    if kind not in ("above", "most", "least", "cap"):
        raise CertificateError(f"{where}.row: {kind!r} (accepted: above, most, least, cap)")
    ties, name = (instance.caps, "cap") if kind == "cap" else (instance.spreads, "spread")
    number: Any = entry.get(name)
    if not whole([number, price, domain], 0) or number >= len(ties) or domain >= len(ties[number][2]):
        raise CertificateError(f"{where}: accepted: {name}, domain and price, integers >= 0 that the instance has")
    classes, domains = frozenset(ties[number][0]), ties[number][1]
    coefficient = [int(place == domain) for place in domains]
    if kind == "cap":
        return Row(classes, coefficient, ties[number][2][domain], price)
    spread = _Spread(*ties[number])
    if kind == "above":
        other = entry.get("other")
        if other is None:
            return Row(classes, coefficient, spread.above(domain, None), price)
        if not whole([other], 0) or other >= len(spread.base):
            raise CertificateError(f"{where}.other: {other!r} (accepted: a domain of the spread, or null)")
        coefficient = [here - int(place == other) for here, place in zip(coefficient, domains, strict=True)]
        return Row(classes, coefficient, spread.above(domain, other), price)
    if kind == "most":
        there = sum(instance.demand[pod_class] for pod_class in classes)
        return Row(classes, coefficient, spread.most(domain, there), price)
    placed = _surely_placed(instance, classes, domains, required)
    return Row(classes, [-here for here in coefficient], -spread.least(domain, placed), price)


@dataclass(frozen=True)
class _Spread:
    classes: list[int]
    domain: list[int]
    base: list[int]
    max_skew: int
    zero_minimum: int

    def above(self, domain: int, other: int | None) -> int:
        if other is None and not self.zero_minimum:
            raise CertificateError("proof.rows: other is null, though the spread has domains enough (accepted: a domain)")
        if self.zero_minimum:
            # The smallest count is taken as 0, whatever the other domain holds: with the pods there it cannot be less than that.
            return max(self.max_skew - self.base[domain], 0)
        assert other is not None
        return max(self.max_skew + self.base[other] - self.base[domain], 0)

    def most(self, domain: int, there: int) -> int:
        if self.zero_minimum:
            return min(there, max(self.max_skew - self.base[domain], 0))
        allowed = sum(self.above(domain, other) for other in range(len(self.base)) if other != domain)
        return min(there, (there + allowed) // len(self.base))

    def least(self, domain: int, placed: int) -> int:
        if self.zero_minimum:
            return 0
        allowed = sum(self.above(other, domain) for other in range(len(self.base)) if other != domain)
        return max(0, -((allowed - placed) // len(self.base)))


def _surely_placed(instance: CheckedInstance, classes: frozenset[int], domains: list[int], required: list[int]) -> int:
    """Pods of the classes that are in some domain in every placement that has the required pods of each rank."""
    outside = [k for k, place in enumerate(domains) if place < 0 and instance.supply[k]]
    if any(instance.most[pod_class][k] for pod_class in classes for k in outside):
        return 0
    total = 0
    for rank, (there, placed) in enumerate(zip(instance.rank_demand, required, strict=True)):
        here = [pod_class for pod_class in classes if instance.rank[pod_class] == rank]
        worth = sum(instance.demand[pod_class] * instance.value[pod_class] for pod_class in here)
        sure = max(0, placed - (there - worth))
        total += -(-sure // max((instance.value[pod_class] for pod_class in here), default=1))
    return total
