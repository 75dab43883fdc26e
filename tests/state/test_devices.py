"""Device columns: what pods hold, however they come and go."""

from __future__ import annotations

from typing import Any

import pytest

from binpack.errors import SchedulingError
from binpack.model.base import replace
from binpack.model.devices import DeviceRequest, device_index, device_request
from binpack.state.cluster import Cluster
from binpack.state.devices import Held
from binpack.testing import node, pod

MILLI, COUNT, INDEX, MODEL = (f"alibabacloud.com/gpu-{what}" for what in ("milli", "count", "index", "card-model"))


def gpu_node(name: str, devices: int = 2, model: str = "T4", **labels: str) -> Any:
    built = node(name).cpu("16").memory("64Gi").label(**labels).build()
    allocatable = dict(built.status.allocatable or built.status.capacity)
    from binpack.model.quantity import Quantity

    allocatable[COUNT] = Quantity.of(devices)
    meta = replace(built.metadata, labels={**built.metadata.labels, MODEL: model})
    return replace(built, metadata=meta, status=replace(built.status, allocatable=allocatable, capacity=allocatable))


def gpu_pod(name: str, milli: int = 500, count: int = 1, index: str = "", **more: str) -> Any:
    built = pod(name).request(cpu="1").build()
    annotations = {MILLI: str(milli), COUNT: str(count)} | ({INDEX: index} if index else {}) | more
    return replace(built, metadata=replace(built.metadata, annotations=annotations))


def free(cluster: Cluster, name: str) -> list[int]:
    row = cluster.row_of(name)
    assert row is not None
    return cluster.devices.free[: cluster.devices.counts[row], row].tolist()


def two_nodes() -> Cluster:
    cluster = Cluster()
    cluster.add_node(gpu_node("a"))
    cluster.add_node(gpu_node("b", 4, "V100"))
    return cluster


def test_an_annotated_pod_occupies_its_devices_and_leaves_them() -> None:
    cluster = two_nodes()
    cluster.add_pod(gpu_pod("p", 1000, 2, "1-3"), "b")
    assert free(cluster, "b") == [1000, 0, 1000, 0]
    cluster.add_pod(gpu_pod("q", 300, 1, "0"), "b")
    assert cluster.devices.pods[:, cluster.row_of("b")].tolist() == [1, 0, 1]
    cluster.remove_pod("default/p")
    assert free(cluster, "b") == [700, 1000, 1000, 1000]


@pytest.mark.parametrize(
    ("why", "a_pod"),
    [
        ("no index: nobody knows which", gpu_pod("p", 500)),
        ("a device that the node lacks", gpu_pod("p", 500, 1, "7")),
        ("an index that is none", gpu_pod("p", 500, 1, "x")),
        ("an amount that is none", gpu_pod("p", 500, 1, "0", **{MILLI: "lots"})),
    ],
)
def test_what_cannot_be_understood_holds_nothing(why: str, a_pod: Any) -> None:
    cluster = two_nodes()
    cluster.add_pod(a_pod, "a")
    assert free(cluster, "a") == [1000, 1000]
    assert cluster.devices.held(a_pod.key) is None


def test_allotted_devices_go_with_the_pod_and_come_back_with_its_node() -> None:
    cluster = two_nodes()
    cluster.add_pod(gpu_pod("p"), "a")
    position = cluster.journal.position
    cluster.allot_devices("default/p", Held(DeviceRequest(500), (1,)))
    assert cluster.row_of("a") in cluster.journal.since(position)
    assert free(cluster, "a") == [1000, 500]
    cluster.update_pod(gpu_pod("p"))
    assert free(cluster, "a") == [1000, 500], "an update keeps what the pod holds"
    cluster.remove_node("a")
    cluster.add_node(gpu_node("a"))
    assert free(cluster, "a") == [1000, 500]
    cluster.update_node(gpu_node("a", zone="z"))
    cluster.update_node(replace(gpu_node("a"), metadata=replace(gpu_node("a").metadata, labels={"topology.kubernetes.io/zone": "z"})))
    assert free(cluster, "a") == [1000, 500], "a node that changes its zone takes its pods along"
    cluster.remove_pod("default/p")
    cluster.add_pod(gpu_pod("p"), "a")
    assert free(cluster, "a") == [1000, 1000], "another pod of that name starts afresh"


def test_forks_restore_devices() -> None:
    cluster = two_nodes()
    cluster.add_pod(gpu_pod("p"), "a")
    cluster.allot_devices("default/p", Held(DeviceRequest(500), (1,)))
    before = (cluster.devices.free.tolist(), cluster.devices.pods.tolist(), dict(cluster.devices.ledger))
    with cluster.fork():
        cluster.add_pod(gpu_pod("q", 1000, 2), "b")
        cluster.allot_devices("default/q", Held(DeviceRequest(1000, 2), (0, 2)))
        cluster.remove_pod("default/p")
        cluster.add_pod(gpu_pod("p"), "b")
        cluster.return_devices("default/q")
        with cluster.fork():
            cluster.remove_node("a")
        cluster.update_node(gpu_node("a", 4))
        assert free(cluster, "a") == [1000] * 4
    after = (cluster.devices.free[:2].tolist(), cluster.devices.pods[:1].tolist(), dict(cluster.devices.ledger))
    assert [row[: len(before[0][0])] for row in after[0]] == before[0][:2]
    assert after[2] == before[2]
    assert free(cluster, "a") == [1000, 500]
    assert free(cluster, "b") == [1000] * 4


@pytest.mark.parametrize(
    ("why", "annotations", "expected"),
    [
        ("nothing said", {}, None),
        ("a share", {MILLI: "250"}, DeviceRequest(250)),
        ("whole devices by number alone", {COUNT: "2"}, DeviceRequest(1000, 2)),
        ("none", {MILLI: "0", COUNT: "1"}, None),
        ("models", {MILLI: "250", MODEL: "T4||V100|T4"}, DeviceRequest(250, 1, ("T4", "V100"))),
    ],
)
def test_requests_are_read(why: str, annotations: dict[str, str], expected: DeviceRequest | None) -> None:
    built = pod("p").build()
    assert device_request(replace(built, metadata=replace(built.metadata, annotations=annotations))) == expected


@pytest.mark.parametrize("bad", [{MILLI: "1001"}, {MILLI: "-1"}, {COUNT: "many"}, {COUNT: "65"}])
def test_requests_that_make_no_sense_are_refused(bad: dict[str, str]) -> None:
    built = pod("p").build()
    with pytest.raises(SchedulingError, match=r'pod "default/p", annotation alibabacloud.com/gpu-.*accepted: a whole number from 0 to'):
        device_request(replace(built, metadata=replace(built.metadata, annotations=bad)))


def test_indices_are_read() -> None:
    assert device_index(gpu_pod("p", index="3-1")) == (3, 1)
    assert device_index(gpu_pod("p", index="0,2")) == (0, 2)
