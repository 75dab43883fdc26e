"""How much the cache looks at: numbers that depend on the decisions alone."""

from __future__ import annotations

import dataclasses

import pytest

from binpack.framework.profile import build_profiles
from binpack.framework.registry import Registry
from binpack.model.base import replace
from binpack.model.node import ContainerImage
from binpack.model.pod import Affinity, Pod, PodAffinity, PodAffinityTerm, TopologySpreadConstraint
from binpack.plugins import in_tree
from binpack.scheduler.cached_cycle import CachedCycle
from binpack.scheduler.fast.scheduler import has_numba
from binpack.scheduler.ties import TieBreaker
from binpack.state.cluster import Cluster
from binpack.testing import node, pod, replica_set, selector
from binpack.testing.values import HOSTNAME

NODES, CLASSES, PODS = 640, 8, 400
KERNELS = [False, pytest.param(True, marks=pytest.mark.skipif(not has_numba(), reason="needs numba"))]


def crowd(*, kernels: bool) -> CachedCycle:
    cluster = Cluster()
    for number in range(NODES):
        cluster.add_node(node(f"n{number}").cpu("16").memory("64Gi").zone(f"z{number % 3}").build())
    for number in range(CLASSES):
        cluster.put(replica_set(f"app-{number}", pod("template").label(app=f"app-{number}")))
    return CachedCycle(cluster, build_profiles(Registry(in_tree())), tie_breaker=TieBreaker(), kernels=kernels)


def replicas(count: int) -> list[Pod]:
    templates = [
        pod("p").label(app=f"app-{number}").owner("ReplicaSet", f"app-{number}").request(cpu=f"{number + 1}00m", memory="256Mi").build()
        for number in range(CLASSES)
    ]
    return [replace(templates[n % CLASSES], metadata=replace(templates[n % CLASSES].metadata, name=f"p{n}")) for n in range(count)]


def away_from(app: str) -> Affinity:
    return Affinity(pod_anti_affinity=PodAffinity((PodAffinityTerm(label_selector=selector({"app": app}), topology_key=HOSTNAME),)))


@pytest.mark.parametrize("kernels", KERNELS)
def test_a_class_looks_only_at_rows_that_changed_since_its_last_decision(kernels: bool) -> None:
    cycle = crowd(kernels=kernels)
    assert all(outcome.node for outcome in cycle.decide_tick(replicas(PODS)))
    counters = cycle.counters
    assert (counters.decisions, counters.plain_decisions) == (PODS, 0)
    assert counters.kernel_decisions == (PODS if kernels else 0)
    # One pass a request vector, and after it the binds of one round of classes each time.
    assert counters.full_passes == CLASSES
    assert counters.rows_patched == (PODS - CLASSES) * CLASSES
    assert counters.static_passes == 1


@pytest.mark.parametrize("kernels", KERNELS)
def test_a_plan_is_compiled_once_a_class_and_selectors_are_asked_once_a_pair(kernels: bool) -> None:
    cycle = crowd(kernels=kernels)
    cycle.decide_tick(replicas(PODS))
    compiled, asked = cycle.counters.plans_compiled, cycle.cluster.counts.selector_evaluations
    # The first is compiled twice: it makes the label `app` tell classes apart.
    assert compiled <= CLASSES + 2
    assert asked <= (CLASSES + 1) * (CLASSES + 1)
    again = [replace(each, metadata=replace(each.metadata, name=f"{each.metadata.name}-again")) for each in replicas(PODS)]
    cycle.decide_tick(again)
    assert (cycle.counters.plans_compiled, cycle.cluster.counts.selector_evaluations) == (compiled, asked)


