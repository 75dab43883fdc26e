"""The part of the checker that looks at bounds. All arithmetic is exact: Python integers and fractions.

A proof gives each pod class a weight and says what a node of each class can hold at most. That claim is proven here again: by the
multipliers where they suffice, else by trying contents in order of what they forgo, up to a number of steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from binpack.errors import CertificateError


@dataclass(frozen=True)
class CheckedInstance:
    """The instance of a certificate as lists of integers, see `PackingProblem` for what they mean."""

    size: list[list[int]]
    demand: list[int]
    tier: list[int]
    must_place: list[int]
    capacity: list[list[int]]
    supply: list[int]
    cost: list[int]
    limit: list[list[int]]
    exclusions: list[Any]
    spreads: list[Any]
    caps: list[Any]

    @cached_property
    def rank(self) -> list[int]:
        """The order in which classes count: what must be placed first, then the tiers."""
        keys = [-1 if must else tier for must, tier in zip(self.must_place, self.tier, strict=True)]
        order = sorted(set(keys))
        return [order.index(key) for key in keys]

    @cached_property
    def rank_demand(self) -> list[int]:
        """Pods of each rank."""
        totals = [0] * (max(self.rank, default=-1) + 1)
        for rank, pods in zip(self.rank, self.demand, strict=True):
            totals[rank] += pods
        return totals

    @cached_property
    def most(self) -> list[list[int]]:
        """Most pods of a class alone on one node, by pod class and node class."""
        return [
            [self._most(pods, sizes, limit, capacity) for limit, capacity in zip(limits, self.capacity, strict=True)]
            for pods, sizes, limits in zip(self.demand, self.size, self.limit, strict=True)
        ]

    @staticmethod
    def _most(pods: int, sizes: list[int], limit: int, capacity: list[int]) -> int:
        return min([pods, limit, *(free // size for size, free in zip(sizes, capacity, strict=True) if size)])


def proven_bound(
    instance: CheckedInstance, proof: dict[str, Any], required: list[int], rank: int | None, step_limit: int
) -> tuple[int | None, bool]:
    """Compute the bound that a proof gives.

    Returns
    -------
    bound : int or None
        On the cost (`rank` None) or on the pods of the rank; None if the proof shows nothing, or that nothing is possible.
    possible : bool
        False if the proof shows that what is required cannot be placed at all.
    """
    kind = proof.get("kind")
    if kind == "count":
        if rank is None:
            return None, True
        fits = [any(most and nodes for most, nodes in zip(row, instance.supply, strict=True)) for row in instance.most]
        return sum(d for d, r, fit in zip(instance.demand, instance.rank, fits, strict=True) if r == rank and fit), True
    if kind == "sum":
        resource = proof.get("resource")
        if isinstance(resource, bool) or not isinstance(resource, int) or not 0 <= resource < len((instance.size or [[]])[0]):
            raise CertificateError(f"proof.resource: {resource!r} (accepted: the number of a resource)")
        weights = [sizes[resource] for sizes in instance.size]
        holds = [
            min(capacity[resource], sum(weight * row[k] for weight, row in zip(weights, instance.most, strict=True)))
            for k, capacity in enumerate(instance.capacity)
        ]
    elif kind == "dual":
        weights = _integers(proof, "weights", len(instance.demand))
        holds = _node_weights(instance, proof, weights, step_limit)
    else:
        raise CertificateError(f"proof.kind: {kind!r} (accepted: count, sum, dual)")
    if rank is None:
        bound = _cheapest(instance, holds, _lightest(instance, weights, required))
        return bound, bound is not None
    room = sum(nodes * weight for nodes, weight in zip(instance.supply, holds, strict=True))
    room -= _lightest(instance, weights, required[:rank] + [0] * (len(required) - rank))
    return (_fitting(instance, weights, rank, room), True) if room >= 0 else (None, False)


def _node_weights(instance: CheckedInstance, proof: dict[str, Any], weights: list[int], step_limit: int) -> list[int]:
    """For each node class the stated weight if it can be proven, else what the multipliers prove."""
    stated = _integers(proof, "nodeWeights", len(instance.supply))
    rows = proof.get("multipliers")
    scale = proof.get("multiplierScale")
    if not isinstance(rows, list) or len(rows) != len(stated) or isinstance(scale, bool) or not isinstance(scale, int) or scale < 1:
        raise CertificateError("proof.multipliers: accepted: a row of integers for each node class, and multiplierScale >= 1")
    holds = []
    for node_class, claim in enumerate(stated):
        prices = _integers({"multipliers": rows[node_class]}, "multipliers", len(instance.capacity[node_class]))
        search = _Contents(instance, node_class, weights, prices, scale)
        holds.append(claim if search.never_above(claim, step_limit) else search.upper)
    return holds


class _Contents:
    """All contents of one node, ordered so that a bound on what is still possible comes with each step."""

    def __init__(self, instance: CheckedInstance, node_class: int, weights: list[int], prices: list[int], scale: int) -> None:
        self.scale = scale
        self.capacity = instance.capacity[node_class]
        self.items = []
        total = sum(price * free for price, free in zip(prices, self.capacity, strict=True))
        for pod_class, (sizes, row) in enumerate(zip(instance.size, instance.most, strict=True)):
            if row[node_class] and weights[pod_class]:
                surplus = weights[pod_class] * scale - sum(price * size for price, size in zip(prices, sizes, strict=True))
                total += max(0, surplus) * row[node_class]
                self.items.append((surplus, row[node_class], weights[pod_class], sizes, pod_class))
        self.items.sort(key=lambda item: -abs(item[0]))
        self.total = total
        self.upper = total // scale
        self.apart = [(set(left), set(right)) for left, right in instance.exclusions]
        self.steps = 0

    def never_above(self, claim: int, step_limit: int) -> bool:
        """Prove that no content weighs more than the claim; False if one does, or if the steps do not suffice."""
        if self.upper <= claim:
            return True
        self.spare = self.total - (claim + 1) * self.scale
        self.claim = claim
        self.steps = step_limit
        # An explicit stack: (item, forgone so far, weight so far, free, classes held).
        stack: list[tuple[int, int, int, list[int], frozenset[int]]] = [(0, 0, 0, self.capacity, frozenset())]
        while stack:
            item, forgone, weight, free, held = stack.pop()
            if weight > claim or self.steps <= 0:
                return False
            if item < len(self.items):
                stack += self._choices(item, forgone, weight, free, held)
        return True

    def _choices(
        self, item: int, forgone: int, weight: int, free: list[int], held: frozenset[int]
    ) -> list[tuple[int, int, int, list[int], frozenset[int]]]:
        surplus, most, value, sizes, pod_class = self.items[item]
        room = min([most, *(left // size for left, size in zip(free, sizes, strict=True) if size)])
        if any((pod_class in one and held & other) or (pod_class in other and held & one) for one, other in self.apart):
            room = 0
        choices = []
        for count in range(room, -1, -1) if surplus > 0 else range(room + 1):
            lost = forgone + (surplus * (most - count) if surplus > 0 else -surplus * count)
            if lost > self.spare:
                break
            self.steps -= 1
            left = [amount - size * count for amount, size in zip(free, sizes, strict=True)] if count else free
            choices.append((item + 1, lost, weight + value * count, left, held | {pod_class} if count else held))
        return choices


def _lightest(instance: CheckedInstance, weights: list[int], required: list[int]) -> int:
    """The least weight that the required pods of each rank can have."""
    total = 0
    for rank, pods in enumerate(required):
        for weight, there in sorted((w, d) for w, d, r in zip(weights, instance.demand, instance.rank, strict=True) if r == rank):
            taken = min(pods, there)
            total += weight * taken
            pods -= taken
    return total


def _fitting(instance: CheckedInstance, weights: list[int], rank: int, room: int) -> int:
    """The most pods of a rank whose weight the room can hold."""
    count = 0
    for weight, there in sorted((w, d) for w, d, r in zip(weights, instance.demand, instance.rank, strict=True) if r == rank):
        taken = min(there, room // weight) if weight else there
        count += taken
        room -= taken * weight
    return count


def _cheapest(instance: CheckedInstance, holds: list[int], needed: int) -> int | None:
    """The least cost of nodes that hold the weight: whole nodes if all cost the same, else parts of nodes, rounded up."""
    kinds = [(hold, nodes, price) for hold, nodes, price in zip(holds, instance.supply, instance.cost, strict=True) if hold and nodes]
    if needed <= 0:
        return 0
    same = len({price for *_, price in kinds}) == 1
    cost = Fraction(0)
    for hold, nodes, price in sorted(kinds, key=lambda kind: (Fraction(kind[2], kind[0]), -kind[0])):
        if hold * nodes < needed:
            cost += price * nodes
            needed -= hold * nodes
            continue
        cost += price * -(-needed // hold) if same else Fraction(price * needed, hold)
        return _rounded_up(cost, [price for *_, price in kinds])
    return None


def _rounded_up(cost: Fraction, prices: list[int]) -> int:
    """The smallest sum of prices there can be from here on: a multiple of their common divisor."""
    divisor = 0
    for price in prices:
        while price:
            divisor, price = price, divisor % price
    step = max(divisor, 1)
    return -(-cost.numerator // (cost.denominator * step)) * step


def _integers(raw: dict[str, Any], name: str, length: int) -> list[int]:
    value = raw.get(name)
    if not isinstance(value, list) or len(value) != length:
        raise CertificateError(f"proof.{name}: accepted: {length} integers >= 0")
    if not all(isinstance(number, int) and not isinstance(number, bool) and number >= 0 for number in value):
        raise CertificateError(f"proof.{name}: accepted: {length} integers >= 0")
    return value
