"""How much the cache looks at: numbers that depend on the decisions alone."""

from __future__ import annotations

import pytest

from binpack.framework.profile import build_profiles
from binpack.framework.registry import Registry
from binpack.model.base import replace
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


def test_a_changed_node_costs_a_static_pass_and_one_row() -> None:
    cycle = crowd(kernels=False)
    cycle.decide_tick(replicas(CLASSES))
    before = cycle.counters
    cycle.cluster.update_node(node("n7").cpu("16").memory("64Gi").zone("z1").cordon().build())
    cycle.decide_tick([replace(replicas(1)[0], metadata=replace(replicas(1)[0].metadata, name="later"))])
    after = cycle.counters
    assert after.static_passes == before.static_passes + 1
    assert after.full_passes == before.full_passes
    assert after.rows_patched == before.rows_patched + CLASSES + 1
