"""The whole question: how far is a cluster from the best placement there is?"""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import assume, given

from binpack.framework.profile import Profile, build_profiles
from binpack.framework.registry import Registry
from binpack.model.pod import Pod
from binpack.optimal.acceptance import rejections
from binpack.optimal.build import build_problem
from binpack.optimal.optimize import Optimum, optimize
from binpack.optimal.solution import Status
from binpack.optimal.verify import verify
from binpack.plugins import in_tree
from binpack.testing import ZONE, NodeBuilder, PodBuilder, node, pod
from binpack.testing.strategies.clusters import ClusterCase, clusters
from binpack.testing.trial import cluster_of

PROFILE: Profile = build_profiles(Registry(in_tree()))["default-scheduler"]


def small_node(name: str, zone: str = "a") -> NodeBuilder:
    return node(name).cpu("4").memory("8Gi").pods(10).zone(zone)


def web(name: str, cpu: str = "1") -> PodBuilder:
    return pod(name).owner("ReplicaSet", "web").request(cpu=cpu, memory="1Gi")


def optimum(nodes: list[NodeBuilder], placed: list[PodBuilder], pending: list[PodBuilder] | None = None, **options: Any) -> Optimum:
    waiting: list[Pod] = [item.build() for item in pending or []]
    options.setdefault("objective", "nodes")
    return optimize(cluster_of(nodes, placed), PROFILE, pending=waiting, deterministic_limit=1.0, **options)


def test_three_half_empty_nodes_become_two() -> None:
    nodes = [small_node(f"n{number}") for number in range(3)]
    found = optimum(nodes, [web(f"p{number}").on(f"n{number % 3}") for number in range(6)])
    assert found.solution.status is Status.OPTIMAL
    assert (found.today.nodes, found.best.nodes) == (3, 2)
    # Two nodes hold four and two pods; at most one node is emptied, so no more than two pods move.
    assert len(found.moves) == 2
    assert "today: 3 nodes in use" in found.summary()


def test_a_node_with_only_daemons_counts_as_free() -> None:
    daemons = [pod(f"agent-{name}").owner("DaemonSet", "agent").request(cpu="500m").on(name) for name in ("n1", "n2")]
    found = optimum([small_node("n1"), small_node("n2")], [*daemons, web("a").on("n1"), web("b").on("n2")])
    assert (found.today.nodes, found.best.nodes) == (2, 1)
    assert {item.pod.metadata.name for item in found.stays} == {"agent-n1", "agent-n2"}


def test_pending_pods_are_placed_too() -> None:
    found = optimum([small_node("n1"), small_node("n2")], [web("a").on("n1")], [web("b", "4")])
    assert (found.today.left_out, found.best.left_out, found.best.nodes) == (1, 0, 2)
    assert [(move.pod, move.origin) for move in found.moves] == [("default/b", None)]


def test_a_pod_that_fits_nowhere_is_named() -> None:
    found = optimum([small_node("n1")], [web("a").on("n1")], [web("huge", "40")])
    assert found.solution.status is Status.OPTIMAL
    assert "1 pods fit no node: default/huge: asks for 40000 of cpu, no eligible node offers more than 4000" in found.solution.reason
    assert [(level.name, level.value) for level in found.solution.levels] == [("pods of priority 0", 1), ("nodes", 1)]


def test_the_important_pods_come_first() -> None:
    found = optimum([small_node("n1")], [web("low", "3").on("n1")], [web("high", "3").priority(100)], objective="priority")
    assert found.placement == {"default/high": "n1"}
    assert [(move.pod, move.origin, move.target) for move in found.moves] == [("default/high", None, "n1"), ("default/low", "n1", None)]


def test_the_cheapest_nodes() -> None:
    nodes = [small_node("n1").instance_type("small"), node("n2").cpu("16").memory("32Gi").pods(10).instance_type("large")]
    found = optimum(nodes, [web("a").on("n2")], objective="cost", prices={"small": 0.1, "large": 0.4})
    assert (found.today.cost, found.best.cost) == (0.4, 0.1)
    assert found.placement == {"default/a": "n1"}


def test_affinity_that_the_problem_lacks_is_kept_by_holding_the_pods() -> None:
    nodes = [small_node("n1", "a"), small_node("n2", "b"), small_node("n3", "b"), small_node("n4", "b")]
    cache = [web("cache").label(app="cache").on("n2")]
    near = [web(f"near-{n}").near({"app": "cache"}, ZONE).on(f"n{n}") for n in (2, 3)]
    found = optimum(nodes, [*cache, *near, web("a").on("n4"), web("b").on("n3")])
    assert found.relaxed == (f"required pod affinity over {ZONE}",)
    assert {found.placement[item.build().key] for item in (*cache, *near)} <= {"n2", "n3", "n4"}
    assert found.best.nodes <= 2


def test_pods_that_want_each_others_company_share_a_zone() -> None:
    nodes = [small_node("n1", "a"), small_node("n2", "b"), small_node("n3", "b")]
    pods = [web(f"p{n}", "2").label(app="web").near({"app": "web"}, ZONE) for n in range(4)]
    found = optimum(nodes, [], [*pods, web("other", "3")])
    zone = {"n1": "a", "n2": "b", "n3": "b"}
    assert {zone[found.placement[f"default/p{n}"]] for n in range(4)} == {"b"}
    assert found.placement["default/other"] == "n1"
    assert found.best.left_out == 0


