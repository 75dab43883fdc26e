"""Pods that a kernel placed are written down when somebody asks; nobody can tell when that was."""

from __future__ import annotations

from binpack.state.cluster import Cluster
from binpack.testing import node, pod


def adopted(cluster: Cluster, name: str, node_name: str, port: int = 0) -> None:
    """Count a pod onto its row as a kernel does, and hand it over."""
    built = pod(name).label(app="web").host_port(port).build() if port else pod(name).label(app="web").build()
    row, pod_class = cluster.row_of(node_name), cluster.classes.of(built)
    assert row is not None
    for number, weight in cluster.counts.touches(pod_class):
        cluster.counts.values[number, row] += weight
    cluster.pod_counts[row] += 1
    assert cluster.adopt([built], [pod_class], [row]) == [node_name]


def two_nodes() -> Cluster:
    cluster = Cluster()
    for name in ("n1", "n2"):
        cluster.add_node(node(name).cpu("4").build())
    return cluster


def test_whoever_asks_finds_them_in_the_order_in_which_they_came() -> None:
    cluster = two_nodes()
    cluster.add_pod(pod("first").build(), "n1")
    adopted(cluster, "second", "n1")
    adopted(cluster, "third", "n2")
    cluster.add_pod(pod("fourth").build(), "n1")
    row = cluster.row_of("n1")
    assert row is not None
    assert list(cluster.pods_on(row)) == ["default/first", "default/second", "default/fourth"]
    assert {key: cluster.node_of(f"default/{key}") for key in ("second", "third")} == {"second": "n1", "third": "n2"}
    assert [(each.metadata.name, each.spec.node_name, name) for each, name in cluster.pods() if name == "n2"] == [("third", "n2", "n2")]


def test_a_node_that_leaves_takes_them_along() -> None:
    cluster = two_nodes()
    adopted(cluster, "web", "n1")
    cluster.remove_node("n1")
    cluster.add_node(node("n3").cpu("4").build())
    assert cluster.node_of("default/web") == "n1"
    cluster.add_node(node("n1").cpu("4").build())
    row = cluster.row_of("n1")
    assert row is not None
    assert [each.spec.node_name for each in cluster.pods_on(row).values()] == ["n1"]


def test_a_column_that_is_asked_for_later_counts_them() -> None:
    cluster = two_nodes()
    adopted(cluster, "web", "n1")
    row = cluster.row_of("n1")
    assert row is not None
    weight = lambda pod_class: int(pod_class.namespace == "default")  # noqa: E731
    assert cluster.column("all", weight, label_keys=frozenset())[row] == 1
    cluster.read_labels(frozenset({"app"}))
    assert cluster.column("web", lambda each: int(each.labels.get("app") == "web"), label_keys=frozenset())[row] == 1


def test_a_fork_gives_them_back() -> None:
    cluster = two_nodes()
    with cluster.fork():
        adopted(cluster, "web", "n1", port=80)
        assert cluster.used_ports("TCP", 80)["0.0.0.0"].any()
    assert cluster.node_of("default/web") is None
    assert not cluster.used_ports("TCP", 80)["0.0.0.0"].any()
    assert cluster.pod_counts.sum() == 0
