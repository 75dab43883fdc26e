"""Evictions with ports, anti-affinity, spread and budgets, against trying every set with the independent checker."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from binpack.framework.profile import Profile, build_profiles
from binpack.framework.registry import Registry
from binpack.model.base import replace
from binpack.model.meta import LabelSelector, ObjectMeta
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.model.policy import PodDisruptionBudget, PodDisruptionBudgetSpec, PodDisruptionBudgetStatus
from binpack.optimal.evictions import fewest_evictions
from binpack.optimal.verify_evictions_cluster import eviction_problems
from binpack.plugins import in_tree
from binpack.state.decision_invariants import Before, check_decision
from binpack.testing import HOSTNAME, ZONE, PodBuilder, node, pod
from binpack.testing.trial import cluster_of

PROFILES: dict[str, Profile] = dict(build_profiles(Registry(in_tree())))
NODES = ("n0", "n1", "n2")


def with_rules(builder: PodBuilder, rule: str) -> PodBuilder:
    match rule:
        case "port":
            return builder.host_port(80)
        case "apart":
            return builder.apart_from({"app": "a"}, HOSTNAME)
        case "apart by zone":
            return builder.apart_from({"app": "a"}, ZONE)
        case "spread":
            return builder.spread(ZONE, labels={"app": "a"})
        case _:
            return builder


RULES = st.sampled_from(["", "", "", "port", "apart", "apart by zone"])


@st.composite
def held_pods(draw: st.DrawFn) -> list[Pod]:
    pods = []
    free = dict.fromkeys(NODES, 6)
    taken: set[str] = set()
    for number in range(draw(st.integers(2, 9))):
        where, cpu = draw(st.sampled_from(NODES)), draw(st.integers(1, 3))
        if free[where] >= cpu:
            free[where] -= cpu
            builder = pod(f"p{number}").label(app=draw(st.sampled_from("abc"))).request(cpu=str(cpu)).priority(draw(st.integers(0, 2)))
            rule = draw(RULES)
            if rule == "port" and where in taken:
                # No two pods of a node have a port in truth; a scheduler that takes one of them off thinks the port free.
                continue
            taken |= {where} if rule == "port" else set()
            pods.append(with_rules(builder, rule).on(where).build())
    return pods


def budgets(allowed: Sequence[int]) -> list[PodDisruptionBudget]:
    return [
        PodDisruptionBudget(
            metadata=ObjectMeta(name=app, namespace="default"),
            spec=PodDisruptionBudgetSpec(selector=LabelSelector(match_labels={"app": app}), max_unavailable=1),
            status=PodDisruptionBudgetStatus(observed_generation=1, expected_pods=3, disruptions_allowed=number),
        )
        for app, number in zip("ab", allowed, strict=True)
    ]


def cheapest(nodes: Sequence[Node], held: Sequence[Pod], new: Pod, allowed: Sequence[int]) -> tuple[int, int, int] | None:
    by_name = {one.metadata.name: one for one in nodes}
    keys = []
    for name in by_name:
        lower = [one for one in held if one.spec.node_name == name and one.priority < new.priority]
        for size in range(len(lower) + 1):
            for gone in combinations(lower, size):
                rest = tuple(one for one in held if one not in gone)
                if any(violation.pod in ("", new.key) for violation in check_decision(Before(by_name, rest, {}), new, name)):
                    continue
                broken = sum(
                    max(0, sum(one.metadata.labels["app"] == app for one in gone) - most) for app, most in zip("ab", allowed, strict=True)
                )
                keys.append((broken, size, sum(one.priority for one in gone)))
    return min(keys, default=None)


@given(held_pods(), st.integers(1, 6), RULES | st.just("spread"), st.integers(1, 3), st.tuples(st.integers(0, 2), st.integers(0, 2)))
def test_nothing_is_cheaper(held: list[Pod], cpu: int, rule: str, priority: int, allowed: tuple[int, int]) -> None:
    nodes = [node(name).cpu("6").zone("ab"[number % 2]) for number, name in enumerate(NODES)]
    new = with_rules(pod("new").label(app="a").request(cpu=str(cpu)).priority(priority), rule).build()
    cluster = cluster_of(nodes, held)
    for budget in budgets(allowed):
        cluster.put(budget)
    found = fewest_evictions(cluster, PROFILES, new)
    built = [one.build() for one in nodes]
    expected = cheapest(built, [replace(one, status=replace(one.status, phase="Running")) for one in held], new, allowed)
    assert found.proven
    key = (0, 0, 0) if found.fits is not None else None if found.best is None else found.best.key
    assert key == expected
    answer = found.answer
    assert answer.verified
    if expected is None:
        assert answer.status in ("infeasible", "unknown")
    else:
        assert isinstance(answer.bound, tuple)
        for bound, value in zip(answer.bound, expected, strict=True):
            if bound is None or bound < value:
                break
            assert bound == value
    on_cluster = eviction_problems(answer.document, [*built, *held, new, *budgets(allowed)])
    assert (on_cluster.problems, on_cluster.notes) == ((), ())
