"""Plans from a cluster's objects: who may move, budgets, and every state on the way."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import pytest

from binpack.errors import ConfigurationError
from binpack.framework.profile import Profile, build_profiles
from binpack.framework.registry import Registry
from binpack.model.base import replace
from binpack.model.meta import LabelSelector, ObjectMeta
from binpack.model.pod import Pod
from binpack.model.policy import PodDisruptionBudget, PodDisruptionBudgetSpec, PodDisruptionBudgetStatus
from binpack.optimal.migration.plan import MigrationPlan, plan_moves
from binpack.optimal.migration.target import read_target
from binpack.optimal.solution import Status
from binpack.plugins import in_tree
from binpack.state.cluster import Cluster
from binpack.state.decision_invariants import Before, check_decision
from binpack.state.invariants import check_placement
from binpack.testing import ZONE, NodeBuilder, PodBuilder, node, pod
from binpack.testing.trial import cluster_of

PROFILE: Profile = build_profiles(Registry(in_tree()))["default-scheduler"]


def small_node(name: str, zone: str = "a") -> NodeBuilder:
    return node(name).cpu("4").memory("8Gi").pods(10).zone(zone)


def web(name: str, cpu: str = "1") -> PodBuilder:
    return pod(name).owner("ReplicaSet", "web").label(app="web").request(cpu=cpu, memory="1Gi")


def budget_of(app: str, *, minimum: int | str | None = None, allowed: int | None = None) -> PodDisruptionBudget:
    status = PodDisruptionBudgetStatus()
    if allowed is not None:
        status = PodDisruptionBudgetStatus(observed_generation=1, expected_pods=4, disruptions_allowed=allowed)
    spec = PodDisruptionBudgetSpec(selector=LabelSelector(match_labels={"app": app}), min_available=minimum)
    return PodDisruptionBudget(metadata=ObjectMeta(name=app, namespace="default"), spec=spec, status=status)


def plan(cluster: Cluster, target: str | int = "min", **options: Any) -> MigrationPlan:
    return plan_moves(cluster, PROFILE, target_nodes=target, deterministic_limit=1.0, **options)


def carried_out(cluster: Cluster, found: MigrationPlan) -> dict[str, str]:
    """Carry the plan out, each wave in two orders, with every state checked on the objects; return where the pods are."""
    nodes = {cluster.node(int(row)).name: cluster.node(int(row)) for row in cluster.rows_in_order()}
    pods = {one.key: replace(one, spec=replace(one.spec, node_name=where)) for one, where in cluster.pods()}
    for _, wave in groupby(found.steps, key=lambda step: step.wave):
        together = list(wave)
        after: dict[str, Pod] = {}
        for turn in (together, together[::-1]):
            state = {key: one for key, one in pods.items() if key not in {step.pod for step in together}}
            for step in turn:
                assert step.origin is None or pods[step.pod].spec.node_name == step.origin
                anew = replace(pods[step.pod], spec=replace(pods[step.pod].spec, node_name=""))
                assert check_decision(Before(nodes, tuple(state.values()), {}), anew, step.target) == []
                state[step.pod] = replace(anew, spec=replace(anew.spec, node_name=step.target))
                assert check_placement(nodes.values(), state.values()) == []
            after = state
        # At worst every newcomer is there before anybody has left.
        arrived = [replace(after[step.pod], metadata=replace(after[step.pod].metadata, name=f"{step.number}")) for step in together]
        assert [v for v in check_placement(nodes.values(), [*pods.values(), *arrived]) if v.invariant == "capacity"] == []
        pods = after
    return {key: one.spec.node_name for key, one in pods.items()}


def spread_out(count: int = 8, nodes: int = 4) -> Cluster:
    return cluster_of(
        [small_node(f"n{i}", "ab"[i % 2]) for i in range(nodes)], [web(f"p{i}").on(f"n{i % nodes}") for i in range(count)]
    )  # fmt: skip


def test_half_of_the_nodes_are_freed_with_the_fewest_moves() -> None:
    cluster = spread_out()
    found = plan(cluster)
    assert (found.status, found.moves, found.bound, found.nodes_before, found.nodes_after) == (Status.OPTIMAL, 4, 4, 4, 2)
    final = carried_out(cluster, found)
    assert len(set(final.values())) == 2
    assert set(found.freed) == {f"n{i}" for i in range(4)} - set(final.values())
    assert found.table()["reason"].str.startswith("frees").all()
    assert "moves: 4, no plan has fewer" in found.summary()


def test_a_budget_makes_waves() -> None:
    cluster = spread_out()
    cluster.put(budget_of("web", minimum=7))
    found = plan(cluster)
    assert [len(list(wave)) for _, wave in groupby(found.steps, key=lambda step: step.wave)] == [1, 1, 1, 1]
    carried_out(cluster, found)


@pytest.mark.parametrize(("minimum", "allowed", "size"), [("75%", None, 2), (None, 3, 3), (100, None, 0), (1, 0, 0)])
def test_a_budget_says_how_many_go_at_once(minimum: int | str | None, allowed: int | None, size: int) -> None:
    cluster = spread_out()
    cluster.put(budget_of("web", minimum=minimum, allowed=allowed))
    found = plan(cluster)
    assert max((sum(step.wave == wave for step in found.steps) for wave in range(1, found.waves + 1)), default=0) == size
    if size == 0:
        assert found.nodes_after == 4
        assert "PodDisruptionBudget default/web allows no disruption" in found.anchored[0][1]


def test_pods_that_may_not_go_hold_their_node() -> None:
    protected = web("kept").annotate({"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"}).on("n0")
    bare = pod("bare").request(cpu="1").on("n1")
    daemon = pod("agent").owner("DaemonSet", "agent").request(cpu="500m").on("n2")
    cluster = cluster_of([small_node(f"n{i}") for i in range(3)], [protected, bare, daemon, web("a").on("n2")])
    found = plan(cluster)
    assert [name for name, _ in found.anchored] == ["n0", "n1"]
    assert (found.nodes_before, found.nodes_after, found.moves, found.freed) == (3, 2, 1, ("n2",))
    assert plan(cluster, 1).status is Status.INFEASIBLE
    assert len(plan(cluster, bare_pods_move=True).anchored) == 1


def test_so_few_nodes_do_not_do() -> None:
    found = plan(spread_out(), 1)
    assert found.status is Status.INFEASIBLE
    assert (found.steps, found.moves) == ((), None)
    assert "1 node cannot hold the pods (sum of cpu)" in found.reason


def test_pending_pods_come_last() -> None:
    cluster = spread_out(4)
    found = plan(cluster, pending=[web("late", "3").build()])
    assert found.steps[-1].origin is None
    assert found.nodes_after == 2
    assert carried_out_with(cluster, found, web("late", "3").build())


def carried_out_with(cluster: Cluster, found: MigrationPlan, late: Pod) -> bool:
    load: dict[str, int] = {}
    where = {one.key: node_name for one, node_name in cluster.pods()} | {step.pod: step.target for step in found.steps}
    for key, node_name in where.items():
        load[node_name] = load.get(node_name, 0) + (3 if key == late.key else 1)
    return max(load.values()) <= 4


def test_rules_between_pods_hold_on_the_way() -> None:
    placed = [web(f"p{i}").spread(ZONE).on(f"n{i % 6}") for i in range(12)]
    placed += [
        pod(f"db{i}").owner("StatefulSet", "db").label(app="db").request(cpu="1").apart_from({"app": "db"}).on(f"n{i}") for i in range(3)
    ]
    cluster = cluster_of([small_node(f"n{i}", "ab"[i % 2]) for i in range(6)], placed)
    found = plan(cluster)
    final = carried_out(cluster, found)
    assert len({final[f"default/db{i}"] for i in range(3)}) == 3
    assert (found.moves is not None, found.nodes_after) == (True, 4)
    zones = [int(final[f"default/p{i}"][1:]) % 2 for i in range(12)]
    assert abs(zones.count(0) - zones.count(1)) <= 1


def test_what_is_asked_for_has_to_be_readable() -> None:
    with pytest.raises(ConfigurationError, match=r"target nodes: 'few' .* \(accepted: 12, min, min\+1"):
        read_target("few")
