"""The smallest set of evictions, against trying everything and beside what preemption takes."""

from __future__ import annotations

from itertools import combinations

import pytest

from binpack.framework.profile import Profile, build_profiles
from binpack.framework.registry import Registry
from binpack.model.meta import LabelSelector, ObjectMeta
from binpack.model.policy import PodDisruptionBudget, PodDisruptionBudgetSpec, PodDisruptionBudgetStatus
from binpack.optimal.evictions import fewest_evictions
from binpack.plugins import in_tree
from binpack.state.cluster import Cluster
from binpack.testing import NodeBuilder, PodBuilder, node, pod
from binpack.testing.trial import cluster_of

PROFILES: dict[str, Profile] = dict(build_profiles(Registry(in_tree())))


def small(name: str) -> NodeBuilder:
    return node(name).cpu("8").memory("32Gi").pods(10)


def held(name: str, where: str, cpu: str, priority: int = 0) -> PodBuilder:
    return pod(name).label(app=name[0]).request(cpu=cpu, memory="1Gi").priority(priority).on(where)


def names(cluster: Cluster, wanted: PodBuilder) -> tuple[str | None, list[str]]:
    found = fewest_evictions(cluster, PROFILES, wanted.build())
    assert found.proven
    return (None, []) if found.best is None else (found.best.node, [one.metadata.name for one in found.best.pods])


def test_one_large_victim_rather_than_many_small_ones() -> None:
    placed = [held("a1", "n1", "1"), held("a2", "n1", "1"), held("a3", "n1", "2"), held("b1", "n1", "4", 5)]
    cluster = cluster_of([small("n1")], placed)
    wanted = pod("new").request(cpu="4").priority(100)
    assert names(cluster, wanted) == ("n1", ["b1"])
    found = fewest_evictions(cluster, PROFILES, wanted.build())
    assert found.preemption is not None
    # Preemption spares the important pod and takes the three others.
    assert [one.metadata.name for one in found.preemption.pods] == ["a1", "a2", "a3"]
    assert "kube-scheduler's preemption: 3 evictions on n1" in found.summary()


def test_a_budget_is_kept_where_it_can_be() -> None:
    cluster = cluster_of([small("n1"), small("n2")], [held("a1", "n1", "8"), held("b1", "n2", "4", 5), held("b2", "n2", "4", 5)])
    spec = PodDisruptionBudgetSpec(selector=LabelSelector(match_labels={"app": "a"}), min_available=1)
    status = PodDisruptionBudgetStatus(observed_generation=1, expected_pods=1)
    cluster.put(PodDisruptionBudget(metadata=ObjectMeta(name="a", namespace="default"), spec=spec, status=status))
    assert names(cluster, pod("new").request(cpu="8").priority(100)) == ("n2", ["b1", "b2"])


def test_nothing_to_evict() -> None:
    found = fewest_evictions(cluster_of([small("n1")]), PROFILES, pod("new").request(cpu="4").build())
    assert (found.fits, found.best, found.proven) == ("n1", None, True)
    assert "nothing has to be evicted" in str(found)


def test_only_lower_priorities_go() -> None:
    cluster = cluster_of([small("n1")], [held("a1", "n1", "8", 100)])
    found = fewest_evictions(cluster, PROFILES, pod("new").request(cpu="4").priority(100).build())
    assert (found.fits, found.best, found.proven) == (None, None, True)
    assert "no set of pods of lower priority on one node makes room" in found.summary()


@pytest.mark.parametrize("seed", range(6))
def test_agrees_with_trying_every_set(seed: int) -> None:
    sizes = [(seed * 7 + number * 5) % 4 + 1 for number in range(8)]
    placed, free = [], {"n1": 8, "n2": 8}
    for number, cpu in enumerate(sizes):
        where = f"n{number % 2 + 1}"
        if free[where] >= cpu:
            free[where] -= cpu
            placed.append((where, cpu, (seed + number) % 3))
    cluster = cluster_of([small("n1"), small("n2")], [held(f"p{n}", w, str(c), p) for n, (w, c, p) in enumerate(placed)])
    wanted = max(free.values()) + 3
    best = min(
        (
            (len(chosen), sum(one[2] for one in chosen))
            for where in free
            for size in range(1, 9)
            for chosen in combinations([one for one in placed if one[0] == where], size)
            if free[where] + sum(one[1] for one in chosen) >= wanted
        ),
        default=None,
    )
    found = fewest_evictions(cluster, PROFILES, pod("new").request(cpu=str(wanted)).priority(100).build())
    assert (None if found.best is None else found.best.key[1:]) == best
    assert found.proven


def test_whoever_ends_the_search_gets_what_preemption_takes() -> None:
    placed = [held("a1", "n1", "1"), held("a2", "n1", "1"), held("a3", "n1", "2"), held("b1", "n1", "4", 5)]
    wanted = pod("new").request(cpu="4").priority(100).build()
    found = fewest_evictions(cluster_of([small("n1")], placed), PROFILES, wanted, stop=lambda: True)
    assert (found.best, found.proven, found.repeatable) == (found.preemption, False, False)
    # The checker searches by itself, and says what is better than that.
    assert (str(found.answer.status), found.answer.bound) == ("feasible", (0, 1, None))
