from __future__ import annotations

import pytest

from binpack.errors import ConfigurationError, SchedulingError
from binpack.framework.arguments import NodeResourcesFitArgs, ResourceSpec, ScoringStrategy
from binpack.framework.events import Action, ClusterEvent, Resource
from binpack.framework.status import unresolvable, unschedulable
from binpack.model.base import replace
from binpack.model.pod import PodSpec
from binpack.plugins.node_resources_fit import MAX_RESOURCES, NodeResourcesFit
from binpack.testing import PodBuilder, node, pod
from binpack.testing.trial import cluster_of, judge, rate, wakes

PLUGIN = NodeResourcesFit(NodeResourcesFitArgs())
GPU = "nvidia.com/gpu"
HUGEPAGES = "hugepages-2Mi"

# 2 cores, of which 1.5 are taken.
HALF_FULL = node("n").cpu("2").memory("4Gi").resource("ephemeral-storage", "10Gi")
TENANT = pod("tenant").request(cpu="1500m", memory="1Gi").on("n")


@pytest.mark.parametrize(
    ("why", "a_node", "a_pod", "status"),
    [
        ("it fits exactly", HALF_FULL, pod("p").request(cpu="500m", memory="3Gi"), None),
        ("too little is free", HALF_FULL, pod("p").request(cpu="600m"), unschedulable("Insufficient cpu")),
        ("it would not fit the empty node", HALF_FULL, pod("p").request(cpu="2500m"), unresolvable("Insufficient cpu")),
        ("as large as the empty node", HALF_FULL, pod("p").request(cpu="2"), unschedulable("Insufficient cpu")),
        (
            "an extended resource that the node does not list",
            HALF_FULL,
            pod("p").request({GPU: 1}, cpu="600m"),
            unresolvable("Insufficient cpu", f"Insufficient {GPU}"),
        ),
        ("none of it is asked for", HALF_FULL, pod("p").request({GPU: 0}), None),
        (
            "all reasons in order: the usual three, then by name",
            HALF_FULL.pods(1),
            pod("p").request({GPU: 1, "example.com/a": 1, HUGEPAGES: "2Mi"}, cpu=1, memory="4Gi", ephemeral_storage="11Gi"),
            unresolvable(
                "Too many pods",
                "Insufficient cpu",
                "Insufficient memory",
                "Insufficient ephemeral-storage",
                "Insufficient example.com/a",
                f"Insufficient {HUGEPAGES}",
                f"Insufficient {GPU}",
            ),
        ),
        ("no pod slot", HALF_FULL.pods(1), pod("p"), unschedulable("Too many pods")),
        ("no pod allowed at all", HALF_FULL.pods(0), pod("p"), unschedulable("Too many pods")),
        ("a node that lists nothing", node("n").without_resources(), pod("p"), unschedulable("Too many pods")),
        ("an unknown name is nobody's business", HALF_FULL, pod("p").request({"widgets": 5}), None),
        ("`pods` is no request", HALF_FULL, pod("p").request({"pods": 500}), None),
        ("overhead counts", HALF_FULL, pod("p").request(cpu="400m").overhead(cpu="200m"), unschedulable("Insufficient cpu")),
        ("pod-level requests count", HALF_FULL, pod("p").request(cpu="100m").pod_level(cpu="600m"), unschedulable("Insufficient cpu")),
        ("and replace the containers'", HALF_FULL, pod("p").request(cpu="600m").pod_level(cpu="500m"), None),
        ("init containers run first", HALF_FULL, pod("p").request(cpu="100m").init(cpu="600m"), unschedulable("Insufficient cpu")),
    ],
)
def test_filter(why, a_node, a_pod, status):
    assert judge(PLUGIN, a_pod, cluster_of([a_node], [TENANT])) == {"n": status}, why


@pytest.mark.parametrize(
    ("why", "arguments", "requests", "reasons"),
    [
        ("by name", NodeResourcesFitArgs(ignored_resources=(GPU,)), {GPU: 1, "nvidia.com/mig": 1}, ("Insufficient nvidia.com/mig",)),
        (
            "by group",
            NodeResourcesFitArgs(ignored_resource_groups=("nvidia.com",)),
            {GPU: 1, "amd.com/gpu": 1},
            ("Insufficient amd.com/gpu",),
        ),
        ("huge pages cannot be", NodeResourcesFitArgs(ignored_resources=(HUGEPAGES,)), {HUGEPAGES: "2Mi"}, (f"Insufficient {HUGEPAGES}",)),
        ("nor cpu", NodeResourcesFitArgs(ignored_resources=("cpu",)), {"cpu": 9}, ("Insufficient cpu",)),
    ],
)
def test_ignored_resources(why, arguments, requests, reasons):
    status = judge(NodeResourcesFit(arguments), pod("p").request(requests), cluster_of([HALF_FULL]))["n"]
    assert status == unresolvable(*reasons), why


