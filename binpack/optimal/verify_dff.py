"""Dual feasible functions in plain integers, for the checker: a certificate names them, and every value is computed here again.

Write C for the largest capacity of a resource. Each function turns a size 0 <= a <= C into an integer f(a) >= 0 and comes with its
`full` value F, such that sizes with a sum of at most C have values with a sum of at most F. So a node holds at most F, whatever is on it,
and the bound is that of the sum, with other sizes.

Sources: Fekete and Schepers 2001 (u, threshold, phi); Carlier, Clautiaux and Moukrim 2007 (f1, ccm1); Vanderbeck 2000, in the form of
Clautiaux, Alves and Valério de Carvalho 2010 (vb2).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from binpack.errors import CertificateError

Function = tuple[Callable[[int], int], int]
"""The function itself, and its value for a full node."""

Items = Sequence[tuple[int, int]]
"""(size, pods) of the instance in one resource: only `f1` looks at them."""


def dff_weights(size: list[list[int]], demand: list[int], capacity: list[list[int]], functions: Any) -> tuple[list[int], int]:
    """The weight of a pod of each class, and the most that any node can hold, for a sum of functions.

    Parameters
    ----------
    size : list of m rows of R integers
    demand : list of m integers
    capacity : list of K rows of R integers
    functions : list of {"resource", "name", "parameter", "times"}
        From a certificate. Each is of one resource; the weights are added up, each `times` over (1 if left out).

    Raises
    ------
    CertificateError
        If the list names something that is not there.
    """
    if not isinstance(functions, list) or not functions:
        raise CertificateError("proof.functions: accepted: a list of objects with resource, name and parameter")
    weights, full = [0] * len(size), 0
    for number, entry in enumerate(functions):
        where = f"proof.functions[{number}]"
        if not isinstance(entry, dict):
            raise CertificateError(f"{where}: {entry!r} (accepted: an object with resource, name and parameter)")
        resource = _whole(entry.get("resource"), f"{where}.resource", 0)
        times = _whole(entry.get("times", 1), f"{where}.times", 1)
        if resource >= len((capacity or size or [[]])[0]):
            raise CertificateError(f"{where}.resource: {resource} (accepted: the number of a resource)")
        largest = max((row[resource] for row in capacity), default=0)
        # What is larger than any node is placed nowhere, so that any value is right for it.
        sizes = [min(row[resource], largest) for row in size]
        value, most = dff(entry.get("name"), entry.get("parameter"), largest, list(zip(sizes, demand, strict=True)), where)
        weights = [weight + times * value(amount) for weight, amount in zip(weights, sizes, strict=True)]
        full += times * most
    return weights, full


def dff(name: Any, parameter: Any, capacity: int, items: Items, where: str = "function") -> Function:
    """Return one function with its full value.

    Raises
    ------
    CertificateError
        For a name that is not known, or a parameter out of its range.
    """
    if name not in _FUNCTIONS:
        raise CertificateError(f"{where}.name: {name!r} (accepted: {', '.join(sorted(_FUNCTIONS))})")
    make, least, within_half = _FUNCTIONS[name]
    k = _whole(parameter, f"{where}.parameter", least)
    if within_half and 2 * k > capacity:
        raise CertificateError(f"{where}.parameter: {k} (accepted: {least} to half of the capacity, {capacity // 2})")
    return make(k, capacity, items)


def _identity(_: int, capacity: int, __: Items) -> Function:
    return lambda a: a, capacity


def _u(k: int, capacity: int, _: Items) -> Function:
    """x where (k+1)x is whole, else floor((k+1)x)/k."""

    def value(a: int) -> int:
        whole, rest = divmod((k + 1) * a, capacity)
        return whole * capacity if rest else k * a

    return (value, k * capacity) if capacity else (lambda _: 0, 0)


def _threshold(k: int, capacity: int, _: Items) -> Function:
    """Sizes below k count nothing, and those that leave less than k count as a whole node."""

    def value(a: int) -> int:
        return capacity if a > capacity - k else a if a >= k else 0

    return value, capacity


def _phi(k: int, capacity: int, _: Items) -> Function:
    """Sizes from k to a half count one; larger ones what they leave no room for."""
    full = capacity // k

    def value(a: int) -> int:
        if 2 * a > capacity:
            return full - (capacity - a) // k
        return int(a >= k)

    return value, full


def _f1(k: int, capacity: int, items: Items) -> Function:
    """As phi, but with the pods there are: how many of those from k to a half fit into a room, smallest first."""
    medium = sorted((a, pods) for a, pods in items if k <= a and 2 * a <= capacity)

    def fit(room: int) -> int:
        count = 0
        for a, pods in medium:
            taken = min(pods, room // a)
            count, room = count + taken, room - taken * a
            if taken < pods:
                break
        return count

    full = fit(capacity)

    def value(a: int) -> int:
        if 2 * a > capacity:
            return full - fit(capacity - a)
        return int(a >= k)

    return value, full


def _ccm1(k: int, capacity: int, _: Items) -> Function:
    """Round down to multiples of k below a half, and symmetrically above."""
    full = 2 * (capacity // k)

    def value(a: int) -> int:
        if 2 * a == capacity:
            return capacity // k
        return full - 2 * ((capacity - a) // k) if 2 * a > capacity else 2 * (a // k)

    return value, full


def _vb2(k: int, capacity: int, _: Items) -> Function:
    """max(0, ceil(kx) - 1)/(k - 1) below a half, and symmetrically above."""
    full = 2 * (k - 1)

    def below(a: int) -> int:
        return 2 * max(0, -(-k * a // capacity) - 1)

    def value(a: int) -> int:
        if 2 * a == capacity:
            return k - 1
        return full - below(capacity - a) if 2 * a > capacity else below(a)

    return (value, full) if capacity else (lambda _: 0, 0)


_FUNCTIONS: dict[Any, tuple[Callable[[int, int, Items], Function], int, bool]] = {
    "identity": (_identity, 0, False),
    "u": (_u, 1, False),
    "threshold": (_threshold, 0, True),
    "phi": (_phi, 1, True),
    "f1": (_f1, 1, True),
    "ccm1": (_ccm1, 1, True),
    "vb2": (_vb2, 2, False),
}
"""For each name: how it is made, its least parameter, and whether half of the capacity is the largest."""


def _whole(value: Any, where: str, low: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        raise CertificateError(f"{where}: {value!r} (accepted: an integer >= {low})")
    return value
