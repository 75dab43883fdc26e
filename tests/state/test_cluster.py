"""The columns follow every change, and a fork leaves no trace."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from binpack.errors import ClusterStateError
from binpack.model.requests import placed_requests, resource_list
from binpack.state.cluster import Cluster
from binpack.testing import node, pod
from binpack.testing.owners import service

SELECTS_WEB = frozenset({"app"})


def counts_web(pod_class: Any) -> int:
    return int(pod_class.labels.get("app") == "web")


def test_a_bind_adds_to_the_row_and_to_the_columns() -> None:
    cluster = Cluster()
    cluster.add_node(node("n1").cpu("4").memory("8Gi").build())
    cluster.add_pod(pod("web").label(app="web").request(cpu="500m").host_port(80).build(), "n1")
    row = cluster.row_of("n1")
    assert row is not None
    assert cluster.requested[0, row] == 500
    assert cluster.nonzero_requested[:, row].tolist() == [500, 200 << 20]
    assert cluster.pod_counts[row] == 1
    assert cluster.used_ports("TCP", 80)["0.0.0.0"][row]
    assert cluster.column("web", counts_web, label_keys=SELECTS_WEB)[row] == 1
    cluster.remove_pod("default/web")
    assert cluster.requested[:, row].tolist() == [0] * len(cluster.resources)
    assert cluster.column("web", counts_web, label_keys=SELECTS_WEB)[row] == 0
    assert not cluster.used_ports("TCP", 80)["0.0.0.0"][row]


def test_labels_tell_classes_apart_only_once_a_selector_reads_them() -> None:
    cluster = Cluster()
    cluster.add_node(node("n1").build())
    for name in ("a", "b"):
        cluster.add_pod(pod(name).label(app=name).build(), "n1")
    assert [count for _, count in cluster.counts.classes()] == [2]
    cluster.column("a", lambda c: int(c.labels.get("app") == "a"), label_keys=SELECTS_WEB)
    assert [count for _, count in cluster.counts.classes()] == [1, 1]


def test_a_new_resource_gives_the_resource_axis_one_more_entry() -> None:
    cluster = Cluster()
    cluster.add_node(node("n1").build())
    cluster.add_node(node("n2").resource("nvidia.com/gpu", "8").build())
    position = cluster.resources.index("nvidia.com/gpu")
    assert position is not None
    assert cluster.allocatable[position, cluster.row_of("n2")] == 8
    assert cluster.allocatable[position, cluster.row_of("n1")] == 0


def test_pods_of_a_node_that_left_are_kept_for_it_to_come_back() -> None:
    cluster = Cluster()
    cluster.add_node(node("n1").build())
    cluster.add_pod(pod("p").request(cpu="1").build(), "n1")
    cluster.remove_node("n1")
    assert cluster.node_of("default/p") == "n1"
    assert cluster.requested.sum() == 0
    cluster.add_node(node("n1").build())
    assert cluster.requested[0, cluster.row_of("n1")] == 1000


def test_a_pod_may_be_known_before_its_node() -> None:
    cluster = Cluster()
    cluster.add_pod(pod("early").request(cpu="1").build(), "n1")
    cluster.add_node(node("n1").build())
    assert cluster.pod_counts[cluster.row_of("n1")] == 1


def test_a_node_that_changes_zone_takes_its_pods_along() -> None:
    cluster = Cluster()
    cluster.add_node(node("n1").zone("a").build())
    cluster.add_pod(pod("p").request(cpu="1").host_port(80).build(), "n1")
    before = cluster.row_of("n1")
    cluster.update_node(node("n1").zone("b").build())
    after = cluster.row_of("n1")
    assert before != after
    assert cluster.requested[0, after] == 1000
    assert cluster.used_ports("TCP", 80)["0.0.0.0"][after]
    assert cluster.pod_counts.sum() == 1


def test_deleting_one_of_two_holders_frees_the_port_as_upstream_does() -> None:
    cluster = Cluster()
    cluster.add_node(node("n1").build())
    for name in ("a", "b"):
        cluster.add_pod(pod(name).host_port(80).build(), "n1")
    with cluster.fork():
        cluster.remove_pod("default/a")
        assert not cluster.used_ports("TCP", 80)["0.0.0.0"][cluster.row_of("n1")]
    assert cluster.used_ports("TCP", 80)["0.0.0.0"][cluster.row_of("n1")]


@pytest.mark.parametrize(
    ("why", "change", "says"),
    [
        ("a name used twice", lambda c: c.add_node(node("n1").build()), 'node "n1" is in the cluster already'),
        ("no such node", lambda c: c.remove_node("n9"), 'node "n9" is not in the cluster'),
        ("bound twice", lambda c: c.add_pod(pod("p").build(), "n1"), 'pod "default/p" is on node "n1" already'),
        ("no such pod", lambda c: c.remove_pod("default/q"), 'pod "default/q" is on no node'),
        ("updating a pod that is on no node", lambda c: c.update_pod(pod("q").build()), 'pod "default/q" is on no node'),
    ],
)
def test_what_cannot_be_is_refused(why: str, change: Any, says: str) -> None:
    cluster = Cluster()
    cluster.add_node(node("n1").build())
    cluster.add_pod(pod("p").build(), "n1")
    with pytest.raises(ClusterStateError, match=says):
        change(cluster)


def test_a_fork_puts_pods_and_objects_back_in_their_places() -> None:
    cluster = Cluster()
    cluster.add_node(node("n").build())
    for name in "abc":
        cluster.add_pod(pod(name).build(), "n")
        cluster.put(service(name, {"app": name}))
    with cluster.fork():
        for name in "acb":
            cluster.remove_pod(f"default/{name}")
            cluster.delete("Service", name, "default")
    assert list(cluster.pods_on(0)) == ["default/a", "default/b", "default/c"]
    assert [found.metadata.name for found in cluster.catalog.list("Service")] == ["a", "b", "c"]


def test_the_journal_names_the_rows_touched_since_a_position() -> None:
    cluster = Cluster()
    cluster.add_node(node("n1").zone("a").build())
    cluster.add_node(node("n2").zone("b").build())
    position = cluster.journal.position
    cluster.add_pod(pod("p").build(), "n2")
    touched = cluster.journal.since(position)
    assert touched is not None
    assert set(touched.tolist()) == {cluster.row_of("n2")}


# A change is (operation, name, choice); `apply` makes what is impossible a no-op, so that any sequence is a valid one.
CHANGES = st.tuples(
    st.sampled_from(["add_node", "update_node", "remove_node", "add_pod", "remove_pod", "update_pod"]),
    st.sampled_from(["x", "y", "z"]),
    st.integers(0, 3),
)


def apply(cluster: Cluster, change: tuple[str, str, int]) -> None:
    operation, name, choice = change
    a_node = node(f"n-{name}").zone("abca"[choice]).cpu(str(choice + 1)).label(disk="ssd" if choice % 2 else "hdd")
    a_pod = pod(f"p-{name}").label(app=["web", "db", "web", "x"][choice]).request(cpu=f"{100 * (choice + 1)}m").host_port(80 + choice % 2)
    try:
        match operation:
            case "add_node":
                cluster.add_node(a_node.build())
            case "update_node":
                cluster.update_node(a_node.build())
            case "remove_node":
                cluster.remove_node(f"n-{name}")
            case "add_pod":
                cluster.add_pod(a_pod.build(), f"n-{'xyzx'[choice]}")
            case "remove_pod":
                cluster.remove_pod(f"default/p-{name}")
            case "update_pod":
                cluster.update_pod(a_pod.build())
    except ClusterStateError:
        pass


def content(cluster: Cluster) -> dict[str, Any]:
    """Everything that a decision can depend on, by name."""
    web = cluster.column("web", counts_web, label_keys=SELECTS_WEB)
    state: dict[str, Any] = {"order": cluster.order.names(), "strays": {k: cluster.node_of(f"default/p-{k}") for k in "xyz"}}
    for name in cluster.order.names():
        row = cluster.row_of(name)
        assert row is not None
        state[name] = {
            "node": cluster.nodes[row],
            "row": row,
            "allocatable": cluster.allocatable[:, row].tolist(),
            "requested": cluster.requested[:, row].tolist(),
            "nonzero": cluster.nonzero_requested[:, row].tolist(),
            "pods": list(cluster.pods_on(row).items()),
            "count": int(cluster.pod_counts[row]),
            "web": int(web[row]),
            "disk": cluster.label_values("disk")[cluster.label("disk")[row]],
            "ports": {port: sorted(ip for ip, used in cluster.used_ports("TCP", port).items() if used[row]) for port in (80, 81)},
            "rank": int(cluster.name_ranks()[row]),
            "position": int(np.flatnonzero(cluster.rows_in_order() == row)[0]),
        }
    return state


# Restoring a node once gave a pod its port back that another pod's deletion had freed.
@example([], [("add_node", "y", 0), ("add_pod", "x", 1), ("add_pod", "y", 1), ("remove_pod", "x", 0)], [("update_node", "y", 0)])
@given(st.lists(CHANGES, max_size=15), st.lists(CHANGES, max_size=15), st.lists(CHANGES, max_size=8))
def test_a_fork_leaves_no_trace(before: list[Any], inside: list[Any], nested: list[Any]) -> None:
    cluster = Cluster()
    for change in before:
        apply(cluster, change)
    as_it_was = content(cluster)
    with cluster.fork():
        for change in inside:
            apply(cluster, change)
        half_way = content(cluster)
        with cluster.fork():
            for change in nested:
                apply(cluster, change)
        assert content(cluster) == half_way
    assert content(cluster) == as_it_was


@given(st.lists(CHANGES, max_size=30))
def test_columns_are_sums_over_the_pods(changes: list[Any]) -> None:
    cluster = Cluster()
    for change in changes:
        apply(cluster, change)
        assert int(cluster.active.sum()) == len(cluster)
        web = cluster.column("web", counts_web, label_keys=SELECTS_WEB)
        for name in cluster.order.names():
            row = cluster.row_of(name)
            assert row is not None
            pods = cluster.pods_on(row).values()
            assert cluster.requested[0, row] == sum(placed_requests(p)["cpu"] for p in pods)
            assert cluster.pod_counts[row] == len(pods)
            assert web[row] == sum(p.metadata.labels.get("app") == "web" for p in pods)
            assert cluster.allocatable[0, row] == resource_list(cluster.node(row).status.allocatable or {})["cpu"]
        holes = ~cluster.active
        assert not cluster.requested[:, holes].any()
        assert not cluster.allocatable[:, holes].any()
        assert not web[holes].any()