def test_more_resources_than_a_code_has_bits():
    names = [f"example.com/r{number}" for number in range(MAX_RESOURCES + 1)]
    within, beyond = dict.fromkeys(names[:-1], 1), dict.fromkeys(names, 1)
    status = judge(PLUGIN, pod("p").request(within), cluster_of([HALF_FULL]))["n"]
    assert status == unresolvable(*(f"Insufficient {name}" for name in sorted(within)))
    with pytest.raises(SchedulingError, match=f"requests {MAX_RESOURCES + 1} different resources"):
        PLUGIN.prepare(pod("p").request(beyond).build(), cluster_of([HALF_FULL]))


def test_amounts_near_the_end_of_int64_neither_warn_nor_fail(recwarn):
    most = str((1 << 63) - 1)
    cluster = cluster_of([node("n").memory(most)], [pod("q").request(cpu=0, memory="1Gi").on("n")])
    assert judge(PLUGIN, pod("p").request(memory=most), cluster) == {"n": unschedulable("Insufficient memory")}
    # (2^63 - 1 - 2^30) × 100 wraps around to a small negative number; Go's quotient of it is 0.
    assert rate(PLUGIN, pod("p").request(cpu=0), cluster)["n"] == 50
    assert not recwarn.list


@pytest.mark.parametrize("name", ["cpu", "memory", GPU])
def test_amounts_beyond_int64_stay_at_its_end(name, recwarn):
    huge = cluster_of([node("n").resource(name, "9E")])
    asking = pod("p").request({name: "9E"}).container({name: "9E"})
    assert judge(PLUGIN, asking, cluster_of([node("n")])) == {"n": unresolvable(f"Insufficient {name}")}
    assert judge(PLUGIN, pod("p").request({name: 1}), huge) == {"n": None}
    assert rate(PLUGIN, pod("p").request({name: 1}), huge)
    assert not recwarn.list


# Requested: 1000m and 2 Gi; with defaults 1100m and 2.2 Gi. The scores are what kube-scheduler v1.35.4 gives.
REFERENCE = cluster_of(
    [node("n").cpu("4").memory("16Gi").resource(GPU, 4)],
    [pod("p1").request(cpu=1, memory="2Gi").on("n"), pod("p2").on("n")],
)
INCOMING = pod("p").request(cpu="500m", memory="1Gi")


@pytest.mark.parametrize(
    ("why", "a_pod", "resources", "score"),
    [
        ("cpu and memory alike", INCOMING, {"cpu": 1, "memory": 1}, 70),
        ("by weight", INCOMING, {"cpu": 3, "memory": 1}, 65),
        ("a scalar that the pod asks for", INCOMING.request({GPU: 1}), {"cpu": 1, GPU: 1}, 67),
        ("a scalar that it does not ask for", INCOMING, {"cpu": 1, GPU: 1}, 60),
        ("a resource that the node does not list", INCOMING.request({"amd.com/gpu": 1}), {"cpu": 1, "amd.com/gpu": 1}, 60),
        ("a name that is no resource", INCOMING, {"cpu": 1, "widgets": 9, "pods": 9}, 60),
        ("nothing remains", INCOMING, {GPU: 1}, 0),
        ("the defaults of a container without requests", pod("p"), {"cpu": 1, "memory": 1}, 77),
        ("which pod-level requests do not replace", pod("p").pod_level(cpu=3, memory="8Gi"), {"cpu": 1, "memory": 1}, 77),
        ("more than there is", pod("p").request(cpu=5), {"cpu": 1}, 0),
    ],
)
def test_least_allocated(why, a_pod, resources, score):
    strategy = ScoringStrategy(type="LeastAllocated", resources=tuple(ResourceSpec(name, weight) for name, weight in resources.items()))
    plugin = NodeResourcesFit(NodeResourcesFitArgs(scoring_strategy=strategy))
    assert rate(plugin, a_pod, REFERENCE) == {"n": score}, why


def test_ephemeral_storage_has_no_default():
    cluster = cluster_of([node("n").resource("ephemeral-storage", "10Gi")], [pod("q").request(ephemeral_storage="2Gi").on("n")])
    plugin = NodeResourcesFit(
        NodeResourcesFitArgs(scoring_strategy=ScoringStrategy(type="LeastAllocated", resources=(ResourceSpec("ephemeral-storage"),)))
    )
    assert rate(plugin, pod("p"), cluster) == {"n": 80}
    assert rate(plugin, pod("p").request(ephemeral_storage="3Gi"), cluster) == {"n": 50}


