"""Dual feasible functions of the checker: no set of sizes that fits together has values that exceed a full node's."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest

from binpack.errors import CertificateError
from binpack.optimal.verify_dff import dff, dff_weights

NAMES = ("identity", "u", "threshold", "phi", "f1", "ccm1", "vb2")


def multisets(capacity: int, most: int) -> Iterator[list[int]]:
    """All multisets of sizes 1..most that fit."""
    yield []
    for largest in range(1, min(capacity, most) + 1):
        for rest in multisets(capacity - largest, largest):
            yield [largest, *rest]


def parameters(name: str, capacity: int) -> range:
    if name in ("u", "vb2"):
        return range(2, 2 * capacity)
    return range(1, capacity // 2 + 1)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("capacity", [6, 7, 12, 13])
def test_what_fits_never_weighs_more_than_a_full_node(name: str, capacity: int) -> None:
    fitting = list(multisets(capacity, capacity))
    items = [(a, 2) for a in range(1, capacity + 1)]
    for parameter in parameters(name, capacity):
        value, full = dff(name, parameter, capacity, items)
        for sizes in fitting:
            # f1 knows how many pods there are: no node holds more of a size than that.
            if name != "f1" or all(sizes.count(a) <= 2 for a in sizes):
                assert sum(map(value, sizes)) <= full, (parameter, sizes)


@pytest.mark.parametrize(
    ("name", "parameter", "values", "full"),
    [
        ("identity", 0, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 10),
        ("u", 1, [0, 0, 0, 0, 0, 5, 10, 10, 10, 10, 10], 10),
        ("u", 2, [0, 0, 0, 0, 10, 10, 10, 20, 20, 20, 20], 20),
        ("threshold", 3, [0, 0, 0, 3, 4, 5, 6, 7, 10, 10, 10], 10),
        ("phi", 3, [0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 3], 3),
        ("ccm1", 3, [0, 0, 0, 2, 2, 3, 4, 4, 6, 6, 6], 6),
        ("vb2", 3, [0, 0, 0, 0, 2, 2, 2, 4, 4, 4, 4], 4),
    ],
)
def test_values_of_a_node_of_ten(name: str, parameter: int, values: list[int], full: int) -> None:
    value, most = dff(name, parameter, 10, [])
    assert ([value(a) for a in range(11)], most) == (values, full)


def test_u_is_the_published_formula() -> None:
    for k in range(1, 6):
        value, full = dff("u", k, 12, [])
        for a in range(13):
            x = Fraction(a, 12)
            published = x if ((k + 1) * x).denominator == 1 else Fraction(((k + 1) * x).__floor__(), k)
            assert Fraction(value(a), full) == published


def test_f1_counts_only_pods_that_are_there() -> None:
    value, full = dff("f1", 2, 10, [(2, 1), (4, 5), (7, 3)])
    # One pod of 2 and two of 4 fill a node; beside 7 there is room for the small one alone.
    assert (full, value(7), value(4), value(2), value(1)) == (3, 2, 1, 1, 0)


def test_functions_of_several_resources_add_up() -> None:
    functions = [{"resource": 0, "name": "u", "parameter": 1}, {"resource": 1, "name": "identity", "parameter": 0, "times": 2}]
    assert dff_weights([[6, 1], [2, 3]], [1, 1], [[10, 5], [8, 4]], functions) == ([10 + 2, 0 + 6], 10 + 2 * 5)


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        ([], "proof.functions: accepted"),
        ([3], "proof.functions[0]: 3"),
        ([{"resource": 2, "name": "u", "parameter": 1}], "resource: 2"),
        ([{"resource": 0, "name": "psi", "parameter": 1}], "name: 'psi' (accepted: ccm1, f1, identity, phi, threshold, u, vb2)"),
        ([{"resource": 0, "name": "phi", "parameter": 6}], "accepted: 1 to half of the capacity, 5"),
        ([{"resource": 0, "name": "vb2", "parameter": 1}], "parameter: 1 (accepted: an integer >= 2)"),
        ([{"resource": 0, "name": "u", "parameter": True}], "parameter: True"),
        ([{"resource": 0, "name": "u", "parameter": 1, "times": 0}], "times: 0"),
    ],
)
def test_what_is_no_function(functions: Any, message: str) -> None:
    with pytest.raises(CertificateError) as error:
        dff_weights([[6, 1]], [1], [[10, 5]], functions)
    assert message in str(error.value)
