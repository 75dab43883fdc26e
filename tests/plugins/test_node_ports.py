from __future__ import annotations

import pytest

from binpack.framework.events import Action, ClusterEvent, Resource
from binpack.framework.interface import SKIP
from binpack.framework.status import unschedulable
from binpack.model.base import replace
from binpack.plugins.node_ports import NodePorts
from binpack.testing import PodBuilder, node, pod
from binpack.testing.trial import cluster_of, judge, wakes

PLUGIN = NodePorts()
TAKEN = unschedulable("node(s) didn't have free ports for the requested pod ports")


def with_ports_in_init_container(a_pod, restart_policy):
    draft = a_pod.build()
    init = replace(draft.spec.containers[0], restart_policy=restart_policy)
    main = replace(draft.spec.containers[0], ports=())
    return PodBuilder(replace(draft, spec=replace(draft.spec, containers=(main,), init_containers=(init,))))


WANTS_80 = pod("p").host_port(80)


@pytest.mark.parametrize(
    ("why", "a_pod", "holder", "passes"),
    [
        ("the same port", WANTS_80, pod("q").host_port(80), False),
        ("another port", WANTS_80, pod("q").host_port(81), True),
        ("another protocol", WANTS_80, pod("q").host_port(80, protocol="UDP"), True),
        ("no protocol is TCP", pod("p").host_port(80, protocol=""), pod("q").host_port(80), False),
        ("no ip is every ip", WANTS_80, pod("q").host_port(80, host_ip="10.0.0.1"), False),
        ("and is met by every ip", pod("p").host_port(80, host_ip="10.0.0.1"), pod("q").host_port(80), False),
        ("0.0.0.0 is no ip", pod("p").host_port(80, host_ip="0.0.0.0"), pod("q").host_port(80, host_ip="10.0.0.1"), False),
        ("the same ip", pod("p").host_port(80, host_ip="10.0.0.1"), pod("q").host_port(80, host_ip="10.0.0.1"), False),
        ("another ip", pod("p").host_port(80, host_ip="10.0.0.1"), pod("q").host_port(80, host_ip="10.0.0.2"), True),
        (":: is no wildcard", pod("p").host_port(80, host_ip="::"), pod("q").host_port(80, host_ip="10.0.0.1"), True),
        ("a container's port is not the host's", pod("p").port(80), pod("q").host_port(80), True),
        ("one of two", pod("p").host_port(81).host_port(80), pod("q").host_port(80), False),
        ("its own ports are not compared", pod("p").host_port(80).host_port(80), pod("q").host_port(81), True),
        ("a sidecar wants ports", with_ports_in_init_container(WANTS_80, "Always"), pod("q").host_port(80), False),
        ("an ordinary init container does not", with_ports_in_init_container(WANTS_80, None), pod("q").host_port(80), True),
        ("a sidecar holds ports", WANTS_80, with_ports_in_init_container(pod("q").host_port(80), "Always"), False),
    ],
)
def test_filter(why, a_pod, holder, passes):
    cluster = cluster_of([node("n"), node("empty")], [holder.on("n")])
    assert judge(PLUGIN, a_pod, cluster) == {"n": None if passes else TAKEN, "empty": None}, why


def test_a_pod_without_host_ports_skips():
    assert PLUGIN.prepare(pod("p").port(80).build(), cluster_of([node("n")])) is SKIP


def test_ports_are_a_set_and_the_first_of_two_holders_to_go_frees_them():
    cluster = cluster_of([node("n")], [pod("q").host_port(80).on("n"), pod("r").host_port(80).on("n")])
    cluster.remove_pod("default/q")
    assert judge(PLUGIN, WANTS_80, cluster) == {"n": None}


@pytest.mark.parametrize(
    ("why", "gone", "woken"),
    [
        ("a bound pod with the port", pod("q").host_port(80).on("n"), True),
        ("a nominated one", pod("q").host_port(80).nominated("n"), True),
        ("one that was nowhere", pod("q").host_port(80), False),
        ("on one ip of all", pod("q").host_port(80, host_ip="10.0.0.1").on("n"), True),
        ("another port", pod("q").host_port(81).on("n"), False),
        ("another protocol", pod("q").host_port(80, protocol="UDP").on("n"), False),
    ],
)
def test_a_deleted_pod(why, gone, woken):
    assert wakes(PLUGIN, WANTS_80, ClusterEvent(Resource.ASSIGNED_POD, Action.DELETE, gone.build())) is woken, why


@pytest.mark.parametrize(("action", "woken"), [(Action.ADD, True), (Action.UPDATE_NODE_TAINT, True), (Action.UPDATE_NODE_LABEL, False)])
def test_node_events(action, woken):
    assert wakes(PLUGIN, WANTS_80, ClusterEvent(Resource.NODE, action, None, node("n").build())) is woken