@pytest.mark.parametrize("kernels", KERNELS)
def test_terms_of_other_pods_leave_a_plan_alone(kernels: bool) -> None:
    cycle = crowd(kernels=kernels)
    apart = [replace(each, spec=replace(each.spec, affinity=away_from(f"app-{n}"))) for n, each in enumerate(replicas(CLASSES))]
    assert all(outcome.node for each in apart for outcome in cycle.decide_tick([each]))
    later = [replace(each, metadata=replace(each.metadata, name=f"{each.metadata.name}-later")) for each in apart]
    before = cycle.counters.plans_compiled
    assert all(outcome.node for outcome in cycle.decide_tick(later))
    # Each came with a term; once placed, it matters to the pods of its own class alone.
    assert cycle.counters.plans_compiled - before <= CLASSES
    rest = [replace(each, metadata=replace(each.metadata, name=f"{each.metadata.name}-rest")) for each in apart]
    newcomer = replace(pod("new").label(app="new").build(), spec=replace(pod("new").build().spec, affinity=away_from("new")))
    before = cycle.counters.plans_compiled
    assert all(outcome.node for outcome in cycle.decide_tick([newcomer, *rest]))
    assert cycle.counters.plans_compiled - before == 1


@pytest.mark.skipif(not has_numba(), reason="needs numba")
def test_a_kernel_looks_into_few_blocks() -> None:
    cycle = crowd(kernels=True)
    cycle.decide_tick(replicas(PODS))
    assert cycle.counters.blocks_searched < 4 * PODS
    assert cycle.counters.blocks_summarised <= PODS * CLASSES + CLASSES * (NODES // 64 + 3)


@pytest.mark.parametrize("kernels", KERNELS)
def test_a_sample_of_the_nodes_is_decided_from_the_cache_but_not_ahead(kernels: bool) -> None:
    cycle = crowd(kernels=kernels)
    cycle.profiles = {name: dataclasses.replace(each, percentage_of_nodes_to_score=0) for name, each in cycle.profiles.items()}
    pods = replicas(PODS)
    assert cycle.place_first(pods) == []
    outcomes = cycle.decide_tick(pods)
    # 640 nodes: 45 % of them end the search, and all are feasible.
    assert {outcome.evaluated_nodes for outcome in outcomes} == {288}
    assert cycle.next_start == 288 * PODS % NODES
    assert (cycle.counters.decisions, cycle.counters.kernel_decisions) == (PODS, PODS if kernels else 0)


def test_shape_slots_are_shared_by_classes_with_equal_requests() -> None:
    cycle = crowd(kernels=False)
    alike = [pod(f"p{n}").label(app=f"app-{n}").owner("ReplicaSet", f"app-{n}").request(cpu="1").build() for n in range(CLASSES)]
    cycle.decide_tick(alike)
    assert cycle.counters.full_passes == 1


@pytest.mark.skipif(not has_numba(), reason="needs numba")
def test_only_domains_that_cross_zones_make_a_kernel_look_at_every_row() -> None:
    cycle = crowd(kernels=True)
    hosts = TopologySpreadConstraint(1, HOSTNAME, "DoNotSchedule", selector({"app": "app-0"}))
    racks = TopologySpreadConstraint(1, "rack", "ScheduleAnyway", selector({"app": "app-0"}))
    cycle.cluster.update_node(node("n7").cpu("16").memory("64Gi").zone("z1").label(rack="r").build())
    for name, constraint, by_row in (("host", hosts, 0), ("rack", racks, 3)):
        made = replace(replicas(1)[0], spec=replace(replicas(1)[0].spec, topology_spread_constraints=(constraint,)))
        before = cycle.counters
        outcomes = cycle.decide_tick([replace(made, metadata=replace(made.metadata, name=f"{name}-{n}")) for n in range(3)])
        assert all(outcome.node for outcome in outcomes)
        assert cycle.counters.row_by_row - before.row_by_row == by_row
        assert cycle.counters.kernel_decisions - before.kernel_decisions == 3


@pytest.mark.parametrize("kernels", KERNELS)
def test_a_rejected_pod_costs_one_pass_a_class_and_then_the_rows_that_changed(kernels: bool) -> None:
    cycle = crowd(kernels=kernels)
    huge = pod("huge").request(cpu="100").build()
    assert cycle.place(huge).node is None
    assert (cycle.counters.verdict_passes, cycle.counters.verdicts_patched) == (1, 0)
    assert all(outcome.node for outcome in cycle.decide_tick(replicas(5)))
    again = cycle.place(replace(huge, metadata=replace(huge.metadata, name="again")))
    assert again.decision is not None
    assert again.decision.message == f"0/{NODES} nodes are available: {NODES} Insufficient cpu."
    # The label `app` has begun to tell classes apart: all rows were judged once more.
    assert (cycle.counters.verdict_passes, cycle.counters.verdicts_patched) == (2, 0)
    assert cycle.decide_tick(replicas(6)[5:])[0].node
    cycle.place(replace(huge, metadata=replace(huge.metadata, name="last")))
    assert (cycle.counters.verdict_passes, cycle.counters.verdicts_patched) == (2, 1)


def test_a_changed_node_moves_its_pods_in_the_sums_and_nothing_else() -> None:
    cycle = crowd(kernels=False)
    cycle.decide_tick(replicas(CLASSES))
    sums = cycle.cluster.counts.sums
    before = (sums.passes, sums.rows_patched)
    cycle.cluster.update_node(node("n7").cpu("16").memory("64Gi").zone("z1").label(disk="ssd").build())
    cycle.place(replace(replicas(1)[0], metadata=replace(replicas(1)[0].metadata, name="later")))
    assert (sums.passes, sums.rows_patched) == (before[0], before[1] + 1)


def changed(cycle: CachedCycle, how: str) -> None:
    """Change one node of the crowd, or let one join or leave."""
    n7 = node("n7").cpu("16").memory("64Gi").zone("z1")
    match how:
        case "cordon":
            cycle.cluster.update_node(n7.cordon().build())
        case "taint":
            cycle.cluster.update_node(n7.taint("spot", "true", effect="PreferNoSchedule").build())
        case "label":
            cycle.cluster.update_node(n7.label(disk="ssd").build())
        case "join":
            cycle.cluster.add_node(node("n7-again").cpu("16").memory("64Gi").zone("z1").build())
        case "leave":
            cycle.cluster.remove_node("n7")


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("how", ["cordon", "label", "join", "leave", "taint"])
def test_a_changed_node_costs_one_row_of_each_slot_and_its_block(kernels: bool, how: str) -> None:
    cycle = crowd(kernels=kernels)
    pods = replicas(4 * CLASSES)
    cycle.decide_tick(pods[:CLASSES])
    cycle.decide_tick(pods[CLASSES : 2 * CLASSES])
    before = cycle.counters
    cycle.decide_tick(pods[2 * CLASSES : 3 * CLASSES])
    usual = cycle.counters.blocks_summarised - before.blocks_summarised
    before = cycle.counters
    changed(cycle, how)
    cycle.decide_tick(pods[3 * CLASSES :])
    after = cycle.counters
    assert after.static_passes == before.static_passes
    assert after.static_rows_patched == before.static_rows_patched + 1
    assert after.full_passes == before.full_passes
    # Between two decisions of a class the others bind, and the node is one row more; joining and leaving names it once or twice.
    assert after.rows_patched - before.rows_patched <= CLASSES * (CLASSES + 2)
    blocks = after.blocks_summarised - before.blocks_summarised
    # One block more for each class; a first soft taint makes all classes look once which taints each of their blocks has.
    assert blocks <= (usual + CLASSES if how != "taint" else usual + CLASSES * (NODES // 64 + 3))


@pytest.mark.parametrize("kernels", KERNELS)
def test_an_image_that_spreads_changes_the_score_of_all_who_hold_it(kernels: bool) -> None:
    cycle = crowd(kernels=kernels)
    image = ContainerImage(names=("app:latest",), size_bytes=500 << 20)
    made = replicas(1)[0]
    container = replace(made.spec.containers[0], image="app")
    wants = [
        replace(made, metadata=replace(made.metadata, name=f"i{n}"), spec=replace(made.spec, containers=(container,))) for n in range(3)
    ]
    for number, built in ((7, node("n7").zone("z1")), (8, node("n8").zone("z2"))):
        one = built.cpu("16").memory("64Gi").build()
        cycle.cluster.update_node(replace(one, status=replace(one.status, images=(image,))))
        before = cycle.counters.static_passes
        cycle.decide_tick([wants[number - 7]])
        assert cycle.counters.static_passes == before + 1
    cycle.cluster.update_node(node("n9").cpu("16").memory("64Gi").zone("z0").cordon().build())
    before = cycle.counters.static_passes
    cycle.decide_tick([wants[2]])
    assert cycle.counters.static_passes == before
