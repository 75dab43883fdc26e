"""Certificates of evictions: the checker's own search against trying everything, and what it refuses."""

from __future__ import annotations

import copy
import json
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binpack.errors import CertificateError
from binpack.framework.profile import Profile, build_profiles
from binpack.framework.registry import Registry
from binpack.model.kinds import KubernetesObject
from binpack.optimal.evictions import fewest_evictions
from binpack.optimal.verify import verify
from binpack.optimal.verify_eviction_instance import EvictionClass, EvictionInstance, EvictionNode
from binpack.optimal.verify_eviction_search import Key, least_key
from binpack.optimal.verify_evictions_cluster import eviction_problems
from binpack.plugins import in_tree
from binpack.testing import node, pod
from binpack.testing.trial import cluster_of

PROFILES: dict[str, Profile] = dict(build_profiles(Registry(in_tree())))


def tried(instance: EvictionInstance) -> Key | None:
    """The cheapest of all sets, one budget a class at most."""
    found = []
    for one in instance.nodes:
        for counts in product(*(range(forced, pods + 1) for _, pods, forced in one.pods)):
            chosen = [(instance.classes[kind], count) for (kind, _, _), count in zip(one.pods, counts, strict=True)]
            gives = [sum(count * kind.gives[r] for kind, count in chosen) for r in range(len(instance.need))]
            if any(free + given < need for free, given, need in zip(one.free, gives, instance.need, strict=True)):
                continue
            broken = 0
            for budget, allowed in enumerate(instance.budgets):
                broken += max(0, sum(count for kind, count in chosen if budget in kind.budgets) - allowed)
            found.append((broken, sum(counts), sum(count * kind.priority for kind, count in chosen)))
    return min(found, default=None)


@st.composite
def instances(draw: st.DrawFn) -> EvictionInstance:
    small = st.integers(0, 4)
    budgets = tuple(draw(st.lists(st.integers(0, 2), max_size=2)))
    charged = st.sampled_from([(), *((number,) for number in range(len(budgets)))])
    classes = draw(st.lists(st.builds(EvictionClass, st.integers(-2, 3), st.tuples(small, small), charged), min_size=1, max_size=3))

    def of_node(pods: list[tuple[int, int]]) -> tuple[tuple[int, int, int], ...]:
        return tuple((kind, count, min(count, forced)) for kind, (count, forced) in enumerate(pods) if count)

    counts = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1)), min_size=len(classes), max_size=len(classes)).map(of_node)
    nodes = draw(st.lists(st.builds(EvictionNode, st.just(1), st.tuples(st.integers(-2, 3), st.integers(0, 3)), counts), max_size=3))
    return EvictionInstance((draw(st.integers(1, 9)), draw(st.integers(0, 9))), tuple(classes), budgets, tuple(nodes))


@given(instances())
def test_the_search_agrees_with_trying_everything(instance: EvictionInstance) -> None:
    expected = tried(instance)
    assert least_key(instance).key == expected
    if expected is not None:
        assert least_key(instance, expected).key == expected
        # What is known already may be worse than the best.
        assert least_key(instance, (expected[0] + 1, 9, 9)).key == expected


@given(instances())
def test_too_few_steps_prove_less_never_more(instance: EvictionInstance) -> None:
    expected = tried(instance)
    short = least_key(instance, None, 1)
    if short.exact:
        assert short.key == expected
    elif expected is not None and short.key is not None:
        assert short.key[:2] <= expected[:2]


def cluster() -> list[KubernetesObject]:
    held = [pod(f"a{i}").label(app="a").request(cpu="1").on("n1") for i in range(4)]
    held += [pod("b1").request(cpu="4").priority(5).on("n1"), pod("c1").request(cpu="8").priority(7).on("n2")]
    nodes = [node("n1").cpu("8"), node("n2").cpu("8"), node("tainted").cpu("32").taint("gpu", "true")]
    return [one.build() for one in (*nodes, *held, pod("new").request(cpu="4").priority(100))]


def proof() -> dict[str, Any]:
    objects = cluster()
    held = [one for one in objects if one.kind == "Pod" and one.metadata.name != "new"]  # type: ignore[attr-defined]
    found = fewest_evictions(cluster_of([one for one in objects if one.kind == "Node"], held), PROFILES, objects[-1])  # type: ignore[arg-type]
    assert str(found.answer.status) == "optimal"
    document: dict[str, Any] = json.loads(json.dumps(found.answer.document))
    return document