@pytest.mark.parametrize("strategy", [ScoringStrategy(type="Fullest"), ScoringStrategy(type="RequestedToCapacityRatio")])
def test_an_unknown_strategy(strategy):
    with pytest.raises(ConfigurationError, match=r"NodeResourcesFitArgs\.scoringStrategy\.type"):
        NodeResourcesFit(NodeResourcesFitArgs(scoring_strategy=strategy))


# What wakes a pod

WAITING = pod("p").request(cpu=3)
BEFORE = node("n").cpu("2").build()


def lowered(a_pod, before, after):
    return ClusterEvent(Resource.POD, Action.UPDATE_POD_SCALE_DOWN, before.build(), after.build())


@pytest.mark.parametrize(
    ("why", "event", "woken"),
    [
        ("a bound pod is gone", ClusterEvent(Resource.ASSIGNED_POD, Action.DELETE, pod("q").on("n").build()), True),
        ("a nominated pod is gone", ClusterEvent(Resource.UNSCHEDULED_POD, Action.DELETE, pod("q").nominated("n").build()), True),
        ("a pod that was nowhere is gone", ClusterEvent(Resource.UNSCHEDULED_POD, Action.DELETE, pod("q").build()), False),
        ("its own requests fell", lowered(WAITING, WAITING, pod("p").request(cpu=1)), True),
        ("a bound pod asks for less", lowered(WAITING, pod("q").request(cpu=2).on("n"), pod("q").request(cpu=1).on("n")), True),
        ("of something else", lowered(WAITING, pod("q").request(memory=2).on("n"), pod("q").request(memory=1).on("n")), False),
        ("a waiting pod asks for less", lowered(WAITING, pod("q").request(cpu=2), pod("q").request(cpu=1)), False),
        ("its labels changed", ClusterEvent(Resource.UNSCHEDULED_POD, Action.UPDATE_POD_LABEL, WAITING.build(), WAITING.build()), False),
    ],
)
def test_pod_events(why, event, woken):
    assert wakes(PLUGIN, WAITING, event) is woken, why


@pytest.mark.parametrize(
    ("why", "a_pod", "action", "before", "after", "woken"),
    [
        ("a new node that is large enough", WAITING, Action.ADD, None, node("n").cpu(3), True),
        ("a new node that is too small", WAITING, Action.ADD, None, node("n").cpu(2), False),
        ("a new node that takes no pods", WAITING, Action.ADD, None, node("n").cpu(3).pods(0), False),
        ("a node grew enough", WAITING, Action.UPDATE_NODE_ALLOCATABLE, node("n").cpu(2), node("n").cpu(3), True),
        ("a node grew too little", WAITING, Action.UPDATE_NODE_ALLOCATABLE, node("n").cpu(1), node("n").cpu(2), False),
        ("what it needs did not grow", WAITING, Action.UPDATE_NODE_ALLOCATABLE, node("n").memory(1), node("n").memory(2), False),
        ("room for one more pod", WAITING, Action.UPDATE_NODE_ALLOCATABLE, node("n").pods(1), node("n").pods(2), True),
        ("a pod that asks for nothing", pod("p"), Action.UPDATE_NODE_ALLOCATABLE, node("n").cpu(1), node("n").cpu(2), False),
        ("any change of a taint", WAITING, Action.UPDATE_NODE_TAINT, node("n").cpu(1), node("n").cpu(1), True),
        ("labels", WAITING, Action.UPDATE_NODE_LABEL, node("n").cpu(1), node("n").cpu(9), False),
    ],
)
def test_node_events(why, a_pod, action, before, after, woken):
    event = ClusterEvent(Resource.NODE, action, None if before is None else before.build(), after.build())
    assert wakes(PLUGIN, a_pod, event) is woken, why


def test_ignored_resources_are_not_ignored_by_the_hint():
    plugin = NodeResourcesFit(NodeResourcesFitArgs(ignored_resources=(GPU,)))
    event = ClusterEvent(Resource.NODE, Action.ADD, None, node("n").build())
    assert judge(plugin, pod("p").request({GPU: 1}), cluster_of([node("n")])) == {"n": None}
    assert not wakes(plugin, pod("p").request({GPU: 1}), event)


def test_a_pod_without_containers_takes_a_slot():
    bare = PodBuilder(replace(pod("p").build(), spec=PodSpec()))
    assert judge(PLUGIN, bare, cluster_of([node("n").pods(0), node("m")])) == {"n": unschedulable("Too many pods"), "m": None}
