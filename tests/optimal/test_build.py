"""From clusters to problems: who moves, where to, and what ties pods together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from binpack.errors import ConfigurationError
from binpack.framework.profile import Profile, build_profiles
from binpack.framework.registry import Registry
from binpack.model.pod import Pod
from binpack.optimal.build import BuiltProblem, build_problem
from binpack.plugins import in_tree
from binpack.testing import HOSTNAME, ZONE, NodeBuilder, PodBuilder, node, pod
from binpack.testing.trial import cluster_of

PROFILE: Profile = build_profiles(Registry(in_tree()))["default-scheduler"]

SAFE_TO_EVICT = "cluster-autoscaler.kubernetes.io/safe-to-evict"
CLOSED = {"cordoned": node("n1").cordon(), "control plane": node("n1").label({"node-role.kubernetes.io/control-plane": ""})}


def small_node(name: str, zone: str = "a") -> NodeBuilder:
    return node(name).cpu("4").memory("8Gi").pods(10).zone(zone)


def web(name: str, **requests: Any) -> PodBuilder:
    return pod(name).owner("ReplicaSet", "web").request(**(requests or {"cpu": "1", "memory": "1Gi"}))


def built(nodes: list[NodeBuilder], placed: list[PodBuilder], pending: list[PodBuilder] | None = None, **options: Any) -> BuiltProblem:
    cluster = cluster_of(nodes, placed)
    before = cluster.requested.copy()
    waiting: list[Pod] = [item.build() for item in pending or []]
    result = build_problem(cluster, PROFILE, objective=options.pop("objective", "nodes"), pending=waiting, **options)
    assert (cluster.requested == before).all(), "the cluster is left as it was"
    return result


def test_equal_pods_and_equal_nodes_are_one_class_each() -> None:
    found = built([small_node("n1"), small_node("n2")], [web("a").on("n1"), web("b").on("n2")], [web("c")])
    problem = found.problem
    assert (problem.pod_classes, problem.node_classes, problem.pods, problem.nodes) == (1, 1, 3, 2)
    assert [item.pod.metadata.name for item in found.pods[0]] == ["a", "b", "c"]
    assert found.nodes == (("n1", "n2"),)
    assert problem.present.tolist() == [[0, 0, 0, 1], [0, 1, 0, 1]]


def test_sizes_are_divided_and_say_by_how_much() -> None:
    problem = built([small_node("n1")], [], [web("a", cpu="500m", memory="512Mi"), web("b", cpu="1500m", memory="1Gi")]).problem
    assert problem.resources == ("cpu", "memory", "pods")
    assert problem.unit == (500, 512 << 20, 1)
    assert problem.size.tolist() == [[1, 1, 1], [3, 2, 1]]
    # 8 halves of a core, but together the pods ask for 4 of them; 10 pods, but there are 2.
    assert problem.capacity.tolist() == [[4, 3, 2]]


@pytest.mark.parametrize(
    ("reason", "stays"),
    [
        ("DaemonSet", pod("p").owner("DaemonSet", "agent")),
        ("static pod", pod("p").annotate({"kubernetes.io/config.mirror": "x"})),
        ("static pod", pod("p").owner("Node", "n1", api_version="v1")),
        (f"{SAFE_TO_EVICT}: false", web("p").annotate({SAFE_TO_EVICT: "false"})),
        ("karpenter.sh/do-not-disrupt: true", web("p").annotate({"karpenter.sh/do-not-disrupt": "true"})),
        ("being deleted", web("p").terminating()),
    ],
)
def test_pods_that_stay_take_their_place_and_are_no_items(reason: str, stays: PodBuilder) -> None:
    found = built([small_node("n1"), small_node("n2")], [stays.request(cpu="1", memory="1Gi").on("n1"), web("a").on("n2")])
    assert [(item.pod.metadata.name, item.node, item.reason) for item in found.stays] == [("p", "n1", reason)]
    assert found.problem.pods == 1
    # Both nodes hold one more pod of the size of "a": what is there is cut to what is asked for.
    assert found.problem.node_classes == 1


def test_bare_pods_move_unless_told_otherwise() -> None:
    nodes, placed = [small_node("n1")], [pod("bare").request(cpu="1").on("n1")]
    assert built(nodes, placed).problem.pods == 1
    assert [item.reason for item in built(nodes, placed, bare_pods_stay=True).stays] == ["no controller"]


def test_pending_pods_that_nobody_schedules_are_left_out() -> None:
    found = built([small_node("n1")], [], [web("gated").gate("wait"), pod("agent").owner("DaemonSet", "agent"), web("a")])
    assert {item.pod.metadata.name: item.reason for item in found.stays} == {
        "agent": "pending pod of a DaemonSet",
        "gated": "scheduling gates",
    }
    assert found.problem.pods == 1


@pytest.mark.parametrize("why", CLOSED)
def test_closed_nodes_keep_what_they_have_and_take_nothing(why: str) -> None:
    closed = CLOSED[why].cpu("4").memory("8Gi").pods(10)
    found = built([closed, small_node("n2")], [web("a").on("n1"), web("b").on("n2")], [web("c")])
    limits = {name: found.problem.limit[0, k] for k, names in enumerate(found.nodes) for name in names}
    assert limits == {"n1": 1, "n2": 3}
    assert found.closed == (("n1", why),)


def test_eligibility_is_what_the_filter_plugins_say() -> None:
    nodes = [small_node("n1", "a"), small_node("n2", "b"), small_node("n3", "b").taint("gpu"), small_node("n4", "b").label(disk="ssd")]
    found = built(nodes, [], [web("a").selects({ZONE: "b"}), web("b").tolerates("gpu"), web("c").selects(disk="ssd")])
    eligible = {
        pods[0].pod.metadata.name: {name for k, names in enumerate(found.nodes) for name in names if found.problem.limit[i, k]}
        for i, pods in enumerate(found.pods)
    }
    assert eligible == {"a": {"n2", "n4"}, "b": {"n1", "n2", "n3", "n4"}, "c": {"n4"}}


def test_a_pod_may_stay_where_it_could_not_go_anew() -> None:
    found = built([small_node("n1").taint("new"), small_node("n2")], [web("a").on("n1"), web("b").on("n2")])
    limits = {name: found.problem.limit[0, k] for k, names in enumerate(found.nodes) for name in names}
    assert limits == {"n1": 1, "n2": 2}


def test_anti_affinity_among_equal_pods_is_a_limit() -> None:
    problem = built(
        [small_node("n1"), small_node("n2")], [], [web(name).label(app="db").apart_from({"app": "db"}) for name in "abc"]
    ).problem
    assert problem.pod_classes == 1
    assert problem.limit.tolist() == [[1]]
    assert problem.relaxed == ()


def test_anti_affinity_in_a_group_of_several_classes_is_a_resource() -> None:
    pods = [web("a", cpu="1").label(app="db").apart_from({"app": "db"}), web("b", cpu="2").label(app="db").apart_from({"app": "db"})]
    problem = built([small_node("n1")], [], pods).problem
    assert problem.resources[-1] == f"anti-affinity over {HOSTNAME}"
    assert problem.size[:, -1].tolist() == [1, 1]
    assert problem.capacity[:, -1].tolist() == [1]


def test_anti_affinity_against_others_is_an_exclusion() -> None:
    problem = built([small_node("n1")], [], [web("a").label(app="db"), web("b", cpu="2").apart_from({"app": "db"})]).problem
    assert len(problem.exclusions) == 1
    assert {problem.exclusions[0].left, problem.exclusions[0].right} == {(0,), (1,)}


def test_anti_affinity_over_zones_is_a_cap_for_each_zone() -> None:
    nodes = [small_node("n1", "a"), small_node("n2", "a"), small_node("n3", "b")]
    problem = built(nodes, [], [web(name).label(app="db").apart_from({"app": "db"}, ZONE) for name in "ab"]).problem
    assert [(cap.classes, cap.room) for cap in problem.caps] == [((0,), (1, 1))]
    assert problem.node_classes == 2


def test_anti_affinity_of_a_pod_that_stays_closes_its_node() -> None:
    agent = pod("agent").owner("DaemonSet", "agent").apart_from({"app": "db"}).on("n1")
    found = built([small_node("n1"), small_node("n2")], [agent], [web("a").label(app="db")])
    limits = {name: found.problem.limit[0, k] for k, names in enumerate(found.nodes) for name in names}
    assert limits == {"n1": 0, "n2": 1}


def test_host_ports_are_resources_of_a_node() -> None:
    pods = [
        web("a", cpu="1").host_port(80),
        web("b", cpu="2").host_port(80, host_ip="10.0.0.1"),
        web("c", cpu="3").host_port(80, host_ip="10.0.0.2"),
    ]
    problem = built([small_node("n1")], [], pods).problem
    # A pod on all addresses meets each of the others; those on different addresses do not meet.
    assert problem.resources[-2:] == ("port TCP 80 on 10.0.0.1", "port TCP 80 on 10.0.0.2")
    assert problem.size[:, -2:].tolist() == [[1, 1], [1, 0], [0, 1]]


def test_a_port_that_a_pod_that_stays_holds_is_taken() -> None:
    agent = pod("agent").owner("DaemonSet", "agent").host_port(9100).on("n1")
    found = built([small_node("n1"), small_node("n2")], [agent], [web("a").host_port(9100)])
    limits = {name: found.problem.limit[0, k] for k, names in enumerate(found.nodes) for name in names}
    assert limits == {"n1": 0, "n2": 1}


def test_hard_spread_over_zones_counts_pods_that_stay() -> None:
    nodes = [small_node("n1", "a"), small_node("n2", "b"), small_node("n3", "c")]
    stays = web("old").label(app="web").annotate({"karpenter.sh/do-not-disrupt": "true"}).on("n2")
    problem = built(nodes, [stays], [web(name).label(app="web").spread(ZONE) for name in "abc"]).problem
    (spread,) = problem.spreads
    bases = {found: spread.base[spread.domain[k]] for k, found in enumerate(problem.node_class_names)}
    assert (bases, spread.max_skew, spread.zero_minimum) == ({"n1": 0, "n2": 1, "n3": 0}, 1, False)


def test_hard_spread_over_hostnames_is_a_cap_on_each_node() -> None:
    nodes = [small_node(f"n{number}") for number in range(4)]
    problem = built(nodes, [], [web(name).label(app="web").spread(HOSTNAME, max_skew=2) for name in "abc"]).problem
    # Three pods on four nodes: one node stays empty, so no node may have more than two.
    assert problem.limit.tolist() == [[2]]
    assert problem.relaxed == ()


@pytest.mark.parametrize(
    ("why", "pods", "relaxed"),
    [
        ("affinity between pods", [web("a").label(app="web").near({"app": "web"})], f"required pod affinity over {HOSTNAME}"),
        (
            "a spread that counts others too",
            [web("a").label(app="x").spread(ZONE), web("b", cpu="2").label(app="x")],
            f"topology spread over {ZONE} that counts pods without the constraint",
        ),
        ("volumes", [web("a").claim("data")], "VolumeBinding: between pods that move"),
    ],
)
def test_what_cannot_be_expressed_is_named(why: str, pods: list[PodBuilder], relaxed: str) -> None:
    assert relaxed in built([small_node("n1"), small_node("n2")], [], pods).problem.relaxed, why


def test_affinity_to_pods_that_stay_is_eligibility() -> None:
    cache = pod("cache").owner("DaemonSet", "cache").label(app="cache").on("n2")
    nodes = [small_node("n1", "a"), small_node("n2", "b"), small_node("n3", "b"), node("n4").cpu("4").memory("8Gi").pods(10)]
    found = built(nodes, [cache], [web("a").near({"app": "cache"}, ZONE)])
    limits = {name: found.problem.limit[0, k] for k, names in enumerate(found.nodes) for name in names}
    assert limits == {"n1": 0, "n2": 1, "n3": 1, "n4": 0}
    assert found.problem.relaxed == ()


def test_affinity_closes_domains_where_no_company_can_come() -> None:
    nodes = [small_node("n1", "a"), small_node("n2", "b"), small_node("n3", "c")]
    cache = web("cache").label(app="cache").selects({ZONE: "b"})
    found = built(nodes, [], [cache, web("a", cpu="2").near({"app": "cache"}, ZONE), web("b", cpu="3").near({"app": "none"}, ZONE)])
    number = {pods[0].pod.metadata.name: i for i, pods in enumerate(found.pods)}
    limits = {name: found.problem.limit[:, k] for k, names in enumerate(found.nodes) for name in names}
    assert [int(limits[name][number["a"]]) for name in ("n1", "n2", "n3")] == [0, 1, 0]
    assert [int(limits[name][number["b"]]) for name in ("n1", "n2", "n3")] == [0, 0, 0]
    assert found.problem.relaxed == (f"required pod affinity over {ZONE}",)


def test_spread_over_few_single_nodes_is_exact_too() -> None:
    nodes = [small_node("n1"), small_node("n2")]
    problem = built(nodes, [], [web(name).label(app="web").spread(HOSTNAME) for name in "abcd"]).problem
    assert [spread.max_skew for spread in problem.spreads] == [1]
    assert (problem.node_classes, problem.relaxed) == (2, ())


def test_priorities_are_tiers_highest_first() -> None:
    found = built([small_node("n1")], [], [web("low"), web("high").priority(1000)])
    tiers = {pods[0].pod.metadata.name: int(found.problem.tier[i]) for i, pods in enumerate(found.pods)}
    assert tiers == {"high": 0, "low": 1}
    assert found.problem.rank_names == ("pods of priority 1000", "pods of priority 0")


def test_prices_become_integers_of_one_unit() -> None:
    nodes = [small_node("n1").instance_type("small"), small_node("n2").instance_type("large")]
    problem = built(nodes, [], [web("a")], objective="cost", prices={"small": 0.096, "large": "0.1"}).problem
    costs = dict(zip(problem.node_class_names, problem.cost.tolist(), strict=True))
    assert {name: cost / problem.cost_unit for name, cost in costs.items()} == {"n1": 0.096, "n2": 0.1}


@pytest.mark.parametrize(
    ("prices", "message"),
    [
        (None, "a price for each instance type"),
        ({"large": 1}, 'no price for instance type "small" (given: large)'),
        ({"small": "cheap"}, '"cheap" for instance type "small"'),
        ({"small": -1}, '-1 for instance type "small" (accepted: a number >= 0)'),
    ],
)
def test_wrong_prices(prices: Any, message: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        built([small_node("n1").instance_type("small")], [], [web("a")], objective="cost", prices=prices)
    assert message in str(error.value)


def test_the_digest_does_not_depend_on_where_pods_are() -> None:
    nodes = [small_node("n1"), small_node("n2")]
    one = built(nodes, [web("a").on("n1"), web("b").on("n1")]).problem
    other = built(nodes, [web("a").on("n1"), web("b").on("n2")]).problem
    assert one.digest() == other.digest()
    assert not np.array_equal(one.present, other.present)
