"""NodePorts against loops over pods, containers and ports."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from binpack.framework.events import Action, ClusterEvent, Resource
from binpack.framework.status import unschedulable
from binpack.model.base import replace
from binpack.model.pod import Container, ContainerPort
from binpack.plugins.node_ports import NodePorts
from binpack.testing import node, pod
from binpack.testing.plugin_contract import check_filter
from binpack.testing.trial import cluster_of, judge, wakes

ports = st.builds(
    ContainerPort,
    container_port=st.just(8080),
    host_port=st.sampled_from((0, 80, 443)),
    host_ip=st.sampled_from(("", "0.0.0.0", "10.0.0.1", "10.0.0.2", "::")),
    protocol=st.sampled_from(("", "TCP", "UDP")),
)
containers = st.builds(lambda entries: Container(ports=tuple(entries)), st.lists(ports, max_size=2))
init_containers = st.builds(
    lambda container, policy: replace(container, restart_policy=policy), containers, st.sampled_from((None, "Always"))
)
specs = st.tuples(st.lists(containers, min_size=1, max_size=2), st.lists(init_containers, max_size=2))


def pod_of(name, spec, where=""):
    plain = pod(name).build()
    main, init = spec
    return replace(plain, spec=replace(plain.spec, node_name=where, containers=tuple(main), init_containers=tuple(init)))


def host_ports(a_pod):
    found = []
    for container in a_pod.spec.containers:
        found.extend(port for port in container.ports if port.host_port > 0)
    for container in a_pod.spec.init_containers:
        if container.restart_policy == "Always":
            found.extend(port for port in container.ports if port.host_port > 0)
    return [(port.host_ip or "0.0.0.0", port.protocol or "TCP", port.host_port) for port in found]


def conflicts(wanted, used):
    for ip, protocol, port in wanted:
        for other_ip, other_protocol, other_port in used:
            if (protocol, port) != (other_protocol, other_port):
                continue
            if "0.0.0.0" in (ip, other_ip) or ip == other_ip:
                return True
    return False


@given(specs, st.lists(st.tuples(specs, st.integers(0, 2)), max_size=4))
def test_plain_twin(wanting, holding):
    nodes = [node(f"n{number}") for number in range(3)]
    placed = [pod_of(f"q{number}", spec, f"n{where}") for number, (spec, where) in enumerate(holding)]
    a_pod, cluster = pod_of("p", wanting), cluster_of(nodes, placed)
    taken = unschedulable("node(s) didn't have free ports for the requested pod ports")
    expected = {}
    for number in range(3):
        used = [port for other in placed if other.spec.node_name == f"n{number}" for port in host_ports(other)]
        expected[f"n{number}"] = taken if conflicts(host_ports(a_pod), used) else None
    assert judge(NodePorts(), a_pod, cluster) == expected
    check_filter(NodePorts(), a_pod, cluster)


@given(specs, specs, st.sampled_from(("", "n0")))
def test_plain_twin_of_the_hint(wanting, holding, where):
    a_pod, gone = pod_of("p", wanting), pod_of("q", holding, where)
    woken = bool(where) and conflicts(host_ports(a_pod), host_ports(gone))
    assert wakes(NodePorts(), a_pod, ClusterEvent(Resource.ASSIGNED_POD, Action.DELETE, gone)) is woken