def test_pods_and_the_company_that_they_want_share_a_zone() -> None:
    nodes = [small_node("n1", "a"), small_node("n2", "b"), small_node("n3", "b"), small_node("n4", "a")]
    caches = [web(f"cache-{n}", "3").label(app="cache").on(f"n{2 + n}") for n in range(2)]
    near = [web(f"near-{n}", "1").near({"app": "cache"}, ZONE).on("n2") for n in range(1)]
    waiting = web("near-9", "1").near({"app": "cache"}, ZONE)
    found = optimum(nodes, [*caches, *near], [waiting, web("other", "4")])
    zone = {"n1": "a", "n2": "b", "n3": "b", "n4": "a"}
    with_cache = {zone[found.placement[f"default/cache-{n}"]] for n in range(2)}
    assert {zone[found.placement[f"default/near-{n}"]] for n in (0, 9)} <= with_cache
    assert (found.best.left_out, found.best.nodes) == (0, 3)


def test_spread_that_today_breaks_is_relaxed_and_named() -> None:
    nodes = [small_node("n1", "a"), small_node("n2", "b")]
    spread = [web(f"p{n}").label(app="web").spread(ZONE).on("n1") for n in range(3)]
    found = optimum(nodes, spread)
    assert found.relaxed == ("topology spread of default/p0: today's placement does not keep it",)
    assert found.best.nodes == 1


def test_the_certificate_is_verified() -> None:
    found = optimum([small_node("n1"), small_node("n2")], [web("a").on("n1"), web("b").on("n2")])
    document = found.certificate()
    assert verify(document).optimal
    assert document["pods"] == found.placement


def test_an_empty_cluster() -> None:
    found = optimum([small_node("n1")], [])
    assert (found.solution.status, found.best.nodes, found.placement) == (Status.OPTIMAL, 0, {})


def legal_minimum(case: ClusterCase) -> tuple[int, int] | None:
    """Try every placement of the pods that may move; what is legal is asked of the independent checker."""
    cluster = case.state()
    built = build_problem(cluster, PROFILE, objective="nodes", pending=case.pending)
    pods = {item.pod.key: item for members in built.pods for item in members}
    today = {key: item.node for key, item in pods.items() if item.node is not None}
    stays = [(item.pod, item.node) for item in built.stays if item.node is not None]
    open_nodes = [n.name for n in case.nodes if n.name not in dict(built.closed)]
    choices = [sorted({None, *open_nodes, item.node}, key=str) for item in pods.values()]
    best = None
    for choice in product(*choices):
        placed = {key: name for key, name in zip(pods, choice, strict=True) if name is not None}
        key = (-len(placed), len(set(placed.values())))
        if (best is None or key < best) and not rejections(cluster, stays, {k: item.pod for k, item in pods.items()}, placed, today):
            best = key
    return best


@given(clusters(min_nodes=1, max_nodes=3, max_placed=2, max_pending=2))
def test_bounds_hold_for_every_legal_placement(case: ClusterCase) -> None:
    """Whatever pods and nodes are like: no legal placement beats the bound, and the solver's placement is legal."""
    one_tier = ClusterCase(case.nodes, case.placed, tuple(case.pending), case.objects)
    best = legal_minimum(one_tier)
    found = optimize(one_tier.state(), PROFILE, objective="nodes", pending=one_tier.pending, deterministic_limit=0.5)
    placed = sum(level.proven or 0 for level in found.solution.levels if level.maximise) if len(found.solution.levels) > 1 else None
    if best is None:
        return
    if placed is not None and all(level.proven is not None for level in found.solution.levels):
        assert -best[0] <= placed
    if len(found.solution.levels) == 1:
        bound = found.solution.levels[0].proven
        assert best[0] != -found.problem.pods or bound is None or bound <= best[1]
        if not found.relaxed and found.solution.status is Status.OPTIMAL:
            assert best == (-found.problem.pods, found.best.nodes)


@given(clusters(max_nodes=4, max_placed=6, max_pending=3))
def test_the_answer_breaks_no_rule_that_was_kept(case: ClusterCase) -> None:
    cluster = case.state()
    built = build_problem(cluster, PROFILE, objective="priority", pending=case.pending)
    assume(built.pods)
    found = optimize(cluster, PROFILE, objective="priority", pending=case.pending, deterministic_limit=0.3)
    pods = {pod.key: pod for pod in (*case.placed, *case.pending)}
    today = {pod.key: pod.spec.node_name for pod in case.placed}
    stays = [(item.pod, item.node) for item in found.stays if item.node is not None]
    movable = {key: pods[key] for key in found.placement}
    assert rejections(cluster, stays, movable, found.placement, today) == [] or found.solution.method == "present placement"


@pytest.mark.parametrize("objective", ["nodes", "priority"])
def test_two_runs_agree(objective: Any) -> None:
    nodes = [small_node(f"n{number}") for number in range(5)]
    placed = [web(f"p{number}", f"{1 + number % 3}").on(f"n{number % 5}") for number in range(10)]
    one, other = (optimum(nodes, placed, objective=objective) for _ in range(2))
    assert one.placement == other.placement
    assert one.certificate() == other.certificate()
