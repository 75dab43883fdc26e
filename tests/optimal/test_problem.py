"""The problem itself: what it refuses, what its digest covers, and how it is scaled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binpack.errors import InfeasibleError
from binpack.optimal.couplings import DomainCap, Exclusion, Spread
from binpack.optimal.problem import problem_of
from binpack.optimal.scaling import LARGEST_ENTRY, divide_exactly, is_small, rounded


def test_most_pods_of_a_class_on_one_node() -> None:
    problem = problem_of(size=[[2, 0], [3, 5]], demand=[9, 2], capacity=[[7, 4], [20, 20]], supply=[1, 1], limit=[[9, 3], [9, 9]])
    assert problem.most.tolist() == [[3, 3], [0, 2]]
    assert problem.placeable.tolist() == [True, True]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"limit": [[1, 1]]}, "limit has shape"),
        ({"size": [[-1]]}, "size has a negative entry"),
        ({"demand": [0]}, "demand has an entry below 1"),
        ({"exclusions": (Exclusion((0,), (0,)),)}, "share classes"),
        ({"spreads": (Spread((0,), (0, 0), (0,), 1),)}, "a domain for each of 1 node classes"),
        ({"spreads": (Spread((0,), (0,), (0,), 0),)}, "max_skew >= 1"),
        ({"caps": (DomainCap((0,), (), (1,)),)}, "a domain for each of 1 node classes"),
    ],
)
def test_refused(wrong: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"size": [[1]], "demand": [1], "capacity": [[1]], "supply": [1], **wrong}
    with pytest.raises(ValueError, match=message):
        problem_of(**arguments)


def test_sums_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InfeasibleError, match=r"resource 0: a total of .* does not fit 62 bits"):
        problem_of(size=[[1 << 61]], demand=[4], capacity=[[1]], supply=[1])


def test_arrays_are_read_only() -> None:
    problem = problem_of(size=[[1]], demand=[1], capacity=[[1]], supply=[1])
    with pytest.raises(ValueError, match="read-only"):
        problem.size[0, 0] = 2


def test_the_digest_covers_integers_and_not_names() -> None:
    arguments: dict[str, Any] = {"size": [[1]], "demand": [2], "capacity": [[3]], "supply": [1]}
    plain = problem_of(**arguments).digest()
    assert problem_of(**arguments, class_names=("web",), present=[[0, 0, 0, 1]]).digest() == plain
    assert problem_of(**{**arguments, "capacity": [[4]]}).digest() != plain
    assert problem_of(**arguments, caps=(DomainCap((0,), (0,), (1,)),)).digest() != plain


@pytest.mark.parametrize(
    ("limit", "size", "reason"),
    [
        ([[0, 0]], [[1, 1]], "web: no node is eligible (4 nodes)"),
        ([[1, 0]], [[9, 1]], "web: asks for 90 of cpu, no eligible node offers more than 40"),
        ([[1, 1]], [[3, 3]], "web: each of the 4 eligible nodes is too small in one resource or another"),
    ],
)
def test_why_a_class_fits_nowhere(limit: Any, size: Any, reason: str) -> None:
    problem = problem_of(
        size=size,
        demand=[1],
        capacity=[[4, 2], [2, 4]],
        supply=[2, 2],
        limit=limit,
        resources=("cpu", "memory"),
        unit=(10, 1),
        class_names=("web",),
    )
    assert problem.why_unplaceable(0) == reason


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=5), st.integers(1, 10**13), st.data())
def test_division_changes_no_verdict(sizes: list[int], capacity: int, data: st.DataObject) -> None:
    demand = np.array([data.draw(st.integers(1, 3)) for _ in sizes])
    divided, smaller, unit = divide_exactly(np.array(sizes)[:, None], demand, np.array([[capacity]]))
    counts = [data.draw(st.integers(0, int(pods))) for pods in demand]
    exact = sum(size * count for size, count in zip(sizes, counts, strict=True)) <= capacity
    assert exact == (sum(int(size) * count for size, count in zip(divided[:, 0], counts, strict=True)) <= int(smaller[0, 0]))
    assert [int(size) * unit[0] for size in divided[:, 0]] == sizes


@given(st.lists(st.integers(1, 1 << 45), min_size=1, max_size=4), st.integers(1, 1 << 46), st.data())
def test_rounding_errs_to_the_stated_side(sizes: list[int], capacity: int, data: st.DataObject) -> None:
    problem = problem_of(size=[[size] for size in sizes], demand=[3] * len(sizes), capacity=[[capacity]], supply=[1])
    counts = np.array([data.draw(st.integers(0, 3)) for _ in sizes])
    fits = {p: bool((counts @ p.size <= p.capacity[0]).all()) for p in (problem, rounded(problem, "restrict"), rounded(problem, "relax"))}
    exact, restricted, relaxed = fits.values() if len(fits) == 3 else [next(iter(fits.values()))] * 3
    assert restricted <= exact <= relaxed
    assert is_small(rounded(problem, "restrict"))
    assert int(rounded(problem, "relax").capacity.max()) <= LARGEST_ENTRY
