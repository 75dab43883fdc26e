"""The part of the checker that looks at bounds. All arithmetic is exact: Python integers and fractions.

A proof gives each pod class a weight and says what a node of each class can hold at most. That claim is proven here again: from the sizes
(`sum`), from functions that are known to be dual feasible (`dff`), or by multipliers, and by trying contents where they do not suffice
(`dual`).
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd
from typing import Any

from binpack.errors import CertificateError
from binpack.optimal.verify_contents import Contents
from binpack.optimal.verify_dff import dff_weights
from binpack.optimal.verify_instance import CheckedInstance
from binpack.optimal.verify_rows import Row, read_rows, weights_on


def proven_bound(
    instance: CheckedInstance, proof: dict[str, Any], required: list[int], rank: int | None, step_limit: int
) -> tuple[int | None, bool]:
    """Compute the bound that a proof gives.

    Returns
    -------
    bound : int or None
        On the cost (`rank` None) or on what is counted at the rank; None if the proof shows nothing, or that nothing is possible.
    possible : bool
        False if the proof shows that what is required cannot be placed at all.
    """
    kind = proof.get("kind")
    if kind == "count":
        if rank is None:
            return None, True
        fits = [any(most and nodes for most, nodes in zip(row, instance.supply, strict=True)) for row in instance.most]
        pods = zip(instance.demand, instance.value, instance.rank, fits, strict=True)
        return instance.rank_base[rank] + sum(there * value for there, value, place, fit in pods if place == rank and fit), True
    taken = required if rank is None else required[:rank] + [0] * (len(required) - rank)
    weights, holds, credit = _weighed(instance, proof, taken, step_limit)
    if rank is None:
        bound = _cheapest(instance, holds, _lightest(instance, weights, required) - credit)
        return bound, bound is not None
    room = sum(nodes * weight for nodes, weight in zip(instance.supply, holds, strict=True)) + credit
    room -= _lightest(instance, weights, taken)
    return (_fitting(instance, weights, rank, room), True) if room >= 0 else (None, False)


def _weighed(instance: CheckedInstance, proof: dict[str, Any], required: list[int], step_limit: int) -> tuple[list[int], list[int], int]:
    """The weight of each pod class, the most that a node of each class holds, and what the rows of zones allow for beside."""
    kind = proof.get("kind")
    if kind == "sum":
        resource = proof.get("resource")
        if isinstance(resource, bool) or not isinstance(resource, int) or not 0 <= resource < len((instance.capacity or [[]])[0]):
            raise CertificateError(f"proof.resource: {resource!r} (accepted: the number of a resource)")
        weights = [sizes[resource] for sizes in instance.size]
        return weights, _holds(instance, weights, [capacity[resource] for capacity in instance.capacity]), 0
    if kind == "dff":
        usable = [row for row, nodes in zip(instance.capacity, instance.supply, strict=True) if nodes]
        weights, full = dff_weights(instance.size, instance.demand, usable, proof.get("functions"))
        return weights, _holds(instance, weights, [full] * len(instance.supply)), 0
    if kind == "dual":
        weights = _integers(proof, "weights", len(instance.demand))
        rows = read_rows(instance, proof.get("rows", []), required)
        return weights, _node_weights(instance, proof, weights, rows, step_limit), sum(row.price * row.allowed for row in rows)
    raise CertificateError(f"proof.kind: {kind!r} (accepted: count, sum, dff, dual)")


def _holds(instance: CheckedInstance, weights: list[int], full: list[int]) -> list[int]:
    """What a node holds at most: what it is stated to be full at, or all that may come."""
    coming = [sum(weight * row[k] for weight, row in zip(weights, instance.most, strict=True)) for k in range(len(full))]
    return [min(most, total) for most, total in zip(full, coming, strict=True)]


def _node_weights(instance: CheckedInstance, proof: dict[str, Any], weights: list[int], rows: list[Row], step_limit: int) -> list[int]:
    """For each node class the stated weight if it can be proven, else what the multipliers prove."""
    stated = _integers(proof, "nodeWeights", len(instance.supply))
    multipliers = proof.get("multipliers")
    scale = proof.get("multiplierScale")
    if not isinstance(multipliers, list) or len(multipliers) != len(stated) or type(scale) is not int or scale < 1:
        raise CertificateError("proof.multipliers: accepted: a row of integers for each node class, and multiplierScale >= 1")
    holds = []
    for node_class, claim in enumerate(stated):
        prices = _integers({"multipliers": multipliers[node_class]}, "multipliers", len(instance.capacity[node_class]))
        search = Contents(instance, node_class, weights_on(weights, rows, node_class), prices, scale)
        holds.append(claim if search.never_above(claim, step_limit) else search.upper)
        step_limit -= search.spent
    return holds


def _lightest(instance: CheckedInstance, weights: list[int], required: list[int]) -> int:
    """The least weight of pods that count for what is required of each rank, the last of a rank being cut; rounded up."""
    total = 0
    for rank, asked in enumerate(required):
        lacking, least = Fraction(max(0, asked - instance.rank_base[rank])), Fraction(0)
        for weight, value, there in _by_density(instance, weights, rank):
            taken = min(lacking, Fraction(value * there))
            least += taken * weight / value
            lacking -= taken
        total += -(-least.numerator // least.denominator)
    return total


def _fitting(instance: CheckedInstance, weights: list[int], rank: int, room: int) -> int:
    """The most that is counted at a rank of pods whose weight the room can hold, the last being cut."""
    left, count, step = Fraction(room), Fraction(0), 0
    for weight, value, there in _by_density(instance, weights, rank):
        pods = min(Fraction(there), left / weight) if weight else Fraction(there)
        count += pods * value
        left -= pods * weight
        step = gcd(step, value)
    # What whole pods count for is a multiple of the common divisor of their values.
    return instance.rank_base[rank] + int(count // max(step, 1)) * max(step, 1)


def _by_density(instance: CheckedInstance, weights: list[int], rank: int) -> list[tuple[int, int, int]]:
    """Weight, value and pods of each class of a rank, the least weight for its value first."""
    classes = zip(weights, instance.value, instance.demand, instance.rank, strict=True)
    return sorted(((w, v, d) for w, v, d, place in classes if place == rank), key=lambda item: Fraction(item[0], item[1]))


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