def test_a_true_one_is_accepted() -> None:
    document = proof()
    verdict = verify(document)
    assert verdict.verified
    assert verdict.optimal
    assert [level.proven for level in verdict.levels] == [0, 1, 5]
    found = eviction_problems(document, cluster())
    assert (found.problems, found.notes) == ((), ())


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [leaf for key, one in value.items() for leaf in leaves(one, (*path, key))]
    if isinstance(value, list):
        return [leaf for number, one in enumerate(value) for leaf in leaves(one, (*path, number))]
    return [path] if isinstance(value, int) and not isinstance(value, bool) else []


def changed(document: dict[str, Any], path: tuple[Any, ...], by: int) -> dict[str, Any]:
    other = copy.deepcopy(document)
    place: Any = other
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] += by
    return other


def test_a_changed_number_is_rejected() -> None:
    document = proof()
    paths = leaves(document)
    assert len(paths) > 20
    for path in paths:
        for by in (-1, 1):
            try:
                verdict = verify(changed(document, path, by))
            except CertificateError:
                continue
            if path[0] == "levels" and path[2] == "bound" and by == -1:
                # A bound that is stated too low is true.
                continue
            assert not verdict.verified, (path, by)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.__setitem__("evicted", ["default/a1"]), "capacity: node n1"),
        (lambda d: d.__setitem__("evicted", ["default/c1"]), "default/c1 is not on node n1"),
        (lambda d: d.__setitem__("on", "n2"), "default/b1 is not on node n2"),
        (lambda d: d["closed"].clear(), "node tainted is left out"),
        (lambda d: d["names"]["nodes"].reverse(), "the objects leave"),
        (lambda d: d["instance"]["need"].__setitem__(0, 3000), "the pod asks for [4000, 1] of cpu, pods"),
        (lambda d: d["instance"]["classes"][0].__setitem__("priority", -1), "are not those of the objects"),
        (lambda d: d["instance"]["nodes"][0]["pods"][0].__setitem__(2, 1), "have to go, the rules say so of 0"),
    ],
)
def test_what_is_not_of_this_cluster_is_named(change: Any, message: str) -> None:
    document = proof()
    change(document)
    assert message in " ".join(eviction_problems(document, cluster()).problems)


def test_a_node_closed_without_a_known_reason_is_noted() -> None:
    document = proof()
    objects = [one for one in cluster() if one.metadata.name != "tainted"] + [node("tainted").cpu("32").build()]
    found = eviction_problems(document, objects)
    assert found.problems == ()
    assert "no rule that this check knows keeps default/new off" in found.notes[0]


def test_ports_are_between_two_pods() -> None:
    """The small pod holds the port: it has to go, and is enough."""
    objects = [node("n").cpu("8"), pod("web").request(cpu="1").host_port(80).on("n"), pod("other").request(cpu="1").priority(-5).on("n")]
    new = pod("new").request(cpu="1").host_port(80).priority(9).build()
    found = fewest_evictions(cluster_of(objects[:1], objects[1:]), PROFILES, new)
    assert found.best is not None
    assert [one.metadata.name for one in found.best.pods] == ["web"]
    assert (str(found.answer.status), found.answer.objective) == ("optimal", (0, 1, 0))
    assert eviction_problems(found.answer.document, [*(one.build() for one in objects), new]).problems == ()


def test_a_rule_that_the_bound_does_not_know_leaves_a_gap() -> None:
    """One eviction would do by sums in zone a, but spread wants the pod in zone b, where it takes two."""
    nodes = [node("a").cpu("4").zone("a"), node("b").cpu("4").zone("b")]
    held = [*(pod(f"x{i}").label(app="x").request(cpu="1").priority(50).on("a") for i in range(2)), pod("y").request(cpu="2").on("a")]
    held += [pod(f"z{i}").request(cpu="1").on("b") for i in range(4)]
    new = pod("new").label(app="x").request(cpu="2").spread("topology.kubernetes.io/zone").priority(9).build()
    found = fewest_evictions(cluster_of(nodes, held), PROFILES, new)
    assert found.best is not None
    assert (found.best.node, found.best.key, found.proven) == ("b", (0, 2, 0), True)
    answer = found.answer
    assert (str(answer.status), answer.bound, answer.gap, answer.verified) == ("feasible", (0, 1, None), 0.5, True)
    assert answer.document["levels"][1]["claimed"] == {"solver": "exhaustive search", "value": 2}
    assert found.relaxed == ("PodTopologySpread",)
