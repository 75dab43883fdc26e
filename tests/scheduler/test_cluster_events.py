from __future__ import annotations

import pytest

from binpack.framework.events import Action, Resource
from binpack.model.base import replace
from binpack.model.policy import Namespace
from binpack.model.storage import PersistentVolume, StorageClass
from binpack.scheduler.cluster_events import node_update_events, object_events, pod_update_events
from binpack.testing import NO_EXECUTE, NodeBuilder, PodBuilder, claim, node, pod

A = Action


@pytest.mark.parametrize(
    ("why", "before", "after", "actions"),
    [
        ("nothing changed", node("n"), node("n"), []),
        ("allocatable", node("n").cpu("4"), node("n").allocatable(cpu="3"), [A.UPDATE_NODE_ALLOCATABLE]),
        ("another spelling of the same amount", node("n").cpu("4"), node("n").cpu("4000m"), []),
        ("capacity alone is not read", node("n").cpu("4"), node("n").cpu("8").allocatable(cpu="4"), []),
        ("a label", node("n"), node("n").label(disk="ssd"), [A.UPDATE_NODE_LABEL]),
        ("a taint", node("n").taint("gpu"), node("n").taint("gpu", effect=NO_EXECUTE), [A.UPDATE_NODE_TAINT]),
        ("a cordon wakes nobody", node("n"), node("n").cordon(), []),
        ("its end is a change of taints", node("n").cordon(), node("n"), [A.UPDATE_NODE_TAINT]),
        ("a condition's status", node("n").ready(), node("n").not_ready(), [A.UPDATE_NODE_CONDITION]),
        ("a condition's reason is not read", node("n").ready(), node("n").condition("Ready", "True", reason="Other"), []),
        ("an annotation", node("n"), node("n").annotate({"a": "b"}), [A.UPDATE_NODE_ANNOTATION]),
        (
            "several at once, in this order",
            node("n").cordon().taint("gpu").not_ready(),
            node("n").cpu("8").label(disk="ssd").annotate({"a": "b"}).ready(),
            [
                A.UPDATE_NODE_TAINT,
                A.UPDATE_NODE_ALLOCATABLE,
                A.UPDATE_NODE_LABEL,
                A.UPDATE_NODE_TAINT,
                A.UPDATE_NODE_CONDITION,
                A.UPDATE_NODE_ANNOTATION,
            ],
        ),
    ],
)
def test_node_update(why: str, before: NodeBuilder, after: NodeBuilder, actions: list[Action]) -> None:
    events = node_update_events(before.build(), after.build())
    assert [event.action for event in events] == actions, why
    assert all((event.resource, event.before, event.after) == (Resource.NODE, before.build(), after.build()) for event in events)


@pytest.mark.parametrize(
    ("why", "before", "after", "actions"),
    [
        ("labels", pod("p"), pod("p").label(app="web"), [A.UPDATE_POD_LABEL]),
        ("a request lowered", pod("p").request(cpu="2"), pod("p").request(cpu="1"), [A.UPDATE_POD_SCALE_DOWN]),
        ("a request removed", pod("p").request(cpu="2", memory="1Gi"), pod("p").request(cpu="2"), [A.UPDATE_POD_SCALE_DOWN]),
        (
            "one lowered, one raised",
            pod("p").request(cpu="2", memory="1Gi"),
            pod("p").request(cpu="4", memory="1Mi"),
            [A.UPDATE_POD_SCALE_DOWN],
        ),
        ("requests raised: a general update", pod("p").request(cpu="1"), pod("p").request(cpu="2"), [A.UPDATE]),
        ("the last gate", pod("p").gate("a"), pod("p"), [A.UPDATE_POD_SCHEDULING_GATES_ELIMINATED]),
        ("one gate of two", pod("p").gate("a").gate("b"), pod("p").gate("a"), [A.UPDATE]),
        ("a toleration added", pod("p"), pod("p").tolerates("spot"), [A.UPDATE_POD_TOLERATION]),
        ("a toleration exchanged: only their number is compared", pod("p").tolerates("a"), pod("p").tolerates("b"), [A.UPDATE]),
        ("nothing that is read", pod("p"), pod("p").annotate({"a": "b"}), [A.UPDATE]),
        (
            "several at once, in this order",
            pod("p").request(cpu="2").gate("a"),
            pod("p").label(app="web").tolerates("spot"),
            [A.UPDATE_POD_LABEL, A.UPDATE_POD_SCALE_DOWN, A.UPDATE_POD_SCHEDULING_GATES_ELIMINATED, A.UPDATE_POD_TOLERATION],
        ),
    ],
)
@pytest.mark.parametrize("node_name", ["", "n1"])
def test_pod_update(why: str, before: PodBuilder, after: PodBuilder, actions: list[Action], node_name: str) -> None:
    if node_name:
        before, after = before.on(node_name), after.on(node_name)
    events = pod_update_events(before.build(), after.build())
    assert [event.action for event in events] == actions, why
    assert {event.resource for event in events} == {Resource.ASSIGNED_POD if node_name else Resource.UNSCHEDULED_POD}


@pytest.mark.parametrize(
    ("why", "value", "resource"),
    [
        ("a claim", claim("data"), Resource.PERSISTENT_VOLUME_CLAIM),
        ("a volume", PersistentVolume(), Resource.PERSISTENT_VOLUME),
        ("a storage class", StorageClass(), Resource.STORAGE_CLASS),
        ("a namespace wakes nobody", Namespace(), None),
    ],
)
def test_other_objects(why: str, value: object, resource: Resource | None) -> None:
    changed = replace(value)
    events = (object_events(None, value), object_events(value, changed), object_events(value, None))
    if resource is None:
        assert events == ((), (), ()), why
    else:
        assert [(e.resource, e.action) for (e,) in events] == [(resource, A.ADD), (resource, A.UPDATE), (resource, A.DELETE)], why
