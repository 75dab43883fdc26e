"""Go's generator with a table of our own: the same words as a twin that is written another way, and uniform draws."""

from __future__ import annotations

from collections import Counter

import pytest

from workloads.traces.go_random import LENGTH, GoRandom

TABLE = [(0x9E3779B97F4A7C15 * (i + 1)) % (1 << 64) for i in range(LENGTH)]


def test_the_sequence_is_the_lagged_sum() -> None:
    """Each word is the sum of those 607 and 273 steps before, once the state is used up."""
    random = GoRandom(5, TABLE)
    words = [random.uint64() for _ in range(2 * LENGTH)]
    for n in range(LENGTH, 2 * LENGTH):
        assert words[n] == (words[n - LENGTH] + words[n - 273]) % (1 << 64)


@pytest.mark.parametrize(("one", "other"), [(0, 89482311), (7, 7 + (1 << 31) - 1)])
def test_seeds_that_mean_the_same(one: int, other: int) -> None:
    assert GoRandom(one, TABLE).uint64() == GoRandom(other, TABLE).uint64()


def test_draws_are_below_their_bound_and_reach_it() -> None:
    random = GoRandom(1, TABLE)
    assert {random.intn(7) for _ in range(200)} == set(range(7))
    assert {random.intn(8) for _ in range(200)} == set(range(8))
    assert sorted(random.permutation(50)) == list(range(50))
    items = list(range(50))
    random.shuffle(items)
    assert items != list(range(50))
    assert sorted(items) == list(range(50))


def test_each_place_is_as_likely() -> None:
    random = GoRandom(3, TABLE)
    firsts: Counter[int] = Counter()
    for _ in range(4000):
        items = list(range(4))
        random.shuffle(items)
        firsts[items[0]] += 1
    assert all(900 < count < 1100 for count in firsts.values())


def test_a_table_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="606 words"):
        GoRandom(1, TABLE[1:])
